/* SPDX-License-Identifier: MIT */
#include "core/email.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"

#define MEBIBYTE ((size_t)1 << 20)

/* What one address may cost, whatever it holds. */
#define MEMORY_LIMIT MEBIBYTE

struct email_case {
	const char *text;
	const char *address; /* NULL: refused */
	const char *reason;
};

static const struct email_case cases[] = {
#define GOOD(text, address) {text, address, NULL},
#define BAD(text, reason) {text, NULL, reason},
#include "email_cases.def"
#undef GOOD
#undef BAD
};

/* `count` times `unit`, between a head and a tail. */
static const char *
repeat(struct arena *mem, const char *head, const char *unit, size_t count,
       const char *tail)
{
	struct buf b;

	buf_init(&b, mem, 64);
	buf_text(&b, head);
	for (size_t i = 0; i < count; i++)
		buf_text(&b, unit);
	buf_text(&b, tail);
	return b.data;
}

/* The address, or the reason why it is none. */
static const char *
verdict(struct arena *mem, const char *text)
{
	const char *address = NULL;
	const char *reason = NULL;
	enum err e = email_normalise(mem, text, &address, &reason);

	if (e == OK) {
		assert_non_null(address);
		return address;
	}
	assert_int_equal(e, ERR_UNPROCESSABLE);
	assert_non_null(reason);
	return reason;
}

static int
open_memory(void **state)
{
	*state = arena_open(0, 16 * MEBIBYTE);
	return 0;
}

static int
close_memory(void **state)
{
	arena_close(*state);
	return 0;
}

static void
every_case_of_the_reference_has_the_same_end(void **state)
{
	struct arena *mem = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		const struct email_case *c = &cases[i];
		const char *address = NULL;
		const char *reason = NULL;
		enum err e = email_normalise(mem, c->text, &address, &reason);

		if ((e == OK) != (c->address != NULL))
			fail_msg("<%s>: %s", c->text,
				 e == OK ? address : reason);
		if (e == OK)
			assert_string_equal(address, c->address);
		else
			assert_string_equal(reason, c->reason);
	}
}

static void
a_normalised_address_stays_as_it_is(void **state)
{
	struct arena *mem = *state;

	for (size_t i = 0; i < countof(cases); i++)
		if (cases[i].address != NULL)
			assert_string_equal(verdict(mem, cases[i].address),
					    cases[i].address);
}

static void
the_local_part_takes_exactly_the_letters_of_an_atom(void **state)
{
	static const char atext[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.!#$%&'*+-/=?^_`{|}~";
	struct arena *mem = *state;

	for (int c = 1; c < 128; c++) {
		const char *text = arena_printf(mem, "x%cx@b.co", c);
		const char *address;
		const char *reason;
		enum err e = email_normalise(mem, text, &address, &reason);

		/* A second at-sign belongs to the domain. */
		assert_int_equal(e == OK, strchr(atext, c) != NULL);
	}
}

static void
the_domain_takes_exactly_letters_digits_hyphens_and_periods(void **state)
{
	struct arena *mem = *state;

	for (int c = 1; c < 128; c++) {
		const char *text = arena_printf(mem, "a@x%cx.co", c);
		const char *address;
		const char *reason;
		enum err e = email_normalise(mem, text, &address, &reason);
		bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || c == '-' || c == '.';

		assert_int_equal(e == OK, good);
	}
}

static void
an_address_has_254_bytes_at_most(void **state)
{
	struct arena *mem = *state;
	const char *longest = repeat(mem, "", "x", 249, "@b.co");
	const char *wide = repeat(mem, "a", "\303\251", 124, "@b.co");

	assert_string_equal(verdict(mem, longest), longest);
	assert_string_equal(
		verdict(mem, repeat(mem, "", "x", 250, "@b.co")),
		"The email address is too long (1 character too many).");
	assert_string_equal(
		verdict(mem, repeat(mem, "", "x", 251, "@b.co")),
		"The email address is too long (2 characters too many).");
	assert_string_equal(verdict(mem, wide), wide);
	assert_string_equal(
		verdict(mem, repeat(mem, "", "\303\251", 125, "@b.co")),
		"The email address is too long (1 character too many).");
	assert_string_equal(
		verdict(mem, repeat(mem, "", "\303\251", 127, "@b.co")),
		"The email address is too long (2-5 characters too many).");
}

/* A domain of U-labels is shorter than its A-labels, or longer. */
static void
the_254_bytes_hold_for_every_form_of_the_address(void **state)
{
	struct arena *mem = *state;

	assert_string_equal(
		verdict(mem, repeat(mem, "", "x", 245, "@\303\251.co")),
		"The email address is too long when the part after the @-sign "
		"is converted to IDNA ASCII (2 bytes too many).");
	assert_string_equal(
		verdict(mem, repeat(mem, "", "x", 243, "@xn--9ca.co")),
		repeat(mem, "", "x", 243, "@\303\251.co"));
	assert_string_equal(
		verdict(mem, repeat(mem, "", "\340\245\230", 80, "@b.co")),
		"The email address is too long after normalization (231 bytes "
		"too many).");
}

static void
a_label_has_63_bytes_at_most(void **state)
{
	struct arena *mem = *state;
	const char *longest = repeat(mem, "a@", "b", 63, ".co");

	assert_string_equal(verdict(mem, longest), longest);
	assert_string_equal(verdict(mem, repeat(mem, "a@", "b", 64, ".co")),
			    "After the @-sign, periods cannot be separated by "
			    "so many characters (1 character too many).");
	assert_string_equal(verdict(mem, repeat(mem, "a@", "b", 66, ".co")),
			    "After the @-sign, periods cannot be separated by "
			    "so many characters (3 characters too many).");
	assert_string_equal(
		verdict(mem, repeat(mem, "a@\303\251.", "b", 64, ".co")),
		"The part after the @-sign is invalid (Label too long).");
	assert_string_equal(
		verdict(mem, repeat(mem, "a@", "\303\251", 255, ".co")),
		"The part after the @-sign is invalid (Label too long).");
}

static void
a_domain_has_253_bytes_at_most(void **state)
{
	struct arena *mem = *state;

	assert_string_equal(
		verdict(mem, repeat(mem, "a@", "b.", 126, "cc")),
		"The email address is too long after the @-sign (1 character "
		"too many).");
	assert_string_equal(
		verdict(mem, repeat(mem, "a@", "b.", 126, "c")),
		"The email address is too long (1 character too many).");
	assert_string_equal(
		verdict(mem, repeat(mem, "a@", "b.", 126, "CC")),
		"The email address is too long after the @-sign (1 byte too "
		"many after IDNA encoding).");
	assert_string_equal(
		verdict(mem, repeat(mem, "a@", "\303\251.", 40, "co")),
		"The email address is too long after the @-sign (69 bytes too "
		"many after IDNA encoding).");
	assert_string_equal(verdict(mem, repeat(mem, "a@", "b", 1025, "")),
			    "The part after the @-sign contains invalid "
			    "characters (Domain too long).");
}

static void
more_than_2048_characters_are_not_looked_at(void **state)
{
	static const char refused[] = "Length must not exceed 2048 characters";
	struct arena *mem = *state;

	assert_string_equal(
		verdict(mem, repeat(mem, "", "\345\255\227", 2043, "@b.co")),
		"The email address is too long (1960-5880 characters too "
		"many).");
	assert_string_equal(
		verdict(mem, repeat(mem, "", "\345\255\227", 2044, "@b.co")),
		refused);
	assert_string_equal(verdict(mem, repeat(mem, "", " ", 2048, "")),
			    "An email address must have an @-sign.");
	assert_string_equal(verdict(mem, repeat(mem, "\n", "x", 2048, "")),
			    refused);
	assert_string_equal(verdict(mem, repeat(mem, "", "@", MEBIBYTE, "")),
			    refused);
}

/* Each costs the most in one place: marks to sort, names to list, labels. */
static void
hostile_addresses_take_little_memory(void **state)
{
	static const struct {
		const char *head;
		const char *unit;
		size_t count;
		const char *tail;
	} hostile[] = {
		{"\"\\", "\343\202\231\314\243\314\247\314\264", 500, "\"@b"},
		{"a@", "\357\267\272", 1020, ".co"},
		{"a@", "\303\251.", 510, "co"},
		{"a@", "\343\216\217.", 510, "co"},
		{"a@e", "\314\201", 1000, ".co"},
		{"a@\303\251.xn--", "b9", 508, ""},
		{"a@xn--", "9", 1000, ".co"},
		{"a@", "\343\203\273", 250, ".co"},
		{"a@\330\250", "\331\213", 250, ".co"},
		{"a@[IPv6:", ":'\"", 600, "]"},
		{"\"", "\" ", 1000, "<>"},
		{"", "<", 2048, ""},
		{"\"a\"", "\001\302\255", 1000, "@b"},
		{"", "\341\204\200\341\205\241", 1000, "@b.co"},
	};

	(void)state;
	for (size_t i = 0; i < countof(hostile); i++) {
		struct arena *text = arena_open(0, MEBIBYTE);
		struct arena *mem = arena_open(0, 16 * MEBIBYTE);
		const char *reason = verdict(
			mem, repeat(text, hostile[i].head, hostile[i].unit,
				    hostile[i].count, hostile[i].tail));

		assert_in_range(arena_used(mem), 0, MEMORY_LIMIT);
		assert_true(text_is_utf8(reason, strlen(reason)));
		arena_close(mem);
		arena_close(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_reference_has_the_same_end),
		cmocka_unit_test(a_normalised_address_stays_as_it_is),
		cmocka_unit_test(
			the_local_part_takes_exactly_the_letters_of_an_atom),
		cmocka_unit_test(
			the_domain_takes_exactly_letters_digits_hyphens_and_periods),
		cmocka_unit_test(an_address_has_254_bytes_at_most),
		cmocka_unit_test(
			the_254_bytes_hold_for_every_form_of_the_address),
		cmocka_unit_test(a_label_has_63_bytes_at_most),
		cmocka_unit_test(a_domain_has_253_bytes_at_most),
		cmocka_unit_test(more_than_2048_characters_are_not_looked_at),
		cmocka_unit_test(hostile_addresses_take_little_memory),
	};

	return cmocka_run_group_tests_name("email", tests, open_memory,
					   close_memory);
}
