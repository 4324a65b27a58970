/* SPDX-License-Identifier: MIT */
/* V1 to V10 are the attacks on tokens that befell others. */
#include "core/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/uuid.h"
#include "core/jwt.h"
#include "core/token_keys.h"

#define NOW INT64_C(1700000000)
#define HOUR 3600
#define FOR_EVER (-1)
#define USER "0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a"
#define SECRET "an-access-secret-of-thirty-two-bytes-or-more"
#define OLD_SECRET "the-secret-that-was-used-before-this-one-..."
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define AUD "\"aud\":[\"fastapi-users:auth\"]"
#define SUB "\"sub\":\"" USER "\""
#define EXP "\"exp\":1700003600"
#define GOOD "{" SUB "," AUD "," EXP "}"

/* Made by PyJWT 2.15.1 with SECRET from GOOD and its variants. */
#define PYJWT_HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define PYJWT_CLAIMS                                                           \
	"eyJzdWIiOiIwYjVlMmFiNC0xYTBlLTRiOWUtOWQ3YS0zZjJjMWQwZTliOGEiLCJhdWQi" \
	"OlsiZmFzdGFwaS11c2VyczphdXRoIl0sImV4cCI6MTcwMDAwMzYwMH0."
#define PYJWT PYJWT_HEADER PYJWT_CLAIMS
#define PYJWT_MAC "DuTr3fyZ-lmne4KcgHauWEPuPQBNiMkjWacapnHoty8"
#define PYJWT_OLD_MAC "MWcSsh0Syw7Ha9m-SMC_1Op4ExhV0B_XoHlLRZvnWNk"
#define PYJWT_ETERNAL                                                          \
	PYJWT_HEADER                                                           \
	"eyJzdWIiOiIwYjVlMmFiNC0xYTBlLTRiOWUtOWQ3YS0zZjJjMWQwZTliOGEiLCJhdWQi" \
	"OlsiZmFzdGFwaS11c2VyczphdXRoIl19."                                    \
	"aCFstbOrfgfYYm3OIDnslazAu-eUhcIhKFkj_ysdUOw"
#define PYJWT_KID                                                              \
	"eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0." PYJWT_CLAIMS    \
	"6tAIG3gD0hXbG6PeBsm9JRZRiMihimAlPUxYrrkDbSE"
#define PYJWT_NONE "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." PYJWT_CLAIMS
#define PYJWT_HS384                                                            \
	"eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9." PYJWT_CLAIMS                   \
	"D08Eqjc8ib61t5JXB7tF8BmdIskkk5Rtr6G3Oxb0GkJgS5l_CEAlcndTZxwVZdi2"
#define PYJWT_HS512                                                            \
	"eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9." PYJWT_CLAIMS                   \
	"rasGgepFRdwmUgORQ7Yl-Rfc8ZIX9HLNKD3NPPmrz2teb_zYskAk4o6Ola3tgvNieAhA" \
	"OTSIwamjt4oQLbywbQ"

static const char public_key[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
	"-----END PUBLIC KEY-----\n";

struct fixture {
	struct ctx cx;
	struct config conf;
	struct backend_settings backends[2];
};

static const char *secrets[] = {SECRET, OLD_SECRET};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	log_set_level(LEVEL_ERROR);
	f->conf.jwt.audience = "fastapi-users:auth";
	f->backends[0].lifetime = HOUR;
	f->backends[1].lifetime = FOR_EVER;
	for (size_t i = 0; i < countof(f->backends); i++) {
		f->backends[i].strategy = "jwt";
		f->backends[i].algorithm = "HS256";
	}
	f->conf.backend = f->backends;
	f->conf.backend_count = countof(f->backends);
	f->conf.secrets.jwt = (struct text_list){secrets, countof(secrets)};
	f->cx.conf = &f->conf;
	f->cx.mem = arena_open(0, 1 << 22);
	f->cx.now = NOW;
	assert_int_equal(token_keys_open(&f->conf, NOW, &f->cx.keys), OK);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	token_keys_close(f->cx.keys);
	arena_close(f->cx.mem);
	free(f);
	return 0;
}

static const char *
forge_with(struct arena *mem, const char *secret, const char *header,
	   const char *claims)
{
	struct mac_key *key = mac_key_new(secret, strlen(secret));
	unsigned char mac[SHA256_SIZE];
	struct buf b;

	buf_init(&b, mem, 256);
	buf_text(&b, crypto_base64url(mem, header, strlen(header)));
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, claims, strlen(claims)));
	mac_sign(key, b.data, b.len, mac);
	buf_char(&b, '.');
	buf_text(&b, crypto_base64url(mem, mac, sizeof(mac)));
	mac_key_free(key);
	return b.data;
}

static enum err
read_token(struct fixture *f, const char *text)
{
	struct token t;

	return token_read(&f->cx, &f->backends[0], text, &t);
}

static enum err
read_claims(struct fixture *f, const char *claims)
{
	return read_token(f, forge_with(f->cx.mem, SECRET, HEADER, claims));
}

static enum err
read_header(struct fixture *f, const char *header)
{
	return read_token(f, forge_with(f->cx.mem, SECRET, header, GOOD));
}

/* Replaces the last part. */
static const char *
with_mac(struct fixture *f, const char *token, const char *mac)
{
	const char *dot = strrchr(token, '.');

	return arena_printf(f->cx.mem, "%.*s.%s", (int)(dot - token), token,
			    mac);
}

static void
an_issued_token_reads_back(void **state)
{
	struct fixture *f = *state;
	const char *text;
	struct token t;

	assert_int_equal(token_issue(&f->cx, &f->backends[0], USER, 7, &text),
			 OK);

	assert_int_equal(token_read(&f->cx, &f->backends[0], text, &t), OK);
	assert_string_equal(t.subject, USER);
	assert_int_equal(t.issued_at, NOW);
	assert_int_equal(t.generation, 7);
	assert_int_equal(t.expires_at, NOW + HOUR);
	assert_string_equal(
		t.hash, crypto_sha256_hex(f->cx.mem, text, strlen(text) - 44));
}

static void
an_issued_token_is_spelled_as_the_reference_does(void **state)
{
	struct fixture *f = *state;
	const char *text;
	unsigned char *claims;
	size_t len;

	assert_int_equal(token_issue(&f->cx, &f->backends[0], USER, 0, &text),
			 OK);

	assert_memory_equal(text, PYJWT_HEADER, strlen(PYJWT_HEADER));
	text += strlen(PYJWT_HEADER);
	assert_int_equal(crypto_base64url_decode(f->cx.mem, text,
						 strcspn(text, "."), &claims,
						 &len),
			 OK);
	/* jti is the generation and 16 bytes, so 22 characters. */
	assert_int_equal(
		len, strlen(GOOD ",\"iat\":1700000000,\"jti\":\"0-\"") + 22);
	assert_memory_equal(claims, GOOD, strlen(GOOD) - 1);
	assert_non_null(
		strstr((char *)claims, EXP ",\"iat\":1700000000,\"jti\":\"0-"));
}

static void
two_tokens_of_one_second_differ(void **state)
{
	struct fixture *f = *state;
	const char *one;
	const char *two;

	assert_int_equal(token_issue(&f->cx, &f->backends[0], USER, 0, &one),
			 OK);
	assert_int_equal(token_issue(&f->cx, &f->backends[0], USER, 0, &two),
			 OK);

	assert_string_not_equal(one, two);
}

static void
a_token_for_ever_needs_a_backend_that_issues_them(void **state)
{
	struct fixture *f = *state;
	const char *text;
	struct token t;

	assert_int_equal(token_issue(&f->cx, &f->backends[1], USER, 0, &text),
			 OK);

	assert_int_equal(token_read(&f->cx, &f->backends[1], text, &t), OK);
	assert_int_equal(t.expires_at, -1);
	assert_int_equal(t.issued_at, NOW);
	assert_int_equal(token_read(&f->cx, &f->backends[0], text, &t),
			 ERR_BAD_TOKEN);
	assert_int_equal(token_read(&f->cx, &f->backends[1], PYJWT_ETERNAL, &t),
			 OK);
	assert_int_equal(t.issued_at, 0);
	assert_int_equal(read_token(f, PYJWT_ETERNAL), ERR_BAD_TOKEN);
}

static void
tokens_of_the_reference_are_taken(void **state)
{
	struct fixture *f = *state;
	struct token t;

	assert_int_equal(
		token_read(&f->cx, &f->backends[0], PYJWT PYJWT_MAC, &t), OK);
	assert_string_equal(t.subject, USER);
	assert_int_equal(t.expires_at, NOW + HOUR);
	assert_int_equal(t.issued_at, NOW);
	assert_int_equal(read_token(f, PYJWT_KID), OK);
}

static void
a_token_of_an_older_secret_is_still_taken(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_token(f, PYJWT PYJWT_OLD_MAC), OK);
	f->conf.secrets.jwt.count = 1;
	token_keys_close(f->cx.keys);
	assert_int_equal(token_keys_open(&f->conf, NOW, &f->cx.keys), OK);
	assert_int_equal(read_token(f, PYJWT PYJWT_OLD_MAC), ERR_BAD_TOKEN);
	assert_int_equal(read_token(f, PYJWT PYJWT_MAC), OK);
}

/* V1 */
static void
no_spelling_of_none_is_an_algorithm(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\"}",   "{\"alg\":\"None\"}",
		"{\"alg\":\"NONE\"}",   "{\"alg\":\"nOnE\"}",
		"{\"alg\":\"\"}",       "{\"alg\":null}",
		"{\"alg\":[]}",         "{\"alg\":[\"HS256\"]}",
		"{\"typ\":\"JWT\"}",    "{\"alg\":\"hs256\"}",
		"{\"alg\":\"HS256 \"}", "{\"alg\":\"HS256\\u0000\"}",
		"{\"ALG\":\"HS256\"}",  "{}",
	};
	struct fixture *f = *state;

	assert_int_equal(read_token(f, PYJWT_NONE), ERR_BAD_TOKEN);
	for (size_t i = 0; i < countof(headers); i++) {
		const char *token =
			forge_with(f->cx.mem, SECRET, headers[i], GOOD);

		assert_int_equal(read_token(f, token), ERR_BAD_TOKEN);
		assert_int_equal(read_token(f, with_mac(f, token, "")),
				 ERR_BAD_TOKEN);
	}
}

static void
other_algorithms_are_refused(void **state)
{
	static const char *const names[] = {"HS384", "HS512", "RS256", "ES256",
					    "PS256", "EdDSA", "dir"};
	struct fixture *f = *state;

	assert_int_equal(read_token(f, PYJWT_HS384), ERR_BAD_TOKEN);
	assert_int_equal(read_token(f, PYJWT_HS512), ERR_BAD_TOKEN);
	for (size_t i = 0; i < countof(names); i++)
		assert_int_equal(read_header(f, arena_printf(f->cx.mem,
							     "{\"alg\":\"%s\"}",
							     names[i])),
				 ERR_BAD_TOKEN);
}

/* V2 */
static void
a_token_signed_with_a_public_key_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		read_token(f, forge_with(f->cx.mem, public_key, HEADER, GOOD)),
		ERR_BAD_TOKEN);
}

/* V3 */
static void
a_token_signed_with_the_empty_secret_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_token(f, forge_with(f->cx.mem, "", HEADER, GOOD)),
			 ERR_BAD_TOKEN);
}

static void
without_a_secret_nothing_opens(void **state)
{
	struct fixture *f = *state;
	struct token_keys *k;

	f->conf.secrets.jwt.count = 0;
	assert_int_equal(token_keys_open(&f->conf, NOW, &k), ERR_CONFIGURATION);
	token_keys_close(NULL);
}

/* V4 */
static void
every_byte_of_the_signature_counts(void **state)
{
	struct fixture *f = *state;
	unsigned char *mac;
	size_t len;

	assert_int_equal(crypto_base64url_decode(f->cx.mem, PYJWT_MAC,
						 strlen(PYJWT_MAC), &mac, &len),
			 OK);
	for (size_t i = 0; i < len; i++) {
		unsigned char kept = mac[i];
		unsigned char zeros[SHA256_SIZE] = {0};

		mac[i] ^= 1;
		assert_int_equal(
			read_token(f, with_mac(f, PYJWT,
					       crypto_base64url(f->cx.mem, mac,
								len))),
			ERR_BAD_TOKEN);
		mac[i] = kept;
		/* Right up to a NUL: what strcmp would be content with. */
		memcpy(zeros, mac, i);
		assert_int_equal(
			read_token(f,
				   with_mac(f, PYJWT,
					    crypto_base64url(f->cx.mem, zeros,
							     sizeof(zeros)))),
			ERR_BAD_TOKEN);
	}
}

static void
a_signature_of_another_length_is_refused(void **state)
{
	struct fixture *f = *state;
	unsigned char mac[80] = {0};
	unsigned char *right;
	size_t len;

	assert_int_equal(crypto_base64url_decode(f->cx.mem, PYJWT_MAC,
						 strlen(PYJWT_MAC), &right,
						 &len),
			 OK);
	memcpy(mac, right, len);
	for (size_t n = 0; n <= sizeof(mac); n++)
		assert_int_equal(
			read_token(f, with_mac(f, PYJWT,
					       crypto_base64url(f->cx.mem, mac,
								n))),
			n == SHA256_SIZE ? OK : ERR_BAD_TOKEN);
}

/* V5 */
static void
critical_extensions_are_refused(void **state)
{
	static const char *const members[] = {
		"\"crit\":[\"x\"],\"x\":1",
		"\"crit\":[\"exp\"]",
		"\"crit\":[]",
		"\"crit\":\"exp\"",
		"\"crit\":null",
		"\"b64\":false",
		"\"b64\":true",
		"\"b64\":false,\"crit\":[\"b64\"]",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(members); i++)
		assert_int_equal(
			read_header(f, arena_printf(f->cx.mem,
						    "{\"alg\":\"HS256\",%s}",
						    members[i])),
			ERR_BAD_TOKEN);
}

/* V6, V8 */
static void
the_audience_is_compared_as_a_whole(void **state)
{
	static const struct {
		const char *aud;
		enum err e;
	} cases[] = {
		{"\"fastapi-users:auth\"", OK},
		{"[\"x\",\"fastapi-users:auth\"]", OK},
		{"[\"fastapi-users:\\u0061uth\"]", OK},
		{"\"fastapi-users:aut\"", ERR_BAD_TOKEN},
		{"\"astapi-users:auth\"", ERR_BAD_TOKEN},
		{"\"fastapi-users:auth2\"", ERR_BAD_TOKEN},
		{"\"FastAPI-Users:auth\"", ERR_BAD_TOKEN},
		{"\" fastapi-users:auth\"", ERR_BAD_TOKEN},
		{"\"fastapi-users:auth\\u0000\"", ERR_BAD_TOKEN},
		{"[\"fastapi-users:reset\"]", ERR_BAD_TOKEN},
		{"\"fastapi-users:reset\"", ERR_BAD_TOKEN},
		{"\"fastapi-users:verify\"", ERR_BAD_TOKEN},
		{"\"fastapi-users:oauth-state\"", ERR_BAD_TOKEN},
		{"[]", ERR_BAD_TOKEN},
		{"null", ERR_BAD_TOKEN},
		{"1", ERR_BAD_TOKEN},
		{"[[\"fastapi-users:auth\"]]", ERR_BAD_TOKEN},
		{"[\"fastapi-users:auth\",1]", ERR_BAD_TOKEN},
		{"{\"fastapi-users:auth\":1}", ERR_BAD_TOKEN},
	};
	struct fixture *f = *state;

	assert_int_equal(read_claims(f, "{" SUB "," EXP "}"), ERR_BAD_TOKEN);
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(
			read_claims(f,
				    arena_printf(f->cx.mem,
						 "{" SUB ",\"aud\":%s," EXP "}",
						 cases[i].aud)),
			cases[i].e);
}

/* V7 */
static void
a_key_id_chooses_nothing(void **state)
{
	static const char *const ids[] = {"../../etc/passwd",
					  "https://evil.example/jwks.json",
					  "' OR 1=1 --", "\\u0000", ""};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(ids); i++) {
		const char *header = arena_printf(
			f->cx.mem, "{\"alg\":\"HS256\",\"kid\":\"%s\"}",
			ids[i]);

		assert_int_equal(read_header(f, header), OK);
		assert_int_equal(read_token(f, forge_with(f->cx.mem, public_key,
							  header, GOOD)),
				 ERR_BAD_TOKEN);
	}
	assert_int_equal(read_header(f, "{\"alg\":\"HS256\",\"kid\":1}"),
			 ERR_BAD_TOKEN);
}

static void
the_type_of_a_token_is_not_looked_at(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_header(f, "{\"alg\":\"HS256\"}"), OK);
	assert_int_equal(read_header(f, "{\"typ\":\"x\",\"alg\":\"HS256\"}"),
			 OK);
	assert_int_equal(read_header(f, "{\"typ\":7,\"alg\":\"HS256\"}"), OK);
}

struct time_case {
	const char *claims;
	enum err e;
};

/* V8, V9: NOW is 1700000000. */
static const struct time_case time_cases[] = {
#include "token_times.def"
};

static void
times_are_numbers_and_right(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(time_cases); i++)
		assert_int_equal(
			read_claims(f, arena_printf(f->cx.mem,
						    "{" SUB "," AUD ",%s}",
						    time_cases[i].claims)),
			time_cases[i].e);
}

static void
a_number_of_400_digits_is_a_bad_token(void **state)
{
	struct fixture *f = *state;
	char digits[401];

	memset(digits, '9', sizeof(digits) - 1);
	digits[400] = '\0';

	assert_int_equal(
		read_claims(f, arena_printf(f->cx.mem,
					    "{" SUB "," AUD ",\"exp\":%s}",
					    digits)),
		ERR_BAD_TOKEN);
}

static void
leeway_moves_the_edges(void **state)
{
	struct fixture *f = *state;

	f->conf.jwt.leeway = 30;

	assert_int_equal(read_claims(f, "{" SUB "," AUD ",\"exp\":1699999971}"),
			 OK);
	assert_int_equal(read_claims(f, "{" SUB "," AUD ",\"exp\":1699999970}"),
			 ERR_BAD_TOKEN);
	assert_int_equal(
		read_claims(f, "{" SUB "," AUD "," EXP ",\"nbf\":1700000030}"),
		OK);
	assert_int_equal(
		read_claims(f, "{" SUB "," AUD "," EXP ",\"nbf\":1700000031}"),
		ERR_BAD_TOKEN);
	assert_int_equal(
		read_claims(f, "{" SUB "," AUD "," EXP ",\"iat\":1700000036}"),
		ERR_BAD_TOKEN);
}

static void
a_token_dies_when_its_time_has_come(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_token(f, PYJWT PYJWT_MAC), OK);
	f->cx.now = NOW + HOUR - 1;
	assert_int_equal(read_token(f, PYJWT PYJWT_MAC), OK);
	f->cx.now = NOW + HOUR;
	assert_int_equal(read_token(f, PYJWT PYJWT_MAC), ERR_BAD_TOKEN);
}

static void
the_time_of_issue_is_iat_or_follows_from_exp(void **state)
{
	struct fixture *f = *state;
	struct token t;
	const char *text =
		forge_with(f->cx.mem, SECRET, HEADER,
			   "{" SUB "," AUD "," EXP ",\"iat\":1600000000.7}");

	assert_int_equal(token_read(&f->cx, &f->backends[0], text, &t), OK);
	assert_int_equal(t.issued_at, 1600000000);
	/* Whichever backend reads it: it may be another one's. */
	f->backends[1].lifetime = 2 * HOUR;
	assert_int_equal(
		token_read(&f->cx, &f->backends[0], PYJWT PYJWT_MAC, &t), OK);
	assert_int_equal(t.issued_at, NOW - HOUR);
	assert_int_equal(
		token_read(&f->cx, &f->backends[1], PYJWT PYJWT_MAC, &t), OK);
	assert_int_equal(t.issued_at, NOW - HOUR);
	assert_int_equal(t.generation, -1);
	f->backends[0].lifetime = 60;
	f->backends[1].lifetime = 60;
	assert_int_equal(
		token_read(&f->cx, &f->backends[0], PYJWT PYJWT_MAC, &t), OK);
	assert_int_equal(t.issued_at, 0);
}

#define LESS_TWO "ABCDEFGHIJKLMNOPQRST"
#define RANDOM LESS_TWO "UV"

static void
only_our_own_jti_names_a_generation(void **state)
{
	static const struct {
		const char *jti;
		int64_t generation;
	} cases[] = {
		{"12-" RANDOM, 12},
		{"0-" RANDOM, 0},
		{"7--_" LESS_TWO, 7},
		{"12-abc", -1},
		{"0-", -1},
		{"12", -1},
		{"", -1},
		{RANDOM, -1},
		{"-12-" RANDOM, -1},
		{"-" RANDOM, -1},
		{"x-" RANDOM, -1},
		{"1x-" RANDOM, -1},
		{"+1-" RANDOM, -1},
		{" 1-" RANDOM, -1},
		{"1-" RANDOM "a", -1},
		{"1-" LESS_TWO, -1},
		{"1-" LESS_TWO "+/", -1},
		{"1-" LESS_TWO "a=", -1},
		{"99999999999999999999-" RANDOM, -1},
		{"12345678-1234-4234-8234-123456789012", -1},
	};
	struct fixture *f = *state;
	struct token t;

	for (size_t i = 0; i < countof(cases); i++) {
		const char *text = forge_with(
			f->cx.mem, SECRET, HEADER,
			arena_printf(f->cx.mem,
				     "{" SUB "," AUD "," EXP ",\"jti\":\"%s\"}",
				     cases[i].jti));

		assert_int_equal(token_read(&f->cx, &f->backends[0], text, &t),
				 OK);
		assert_int_equal(t.generation, cases[i].generation);
	}
}

/* V10 */
static void
a_token_has_one_spelling(void **state)
{
	static const char *const macs[] = {
		PYJWT_MAC "=",
		PYJWT_MAC "==",
		PYJWT_MAC " ",
		PYJWT_MAC "\n",
		PYJWT_MAC ".",
		PYJWT_MAC "A",
		" " PYJWT_MAC,
		"DuTr3fyZ+lmne4KcgHauWEPuPQBNiMkjWacapnHoty8",
		"DuTr3fyZ-lmne4KcgHauWEPuPQBNiMkjWacapnHoty9",
		"DuTr3fyZ-lmne4KcgHauWEPuPQBNiMkjWacapnHoty-",
		"DuTr3fyZ-lmne4KcgHauWEPuPQBNiMkjWacapnHoty_",
		"DuTr3fyZ-lmne4Kc\ngHauWEPuPQBNiMkjWacapnHoty8",
		"DuTr3fyZ-lmne4Kc?gHauWEPuPQBNiMkjWacapnHoty8",
		"DuTr3fyZ-lmne4Kc\xffgHauWEPuPQBNiMkjWacapnHoty8",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(macs); i++)
		assert_int_equal(read_token(f, with_mac(f, PYJWT, macs[i])),
				 ERR_BAD_TOKEN);
}

static const char *
sign_text(struct arena *mem, const char *signed_text)
{
	struct mac_key *key = mac_key_new(SECRET, strlen(SECRET));
	unsigned char mac[SHA256_SIZE];

	mac_sign(key, signed_text, strlen(signed_text), mac);
	mac_key_free(key);
	return arena_printf(mem, "%s.%s", signed_text,
			    crypto_base64url(mem, mac, sizeof(mac)));
}

static void
signed_parts_have_one_spelling_too(void **state)
{
	static const char *const parts[] = {
		/* Good ones with padding, stray bits, blanks, other digits. */
		"eyJhbGciOiJIUzI1NiJ9=.e30", "eyJhbGciOiJIUzI1NiJ9.e30=",
		"eyJhbGciOiJIUzI1NiJ9.e31",  "eyJhbGciOiJIUzI1NiJ9\n.e30",
		" eyJhbGciOiJIUzI1NiJ9.e30", "eyJhbGciOiJIUzI1NiJ9.e3 0",
	};
	struct fixture *f = *state;
	struct jws_key *key =
		jws_key_from_secret(JWS_HS256, SECRET, strlen(SECRET));
	const struct json *claims;
	const char *text = sign_text(f->cx.mem, "eyJhbGciOiJIUzI1NiJ9.e30");

	assert_int_equal(
		jwt_verify(f->cx.mem, &key, 1, text, strlen(text), &claims),
		OK);
	for (size_t i = 0; i < countof(parts); i++) {
		text = sign_text(f->cx.mem, parts[i]);
		assert_int_equal(jwt_verify(f->cx.mem, &key, 1, text,
					    strlen(text), &claims),
				 ERR_BAD_TOKEN);
	}

	jws_key_free(key);
}

static void
anything_without_three_parts_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		".",
		"..",
		"...",
		"....",
		"a",
		"a.b",
		"a.b.c",
		"a.b.c.d",
		"undefined",
		"null",
		"{}",
		PYJWT_HEADER,
		PYJWT,
		"." PYJWT PYJWT_MAC,
		PYJWT PYJWT_MAC "." PYJWT_MAC,
		PYJWT "." PYJWT_MAC,
		"." PYJWT_CLAIMS PYJWT_MAC,
		PYJWT_HEADER "." PYJWT_MAC,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(texts); i++)
		assert_int_equal(read_token(f, texts[i]), ERR_BAD_TOKEN);
}

static void
verified_claims_are_an_object(void **state)
{
	static const char *const parts[] = {
		"W10",
		"bnVsbA",
		"IngI",
		"MQ",
	};
	struct fixture *f = *state;
	struct jws_key *key =
		jws_key_from_secret(JWS_HS256, SECRET, strlen(SECRET));
	const struct json *claims;

	for (size_t i = 0; i < countof(parts); i++) {
		const char *text = sign_text(
			f->cx.mem, arena_printf(f->cx.mem, "%s%s", PYJWT_HEADER,
						parts[i]));

		assert_int_equal(jwt_verify(f->cx.mem, &key, 1, text,
					    strlen(text), &claims),
				 ERR_BAD_TOKEN);
	}

	jws_key_free(key);
}

static void
signed_rubbish_is_refused(void **state)
{
	static const char *const rubbish[] = {
		"",
		"null",
		"[]",
		"\"x\"",
		"1",
		"{",
		GOOD " x",
		"\xef\xbb\xbf" GOOD,
		"{" SUB "," SUB "," AUD "," EXP "}",
		"{" SUB "," AUD "," EXP ",\"x\":\"\xff\"}",
		"{" SUB "," AUD "," EXP ",\"x\":01}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(rubbish); i++) {
		assert_int_equal(read_claims(f, rubbish[i]), ERR_BAD_TOKEN);
		assert_int_equal(read_header(f, rubbish[i]), ERR_BAD_TOKEN);
	}
	assert_int_equal(
		read_header(f, "{\"alg\":\"HS256\",\"alg\":\"HS256\"}"),
		ERR_BAD_TOKEN);
}

static void
deep_claims_are_refused(void **state)
{
	struct fixture *f = *state;
	char deep[2001];

	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	deep[2000] = '\0';

	assert_int_equal(read_claims(f, arena_printf(f->cx.mem,
						     "{" SUB "," AUD "," EXP
						     ",\"x\":%s}",
						     deep)),
			 ERR_BAD_TOKEN);
}

static void
the_subject_is_a_text_that_can_be_an_id(void **state)
{
	static const struct {
		const char *sub;
		enum err e;
	} cases[] = {
		{"\"0B5E2AB4-1A0E-4B9E-9D7A-3F2C1D0E9B8A\"", OK},
		{"\"{0b5e2ab41a0e4b9e9d7a3f2c1d0e9b8a}\"", OK},
		{"\"urn:uuid:" USER "\"", OK},
		{"\"1\"", OK},
		{"\" -1_0\"", OK},
		{"\"1.0\"", ERR_BAD_TOKEN},
		{"\"nobody\"", ERR_BAD_TOKEN},
		{"\"\"", ERR_BAD_TOKEN},
		{"\"" USER "\\u0000\"", ERR_BAD_TOKEN},
		{"\"" USER "\\ud800\"", ERR_BAD_TOKEN},
		{"1", ERR_BAD_TOKEN},
		{"null", ERR_BAD_TOKEN},
		{"[\"" USER "\"]", ERR_BAD_TOKEN},
	};
	struct fixture *f = *state;
	struct token t;

	assert_int_equal(read_claims(f, "{" AUD "," EXP "}"), ERR_BAD_TOKEN);
	for (size_t i = 0; i < countof(cases); i++) {
		const char *claims =
			arena_printf(f->cx.mem, "{\"sub\":%s," AUD "," EXP "}",
				     cases[i].sub);

		assert_int_equal(token_read(&f->cx, &f->backends[0],
					    forge_with(f->cx.mem, SECRET,
						       HEADER, claims),
					    &t),
				 cases[i].e);
	}
}

static void
a_token_id_is_a_text(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		read_claims(f, "{" SUB "," AUD "," EXP ",\"jti\":\"x\"}"), OK);
	assert_int_equal(read_claims(f, "{" SUB "," AUD "," EXP ",\"jti\":1}"),
			 ERR_BAD_TOKEN);
	assert_int_equal(
		read_claims(f, "{" SUB "," AUD "," EXP ",\"jti\":null}"),
		ERR_BAD_TOKEN);
}

static void
a_token_past_the_size_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	char *filling = arena_alloc(f->cx.mem, 6000);
	const char *token;

	memset(filling, 'x', 2700);
	token = forge_with(f->cx.mem, SECRET, HEADER,
			   arena_printf(f->cx.mem,
					"{" SUB "," AUD "," EXP
					",\"x\":\"%s\"}",
					filling));
	assert_in_range(strlen(token), 3500, TOKEN_SIZE_LIMIT);
	assert_int_equal(read_token(f, token), OK);

	memset(filling, 'x', 5000);
	token = forge_with(f->cx.mem, SECRET, HEADER,
			   arena_printf(f->cx.mem,
					"{" SUB "," AUD "," EXP
					",\"x\":\"%s\"}",
					filling));
	assert_true(strlen(token) > TOKEN_SIZE_LIMIT);
	assert_int_equal(read_token(f, token), ERR_BAD_TOKEN);
}

static void
every_cut_and_every_flipped_bit_is_noticed(void **state)
{
	struct fixture *f = *state;
	size_t len = strlen(PYJWT PYJWT_MAC);
	char *text = arena_text(f->cx.mem, PYJWT PYJWT_MAC);

	for (size_t i = 0; i < len; i++) {
		char kept = text[i];

		for (int bit = 0; bit < 8; bit++) {
			text[i] = (char)(kept ^ (1 << bit));
			assert_int_equal(read_token(f, text), ERR_BAD_TOKEN);
		}
		text[i] = '\0';
		assert_int_equal(read_token(f, text), ERR_BAD_TOKEN);
		text[i] = kept;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_issued_token_reads_back),
		TEST(an_issued_token_is_spelled_as_the_reference_does),
		TEST(two_tokens_of_one_second_differ),
		TEST(a_token_for_ever_needs_a_backend_that_issues_them),
		TEST(tokens_of_the_reference_are_taken),
		TEST(a_token_of_an_older_secret_is_still_taken),
		TEST(no_spelling_of_none_is_an_algorithm),
		TEST(other_algorithms_are_refused),
		TEST(a_token_signed_with_a_public_key_is_refused),
		TEST(a_token_signed_with_the_empty_secret_is_refused),
		TEST(without_a_secret_nothing_opens),
		TEST(every_byte_of_the_signature_counts),
		TEST(a_signature_of_another_length_is_refused),
		TEST(critical_extensions_are_refused),
		TEST(the_audience_is_compared_as_a_whole),
		TEST(a_key_id_chooses_nothing),
		TEST(the_type_of_a_token_is_not_looked_at),
		TEST(times_are_numbers_and_right),
		TEST(a_number_of_400_digits_is_a_bad_token),
		TEST(leeway_moves_the_edges),
		TEST(a_token_dies_when_its_time_has_come),
		TEST(the_time_of_issue_is_iat_or_follows_from_exp),
		TEST(only_our_own_jti_names_a_generation),
		TEST(a_token_has_one_spelling),
		TEST(signed_parts_have_one_spelling_too),
		TEST(anything_without_three_parts_is_refused),
		TEST(verified_claims_are_an_object),
		TEST(signed_rubbish_is_refused),
		TEST(deep_claims_are_refused),
		TEST(the_subject_is_a_text_that_can_be_an_id),
		TEST(a_token_id_is_a_text),
		TEST(a_token_past_the_size_limit_is_refused),
		TEST(every_cut_and_every_flipped_bit_is_noticed),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
