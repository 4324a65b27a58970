/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/crypto_box.h"
#include "base/url.h"

static struct arena *mem;
static unsigned char key[BOX_KEY_SIZE];

static int
start(void **state)
{
	(void)state;
	mem = arena_open(0, 8 << 20);
	box_key("0123456789abcdef0123456789abcdef", "tests", key);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_close(mem);
	return 0;
}

static void
what_was_sealed_is_opened(void **state)
{
	static const char *const texts[] = {"", "a", "a token",
					    "\xc3\xa4 \x01"};
	const char *out;

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		const char *sealed = box_seal(mem, key, "bound", texts[i]);

		assert_int_equal(box_open(mem, key, "bound", sealed, &out), OK);
		assert_string_equal(out, texts[i]);
	}
}

static void
each_seal_is_another_and_shows_nothing(void **state)
{
	const char *one = box_seal(mem, key, "bound", "visible");
	const char *two = box_seal(mem, key, "bound", "visible");

	(void)state;
	assert_string_not_equal(one, two);
	assert_int_equal(strlen(one), (7 + BOX_OVERHEAD) * 4 / 3 + 1);
}

static void
another_key_or_bound_opens_nothing(void **state)
{
	const char *sealed = box_seal(mem, key, "bound", "text");
	unsigned char other[BOX_KEY_SIZE];
	const char *out;

	(void)state;
	box_key("0123456789abcdef0123456789abcdef", "others", other);
	assert_int_equal(box_open(mem, other, "bound", sealed, &out),
			 ERR_INVALID);
	box_key("0123456789abcdef0123456789abcdeF", "tests", other);
	assert_int_equal(box_open(mem, other, "bound", sealed, &out),
			 ERR_INVALID);
	assert_int_equal(box_open(mem, key, "bounds", sealed, &out),
			 ERR_INVALID);
	assert_int_equal(box_open(mem, key, "", sealed, &out), ERR_INVALID);
}

static void
a_changed_or_cut_seal_opens_nothing(void **state)
{
	const char *sealed = box_seal(mem, key, "bound", "text");
	size_t len = strlen(sealed);
	const char *out;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		char *changed = arena_text(mem, sealed);

		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_int_equal(box_open(mem, key, "bound", changed, &out),
				 ERR_INVALID);
		changed[i] = '\0';
		assert_int_equal(box_open(mem, key, "bound", changed, &out),
				 ERR_INVALID);
	}
	assert_int_equal(box_open(mem, key, "bound", "", &out), ERR_INVALID);
	assert_int_equal(box_open(mem, key, "bound",
				  arena_printf(mem, "%s=", sealed), &out),
			 ERR_INVALID);
}

static void
parameters_are_encoded_as_forms_are(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, mem, 16);
	url_parameter(&b, "a b", "1+1=2&\xc3\xa4/~-_.");
	url_parameter(&b, "c", "");
	assert_string_equal(b.data, "a+b=1%2B1%3D2%26%C3%A4%2F~-_.&c=");
	buf_reset(&b);
	buf_text(&b, "https://a.b/?");
	url_parameter(&b, "x", "y");
	assert_string_equal(b.data, "https://a.b/?x=y");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_is_opened),
		cmocka_unit_test(each_seal_is_another_and_shows_nothing),
		cmocka_unit_test(another_key_or_bound_opens_nothing),
		cmocka_unit_test(a_changed_or_cut_seal_opens_nothing),
		cmocka_unit_test(parameters_are_encoded_as_forms_are),
	};

	return cmocka_run_group_tests(tests, start, end);
}
