/* SPDX-License-Identifier: MIT */
/* The form of API keys, and the words of their scopes. */
#include "core/api_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/crypto.h"

#define BODY                                                                   \
	"fcu_0123456789abcdef_"                                                \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

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

static char *
key_of(struct arena *mem, const char *body)
{
	return arena_printf(mem, "%s%.8s", body,
			    crypto_sha256_hex(mem, body, strlen(body)));
}

static void
a_key_whose_checksum_is_right_names_its_row(void **state)
{
	assert_string_equal(api_key_id(*state, key_of(*state, BODY)),
			    "0123456789abcdef");
}

static void
every_changed_cut_or_added_character_is_noticed(void **state)
{
	char *key = key_of(*state, BODY);
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++) {
		char was = key[i];

		key[i] = was == 'a' ? 'b' : 'a';
		assert_null(api_key_id(*state, key));
		key[i] = '\0';
		assert_null(api_key_id(*state, key));
		key[i] = was;
	}
	assert_null(api_key_id(*state, arena_printf(*state, "%s0", key)));
	assert_null(api_key_id(*state, arena_printf(*state, "0%s", key)));
	assert_null(api_key_id(*state, ""));
	assert_null(api_key_id(*state, "fcu_"));
	assert_non_null(api_key_id(*state, key));
}

static void
other_digits_are_none_even_with_a_right_checksum(void **state)
{
	char *body = arena_text(*state, BODY);

	body[4] = 'A';
	assert_null(api_key_id(*state, key_of(*state, body)));
	body[4] = '0';
	body[20] = '-';
	assert_null(api_key_id(*state, key_of(*state, body)));
	body[20] = '_';
	body[40] = 'g';
	assert_null(api_key_id(*state, key_of(*state, body)));
}

static void
a_scope_is_known_words_once_each_with_one_blank_between(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"me",
		"me:read ",
		" me:read",
		"ME:READ",
		"me:read,check",
		"me:read  check",
		"all",
		"check check",
		"me:readcheck",
		"me:read\tcheck",
	};

	assert_int_equal(api_scope_read("check me:read"),
			 API_SCOPE_CHECK | API_SCOPE_ME_READ);
	assert_int_equal(api_scope_read(api_scope_words(*state)), 31);
	for (size_t i = 0; i < countof(bad); i++)
		assert_int_equal(api_scope_read(bad[i]), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_whose_checksum_is_right_names_its_row),
		cmocka_unit_test(
			every_changed_cut_or_added_character_is_noticed),
		cmocka_unit_test(
			other_digits_are_none_even_with_a_right_checksum),
		cmocka_unit_test(
			a_scope_is_known_words_once_each_with_one_blank_between),
	};

	return cmocka_run_group_tests_name("api_key", tests, open_arena,
					   close_arena);
}
