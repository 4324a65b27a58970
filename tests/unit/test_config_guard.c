/* SPDX-License-Identifier: MIT */
/* The settings of what is told to a web server that guards something. */
#include "base/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEEDED                                                                 \
	"database { url = \"sqlite:x\" }\n"                                    \
	"secrets { jwt = {\"qWv8u3Lr0TzXk5Yb7NcEo2Hd9SgJ4mPa\"} }\n"

struct fixture {
	char folder[32];
	char path[64];
	char said[4096];
	struct config *conf;
};

static const char *
environment(const char *name)
{
	(void)name;
	return NULL;
}

static void
complain(void *to, const char *sentence)
{
	struct fixture *f = to;
	size_t len = strlen(f->said);

	(void)snprintf(f->said + len, sizeof(f->said) - len, "%s\n", sentence);
}

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/guard.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/x.conf", f->folder);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	config_free(f->conf);
	(void)unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0);
	test_free(f);
	return 0;
}

static enum err
load(struct fixture *f, const char *text)
{
	struct config_source from = {f->path, environment, complain, f};
	FILE *file = fopen(f->path, "we");

	assert_non_null(file);
	assert_true(fprintf(file, NEEDED "%s", text) > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(f->path, 0640), 0);
	config_free(f->conf);
	f->said[0] = '\0';
	return config_load(&from, &f->conf);
}

static const struct config *
loaded(struct fixture *f, const char *text)
{
	if (load(f, text) != OK)
		fail_msg("refused: %s", f->said);
	return f->conf;
}

/* The text, its first line the file's third, is refused in these words. */
static void
refused(struct fixture *f, const char *text, const char *words)
{
	assert_int_equal(load(f, text), ERR_CONFIGURATION);
	assert_memory_equal(f->said, f->path, strlen(f->path));
	if (strcmp(f->said + strlen(f->path), words) != 0)
		fail_msg("said%snot%s", f->said + strlen(f->path), words);
}

/* One header is refused in these words. */
static void
header_refused(struct fixture *f, const char *header, const char *why)
{
	char text[256];
	char words[256];

	(void)snprintf(text, sizeof(text), "guard { headers = {\"%s\"} }\n",
		       header);
	(void)snprintf(words, sizeof(words), ":3: guard.headers: \"%s\" %s\n",
		       header, why);
	refused(f, text, words);
}

static void
guard_tells_and_trusts_nothing_by_default(void **state)
{
	const struct config *c = loaded(*state, "");

	assert_true(c->guard.enabled);
	assert_int_equal(c->guard.headers.count, 0);
	assert_string_equal(c->guard.login_url, "");
	assert_false(c->guard.trust_signature);
	assert_string_equal(c->guard.status, "204");
	assert_int_equal(c->guard.variables.count, 1);
	assert_string_equal(c->guard.variables.items[0], "REMOTE_USER=id");
}

/* One variable is refused in these words. */
static void
variable_refused(struct fixture *f, const char *variable, const char *why)
{
	char text[256];
	char words[256];

	(void)snprintf(text, sizeof(text), "guard { variables = {\"%s\"} }\n",
		       variable);
	(void)snprintf(words, sizeof(words), ":3: guard.variables: \"%s\" %s\n",
		       variable, why);
	refused(f, text, words);
}

static void
variables_name_members_and_configured_fields(void **state)
{
	const struct config *c = loaded(
		*state, "field \"plan\" { type = text }\n"
			"guard { variables = {\"REMOTE_USER=email\",\n"
			"\"AUTH_ID=id\", \"USER_PLAN=plan\", \"X_1=id\"} }\n");

	assert_int_equal(c->guard.variables.count, 4);
	assert_string_equal(c->guard.variables.items[2], "USER_PLAN=plan");
	refused(*state,
		"guard { variables = {\"X_A=id\", \"X_AB=id\", \"X_A=email\"} "
		"}\n",
		":3: guard.variables: \"X_A=email\" has the name of another "
		"one\n");
}

static void
variables_that_programs_obey_are_refused(void **state)
{
	static const char *const others[] = {
		"PATH=id",
		"LD_PRELOAD=id",
		"PHP_VALUE=email",
		"HTTP_X=id",
		"FCU_REQUIRE=id",
		"SCRIPT_FILENAME=id",
		"REMOTE_=id",
		"remote_user=id",
		"Remote-User=id",
		"REMOTE-A=id",
		"=id",
		"REDIRECT_X=id",
		"X_\303\204=id",
		"X_A B=id",
	};
	static const char *const taken[] = {
		"AUTH_TYPE=id",   "REMOTE_ADDR=email",   "REMOTE_HOST=id",
		"REMOTE_PORT=id", "REMOTE_PASSWD=email",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(others); i++)
		variable_refused(f, others[i],
				 "has a name that is not REMOTE_, AUTH_, USER_ "
				 "or X_ and more of A-Z, 0-9 and _");
	for (size_t i = 0; i < countof(taken); i++)
		variable_refused(f, taken[i],
				 "has a name that means something else to web "
				 "servers");
	variable_refused(f, "REMOTE_USER", "is not NAME=MEMBER");
	variable_refused(f, "REMOTE_USER=hashed_password",
			 "names no member of users");
}

static void
pools_demand_what_there_is(void **state)
{
	struct fixture *f = *state;

	(void)loaded(f, "pool \"a\" { require = \"superuser, verified\" }\n"
			"pool \"b\" { role = authorizer }\n");
	assert_string_equal(f->conf->pool[0].role, "any");
	refused(f, "pool \"a\" { require = \"verified admin\" }\n",
		":3: pool \"a\".require: \"verified admin\" may hold verified and "
		"superuser only\n");
}

static void
headers_name_members_and_configured_fields(void **state)
{
	const struct config *c = loaded(
		*state,
		"field \"plan\" { type = text }\n"
		"guard { headers = {\"Remote-User=id\", \"A=email\",\n"
		"\"B=is_active\", \"C=is_superuser\", \"X-4=is_verified\",\n"
		"\"X-Plan=plan\"} }\n");

	assert_int_equal(c->guard.headers.count, 6);
	assert_string_equal(c->guard.headers.items[5], "X-Plan=plan");
}

static void
headers_that_would_mean_something_else_are_refused(void **state)
{
	static const char *const names[] = {
		"Status",       "status",         "Location",
		"Set-Cookie",   "Content-Length", "Transfer-Encoding",
		"Content-Type", "CONNECTION",     "Cache-Control",
	};
	struct fixture *f = *state;
	char header[64];

	for (size_t i = 0; i < countof(names); i++) {
		(void)snprintf(header, sizeof(header), "%s=id", names[i]);
		header_refused(f, header,
			       "has a name that is the answer's own");
	}
	header_refused(f, "X-Accel-Redirect=email",
		       "has a name that is a command to nginx");
	header_refused(f, "x-accel-buffering=id",
		       "has a name that is a command to nginx");
}

static void
headers_have_names_that_cannot_be_mistaken(void **state)
{
	static const char *const headers[] = {
		"=id",   "Remote_User=id", "Remote User=id",
		"A:=id", "\303\244=id",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(headers); i++)
		header_refused(f, headers[i],
			       "has a name that is not letters, digits and - "
			       "only");
	refused(f, "guard { headers = {\"A=id\", \"a=email\"} }\n",
		":3: guard.headers: \"a=email\" has the name of another "
		"one\n");
	(void)loaded(f, "guard { headers = {\"A=id\", \"A-B=id\"} }\n");
}

static void
headers_tell_members_that_there_are(void **state)
{
	static const char *const headers[] = {
		"A=", "A=hashed_password", "A=password", "A=ID", "A=plan",
	};
	struct fixture *f = *state;

	header_refused(f, "Remote-User", "is not NAME=MEMBER");
	for (size_t i = 0; i < countof(headers); i++)
		header_refused(f, headers[i], "names no member of users");
}

static void
headers_tell_nothing_that_only_superusers_are_shown(void **state)
{
	struct fixture *f = *state;

	refused(f,
		"guard { headers = {\"A=plan\"} }\n"
		"field \"plan\" { type = text read = admin }\n",
		":3: guard.headers: \"A=plan\" names a field that users are "
		"not shown\n");
	(void)loaded(f, "guard { headers = {\"A=plan\"} }\n"
			"field \"plan\" { type = text read = self }\n");
}

static void
login_is_a_path_or_an_address(void **state)
{
	static const char *const bad[] = {
		"login", "//evil.example", "javascript:x", "/a b", "/\303\244",
	};
	struct fixture *f = *state;
	char text[128];
	char words[256];

	for (size_t i = 0; i < countof(bad); i++) {
		(void)snprintf(text, sizeof(text),
			       "guard { login_url = \"%s\" }\n", bad[i]);
		(void)snprintf(words, sizeof(words),
			       ":3: guard.login_url: \"%s\" is neither a path "
			       "such as /login nor an http or https address\n",
			       bad[i]);
		refused(f, text, words);
	}
	(void)loaded(f, "guard { login_url = \"/login?from=app\" }\n");
	(void)loaded(f, "guard { login_url = \"https://x.example/in\" }\n");
}

static void
only_signatures_can_be_trusted(void **state)
{
	struct fixture *f = *state;

	refused(f,
		"guard { trust_signature = true }\n"
		"backend \"a\" { strategy = database }\n",
		":3: guard.trust_signature: no backend has the strategy jwt, "
		"so no token is signed\n");
	(void)loaded(f, "guard { trust_signature = true }\n"
			"backend \"a\" { strategy = database }\n"
			"backend \"b\" { strategy = jwt }\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(guard_tells_and_trusts_nothing_by_default),
		TEST(variables_name_members_and_configured_fields),
		TEST(variables_that_programs_obey_are_refused),
		TEST(pools_demand_what_there_is),
		TEST(headers_name_members_and_configured_fields),
		TEST(headers_that_would_mean_something_else_are_refused),
		TEST(headers_have_names_that_cannot_be_mistaken),
		TEST(headers_tell_members_that_there_are),
		TEST(headers_tell_nothing_that_only_superusers_are_shown),
		TEST(login_is_a_path_or_an_address),
		TEST(only_signatures_can_be_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
