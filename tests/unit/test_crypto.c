/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static void
sha256_gives_the_published_digests(void **state)
{
	/* FIPS 180-2, appendix B. */
	assert_string_equal(crypto_sha256_hex(*state, "", 0),
			    "e3b0c44298fc1c149afbf4c8996fb924"
			    "27ae41e4649b934ca495991b7852b855");
	assert_string_equal(crypto_sha256_hex(*state, "abc", 3),
			    "ba7816bf8f01cfea414140de5dae2223"
			    "b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(crypto_sha256_hex(*state,
					      "abcdbcdecdefdefgefghfghighijhijk"
					      "ijkljklmklmnlmnomnopnopq",
					      56),
			    "248d6a61d20638b8e5c026930c3e6039"
			    "a33ce45964ff2167f6ecedd419db06c1");
}

static void
sha256_counts_the_byte_nul(void **state)
{
	(void)state;
	unsigned char with[SHA256_SIZE];
	unsigned char without[SHA256_SIZE];

	crypto_sha256("a\0", 2, with);
	crypto_sha256("a", 1, without);

	assert_memory_not_equal(with, without, SHA256_SIZE);
}

struct mac_case {
	unsigned char key_byte; /* the key is this many times this byte … */
	size_t key_len;
	const char *key; /* … or this text */
	unsigned char data_byte;
	size_t data_len;
	const char *data;
	const char *mac;
};

/* RFC 4231, cases 1 to 4, 6 and 7; the last is an empty key and text. */
static const struct mac_case mac_cases[] = {
	{0x0b, 20, NULL, 0, 8, "Hi There",
	 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{0, 4, "Jefe", 0, 28, "what do ya want for nothing?",
	 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{0xaa, 20, NULL, 0xdd, 50, NULL,
	 "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{0xaa, 131, NULL, 0, 54,
	 "Test Using Larger Than Block-Size Key - Hash Key First",
	 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{0xaa, 131, NULL, 0, 152,
	 "This is a test using a larger than block-size key and a larger than "
	 "block-size data. The key needs to be hashed before being used by the "
	 "HMAC algorithm.",
	 "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
	{0, 0, "", 0, 0, "",
	 "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

static const char *
fill(struct arena *mem, const char *text, unsigned char byte, size_t len)
{
	char *filled;

	if (text != NULL)
		return text;
	filled = arena_alloc(mem, len);
	return memset(filled, byte, len);
}

static const char *
mac_hex(struct arena *mem, struct mac_key *k, size_t size, const char *data,
	size_t len)
{
	unsigned char mac[MAC_SIZE_LIMIT];
	char *text = arena_alloc(mem, 2 * size + 1);

	mac_sign(k, data, len, mac);
	for (size_t i = 0; i < size; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", mac[i]);
	return text;
}

static void
mac_gives_the_published_codes_each_time(void **state)
{
	for (size_t i = 0; i < countof(mac_cases); i++) {
		const struct mac_case *c = &mac_cases[i];
		const char *key = fill(*state, c->key, c->key_byte, c->key_len);
		const char *data =
			fill(*state, c->data, c->data_byte, c->data_len);
		struct mac_key *k = mac_key_new(key, c->key_len);

		for (int again = 0; again < 3; again++)
			assert_string_equal(mac_hex(*state, k, SHA256_SIZE,
						    data, c->data_len),
					    c->mac);

		mac_key_free(k);
	}
}

/* RFC 4231, cases 1 and 6, with the longer hashes. */
static const struct {
	size_t size;
	unsigned char key_byte;
	size_t key_len;
	const char *data;
	const char *mac;
} long_cases[] = {
	{48, 0x0b, 20, "Hi There",
	 "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	 "faea9ea9076ede7f4af152e8b2fa9cb6"},
	{48, 0xaa, 131,
	 "Test Using Larger Than Block-Size Key - Hash Key First",
	 "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
	 "0c2ef6ab4030fe8296248df163f44952"},
	{64, 0x0b, 20, "Hi There",
	 "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	 "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
	{64, 0xaa, 131,
	 "Test Using Larger Than Block-Size Key - Hash Key First",
	 "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	 "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
};

static void
longer_macs_are_the_published_ones(void **state)
{
	for (size_t i = 0; i < countof(long_cases); i++) {
		size_t size = long_cases[i].size;
		const char *data = long_cases[i].data;
		const char *key = fill(*state, NULL, long_cases[i].key_byte,
				       long_cases[i].key_len);
		struct mac_key *k =
			mac_key_new_sized(key, long_cases[i].key_len, size);

		for (int again = 0; again < 2; again++)
			assert_string_equal(
				mac_hex(*state, k, size, data, strlen(data)),
				long_cases[i].mac);

		mac_key_free(k);
	}
}

static void
mac_keys_do_not_mix(void **state)
{
	struct mac_key *one = mac_key_new("Jefe", 4);
	struct mac_key *two = mac_key_new("Jeff", 4);
	const char *first = mac_hex(*state, one, SHA256_SIZE, "x", 1);
	const char *other = mac_hex(*state, two, SHA256_SIZE, "x", 1);

	assert_string_equal(mac_hex(*state, one, SHA256_SIZE, "x", 1), first);
	assert_string_not_equal(first, other);

	mac_key_free(one);
	mac_key_free(two);
	mac_key_free(NULL);
}

static void
base64url_spells_as_the_rfc_does_without_padding(void **state)
{
	static const char *const pairs[][2] = {
		{"", ""},
		{"f", "Zg"},
		{"fo", "Zm8"},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg"},
		{"fooba", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy"},
	};

	for (size_t i = 0; i < countof(pairs); i++) {
		const char *bytes = pairs[i][0];
		const char *text = pairs[i][1];
		unsigned char *back;
		size_t len;

		assert_string_equal(
			crypto_base64url(*state, bytes, strlen(bytes)), text);
		assert_int_equal(crypto_base64url_decode(*state, text,
							 strlen(text), &back,
							 &len),
				 OK);
		assert_int_equal(len, strlen(bytes));
		assert_string_equal((const char *)back, bytes);
	}
}

static void
digits_of_base64url_are_counted_up_to_the_first_other_byte(void **state)
{
	static const char digits[] = "AZaz09-_";

	(void)state;
	assert_int_equal(crypto_base64url_span(digits, sizeof(digits)), 8);
	assert_int_equal(crypto_base64url_span(digits, 3), 3);
	assert_int_equal(crypto_base64url_span("ab+/", 4), 2);
	assert_int_equal(crypto_base64url_span("a\xc3\xa9", 3), 1);
	assert_int_equal(crypto_base64url_span("=", 1), 0);
	assert_int_equal(crypto_base64url_span("", 0), 0);
}

static void
base64url_brings_all_bytes_back(void **state)
{
	unsigned char bytes[256];
	unsigned char *back;
	size_t len;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(255 - i);

	for (size_t n = 0; n <= sizeof(bytes); n++) {
		const char *text = crypto_base64url(*state, bytes, n);

		assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "abcdefghijklmnopqrstuvwxyz"
					      "0123456789-_"),
				 strlen(text));
		assert_int_equal(crypto_base64url_decode(*state, text,
							 strlen(text), &back,
							 &len),
				 OK);
		assert_int_equal(len, n);
		assert_memory_equal(back, bytes, n);
		assert_int_equal(back[n], 0);
		arena_reset(*state);
	}
}

static void
base64url_takes_one_spelling_only(void **state)
{
	static const char *const refused[] = {
		"A",      "AAAAA",  "Zg==",  "Zg=",  "Zm8=", "Zh",   "Zm9",
		"Zm9v\n", " Zm9v",  "Zm 9v", "Zm9+", "Zm9/", "Zm.9", "\xc3\xa9",
		"Zm9v?",  "Zm9vYh", "-",     "=",    "====",
	};
	unsigned char *out;
	size_t len;

	for (size_t i = 0; i < countof(refused); i++)
		assert_int_equal(crypto_base64url_decode(*state, refused[i],
							 strlen(refused[i]),
							 &out, &len),
				 ERR_INVALID);
	assert_int_equal(
		crypto_base64url_decode(*state, "Zg\0A", 4, &out, &len),
		ERR_INVALID);
}

static void
random_bytes_differ(void **state)
{
	(void)state;
	unsigned char one[32] = {0};
	unsigned char two[32] = {0};

	crypto_random(one, sizeof(one));
	crypto_random(two, sizeof(two));

	assert_memory_not_equal(one, two, sizeof(one));
}

static void
random_fills_what_was_asked_and_no_more(void **state)
{
	(void)state;
	unsigned char bytes[600] = {0};
	size_t zeros = 0;

	crypto_random(bytes, 599);
	crypto_random(bytes, 0);

	assert_int_equal(bytes[599], 0);
	for (size_t i = 0; i < 599; i++)
		zeros += bytes[i] == 0;
	assert_in_range(zeros, 0, 30);
}

static void
equal_looks_at_every_byte(void **state)
{
	(void)state;
	char a[] = "sixteen\0bytes..";
	char b[sizeof(a)];

	for (size_t i = 0; i < sizeof(a); i++) {
		memcpy(b, a, sizeof(a));
		assert_true(crypto_equal(a, b, sizeof(a)));
		b[i] = (char)(b[i] ^ 1);
		assert_false(crypto_equal(a, b, sizeof(a)));
	}
	assert_true(crypto_equal(a, b, 0));
}

static void
wipe_leaves_zeros(void **state)
{
	(void)state;
	char secret[] = "secret";
	static const char zeros[sizeof(secret)];

	crypto_wipe(secret, sizeof(secret));
	crypto_wipe(NULL, 0);

	assert_memory_equal(secret, zeros, sizeof(secret));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_gives_the_published_digests),
		cmocka_unit_test(sha256_counts_the_byte_nul),
		cmocka_unit_test(mac_gives_the_published_codes_each_time),
		cmocka_unit_test(longer_macs_are_the_published_ones),
		cmocka_unit_test(mac_keys_do_not_mix),
		cmocka_unit_test(
			base64url_spells_as_the_rfc_does_without_padding),
		cmocka_unit_test(
			digits_of_base64url_are_counted_up_to_the_first_other_byte),
		cmocka_unit_test(base64url_brings_all_bytes_back),
		cmocka_unit_test(base64url_takes_one_spelling_only),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(random_fills_what_was_asked_and_no_more),
		cmocka_unit_test(equal_looks_at_every_byte),
		cmocka_unit_test(wipe_leaves_zeros),
	};

	return cmocka_run_group_tests_name("crypto", tests, open_arena,
					   close_arena);
}
