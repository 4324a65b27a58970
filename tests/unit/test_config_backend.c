/* SPDX-License-Identifier: MIT */
/* What the configuration says about backends: their secrets, keys, servers. */
#include "base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "jws_keys.h"

#define GOOD_SECRET "qWv8u3Lr0TzXk5Yb7NcEo2Hd9SgJ4mPa"
#define OTHER_SECRET "Zf1Kp6Vt3Ru8Mx0Gs5Ld2Wc7Bn9Eh4Qy"

/* A folder with key files of these names. */
static const struct {
	const char *name;
	const char *text;
	mode_t mode;
} files[] = {
	{"rsa.pem", rsa_private, 0600},
	{"rsa.pub", rsa_public, 0644},
	{"ec.pem", ec_private, 0640},
	{"ec.pub", ec_public, 0644},
	{"ed.pem", ed_private, 0400},
	{"open.pem", ed_private, 0604},
	{"loose.pub", ed_public, 0646},
	{"locked.pem", ed_encrypted, 0600},
	{"small.pub", rsa_1024_public, 0644},
	{"p384.pem", p384_private, 0600},
	{"junk.pem", "junk\n", 0600},
	{"secret", "# ours\n" GOOD_SECRET "\n" OTHER_SECRET "\n", 0600},
	{"short", "kX8s\n", 0600},
};

struct fixture {
	char folder[32];
	char said[16384];
	const char *redis_url; /* in the environment */
	struct config *conf;
};

static struct fixture *now;

static const char *
environment(const char *name)
{
	if (strcmp(name, "FASTCGI_USERS_DATABASE_URL") == 0)
		return "sqlite:x";
	if (strcmp(name, "FASTCGI_USERS_REDIS_URL") == 0)
		return now->redis_url;
	return NULL;
}

static void
complain(void *to, const char *sentence)
{
	struct fixture *f = to;
	size_t len = strlen(f->said);

	(void)snprintf(f->said + len, sizeof(f->said) - len, "%s\n", sentence);
}

static const char *
path_of(const struct fixture *f, const char *name)
{
	static char path[96];

	(void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	return path;
}

static void
file_write(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/fcu-keys-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	for (size_t i = 0; i < countof(files); i++)
		file_write(path_of(f, files[i].name), files[i].text,
			   files[i].mode);
	log_set_level(LEVEL_ERROR);
	now = f;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(files); i++)
		(void)unlink(path_of(f, files[i].name));
	(void)unlink(path_of(f, "conf"));
	(void)rmdir(f->folder);
	config_free(f->conf);
	free(f);
	return 0;
}

/* "@" in the text stands for the folder. */
static enum err
load(struct fixture *f, const char *text)
{
	char conf[2048];
	char *to = conf;
	struct config_source from = {NULL, environment, complain, f};
	char path[96];

	for (; *text != '\0'; text++) {
		size_t room = sizeof(conf) - (size_t)(to - conf);

		to += snprintf(to, room, *text == '@' ? "%s" : "%.1s",
			       *text == '@' ? f->folder : text);
		assert_true(to < conf + sizeof(conf) - 1);
	}
	(void)snprintf(path, sizeof(path), "%s", path_of(f, "conf"));
	file_write(path, conf, 0600);
	from.path = path;
	config_free(f->conf);
	f->said[0] = '\0';
	return config_load(&from, &f->conf);
}

static const struct config *
loaded(struct fixture *f, const char *text)
{
	if (load(f, text) != OK)
		fail_msg("%s\n\tis refused: %s", text, f->said);
	return f->conf;
}

static void
a_backend_with_a_secret_of_its_own_needs_no_shared_one(void **state)
{
	const struct config *c = loaded(
		*state,
		"backend \"a\" { secret = {\"" GOOD_SECRET "\"} }\n"
		"backend \"b\" { secret_file = \"@/secret\" algorithm = HS512 }\n"
		"backend \"c\" { algorithm = EdDSA key_file = {\"@/ed.pem\"} }\n"
		"backend \"d\" { strategy = database }\n");

	assert_int_equal(c->backend[0].secret.count, 1);
	assert_int_equal(c->backend[1].secret.count, 2);
	assert_string_equal(c->backend[1].secret.items[0], GOOD_SECRET);
	assert_string_equal(c->backend[1].secret.items[1], OTHER_SECRET);
	assert_int_equal(c->secrets.jwt.count, 0);
}

static void
key_files_are_read_in_order(void **state)
{
	const struct config *c = loaded(
		*state,
		"backend \"rsa\" { algorithm = RS256 key_file = {\"@/rsa.pem\"}"
		" public_key_file = {\"@/rsa.pub\"} }\n"
		"backend \"ec\" { algorithm = ES256"
		" key_file = {\"@/ec.pem\", \"@/ec.pem\"} }\n");

	assert_int_equal(c->backend_keys[0].count, 2);
	assert_string_equal(c->backend_keys[0].items[0], rsa_private);
	assert_string_equal(c->backend_keys[0].items[1], rsa_public);
	assert_int_equal(c->backend_keys[1].count, 2);
}

static void
a_redis_server_may_be_told_by_the_environment(void **state)
{
	struct fixture *f = *state;
	const struct config *c;

#ifndef HAVE_HIREDIS
	skip();
#endif
	f->redis_url = "redis://cache/1";
	c = loaded(f, "redis { url = \"unix:/r\" }\n"
		      "backend \"a\" { strategy = redis }\n");

	assert_string_equal(c->redis.url, "redis://cache/1");
	assert_string_equal(c->backend[0].key_prefix, "fastapi_users_token:");
	f->redis_url = NULL;
}

/* A public key, as openssl rsa -pubout -outform DER | base64 says it. */
#define RSA_3072                                                               \
	"MIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAxL9hnbRevXrHC+Pz"         \
	"9JGsJbhpNU5yY4d2vzgwt8lI2N+6aqcs23AY7hvAy3gkjn26GjvgT7jFiVOK"         \
	"dEUAeFtIobnovmbUYpKBiuOcj7cDDpCY7OqMfuKqJITjfmxBOdMJqpOTbwS1"         \
	"HL6MnakRzHrJPUswE+v64xHdd1cnVn9sgRn29dRU7OXzAucGegyqz/B7qSyO"         \
	"J9OO1pKG9b2baXH8URB5MM99ub+xDsy5iDNCu756NpKW2B8eOt1sW82iSywo"         \
	"wy3ooPGmgFB/bRycHZWexXoNf9/ukWi6XUNKDA2trD8m9/bE5SA1o181n8cZ"         \
	"5W/P+uITKjyKZdY5zpZit80JzP3tkSQ8Fo1LlzVlWalJdYuuP26Y4U3BWefq"         \
	"ABXbksNoYkMviWEvZ2hg3HeH+fOhRvNoPcrh7CEETfL5bE/UGICAI83T/Ta7"         \
	"E3rR0Yi78mWXdP82VpD8zr0n7UnOPoar314eAQ61oSfG/aadLfql5a80tHUl"         \
	"ERdg9fh7/ILOQ5l3AgMBAAE="

/* What is told of line 1. */
static const char *const refusals[][2] = {
	{"", "secrets.jwt: there is no secret, and backend \"b\" has none of "
	     "its own: put one into jwt_file, into jwt or into "
	     "FASTCGI_USERS_JWT_SECRET"},
	{"secret = {\"kX8s\"}",
	 "backend \"b\".secret: a secret of 4 bytes is too short, there must "
	 "be at least 32: try openssl rand -base64 48"},
	{"secret_file = \"@/short\"",
	 "backend \"b\".secret_file: a secret of 4 bytes is too short, there "
	 "must be at least 32: try openssl rand -base64 48"},
	{"secret_file = \"@/none\"",
	 "backend \"b\".secret_file: @/none: No such file or directory"},
	{"secret_file = \"@/ec.pem\"",
	 "backend \"b\".secret_file: a key of another algorithm cannot be a "
	 "secret of HS256"},
	{"secret = {\"-----BEGIN PUBLIC KEY-----MCowBQYDK2VwAyEA\"}",
	 "backend \"b\".secret: a key of another algorithm cannot be a secret "
	 "of HS256"},
	{"secret = {\"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"}",
	 "backend \"b\".secret: a key of another algorithm cannot be a secret "
	 "of HS256"},
	{"secret = {\"{\\\"kty\\\":\\\"OKP\\\",\\\"crv\\\":\\\"Ed25519\\\"}\"}",
	 "backend \"b\".secret: a key of another algorithm cannot be a secret "
	 "of HS256"},
	{"secret = {\"{\\\"alg\\\":\\\"RS256\\\",\\\"kty\\\":\\\"RSA\\\"}\"}",
	 "backend \"b\".secret: a key of another algorithm cannot be a secret "
	 "of HS256"},
	{"secret = {\"" RSA_3072 "\"}",
	 "backend \"b\".secret: a key of another algorithm cannot be a secret "
	 "of HS256"},
	{"secret = {\"" GOOD_SECRET "\"} key_file = {\"@/rsa.pem\"}",
	 "backend \"b\".key_file: HS256 signs with a secret, not with a key"},
	{"algorithm = RS256",
	 "backend \"b\".key_file: RS256 needs a private key to sign with: name "
	 "it here, or the file of signing keys in keys.file"},
	{"algorithm = ES256 still_accepts = {HS512}",
	 "backend \"b\".key_file: ES256 needs a private key to sign with: name "
	 "it here, or the file of signing keys in keys.file"},
	{"algorithm = ES256 still_accepts = {none}",
	 "backend \"b\".still_accepts: \"none\" is not one of HS256, HS384, "
	 "HS512, RS256, ES256, EdDSA"},
	{"still_accepts = {ES256} secret = {\"" GOOD_SECRET "\"}",
	 "backend \"b\".still_accepts: is for a backend that signs with a key, "
	 "and HS256 signs with a secret"},
	{"algorithm = ES256 } keys { file = ring",
	 "keys.file: \"ring\" must be the absolute path of a file"},
	{"algorithm = ES256 } keys { file = \"/ring/\"",
	 "keys.file: \"/ring/\" must be the absolute path of a file"},
	{"algorithm = ES256 still_accepts = {HS256} } keys { file = \"/ring\"",
	 "secrets.jwt: there is no secret, and backend \"b\" has none of its "
	 "own: put one into jwt_file, into jwt or into "
	 "FASTCGI_USERS_JWT_SECRET"},
	{"algorithm = RS256 public_key_file = {\"@/rsa.pub\"}",
	 "backend \"b\".key_file: RS256 needs a private key to sign with: name "
	 "it here, or the file of signing keys in keys.file"},
	{"algorithm = RS256 key_file = {\"@/rsa.pem\"} secret = {\"" GOOD_SECRET
	 "\"}",
	 "backend \"b\".secret: RS256 signs with key_file, not with a secret"},
	{"algorithm = RS256 key_file = {\"@/ec.pem\"}",
	 "backend \"b\".key_file: @/ec.pem: RS256 takes an RSA key"},
	{"algorithm = ES256 key_file = {\"@/rsa.pem\"}",
	 "backend \"b\".key_file: @/rsa.pem: ES256 takes a key on the curve "
	 "P-256 (prime256v1)"},
	{"algorithm = ES256 key_file = {\"@/p384.pem\"}",
	 "backend \"b\".key_file: @/p384.pem: ES256 takes a key on the curve "
	 "P-256 (prime256v1)"},
	{"algorithm = EdDSA key_file = {\"@/ec.pem\"}",
	 "backend \"b\".key_file: @/ec.pem: EdDSA takes an Ed25519 key"},
	{"algorithm = EdDSA key_file = {\"@/locked.pem\"}",
	 "backend \"b\".key_file: @/locked.pem: the key is encrypted, and "
	 "nobody is there to be asked for its passphrase"},
	{"algorithm = EdDSA key_file = {\"@/junk.pem\"}",
	 "backend \"b\".key_file: @/junk.pem: there is no private or public "
	 "key in PEM in it"},
	{"algorithm = EdDSA key_file = {\"@/none\"}",
	 "backend \"b\".key_file: @/none: No such file or directory"},
	{"algorithm = EdDSA key_file = {\"@/open.pem\"}",
	 "backend \"b\".key_file: @/open.pem: others may read or write it: "
	 "take that away by chmod o-rw"},
	{"algorithm = ES256 key_file = {\"@/ec.pub\"}",
	 "backend \"b\".key_file: @/ec.pub: others may read or write it: take "
	 "that away by chmod o-rw"},
	{"algorithm = EdDSA key_file = {\"@/ed.pem\"}"
	 " public_key_file = {\"@/loose.pub\"}",
	 "backend \"b\".public_key_file: @/loose.pub: others may write it: "
	 "take that away by chmod o-w"},
	{"algorithm = EdDSA key_file = {\"@/ed.pem\"}"
	 " public_key_file = {\"@/ed.pem\"}",
	 "backend \"b\".public_key_file: @/ed.pem: there is a private key in "
	 "it, which does not belong there: write its public part by openssl "
	 "pkey -pubout"},
	{"algorithm = RS256 key_file = {\"@/rsa.pem\"}"
	 " public_key_file = {\"@/small.pub\"}",
	 "backend \"b\".public_key_file: @/small.pub: an RSA key must have at "
	 "least 2048 bits"},
	{"algorithm = HS1",
	 "backend \"b\".algorithm: \"HS1\" is not one of HS256, HS384, HS512, "
	 "RS256, ES256, EdDSA"},
	{"strategy = files",
	 "backend \"b\".strategy: \"files\" is not one of jwt, database, "
	 "redis"},
	{"strategy = redis",
	 "redis.url: is not set, and backend \"b\" needs it"},
	{"strategy = redis key_prefix = \"\" } redis { url = \"unix:/r\"",
	 "backend \"b\".key_prefix: must not be empty"},
	{"strategy = redis } redis { url = \"rediss://cache\"",
	 "redis.url: TLS is not spoken here: use a unix socket, or something "
	 "that speaks TLS in between"},
};

/* V2, V16: whatever a secret is for. */
static void
secrets_of_all_purposes_are_judged_alike(void **state)
{
	/* More than short ones is not allowed by that. */
	static const char *const purposes[] = {
		"secrets { allow_short = true jwt = ",
		"secrets { allow_short = true reset = ",
		"secrets { allow_short = true verify = ",
		"secrets { allow_short = true state = ",
		"secrets { allow_short = true provider_tokens = ",
		"secrets { allow_short = true } backend \"b\" { secret = ",
	};
	static const char *const bad[] = {
		"SECRET",
		"secretsecretsecretsecretsecretsecret",
		"09d25e094faa6ca2556c818166b7a956"
		"3b93f7099f6f0f4caa6cf63b88e8d3e7",
		"a-string-secret-at-least-256-bits-long",
		"-----BEGIN RSA PUBLIC KEY-----MIIBCgKCAQEA0000000000000000",
		"-----BEGIN CERTIFICATE-----MIIBCgKCAQEA0000000000000000000",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKEY0000000000000000000",
		"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI000",
		"{\\\"kty\\\":\\\"RSA\\\",\\\"n\\\":\\\"0000000000000000000\\\"}",
	};
	struct fixture *f = *state;
	char text[512];

	for (size_t i = 0; i < countof(purposes) * countof(bad); i++) {
		(void)snprintf(text, sizeof(text), "%s{\"%s\"} }",
			       purposes[i / countof(bad)],
			       bad[i % countof(bad)]);
		assert_int_equal(load(f, text), ERR_CONFIGURATION);
		if (strstr(f->said, "must not be used") == NULL &&
		    strstr(f->said, "cannot be a secret") == NULL)
			fail_msg("%s: %s", text, f->said);
	}
}

/* What was said must hold the sentence, with "@" for the folder. */
static void
assert_said(struct fixture *f, const char *text, const char *sentence)
{
	char expected[512];
	const char *at = strchr(sentence, '@');

	if (at == NULL)
		(void)snprintf(expected, sizeof(expected), "%s\n", sentence);
	else
		(void)snprintf(expected, sizeof(expected), "%.*s%s%s\n",
			       (int)(at - sentence), sentence, f->folder,
			       at + 1);
	if (strstr(f->said, expected) == NULL)
		fail_msg("%s\n\tshould say %s\tbut says %s", text, expected,
			 f->said);
}

static void
each_fault_of_a_backend_is_told_in_a_sentence(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(refusals); i++) {
		char text[1024];

		(void)snprintf(text, sizeof(text), "backend \"b\" { %s }\n",
			       refusals[i][0]);
		assert_int_equal(load(f, text), ERR_CONFIGURATION);
		assert_said(f, text, refusals[i][1]);
		assert_null(strstr(f->said, "BEGIN"));
		assert_null(strstr(f->said, "kX8s"));
	}
}

static void
a_fault_names_file_and_line(void **state)
{
	struct fixture *f = *state;
	char expected[256];

	assert_int_equal(load(f, "backend \"b\" {\n\talgorithm = RS256\n"
				 "\tkey_file = {\"@/ec.pem\"}\n}\n"),
			 ERR_CONFIGURATION);

	(void)snprintf(expected, sizeof(expected),
		       "%s:3: backend \"b\".key_file: %s/ec.pem: RS256 takes "
		       "an RSA key\n",
		       path_of(f, "conf"), f->folder);
	assert_string_equal(f->said, expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_backend_with_a_secret_of_its_own_needs_no_shared_one),
		cmocka_unit_test(key_files_are_read_in_order),
		cmocka_unit_test(a_redis_server_may_be_told_by_the_environment),
		cmocka_unit_test(each_fault_of_a_backend_is_told_in_a_sentence),
		cmocka_unit_test(secrets_of_all_purposes_are_judged_alike),
		cmocka_unit_test(a_fault_names_file_and_line),
	};

	return cmocka_run_group_tests_name("config_backend", tests, set_up,
					   tear_down);
}
