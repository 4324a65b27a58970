/* SPDX-License-Identifier: MIT */
#include "core/ticket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/log.h"

#define NOW INT64_C(1700000000)
#define USER "0b5e2ab4-1a0e-4b9e-9d7a-3f2c1d0e9b8a"
#define SECRET "a-reset-secret-of-thirty-two-bytes-or-more..."
#define OLD_SECRET "the-secret-that-was-used-before-this-one-..."
#define VERIFY_SECRET "a-verify-secret-of-thirty-two-bytes-or-more.."
#define PRINT "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc$MDEyMzQ1Njc4OTAxMjM0NQ"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define SUB "\"sub\":\"" USER "\""
#define FGPT "\"password_fgpt\":\"" PRINT "\""
#define AUD "\"aud\":\"fastapi-users:reset\""
#define EXP "\"exp\":1700003600"
#define GOOD "{" SUB "," FGPT "," AUD "," EXP "}"

/* Made by PyJWT from GOOD with SECRET. */
static const char of_the_reference[] =
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
	"eyJzdWIiOiIwYjVlMmFiNC0xYTBlLTRiOWUtOWQ3YS0zZjJjMWQwZTliOGEiLCJwYXNz"
	"d29yZF9mZ3B0IjoiJGFyZ29uMmlkJHY9MTkkbT04LHQ9MSxwPTEkTURFeU16UTFOamMk"
	"TURFeU16UTFOamM0T1RBeE1qTTBOUSIsImF1ZCI6ImZhc3RhcGktdXNlcnM6cmVzZXQi"
	"LCJleHAiOjE3MDAwMDM2MDB9."
	"3G4eQThtsZPMWIytGjy8qMxzdHC435H2g4QswMTOoYg";

static const char *reset_secrets[] = {SECRET, OLD_SECRET};
static const char *verify_secrets[] = {VERIFY_SECRET};

struct fixture {
	struct ctx cx;
	struct config conf;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	log_set_level(LEVEL_ERROR);
	f->conf.secrets.reset = (struct text_list){reset_secrets, 2};
	f->conf.secrets.verify = (struct text_list){verify_secrets, 1};
	f->conf.tokens.reset_lifetime = 3600;
	f->conf.tokens.verify_lifetime = 60;
	f->conf.tokens.state_lifetime = 3600;
	f->cx.conf = &f->conf;
	f->cx.mem = arena_open(0, 1 << 22);
	f->cx.now = NOW;
	ticket_keys_open(&f->conf, &f->cx.tickets);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	ticket_keys_close(f->cx.tickets);
	arena_close(f->cx.mem);
	free(f);
	return 0;
}

static const char *
forge(struct fixture *f, const char *secret, const char *claims)
{
	struct mac_key *key = mac_key_new(secret, strlen(secret));
	struct arena *mem = f->cx.mem;
	unsigned char mac[SHA256_SIZE];
	const char *text = arena_printf(
		mem, "%s.%s", crypto_base64url(mem, HEADER, strlen(HEADER)),
		crypto_base64url(mem, claims, strlen(claims)));

	mac_sign(key, text, strlen(text), mac);
	mac_key_free(key);
	return arena_printf(mem, "%s.%s", text,
			    crypto_base64url(mem, mac, sizeof(mac)));
}

static enum err
read_reset(struct fixture *f, const char *text)
{
	const struct json *claims;

	return ticket_read(&f->cx, TICKET_RESET, text, &claims);
}

static const char *
issue_reset(struct fixture *f)
{
	const struct ticket_claim claims[] = {
		{"sub", USER},
		{"email", NULL},
		{"password_fgpt", PRINT},
	};

	return ticket_issue(&f->cx, TICKET_RESET, claims, countof(claims));
}

static void
a_ticket_is_spelled_as_the_reference_does(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(issue_reset(f), of_the_reference);
}

static void
a_ticket_reads_back(void **state)
{
	struct fixture *f = *state;
	const struct json *claims;

	assert_int_equal(
		ticket_read(&f->cx, TICKET_RESET, issue_reset(f), &claims), OK);

	assert_string_equal(ticket_text(claims, "sub"), USER);
	assert_string_equal(ticket_text(claims, "password_fgpt"), PRINT);
	assert_null(ticket_text(claims, "email"));
	assert_null(ticket_text(claims, "exp"));
}

static void
each_kind_has_its_own_lifetime(void **state)
{
	const struct ticket_claim claim = {"sub", USER};
	struct fixture *f = *state;
	const char *text = ticket_issue(&f->cx, TICKET_VERIFY, &claim, 1);
	const struct json *claims;

	f->cx.now = NOW + 59;
	assert_int_equal(ticket_read(&f->cx, TICKET_VERIFY, text, &claims), OK);
	f->cx.now = NOW + 60;
	assert_int_equal(ticket_read(&f->cx, TICKET_VERIFY, text, &claims),
			 ERR_BAD_TOKEN);
	f->conf.jwt.leeway = 5;
	assert_int_equal(ticket_read(&f->cx, TICKET_VERIFY, text, &claims), OK);
}

static void
one_kind_never_passes_for_another(void **state)
{
	struct fixture *f = *state;
	const struct json *claims;

	f->conf.secrets.verify = f->conf.secrets.reset;
	ticket_keys_close(f->cx.tickets);
	ticket_keys_open(&f->conf, &f->cx.tickets);

	assert_int_equal(
		ticket_read(&f->cx, TICKET_VERIFY, issue_reset(f), &claims),
		ERR_BAD_TOKEN);
}

static void
every_secret_of_the_list_verifies(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_reset(f, forge(f, OLD_SECRET, GOOD)), OK);
	assert_int_equal(read_reset(f, forge(f, VERIFY_SECRET, GOOD)),
			 ERR_BAD_TOKEN);
	assert_int_equal(read_reset(f, forge(f, "", GOOD)), ERR_BAD_TOKEN);
}

static void
a_kind_without_a_secret_is_off_and_reads_nothing(void **state)
{
	struct fixture *f = *state;
	const struct json *claims;

	assert_true(ticket_is_on(&f->conf, TICKET_RESET));
	assert_false(ticket_is_on(&f->conf, TICKET_STATE));
	assert_int_equal(ticket_read(&f->cx, TICKET_STATE,
				     forge(f, "", "{\"exp\":1700003600}"),
				     &claims),
			 ERR_BAD_TOKEN);
}

static void
claims_decide(void **state)
{
	static const struct {
		const char *claims;
		enum err outcome;
	} rows[] = {
		{GOOD, OK},
		{"{\"aud\":[\"fastapi-users:reset\"]," EXP "}", OK},
		{"{\"aud\":[\"x\",\"fastapi-users:reset\"]," EXP "}", OK},
		{"{\"aud\":[\"fastapi-users:reset\",1]," EXP "}",
		 ERR_BAD_TOKEN},
		{"{\"aud\":[]," EXP "}", ERR_BAD_TOKEN},
		{"{\"aud\":\"fastapi-users:auth\"," EXP "}", ERR_BAD_TOKEN},
		{"{\"aud\":\"fastapi-users:reset\\u0000\"," EXP "}",
		 ERR_BAD_TOKEN},
		{"{\"aud\":null," EXP "}", ERR_BAD_TOKEN},
		{"{" EXP "}", ERR_BAD_TOKEN},
		{"{" AUD "}", ERR_BAD_TOKEN},
		{"{" AUD ",\"exp\":1700000000}", ERR_BAD_TOKEN},
		{"{" AUD ",\"exp\":1700000001}", OK},
		{"{" AUD ",\"exp\":1700000001.9}", OK},
		{"{" AUD ",\"exp\":1700000000.9}", ERR_BAD_TOKEN},
		{"{" AUD ",\"exp\":\"1700003600\"}", ERR_BAD_TOKEN},
		{"{" AUD ",\"exp\":true}", ERR_BAD_TOKEN},
		{"{" AUD ",\"exp\":1e999}", ERR_BAD_TOKEN},
		{"{" AUD ",\"exp\":253402300800}", ERR_BAD_TOKEN},
		{"{" AUD "," EXP ",\"exp\":1}", ERR_BAD_TOKEN},
		{"{" AUD "," EXP ",\"nbf\":1700000001}", ERR_BAD_TOKEN},
		{"{" AUD "," EXP ",\"nbf\":1700000000}", OK},
		{"{" AUD "," EXP ",\"nbf\":null}", ERR_BAD_TOKEN},
		{"{" AUD "," EXP ",\"iat\":1700000001}", ERR_BAD_TOKEN},
		{"[" AUD "]", ERR_BAD_TOKEN},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(rows); i++)
		assert_int_equal(
			read_reset(f, forge(f, SECRET, rows[i].claims)),
			rows[i].outcome);
}

static void
a_ticket_has_one_spelling(void **state)
{
	struct fixture *f = *state;
	size_t len = strlen(of_the_reference);
	char *text;

	assert_int_equal(read_reset(f, of_the_reference), OK);
	assert_int_equal(read_reset(f, ""), ERR_BAD_TOKEN);
	assert_int_equal(
		read_reset(f, arena_printf(f->cx.mem, "%s=", of_the_reference)),
		ERR_BAD_TOKEN);
	for (size_t i = 0; i < len; i++) {
		text = arena_text(f->cx.mem, of_the_reference);
		text[i] = text[i] == 'x' ? 'y' : 'x';
		assert_int_equal(read_reset(f, text), ERR_BAD_TOKEN);
	}
	text = arena_alloc(f->cx.mem, 5001);
	memset(text, 'x', 5000);
	assert_int_equal(read_reset(f, text), ERR_BAD_TOKEN);
}

static void
a_claim_that_is_no_clean_text_is_none(void **state)
{
	struct fixture *f = *state;
	const struct json *claims;

	assert_int_equal(
		ticket_read(&f->cx, TICKET_RESET,
			    forge(f, SECRET,
				  "{\"sub\":1,\"email\":\"a\\u0000b\"," AUD
				  "," EXP "}"),
			    &claims),
		OK);
	assert_null(ticket_text(claims, "sub"));
	assert_null(ticket_text(claims, "email"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ticket_is_spelled_as_the_reference_does),
		TEST(a_ticket_reads_back),
		TEST(each_kind_has_its_own_lifetime),
		TEST(one_kind_never_passes_for_another),
		TEST(every_secret_of_the_list_verifies),
		TEST(a_kind_without_a_secret_is_off_and_reads_nothing),
		TEST(claims_decide),
		TEST(a_ticket_has_one_spelling),
		TEST(a_claim_that_is_no_clean_text_is_none),
	};

	return cmocka_run_group_tests_name("ticket", tests, NULL, NULL);
}
