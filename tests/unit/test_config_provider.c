/* SPDX-License-Identifier: MIT */
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

#include "base/config.h"
#include "base/log.h"

#define GOOD_SECRET "qWv8u3Lr0TzXk5Yb7NcEo2Hd9SgJ4mPa"
#define NEEDED                                                                 \
	"database { url = \"sqlite:x\" }\n"                                    \
	"secrets { jwt = {\"" GOOD_SECRET "\"} state = {\"" GOOD_SECRET        \
	"\"} }\n"
#define CLIENT " client_id = \"me\" client_secret = \"mine\" "

static char path[] = "/tmp/test-config-provider-XXXXXX";
static char said[8192];
static struct config *conf;

static const char *
environment(const char *name)
{
	(void)name;
	return NULL;
}

static void
complain(void *to, const char *sentence)
{
	size_t len = strlen(said);

	(void)to;
	(void)snprintf(said + len, sizeof(said) - len, "%s\n", sentence);
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int
start(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	log_set_level(LEVEL_ERROR);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	return unlink(path);
}

static int
forget(void **state)
{
	(void)state;
	config_free(conf);
	conf = NULL;
	return 0;
}

static enum err
load(const char *text)
{
	struct config_source from = {path, environment, complain, NULL};

	config_free(conf);
	said[0] = '\0';
	write_file(path, text);
	return config_load(&from, &conf);
}

static void
expect_fault(const char *text, const char *sentence)
{
	assert_int_equal(load(text), ERR_CONFIGURATION);
	if (strstr(said, sentence) == NULL)
		fail_msg("\"%s\" is not in: %s", sentence, said);
}

static void
a_preset_knows_all_but_who_we_are(void **state)
{
	const struct provider_settings *p;

	(void)state;
	assert_int_equal(
		load(NEEDED "provider \"hub\" { preset = github" CLIENT "}\n"),
		OK);
	p = &conf->provider[0];
	assert_int_equal(conf->provider_count, 1);
	assert_string_equal(p->title, "hub");
	assert_string_equal(p->authorize_url,
			    "https://github.com/login/oauth/authorize");
	assert_string_equal(p->profile_header, "Authorization: token {token}");
	assert_string_equal(p->profile_method, "GET");
	assert_string_equal(p->pkce, "on");
	assert_string_equal(p->nonce, "off");
	assert_string_equal(p->backend, "jwt");
	assert_int_equal(p->scopes.count, 2);
	assert_string_equal(p->scopes.items[1], "user:email");
}

static void
every_preset_is_complete(void **state)
{
	static const char *const names[] = {
		"google",   "github", "facebook", "microsoft", "discord",
		"linkedin", "kakao",  "naver",    "reddit",    "franceconnect",
	};
	char text[600];

	(void)state;
	for (size_t i = 0; i < countof(names); i++) {
		(void)snprintf(text, sizeof(text),
			       NEEDED "provider \"x\" { preset = %s" CLIENT
				      "}\n",
			       names[i]);
		if (load(text) != OK)
			fail_msg("%s: %s", names[i], said);
		assert_string_not_equal(conf->provider[0].id_path, "");
		assert_string_not_equal(conf->provider[0].profile_url, "");
	}
}

static void
what_is_said_wins_over_the_preset(void **state)
{
	const struct provider_settings *p;

	(void)state;
	assert_int_equal(load(NEEDED
			      "provider \"x\" { preset = google" CLIENT
			      "scopes = {openid} pkce = off nonce = on "
			      "jwks_url = \"https://example.org/k\" "
			      "issuer = \"https://example.org\" "
			      "token_url = \"https://example.org/t\" }\n"),
			 OK);
	p = &conf->provider[0];
	assert_string_equal(p->token_url, "https://example.org/t");
	assert_string_equal(p->pkce, "off");
	assert_string_equal(p->nonce, "on");
	assert_int_equal(p->scopes.count, 1);
}

static void
pkce_that_was_asked_for_is_told_from_pkce_that_may_be_had(void **state)
{
	(void)state;
	assert_int_equal(
		load(NEEDED
		     "provider \"a\" { preset = okta domain = \"a.b\"" CLIENT
		     "}\n"
		     "provider \"b\" { preset = okta domain = \"a.b\"" CLIENT
		     "pkce = on }\n"),
		OK);
	assert_string_equal(conf->provider[0].pkce, "auto");
	assert_string_equal(conf->provider[1].pkce, "on");
}

static void
those_who_wait_are_half_of_the_smallest_pool_that_serves_them(void **state)
{
	static const struct {
		const char *pools;
		int64_t most;
	} cases[] = {
		{"pool \"api\" { workers = 8 } "
		 "pool \"password\" { workers = 2 }",
		 4},
		{"pool \"api\" { workers = 2 } "
		 "pool \"password\" { workers = 64 }",
		 1},
		{"pool \"api\" { workers = 9 } pool \"more\" { workers = 5 }",
		 2},
		{"pool \"api\" { workers = 1 } pool \"more\" { workers = 5 }",
		 1},
		{"pool \"api\" { workers = 2 } pool \"oauth\" { workers = 6 }",
		 3},
		{"pool \"api\" { workers = 8 } pool \"oauth\" { workers = 2 }",
		 1},
		{"pool \"password\" { workers = 6 }", 3},
		{"pool \"api\" { workers = 2 } oauth { max_parallel = 7 }", 7},
	};
	char text[600];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		(void)snprintf(text, sizeof(text), NEEDED "%s\n",
			       cases[i].pools);
		if (load(text) != OK)
			fail_msg("%s: %s", cases[i].pools, said);
		assert_int_equal(conf->oauth.max_parallel, cases[i].most);
	}
}

static void
names_in_addresses_are_filled_in(void **state)
{
	(void)state;
	assert_int_equal(load(NEEDED "provider \"m\" { preset = microsoft"
				     " tenant = \"acme\"" CLIENT "}\n"
				     "provider \"o\" { preset = okta"
				     " domain = \"acme.okta.com\"" CLIENT "}\n"
				     "provider \"s\" { preset = shopify"
				     " shop = \"acme\"" CLIENT "}\n"),
			 OK);
	assert_string_equal(conf->provider[0].token_url,
			    "https://login.microsoftonline.com/acme/oauth2/"
			    "v2.0/token");
	assert_string_equal(
		conf->provider[1].discovery_url,
		"https://acme.okta.com/.well-known/openid-configuration");
	assert_string_equal(conf->provider[1].issuer, "https://acme.okta.com");
	assert_string_equal(conf->provider[2].profile_url,
			    "https://acme.myshopify.com/admin/api/2023-04/"
			    "shop.json");
	assert_int_equal(
		load(NEEDED "provider \"m\" { preset = microsoft" CLIENT "}\n"),
		OK);
	assert_non_null(strstr(conf->provider[0].token_url, "/common/"));
	expect_fault(NEEDED "provider \"o\" { preset = okta" CLIENT "}\n",
		     "whose setting is empty");
	expect_fault(NEEDED "provider \"s\" { preset = shopify" CLIENT "}\n",
		     "whose setting is empty");
}

static void
a_secret_may_be_in_a_file_that_others_cannot_read(void **state)
{
	char secret[64];
	char text[800];

	(void)state;
	(void)snprintf(secret, sizeof(secret), "%s.secret", path);
	write_file(secret, "# of the provider\nfrom-the-file\n");
	assert_int_equal(chmod(secret, 0600), 0);
	(void)snprintf(text, sizeof(text),
		       NEEDED "provider \"x\" { preset = github client_id = me"
			      " client_secret_file = \"%s\" }\n",
		       secret);
	assert_int_equal(load(text), OK);
	assert_string_equal(conf->provider[0].client_secret, "from-the-file");
	assert_int_equal(chmod(secret, 0644), 0);
	expect_fault(text, "chmod o-rw");
	assert_int_equal(unlink(secret), 0);
	expect_fault(text, "client_secret_file");
}

static void
a_provider_that_lacks_something_is_a_fault(void **state)
{
	static const struct {
		const char *body;
		const char *sentence;
	} cases[] = {
		{"preset = github client_id = me",
		 "client_secret: must be set"},
		{"preset = github client_secret = mine",
		 "client_id: must be set"},
		{"preset = openid" CLIENT, "authorize_url: must be set"},
		{CLIENT "id_path = id authorize_url = \"https://a.b/\" "
			"token_url = \"https://a.b/\"",
		 "profile_url: must be set"},
		{"preset = github" CLIENT "backend = \"none\"",
		 "there is no backend \"none\""},
		{"preset = github" CLIENT "token_url = \"http://a.b/\"",
		 "must start with https://"},
		{"preset = github" CLIENT "token_url = \"https:///x\"",
		 "names no host"},
		{"preset = github" CLIENT "redirect_url = \"/back\"",
		 "must start with https://"},
		{"preset = github" CLIENT "token_url = \"https://a.b/ c\"",
		 "characters"},
		{"preset = github" CLIENT "email_path = \"a..b\"",
		 "email_path: \"a..b\" has an empty name"},
		{"preset = github" CLIENT "authorize_extra = {\"prompt\"}",
		 "is not NAME=VALUE"},
		{"preset = openid" CLIENT
		 "discovery_url = \"https://a.b/openid\"",
		 "issuer: must be set"},
		{"preset = myspace" CLIENT, "preset"},
		{"preset = github" CLIENT "nonce = on scopes = {openid}",
		 "nonce: on asks for discovery_url or jwks_url"},
		{"preset = okta" CLIENT "domain = \"a.b\" scopes = {email}",
		 "nonce: on asks for openid among the scopes"},
	};
	char text[1000];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		(void)snprintf(text, sizeof(text),
			       NEEDED "provider \"x\" { %s }\n", cases[i].body);
		expect_fault(text, cases[i].sentence);
	}
	expect_fault(NEEDED "provider \"a/b\" { preset = github" CLIENT "}\n",
		     "the provider's name");
	expect_fault("database { url = \"sqlite:x\" }\n"
		     "secrets { jwt = {\"" GOOD_SECRET "\"} }\n"
		     "provider \"x\" { preset = github" CLIENT "}\n",
		     "providers need one");
}

static void
http_is_for_those_who_allow_it(void **state)
{
	(void)state;
	assert_int_equal(load(NEEDED "oauth { allow_http = true }\n"
				     "provider \"x\" { preset = github" CLIENT
				     "token_url = \"http://a.b/\" }\n"),
			 OK);
}

static void
look_for_secret(void *to, const char *section, const char *name,
		const char *value)
{
	(void)to;
	if (strcmp(section, "provider \"x\"") == 0 &&
	    strcmp(name, "client_secret") == 0)
		assert_string_equal(value, "\"***\"");
	assert_null(strstr(value, "mine"));
}

static void
the_secret_of_a_provider_is_not_shown(void **state)
{
	(void)state;
	assert_int_equal(
		load(NEEDED "provider \"x\" { preset = github" CLIENT "}\n"),
		OK);
	config_dump(conf, look_for_secret, NULL);
	assert_true(conf->holds_secrets);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_preset_knows_all_but_who_we_are),
		TEST(every_preset_is_complete),
		TEST(what_is_said_wins_over_the_preset),
		TEST(pkce_that_was_asked_for_is_told_from_pkce_that_may_be_had),
		TEST(those_who_wait_are_half_of_the_smallest_pool_that_serves_them),
		TEST(names_in_addresses_are_filled_in),
		TEST(a_secret_may_be_in_a_file_that_others_cannot_read),
		TEST(a_provider_that_lacks_something_is_a_fault),
		TEST(http_is_for_those_who_allow_it),
		TEST(the_secret_of_a_provider_is_not_shown),
	};

	return cmocka_run_group_tests(tests, start, end);
}
