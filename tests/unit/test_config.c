/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/log.h"

#define GOOD_SECRET "qWv8u3Lr0TzXk5Yb7NcEo2Hd9SgJ4mPa"
#define OTHER_SECRET "Zf1Kp6Vt3Ru8Mx0Gs5Ld2Wc7Bn9Eh4Qy"
#define NEEDED                                                                 \
	"database { url = \"sqlite:x\" }\n"                                    \
	"secrets { jwt = {\"" GOOD_SECRET "\"} }\n"

/* One file, what is said about it, and what the environment holds. */
struct fixture {
	char path[64];
	char secret_path[80];
	char said[32768];
	const char *variable;
	const char *variable_value;
	bool both; /* FASTCGI_USERS_DATABASE_URL is given, too */
	struct config *conf;
};

static struct fixture *now;

static const char *
environment(const char *name)
{
	if (now->variable != NULL && strcmp(now->variable, name) == 0)
		return now->variable_value;
	if (now->both && strcmp(name, "FASTCGI_USERS_DATABASE_URL") == 0)
		return "sqlite:x";
	return NULL;
}

static void
complain(void *to, const char *sentence)
{
	struct fixture *f = to;
	size_t len = strlen(f->said);

	(void)snprintf(f->said + len, sizeof(f->said) - len, "%s\n", sentence);
}

static void
bytes_write(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0640), 0);
}

static enum err
load_bytes(struct fixture *f, const char *bytes, size_t len)
{
	struct config_source from = {f->path, environment, complain, f};

	bytes_write(f->path, bytes, len);
	config_free(f->conf);
	f->said[0] = '\0';
	return config_load(&from, &f->conf);
}

static enum err
load(struct fixture *f, const char *text)
{
	return load_bytes(f, text, strlen(text));
}

/* The settings are taken, behind what every file needs. */
static const struct config *
loaded(struct fixture *f, const char *text)
{
	char whole[65536];

	(void)snprintf(whole, sizeof(whole), "%s%s", NEEDED, text);
	if (load(f, whole) != OK)
		fail_msg("refused: %s", f->said);
	assert_string_equal(f->said, "");
	return f->conf;
}

/* What is said, without the file's name, when the text is refused. */
static const char *
refused(struct fixture *f, const char *text)
{
	char whole[65536];
	size_t skip = strlen(f->path);

	(void)snprintf(whole, sizeof(whole), "%s%s", NEEDED, text);
	assert_int_equal(load(f, whole), ERR_CONFIGURATION);
	assert_null(f->conf);
	assert_memory_equal(f->said, f->path, skip);
	assert_int_equal(f->said[strlen(f->said) - 1], '\n');
	f->said[strlen(f->said) - 1] = '\0';
	return f->said + skip;
}

static int
set_up(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	int fd;

	(void)snprintf(f->path, sizeof(f->path), "/tmp/test_config.XXXXXX");
	fd = mkstemp(f->path);
	if (fd < 0 || close(fd) != 0)
		return -1;
	(void)snprintf(f->secret_path, sizeof(f->secret_path), "%s.secret",
		       f->path);
	now = f;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	config_free(f->conf);
	(void)unlink(f->path);
	(void)unlink(f->secret_path);
	test_free(f);
	return 0;
}

/* What a good file becomes. */

static void
every_type_of_setting_is_read(void **state)
{
	const struct config *c = loaded(
		*state, "server {\n"
			"  prefix = /account # where it is mounted\n"
			"  body_limit = 2048\n"
			"  sandbox = false\n"
			"}\n"
			"backend \"site\" { lifetime = none }\n"
			"sessions { allowed_origins = {\"https://a.org\",\n"
			"  # the other one\n"
			"  \"http://b.org:8080\"} }\n"
			"log { level = debug }\n");

	assert_string_equal(c->server.prefix, "/account");
	assert_int_equal(c->server.body_limit, 2048);
	assert_false(c->server.sandbox);
	assert_int_equal(c->backend[0].lifetime, -1);
	assert_int_equal(c->sessions.allowed_origins.count, 2);
	assert_string_equal(c->sessions.allowed_origins.items[0],
			    "https://a.org");
	assert_string_equal(c->sessions.allowed_origins.items[1],
			    "http://b.org:8080");
	assert_string_equal(c->log.level, "debug");
}

static void
what_the_file_leaves_out_has_its_default(void **state)
{
	const struct config *c = loaded(*state, "");

	assert_int_equal(c->server.body_limit, 1048576);
	assert_true(c->server.sandbox);
	assert_string_equal(c->server.prefix, "");
	assert_null(c->server.title);
	assert_int_equal(c->password.memory_kib, 65536);
	assert_int_equal(c->sessions.allowed_origins.count, 0);
	assert_true(c->password.max_parallel >= 1);
}

static void
without_sections_there_are_two_backends_and_two_pools(void **state)
{
	const struct config *c = loaded(*state, "server { run_dir = /r }");

	assert_int_equal(c->backend_count, 2);
	assert_string_equal(c->backend[0].title, "jwt");
	assert_string_equal(c->backend[0].transport, "cookie");
	assert_string_equal(c->backend[0].prefix, "/auth/jwt");
	assert_string_equal(c->backend[1].title, "bearer");
	assert_string_equal(c->backend[1].transport, "bearer");
	assert_string_equal(c->backend[1].prefix, "/auth/bearer");
	assert_int_equal(c->pool_count, 2);
	assert_string_equal(c->pool[0].title, "api");
	assert_string_equal(c->pool[0].socket, "/r/api.sock");
	assert_string_equal(c->pool[1].title, "password");
	assert_string_equal(c->pool[1].socket, "/r/password.sock");
	assert_true(c->pool[0].workers >= 1);
	assert_true(c->pool[1].workers >= 1);
}

static void
a_repeated_section_adds_to_the_first_and_later_lines_win(void **state)
{
	const struct config *c =
		loaded(*state, "server { body_limit = 4096 prefix = /a }\n"
			       "backend b { lifetime = 5 cookie_name = x }\n"
			       "backend a { }\n"
			       "server { body_limit = 2048 }\n"
			       "backend b { lifetime = 6 }\n");

	assert_int_equal(c->server.body_limit, 2048);
	assert_string_equal(c->server.prefix, "/a");
	assert_int_equal(c->backend_count, 2);
	assert_string_equal(c->backend[0].title, "b");
	assert_int_equal(c->backend[0].lifetime, 6);
	assert_string_equal(c->backend[0].cookie_name, "x");
	assert_string_equal(c->backend[1].title, "a");
}

static void
a_list_is_replaced_by_equals_and_extended_by_plus_equals(void **state)
{
	struct fixture *f = *state;
	const char *start = "sessions { allowed_origins = {\"http://a\"} }\n";
	char text[512];

	(void)snprintf(text, sizeof(text), "%s%s", start,
		       "sessions { allowed_origins += {\"http://b\"} }");
	assert_int_equal(loaded(f, text)->sessions.allowed_origins.count, 2);
	(void)snprintf(text, sizeof(text), "%s%s", start,
		       "sessions { allowed_origins = {\"http://b\"} }");
	assert_int_equal(loaded(f, text)->sessions.allowed_origins.count, 1);
	(void)snprintf(text, sizeof(text), "%s%s", start,
		       "sessions { allowed_origins = {} }");
	assert_int_equal(loaded(f, text)->sessions.allowed_origins.count, 0);
}

static void
long_and_awkward_texts_survive(void **state)
{
	struct fixture *f = *state;
	char text[5000];
	char value[4001];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	(void)snprintf(text, sizeof(text), "jwt { audience = \"%s\" }", value);
	assert_string_equal(loaded(f, text)->jwt.audience, value);
	assert_string_equal(
		loaded(f, "jwt { audience = \"a;b # \\\"\\\\ // \\$x\" }")
			->jwt.audience,
		"a;b # \"\\ // $x");
	assert_string_equal(loaded(f, "jwt { audience = 'a\\n \"${HOME}\"' }")
				    ->jwt.audience,
			    "a\\n \"${HOME}\"");
	assert_string_equal(
		loaded(f, "jwt{audience=\"\xc3\xa4\"}\r\n")->jwt.audience,
		"\xc3\xa4");
}

static void
variables_in_double_quotes_are_expanded(void **state)
{
	assert_int_equal(setenv("TEST_CONFIG_NAME", "inner", 1), 0);
	assert_string_equal(loaded(*state,
				   "jwt { audience = \"a-${TEST_CONFIG_NAME}-"
				   "${TEST_CONFIG_NONE:-b}\" }")
				    ->jwt.audience,
			    "a-inner-b");
}

static void
a_file_without_a_word_is_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, ""), ERR_CONFIGURATION);
	assert_non_null(strstr(f->said, "database.url: is not set"));
	assert_int_equal(load(f, "#\n# x\n#"), ERR_CONFIGURATION);
	assert_non_null(strstr(f->said, "database.url: is not set"));
}

static void
without_a_file_the_environment_is_enough(void **state)
{
	struct fixture *f = *state;
	struct config_source from = {NULL, environment, complain, f};

	f->variable = "FASTCGI_USERS_JWT_SECRET";
	f->variable_value = GOOD_SECRET;
	assert_int_equal(config_load(&from, &f->conf), ERR_CONFIGURATION);
	assert_memory_equal(f->said, "database.url: is not set", 24);
	assert_null(strstr(f->said, "secrets"));
}

/* What is said about a bad one. */

struct refusal {
	const char *text; /* from line 3 on */
	const char *said;
};

static const struct refusal refusals[] = {
	{"server { body_limit = 12k }",
	 ":3: server.body_limit: \"12k\" is not a whole number from 1024 to "
	 "16777216"},
	{"\n\nserver {\n  body_limit = 1 }",
	 ":6: server.body_limit: \"1\" is not a whole number from 1024 to "
	 "16777216"},
	{"server { body_limit = 0x800 }",
	 ":3: server.body_limit: \"0x800\" is not a whole number from 1024 to "
	 "16777216"},
	{"server { body_limit = \"\" }",
	 ":3: server.body_limit: \"\" is not a whole number from 1024 to "
	 "16777216"},
	{"server { body_limit = none }",
	 ":3: server.body_limit: \"none\" is not a whole number from 1024 to "
	 "16777216"},
	{"server { sandbox = yes }",
	 ":3: server.sandbox: \"yes\" is not true or false"},
	{"log { level = loud }",
	 ":3: log.level: \"loud\" is not one of error, warning, info, debug"},
	{"log { level = err }",
	 ":3: log.level: \"err\" is not one of error, warning, info, debug"},
	{"backend jwt { lifetime = never }",
	 ":3: backend \"jwt\".lifetime: \"never\" is not a whole number from 1 "
	 "to 3153600000, or none"},
	{"jwt { audience = \"a\tb\" }",
	 ":3: jwt.audience: holds a control character or is not UTF-8"},
	{"sessions { allowed_origins = {\"\"} }",
	 ":3: sessions.allowed_origins: holds an empty item"},

	{"server { colour = red }",
	 ":3: there is no setting \"server.colour\""},
	{"# one\n/server { }", ":4: there is no section \"/server\""},
	{"color = red", ":3: there is no section \"color\""},
	{"backend { }", ":3: missing title for section 'backend'"},
	{"backend \"a b\" { prefix = /p }",
	 ":3: backend \"a b\": a name is made of 1 to 32 lower-case letters, "
	 "digits, _ and -"},
	{"backend \"\" { prefix = /p }",
	 ":3: backend \"\": a name is made of 1 to 32 lower-case letters, "
	 "digits, _ and -"},
	{"backend Jwt { prefix = /p }",
	 ":3: backend \"Jwt\": a name is made of 1 to 32 lower-case letters, "
	 "digits, _ and -"},
	{"\"server|body_limit\" = 2048", ":3: settings stand in sections"},
	{"include(\"/etc/passwd\")",
	 ":3: a value with such characters must be in quotes, and a comment "
	 "must start with #"},
	{"server {\n", ":3: the brace opened here is never closed"},
	{"}", ":3: this brace closes nothing"},
	{"server { prefix = \"/a }\n", ":3: this quote is not closed in its "
				       "line"},
	{"server { prefix = '/a }\n", ":3: this quote is not closed in its "
				      "line"},
	{"jwt { audience = \"a\\0b\" }",
	 ":3: in double quotes a backslash may stand only before \\, \" and "
	 "$"},
	{"// a comment",
	 ":3: a value with such characters must be in quotes, and a comment "
	 "must start with #"},
	{"/* a comment */",
	 ":3: a value with such characters must be in quotes, and a comment "
	 "must start with #"},
	{"jwt { audience = a;b }",
	 ":3: a value with such characters must be in quotes, and a comment "
	 "must start with #"},
	{"\nserver { prefix = \"\xff\" }", ":4: this line is not UTF-8"},
	{"server { prefix = }", ":3: unexpected token '}'"},
	{"server = 5", ":3: missing opening brace for section 'server'"},

	{"server { prefix = account }",
	 ":3: server.prefix: \"account\" must start with /"},
	{"server { prefix = /account/ }",
	 ":3: server.prefix: \"/account/\" must not end with /"},
	{"server { prefix = / }",
	 ":3: server.prefix: \"/\" must not end with /"},
	{"routes { auth = \"/a?b\" }",
	 ":3: routes.auth: \"/a?b\" may hold letters, digits and / . _ ~ - "
	 "only"},
	{"routes { users = /a/../b }",
	 ":3: routes.users: \"/a/../b\" must not hold an empty part, or one "
	 "that starts with ."},
	{"routes { users = /a//b }",
	 ":3: routes.users: \"/a//b\" must not hold an empty part, or one "
	 "that starts with ."},
	{"server { run_dir = run }\npool a { socket = /x }",
	 ":3: server.run_dir: \"run\" must be an absolute path"},
	{"backend a { prefix = /x }\nbackend b { prefix = /x }",
	 ":4: backend \"b\".prefix: \"/x\" is the prefix of backend \"a\" "
	 "already"},
	{"backend a { cookie_name = \"a b\" }",
	 ":3: backend \"a\".cookie_name: \"a b\" may hold letters, digits and "
	 "!#$%&'*+-.^_`|~ only"},
	{"backend a { cookie_name = \"\" }",
	 ":3: backend \"a\".cookie_name: \"\" may hold letters, digits and "
	 "!#$%&'*+-.^_`|~ only"},
	{"backend a { cookie_name = __Secure-x cookie_secure = false }",
	 ":3: backend \"a\".cookie_name: \"__Secure-x\" asks for "
	 "cookie_secure = true"},
	{"backend a { cookie_name = __Host-x cookie_path = /y }",
	 ":3: backend \"a\".cookie_name: \"__Host-x\" asks for cookie_secure = "
	 "true, cookie_path = \"/\" and no cookie_domain"},
	{"backend a { cookie_path = \"/;x\" }",
	 ":3: backend \"a\".cookie_path: \"/;x\" must start with / and hold "
	 "no ;"},
	{"backend a { cookie_domain = \"a.org; x\" }",
	 ":3: backend \"a\".cookie_domain: \"a.org; x\" is not a domain name"},
	{"backend a { cookie_samesite = none cookie_secure = false }",
	 ":3: backend \"a\".cookie_samesite: none asks for cookie_secure = "
	 "true"},
	{"pool a { mode = 660x }",
	 ":3: pool \"a\".mode: \"660x\" is not an octal number from 000 to "
	 "0777"},
	{"pool a { mode = 4777 }",
	 ":3: pool \"a\".mode: \"4777\" is not an octal number from 000 to "
	 "0777"},
	{"pool a { socket = api.sock }",
	 ":3: pool \"a\".socket: \"api.sock\" is neither an absolute path nor "
	 "ADDRESS:PORT"},
	{"pool a { socket = \"127.0.0.1:0\" }",
	 ":3: pool \"a\".socket: \"127.0.0.1:0\" is neither an absolute path "
	 "nor ADDRESS:PORT"},
	{"pool a { socket = /x }\npool b { socket = /x }",
	 ":4: pool \"b\".socket: \"/x\" is the socket of pool \"a\" already"},
	{"password { memory_kib = 16 lanes = 4 }",
	 ":3: password.memory_kib: 16 KiB are too few for 4 lanes, which need "
	 "8 each"},
	{"server { body_limit = 1048577 }",
	 ":3: server.body_limit: answering a body of 1048577 bytes may take 64 "
	 "times as many, and memory_per_request allows only 67108864"},
	{"server { memory_per_request = 67108863 }",
	 ": server.body_limit: answering a body of 1048576 bytes may take 64 "
	 "times as many, and memory_per_request allows only 67108863"},
	{"sessions { allowed_origins = {\"https://a.org/\"} }",
	 ":3: sessions.allowed_origins: \"https://a.org/\" is not an origin "
	 "such as https://app.example.org"},
	{"sessions { allowed_origins = {\"null\"} }",
	 ":3: sessions.allowed_origins: \"null\" is not an origin such as "
	 "https://app.example.org"},
	{"jwt { audience = \"\" }", ":3: jwt.audience: must not be empty"},
	{"database { url = \"\" }",
	 ":3: database.url: is not set: say \"sqlite:/path/of/users.db\" or "
	 "\"postgresql://...\" here or in FASTCGI_USERS_DATABASE_URL"},

	{"secrets { jwt = {\"kX8s\"} }",
	 ":3: secrets.jwt: a secret of 4 bytes is too short, there must be at "
	 "least 32: try openssl rand -base64 48"},
	{"secrets { reset = {\"" GOOD_SECRET "\", \"kX8s\"} }",
	 ":3: secrets.reset: a secret of 4 bytes is too short, there must be "
	 "at least 32: try openssl rand -base64 48"},
	{"secrets { jwt = {\"SECRET\"} allow_short = true }",
	 ":3: secrets.jwt: a secret that examples use must not be used"},
	{"secrets { verify = {\"changemechangemechangemechangeme\"} }",
	 ":3: secrets.verify: a secret that examples use must not be used"},
	{"secrets { state = {\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"} }",
	 ":3: secrets.state: a secret that examples use must not be used"},
	{"secrets { jwt = {\"-----BEGIN PUBLIC KEY-----MCowBQYDK2VwAyEA\"} }",
	 ":3: secrets.jwt: a key of another algorithm cannot be a secret of "
	 "HS256"},
	{"secrets { jwt = {} }",
	 ":2: secrets.jwt: there is no secret, and backend \"jwt\" has none of "
	 "its own: put one into jwt_file, into jwt or into "
	 "FASTCGI_USERS_JWT_SECRET"},
};

static void
each_fault_is_told_in_a_sentence_with_its_line(void **state)
{
	for (size_t i = 0; i < countof(refusals); i++) {
		const char *said = refused(*state, refusals[i].text);

		if (strcmp(said, refusals[i].said) != 0)
			fail_msg("%s\n\tshould say %s\n\tbut says %s",
				 refusals[i].text, refusals[i].said, said);
	}
}

static void
all_faults_are_told_at_once(void **state)
{
	const char *said = refused(*state, "server { body_limit = 1 "
					   "sandbox = maybe prefix = x }\n"
					   "log { to = file }");

	assert_non_null(strstr(said, ":3: server.body_limit: "));
	assert_non_null(strstr(said, ":3: server.sandbox: "));
	assert_non_null(strstr(said, ":3: server.prefix: "));
	assert_non_null(strstr(said, ":4: log.to: "));
}

static void
after_a_broken_file_a_good_one_is_read(void **state)
{
	(void)refused(*state, "server { prefix = \"");
	(void)loaded(*state, "");
	(void)refused(*state, "server { colour = red }");
	assert_int_equal(loaded(*state, "server { body_limit = 2048 }")
				 ->server.body_limit,
			 2048);
}

static void
a_nul_byte_is_refused(void **state)
{
	static const char bytes[] = NEEDED "# a\0b\n";
	struct fixture *f = *state;

	assert_int_equal(load_bytes(f, bytes, sizeof(bytes) - 1),
			 ERR_CONFIGURATION);
	assert_non_null(strstr(f->said, ":3: there is a NUL byte"));
}

static void
a_socket_path_that_is_too_long_is_refused(void **state)
{
	char text[300];
	char path[109];

	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	path[108] = '\0';
	(void)snprintf(text, sizeof(text), "pool a { socket = %s }", path);
	assert_non_null(strstr(refused(*state, text), "longer than the 107"));
	path[107] = '\0';
	(void)snprintf(text, sizeof(text), "pool a { socket = %s }", path);
	assert_string_equal(loaded(*state, text)->pool[0].socket, path);
}

static void
too_many_sections_are_refused(void **state)
{
	char text[12000] = "";
	size_t len = 0;

	for (int i = 0; i < 300; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"backend b%d { }\n", i);
	assert_non_null(
		strstr(refused(*state, text), "there are too many sections"));
}

/* A file that is all faults must not exhaust a running supervisor. */
static void
a_megabyte_of_faults_is_told_in_a_hundred_sentences(void **state)
{
	static const char *const lines[] = {
		"server { body_limit = x }\n",
		"sessions { allowed_origins += {\"x\"} }\n",
	};
	struct fixture *f = *state;
	struct arena *mem = arena_open(0, 1 << 24);

	for (size_t i = 0; i < countof(lines); i++) {
		struct buf text;
		size_t told = 0;

		buf_init(&text, mem, 1 << 20);
		while (text.len < 1000000)
			buf_text(&text, lines[i]);
		assert_int_equal(load_bytes(f, text.data, text.len),
				 ERR_CONFIGURATION);
		for (const char *p = f->said; *p != '\0'; p++)
			told += *p == '\n' ? 1 : 0;
		assert_int_equal(told, 100);
	}
	arena_close(mem);
}

static void
a_list_of_many_items_is_read(void **state)
{
	struct fixture *f = *state;
	struct arena *mem = arena_open(0, 1 << 24);
	struct buf text;

	buf_init(&text, mem, 1 << 20);
	buf_text(&text, NEEDED "sessions { allowed_origins = {");
	for (int i = 0; i < 30000; i++)
		buf_printf(&text, "\"http://h%d\",", i);
	buf_text(&text, "} }");
	assert_int_equal(load(f, text.data), OK);
	assert_int_equal(f->conf->sessions.allowed_origins.count, 30000);
	assert_string_equal(f->conf->sessions.allowed_origins.items[29999],
			    "http://h29999");
	arena_close(mem);
}

static void
a_file_that_cannot_be_read_is_told(void **state)
{
	struct fixture *f = *state;
	struct config_source from = {"/nowhere/x.conf", environment, complain,
				     f};

	assert_int_equal(config_load(&from, &f->conf), ERR_CONFIGURATION);
	assert_string_equal(f->said,
			    "/nowhere/x.conf: No such file or directory\n");
	f->said[0] = '\0';
	from.path = "/tmp";
	assert_int_equal(config_load(&from, &f->conf), ERR_CONFIGURATION);
	assert_string_equal(f->said, "/tmp: not a regular file\n");
}

/* Secrets. */

static const struct config *
loaded_with_secret_file(struct fixture *f, const char *content)
{
	char text[256];

	bytes_write(f->secret_path, content, strlen(content));
	(void)snprintf(text, sizeof(text), "secrets { jwt_file = %s }",
		       f->secret_path);
	return loaded(f, text);
}

static const char *
refused_with_secret_file(struct fixture *f, const char *content, mode_t mode)
{
	char text[256];

	bytes_write(f->secret_path, content, strlen(content));
	assert_int_equal(chmod(f->secret_path, mode), 0);
	(void)snprintf(text, sizeof(text), "secrets { jwt_file = %s }",
		       f->secret_path);
	return refused(f, text);
}

static void
a_secret_file_adds_to_the_list(void **state)
{
	const struct config *c = loaded_with_secret_file(
		*state, "# the newest first\n\n" OTHER_SECRET "  \r\n");

	assert_int_equal(c->secrets.jwt.count, 2);
	assert_string_equal(c->secrets.jwt.items[0], GOOD_SECRET);
	assert_string_equal(c->secrets.jwt.items[1], OTHER_SECRET);
}

static void
a_secret_file_must_be_private_and_hold_secrets(void **state)
{
	struct fixture *f = *state;

	assert_non_null(strstr(
		refused_with_secret_file(f, OTHER_SECRET, 0644),
		"others may read or write it: take that away by chmod o-rw"));
	assert_non_null(strstr(refused_with_secret_file(f, "# none\n", 0600),
			       "there is no secret in it"));
	assert_non_null(strstr(refused_with_secret_file(f, "short\n", 0600),
			       "secrets.jwt_file: a secret of 5 bytes is too "
			       "short"));
	assert_non_null(strstr(refused(f, "secrets { jwt_file = /nowhere }"),
			       ":3: secrets.jwt_file: /nowhere: No such file "
			       "or directory"));
}

static void
the_environment_comes_before_the_file(void **state)
{
	struct fixture *f = *state;
	const struct config *c;

	f->variable = "FASTCGI_USERS_JWT_SECRET";
	f->variable_value = OTHER_SECRET "\n\n" GOOD_SECRET "\n";
	c = loaded(f, "secrets { jwt_file = /nowhere }");
	assert_int_equal(c->secrets.jwt.count, 2);
	assert_string_equal(c->secrets.jwt.items[0], OTHER_SECRET);
	assert_string_equal(c->secrets.jwt.items[1], GOOD_SECRET);

	f->variable_value = "short";
	assert_int_equal(load(f, NEEDED), ERR_CONFIGURATION);
	assert_memory_equal(f->said, "FASTCGI_USERS_JWT_SECRET: a secret of 5",
			    39);

	f->variable = "FASTCGI_USERS_STATE_SECRET";
	f->variable_value = OTHER_SECRET;
	assert_string_equal(loaded(f, "")->secrets.state.items[0],
			    OTHER_SECRET);

	f->variable = "FASTCGI_USERS_DATABASE_URL";
	f->variable_value = "sqlite:elsewhere";
	assert_string_equal(loaded(f, "")->database.url, "sqlite:elsewhere");
}

static void
short_secrets_pass_when_allowed(void **state)
{
	const struct config *c;

	log_set_level(LEVEL_ERROR);
	c = loaded(*state, "secrets { allow_short = true jwt = {\"kX8s\"} }");
	assert_string_equal(c->secrets.jwt.items[0], "kX8s");
}

static void
no_complaint_shows_a_secret(void **state)
{
	assert_null(strstr(refused(*state, "secrets { jwt = {\"kX8s\"} }"),
			   "kX8s"));
	assert_null(strstr(refused(*state, "secrets { jwt = {\"kX8s\tzzz\"} }"),
			   "kX8s"));
	assert_null(
		strstr(refused(*state, "server { prefix = x }"), GOOD_SECRET));
}

static void
a_file_that_gives_a_secret_is_known_to(void **state)
{
	struct fixture *f = *state;
	static const char file[] = "database { url = \"\" }\n"
				   "server { prefix = /p }\n";
	struct config_source from = {f->path, environment, complain, f};

	assert_true(loaded(f, "")->holds_secrets);
	f->variable = "FASTCGI_USERS_JWT_SECRET";
	f->variable_value = GOOD_SECRET;
	assert_int_equal(load(f, "database { url = \"sqlite:x\" }"), OK);
	assert_true(f->conf->holds_secrets);
	assert_int_equal(load(f, "database { url = \"sqlite:x\" }\n"
				 "secrets { state = {\"" OTHER_SECRET
				 "\"} state = {} }"),
			 OK);
	assert_true(f->conf->holds_secrets);

	/* All secrets come from elsewhere. */
	f->both = true;
	assert_int_equal(load(f, file), OK);
	assert_false(f->conf->holds_secrets);
	from.path = NULL;
	config_free(f->conf);
	assert_int_equal(config_load(&from, &f->conf), OK);
	assert_false(f->conf->holds_secrets);
}

/* The dump and the default file. */

static void
show_append(void *to, const char *section, const char *name, const char *value)
{
	buf_printf(to, "%s.%s = %s\n", section, name, value);
}

static void
the_dump_spells_values_and_hides_secrets(void **state)
{
	struct fixture *f = *state;
	const struct config *c =
		loaded(f, "server { prefix = /p }\n"
			  "sessions { allowed_origins = {\"http://a\"} }\n"
			  "backend b { cookie_name = \"a$b\" }");
	struct buf b;

	buf_init(&b, c->mem, 4096);
	config_dump(c, show_append, &b);
	assert_non_null(strstr(b.data, "server.prefix = \"/p\"\n"));
	assert_non_null(strstr(b.data, "server.body_limit = 1048576\n"));
	assert_non_null(strstr(b.data, "database.prepared = true\n"));
	assert_non_null(strstr(b.data, "database.url = \"***\"\n"));
	assert_non_null(strstr(b.data, "secrets.jwt = \"***\"\n"));
	assert_non_null(strstr(b.data, "secrets.reset = \"\"\n"));
	assert_non_null(
		strstr(b.data, "backend \"b\".cookie_name = \"a\\$b\"\n"));
	assert_non_null(
		strstr(b.data, "backend \"b\".cookie_max_age = none\n"));
	assert_non_null(
		strstr(b.data, "sessions.allowed_origins = {\"http://a\"}\n"));
	assert_null(strstr(b.data, GOOD_SECRET));
}

static const char *
defaults(struct arena *mem)
{
	struct buf b;

	buf_init(&b, mem, 4096);
	config_print_defaults(&b);
	return b.data;
}

static void
the_default_file_parses_and_changes_nothing(void **state)
{
	struct arena *mem = arena_open(0, 1 << 24);
	struct buf plain;
	struct buf defaulted;

	buf_init(&plain, mem, 4096);
	buf_init(&defaulted, mem, 4096);
	config_dump(loaded(*state, ""), show_append, &plain);
	config_dump(loaded(*state, defaults(mem)), show_append, &defaulted);
	assert_string_equal(plain.data, defaulted.data);
	arena_close(mem);
}

/* A tab is eight columns, and a UTF-8 character one. */
static size_t
width_of(const char *line, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\t')
			width = (width / 8 + 1) * 8;
		else if (((unsigned char)line[i] & 0xc0) != 0x80)
			width++;
	}
	return width;
}

static void
no_line_of_the_default_file_is_too_long(void **state)
{
	struct arena *mem = arena_open(0, 1 << 24);
	const char *text = defaults(mem);

	(void)state;
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (width_of(text, n) > 80)
			fail_msg("too long: %.*s", (int)n, text);
		text += n + 1;
	}
	arena_close(mem);
}

static const char *const helps[] = {
#define SECTION_BEGIN(section, many, help) help,
#define SETTING(section, name, type, initial, bounds, secrecy, help) help,
#define SECTION_END(section)
#include "base/config.def"
#undef SECTION_BEGIN
#undef SETTING
#undef SECTION_END
};

/* Comments without their marks, every run of blanks as one. */
static const char *
words_of(struct arena *mem, const char *text)
{
	struct buf b;

	buf_init(&b, mem, 4096);
	while (*text != '\0') {
		bool starts = true;

		for (; *text != '\0' && *text != '\n'; text++) {
			starts = starts && (*text == '#' || *text == '\t');
			if (!starts && *text != ' ')
				buf_char(&b, *text);
			else if (b.len > 0 && b.data[b.len - 1] != ' ')
				buf_char(&b, ' ');
		}
		text += *text == '\n' ? 1 : 0;
	}
	return b.data;
}

static void
every_word_of_help_is_in_the_default_file(void **state)
{
	struct arena *mem = arena_open(0, 1 << 24);
	const char *words = words_of(mem, defaults(mem));

	(void)state;
	for (size_t i = 0; i < countof(helps); i++)
		if (strstr(words, helps[i]) == NULL)
			fail_msg("missing or torn: %s", helps[i]);
	arena_close(mem);
}

/* Each commented default is the true one: taking away the # changes nothing. */
static void
the_default_file_with_its_comments_opened_says_the_same(void **state)
{
	struct arena *mem = arena_open(0, 1 << 24);
	struct buf open;
	struct buf plain;
	struct buf opened;
	const char *text = defaults(mem);

	buf_init(&open, mem, 4096);
	buf_init(&plain, mem, 4096);
	buf_init(&opened, mem, 4096);
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		bool is_setting = n > 2 && text[0] == '\t' && text[1] == '#' &&
				  text[2] >= 'a' && text[2] <= 'z' &&
				  memcmp(text + 2, "url", 3) != 0 &&
				  memcmp(text + 2, "jwt =", 5) != 0;

		buf_add(&open, is_setting ? text + 2 : text,
			is_setting ? n - 2 : n);
		buf_char(&open, '\n');
		text += n + 1;
	}
	config_dump(loaded(*state, ""), show_append, &plain);
	config_dump(loaded(*state, open.data), show_append, &opened);
	assert_string_equal(plain.data, opened.data);
	arena_close(mem);
}

static void
the_default_file_in_etc_is_what_is_printed(void **state)
{
	struct arena *mem = arena_open(0, 1 << 24);
	const char *folder = getenv("srcdir");
	const char *text = defaults(mem);
	char path[4096];
	size_t len = strlen(text);
	char *found = arena_alloc(mem, len + 2);
	FILE *file;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/etc/fastcgi-users.conf",
		       folder != NULL ? folder : ".");
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fread(found, 1, len + 1, file), len);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(found, text);
	arena_close(mem);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_type_of_setting_is_read),
		TEST(what_the_file_leaves_out_has_its_default),
		TEST(without_sections_there_are_two_backends_and_two_pools),
		TEST(a_repeated_section_adds_to_the_first_and_later_lines_win),
		TEST(a_list_is_replaced_by_equals_and_extended_by_plus_equals),
		TEST(long_and_awkward_texts_survive),
		TEST(variables_in_double_quotes_are_expanded),
		TEST(a_file_without_a_word_is_read),
		TEST(without_a_file_the_environment_is_enough),
		TEST(each_fault_is_told_in_a_sentence_with_its_line),
		TEST(all_faults_are_told_at_once),
		TEST(after_a_broken_file_a_good_one_is_read),
		TEST(a_nul_byte_is_refused),
		TEST(a_socket_path_that_is_too_long_is_refused),
		TEST(too_many_sections_are_refused),
		TEST(a_megabyte_of_faults_is_told_in_a_hundred_sentences),
		TEST(a_list_of_many_items_is_read),
		TEST(a_file_that_cannot_be_read_is_told),
		TEST(a_secret_file_adds_to_the_list),
		TEST(a_secret_file_must_be_private_and_hold_secrets),
		TEST(the_environment_comes_before_the_file),
		TEST(short_secrets_pass_when_allowed),
		TEST(no_complaint_shows_a_secret),
		TEST(a_file_that_gives_a_secret_is_known_to),
		TEST(the_dump_spells_values_and_hides_secrets),
		TEST(the_default_file_parses_and_changes_nothing),
		TEST(no_line_of_the_default_file_is_too_long),
		TEST(every_word_of_help_is_in_the_default_file),
		TEST(the_default_file_with_its_comments_opened_says_the_same),
		TEST(the_default_file_in_etc_is_what_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
