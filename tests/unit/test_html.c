/* SPDX-License-Identifier: MIT */
#include "http/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int
open_arena(void **state)
{
	*state = arena_open(0, 1 << 20);
	return 0;
}

static int
close_arena(void **state)
{
	arena_close(*state);
	return 0;
}

static const char *
written(struct arena *mem, const char *page, const char *text)
{
	const struct html_value values[] = {{"@a@", text}, {"@b@", "B"}};
	struct buf out;

	buf_init(&out, mem, 16);
	html_write(&out, page, values, countof(values));
	return out.data;
}

static void
marks_are_replaced_wherever_they_stand(void **state)
{
	assert_string_equal(written(*state, "@a@ x @b@@a@", "y"), "y x By");
	assert_string_equal(written(*state, "a@b.c @A@ @a", "y"),
			    "a@b.c @A@ @a");
	assert_string_equal(written(*state, "@a@", ""), "");
}

static void
a_text_is_never_markup(void **state)
{
	assert_string_equal(written(*state, "<p>@a@</p>", "<b a=\"1\">'&"),
			    "<p>&lt;b a=&quot;1&quot;&gt;&#x27;&amp;</p>");
	assert_string_equal(written(*state, "@a@", "@b@ \xc3\xa4"),
			    "@b@ \xc3\xa4");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_are_replaced_wherever_they_stand),
		cmocka_unit_test(a_text_is_never_markup),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
