/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "gate/gate.h"

#define PAIRS_MAX 16

struct fixture {
	struct config conf;
	struct gate_service service;
	enum gate_role role;
	struct gate_pair pairs[PAIRS_MAX];
	size_t count;
	const char *body;
	struct req rq;
};

static void
set(struct fixture *f, const char *name, const char *value)
{
	assert_true(f->count < PAIRS_MAX);
	f->pairs[f->count++] = (struct gate_pair){name, value};
}

static void
make(struct fixture *f)
{
	gate_request(&f->rq, &f->service, f->pairs, f->count,
		     (struct gate_body){f->body, strlen(f->body)}, f->role,
		     4711);
}

/* A request by GET, but for the path. */
static void
start(struct fixture *f)
{
	f->count = 0;
	set(f, "REQUEST_METHOD", "GET");
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->conf.server.prefix = "";
	f->conf.server.body_limit = 1000;
	f->service.conf = &f->conf;
	f->service.mem = arena_open(65536, (size_t)16 << 20);
	f->body = "";
	start(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	arena_close(f->service.mem);
	free(f);
	return 0;
}

static void
path_info_is_the_path_and_script_name_the_mount(void **state)
{
	struct fixture *f = *state;

	set(f, "SCRIPT_NAME", "/account");
	set(f, "PATH_INFO", "/users/me");
	set(f, "REQUEST_URI", "/somewhere/else");
	make(f);

	assert_int_equal(f->rq.refused, OK);
	assert_string_equal(f->rq.path, "/users/me");
	assert_string_equal(f->rq.mount, "/account");
}

static void
script_name_alone_is_the_path(void **state)
{
	struct fixture *f = *state;

	set(f, "PATH_INFO", "");
	set(f, "SCRIPT_NAME", "/users/me");
	set(f, "REQUEST_URI", "/somewhere/else");
	make(f);

	assert_string_equal(f->rq.path, "/users/me");
	assert_string_equal(f->rq.mount, "");
}

static void
request_uri_is_decoded_once(void **state)
{
	struct fixture *f = *state;

	set(f, "SCRIPT_NAME", "");
	set(f, "REQUEST_URI", "/a%2fb%252F%c3%a9?x=%00");
	make(f);

	assert_int_equal(f->rq.refused, OK);
	assert_string_equal(f->rq.path, "/a/b%2F\303\251");
}

static void
bad_escapes_are_refused(void **state)
{
	static const char *const uris[] = {
		"/%00", "/%", "/%4", "/%zz", "/%4g", "/%u0041", "/%%41", "/% 1",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(uris); i++) {
		start(f);
		set(f, "REQUEST_URI", uris[i]);
		make(f);
		assert_int_equal(f->rq.refused, ERR_BAD_REQUEST);
		assert_non_null(f->rq.path);
	}
}

static void
paths_that_no_route_has_are_not_found(void **state)
{
	static const char *const paths[] = {
		"users/me",  "*",     "/a\nb",         "/a\rb",    "/\177",
		"/\300\200", "/\377", "/\355\240\200", "/\033[0m",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(paths); i++) {
		start(f);
		set(f, "PATH_INFO", paths[i]);
		make(f);
		assert_int_equal(f->rq.refused, ERR_NOT_FOUND);
	}
}

static void
escapes_cannot_bring_control_characters_in(void **state)
{
	static const char *const uris[] = {"/%0a", "/%0d%0aSet-Cookie:x",
					   "/%7f", "/%ff", "/%c0%80"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(uris); i++) {
		start(f);
		set(f, "REQUEST_URI", uris[i]);
		make(f);
		assert_int_equal(f->rq.refused, ERR_NOT_FOUND);
	}
}

static void
strange_mounts_are_not_found(void **state)
{
	struct fixture *f = *state;

	set(f, "SCRIPT_NAME", "/a\r\nLocation: x");
	set(f, "PATH_INFO", "/users");
	make(f);

	assert_int_equal(f->rq.refused, ERR_NOT_FOUND);
}

static void
request_without_a_path_is_not_found(void **state)
{
	struct fixture *f = *state;

	make(f);

	assert_int_equal(f->rq.refused, ERR_NOT_FOUND);
	assert_non_null(f->rq.path);
	assert_string_equal(f->rq.mount, "");
}

static const struct mounting {
	const char *prefix;
	const char *script;
	const char *path_info;
	const char *mount;
	const char *path;
} mountings[] = {
	{"/account", "/account/users", "", "/account", "/users"},
	{"/account/", "/account/users", "", "/account", "/users"},
	{"/account", "/account", "", "/account", "/"},
	{"/account", "/account/", "", "/account", "/"},
	{"/account", "/accounts", "", "", "/accounts"},
	{"/account", "/users", "", "", "/users"},
	{"/account", "/site", "/account/users", "/site/account", "/users"},
	{"/a/b", "/a/b/c", "", "/a/b", "/c"},
	{"/", "/users", "", "", "/users"},
};

static void
prefix_moves_to_the_mount_at_a_segment(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(mountings); i++) {
		const struct mounting *m = &mountings[i];

		start(f);
		f->conf.server.prefix = m->prefix;
		set(f, "SCRIPT_NAME", m->script);
		set(f, "PATH_INFO", m->path_info);
		make(f);
		assert_int_equal(f->rq.refused, OK);
		assert_string_equal(f->rq.mount, m->mount);
		assert_string_equal(f->rq.path, m->path);
	}
}

static void
every_variable_finds_its_place(void **state)
{
	struct fixture *f = *state;

	f->body = "{}";
	f->count = 0;
	set(f, "REQUEST_METHOD", "PATCH");
	set(f, "PATH_INFO", "/p");
	set(f, "QUERY_STRING", "a=%20b");
	set(f, "CONTENT_TYPE", "application/json");
	set(f, "CONTENT_LENGTH", "2");
	set(f, "HTTP_AUTHORIZATION", "Bearer x");
	set(f, "HTTP_COOKIE", "a=b");
	set(f, "HTTP_HOST", "example.org");
	set(f, "HTTP_ORIGIN", "https://example.org");
	set(f, "HTTP_SEC_FETCH_SITE", "same-origin");
	set(f, "HTTP_IF_NONE_MATCH", "\"tag\"");
	set(f, "FCU_REQUIRE", "verified");
	set(f, "REMOTE_ADDR", "192.0.2.1");
	set(f, "REQUEST_SCHEME", "https");
	set(f, "HTTP_PROXY", "http://evil.example");
	make(f);

	assert_int_equal(f->rq.refused, OK);
	assert_int_equal(f->rq.method, METHOD_PATCH);
	assert_string_equal(f->rq.method_name, "PATCH");
	assert_string_equal(f->rq.path, "/p");
	assert_string_equal(f->rq.query, "a=%20b");
	assert_string_equal(f->rq.content_type, "application/json");
	assert_string_equal(f->rq.authorization, "Bearer x");
	assert_string_equal(f->rq.cookie, "a=b");
	assert_string_equal(f->rq.host, "example.org");
	assert_string_equal(f->rq.origin, "https://example.org");
	assert_string_equal(f->rq.fetch_site, "same-origin");
	assert_string_equal(f->rq.if_none_match, "\"tag\"");
	assert_string_equal(f->rq.require, "verified");
	assert_string_equal(f->rq.remote_address, "192.0.2.1");
	assert_true(f->rq.https);
	assert_string_equal(f->rq.body, "{}");
	assert_int_equal(f->rq.body_len, 2);
	assert_int_equal(f->rq.arrived, 4711);
	assert_ptr_equal(f->rq.mem, f->service.mem);
	assert_ptr_equal(f->rq.conf, &f->conf);
}

static void
absent_variables_are_null_or_empty_as_promised(void **state)
{
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	set(f, "CONTENT_TYPE", "");
	set(f, "CONTENT_LENGTH", "");
	make(f);

	assert_int_equal(f->rq.refused, OK);
	assert_string_equal(f->rq.query, "");
	assert_string_equal(f->rq.remote_address, "");
	assert_string_equal(f->rq.body, "");
	assert_null(f->rq.content_type);
	assert_null(f->rq.authorization);
	assert_null(f->rq.cookie);
	assert_null(f->rq.host);
	assert_null(f->rq.origin);
	assert_null(f->rq.fetch_site);
	assert_null(f->rq.if_none_match);
	assert_null(f->rq.require);
	assert_false(f->rq.https);
}

static void
authorization_is_found_in_each_disguise(void **state)
{
	static const char *const names[] = {"HTTP_AUTHORIZATION",
					    "REDIRECT_HTTP_AUTHORIZATION",
					    "AUTHORIZATION"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(names); i++) {
		start(f);
		set(f, "PATH_INFO", "/p");
		set(f, names[i], "Bearer x");
		make(f);
		assert_int_equal(f->rq.refused, OK);
		assert_string_equal(f->rq.authorization, "Bearer x");
	}
}

static void
identities_from_the_web_are_no_authorization(void **state)
{
	static const char *const names[] = {
		"HTTP_X_AUTHORIZATION", "HTTP_REMOTE_USER",
		"REMOTE_USER",          "HTTP_X_FORWARDED_USER",
		"http_authorization",   "HTTP_AUTHORIZATIO",
		"HTTP_AUTHORIZATION_",
	};
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	for (size_t i = 0; i < countof(names); i++)
		set(f, names[i], "Bearer x");
	make(f);

	assert_null(f->rq.authorization);
}

static const struct twice {
	const char *first;
	const char *one;
	const char *second;
	const char *other;
	enum err refused;
} twices[] = {
	{"HTTP_COOKIE", "a=b", "HTTP_COOKIE", "a=c", ERR_BAD_REQUEST},
	{"HTTP_COOKIE", "a=b", "HTTP_COOKIE", "a=b", OK},
	{"HTTP_ORIGIN", "https://a", "HTTP_ORIGIN", "null", ERR_BAD_REQUEST},
	{"HTTP_SEC_FETCH_SITE", "none", "HTTP_SEC_FETCH_SITE", "cross-site",
	 ERR_BAD_REQUEST},
	{"HTTP_AUTHORIZATION", "Bearer a", "HTTP_AUTHORIZATION", "Bearer b",
	 ERR_BAD_REQUEST},
	{"HTTP_AUTHORIZATION", "Bearer a", "AUTHORIZATION", "Bearer b",
	 ERR_BAD_REQUEST},
	{"HTTP_AUTHORIZATION", "Bearer a", "REDIRECT_HTTP_AUTHORIZATION",
	 "Bearer a", OK},
	{"HTTP_AUTHORIZATION", "Bearer a", "AUTHORIZATION", "", OK},
	{"CONTENT_LENGTH", "1", "CONTENT_LENGTH", "0", ERR_BAD_REQUEST},
	{"CONTENT_LENGTH", "0", "CONTENT_LENGTH", "0", OK},
	{"CONTENT_LENGTH", "7", "CONTENT_LENGTH", "", OK},
	{"FCU_REQUIRE", "superuser", "FCU_REQUIRE", "verified",
	 ERR_BAD_REQUEST},
	{"FCU_REQUIRE", "superuser", "FCU_REQUIRE", "superuser", OK},
	{"FCU_REQUIRE", "superuser", "REDIRECT_FCU_REQUIRE", "verified",
	 ERR_BAD_REQUEST},
	{"QUERY_STRING", "a", "QUERY_STRING", "b", OK},
};

static void
what_is_said_twice_must_agree(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(twices); i++) {
		const struct twice *t = &twices[i];

		start(f);
		set(f, "PATH_INFO", "/p");
		set(f, t->first, t->one);
		set(f, t->second, t->other);
		make(f);
		assert_int_equal(f->rq.refused, t->refused);
	}
}

static void
demands_from_the_web_are_none(void **state)
{
	static const char *const names[] = {
		"HTTP_FCU_REQUIRE", "HTTP_FCU-REQUIRE",
		"fcu_require",      "FCU-REQUIRE",
		"FCU_REQUIRE_",     "REDIRECT_HTTP_FCU_REQUIRE",
	};
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	for (size_t i = 0; i < countof(names); i++)
		set(f, names[i], "verified");
	make(f);

	assert_null(f->rq.require);
}

static void
a_demand_does_not_vanish_when_apache_redirects(void **state)
{
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	set(f, "REDIRECT_FCU_REQUIRE", "superuser");
	make(f);

	assert_string_equal(f->rq.require, "superuser");
}

static void
a_demand_does_not_vanish_behind_an_empty_one(void **state)
{
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	set(f, "FCU_REQUIRE", "superuser");
	set(f, "FCU_REQUIRE", "");
	make(f);

	assert_string_equal(f->rq.require, "superuser");
}

static void
empty_disguise_does_not_hide_the_authorization(void **state)
{
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	set(f, "HTTP_AUTHORIZATION", "Bearer x");
	set(f, "AUTHORIZATION", "");
	make(f);

	assert_string_equal(f->rq.authorization, "Bearer x");
}

static void
https_is_told_in_two_ways(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		bool https;
	} cases[] = {
		{"HTTPS", "on", true},
		{"HTTPS", "ON", true},
		{"HTTPS", "1", true},
		{"HTTPS", "off", false},
		{"HTTPS", "", false},
		{"REQUEST_SCHEME", "https", true},
		{"REQUEST_SCHEME", "http", false},
		{"HTTP_X_FORWARDED_PROTO", "https", false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		start(f);
		set(f, "PATH_INFO", "/p");
		set(f, cases[i].name, cases[i].value);
		make(f);
		assert_int_equal(f->rq.https, cases[i].https);
	}
}

static void
request_id_is_made_unless_trusted(void **state)
{
	struct fixture *f = *state;
	const char *first;

	set(f, "PATH_INFO", "/p");
	set(f, "HTTP_X_REQUEST_ID", "given");
	make(f);
	first = f->rq.request_id;
	assert_int_equal(strlen(first), 16);
	assert_string_not_equal(first, "given");
	make(f);

	assert_string_not_equal(first, f->rq.request_id);
}

static void
trusted_request_id_is_taken_when_it_is_sane(void **state)
{
	static const struct {
		const char *id;
		bool taken;
	} cases[] = {
		{"a", true},
		{"A-z_0.9", true},
		{"0123456789abcdef0123456789abcdef"
		 "0123456789abcdef0123456789abcdef",
		 true},
		{"0123456789abcdef0123456789abcdef"
		 "0123456789abcdef0123456789abcdef0",
		 false},
		{"", false},
		{"a b", false},
		{"a\nb", false},
		{"a\"", false},
		{"\303\251", false},
	};
	struct fixture *f = *state;

	f->conf.server.trust_request_id = true;
	for (size_t i = 0; i < countof(cases); i++) {
		start(f);
		set(f, "PATH_INFO", "/p");
		set(f, "HTTP_X_REQUEST_ID", cases[i].id);
		make(f);
		assert_int_equal(strcmp(f->rq.request_id, cases[i].id) == 0,
				 cases[i].taken);
	}
}

static const struct body_case {
	const char *length;
	const char *body;
	enum err refused;
} body_cases[] = {
	{"", "", OK},
	{"0", "", OK},
	{"2", "ab", OK},
	{"002", "ab", OK},
	{"2", "abc", ERR_BAD_REQUEST},
	{"", "a", ERR_BAD_REQUEST},
	{"0", "a", ERR_BAD_REQUEST},
	{"-2", "ab", ERR_BAD_REQUEST},
	{"+2", "ab", ERR_BAD_REQUEST},
	{"2 ", "ab", ERR_BAD_REQUEST},
	{"2,2", "ab", ERR_BAD_REQUEST},
	{"0x2", "ab", ERR_BAD_REQUEST},
	{"1001", "", ERR_CONTENT_TOO_LARGE},
	{"18446744073709551618", "ab", ERR_CONTENT_TOO_LARGE},
};

static void
body_must_be_as_long_as_told(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(body_cases); i++) {
		start(f);
		set(f, "PATH_INFO", "/p");
		set(f, "CONTENT_LENGTH", body_cases[i].length);
		f->body = body_cases[i].body;
		make(f);
		assert_int_equal(f->rq.refused, body_cases[i].refused);
		assert_false(f->rq.body_is_short);
	}
}

static void
body_that_is_shorter_than_told_is_for_the_route_to_judge(void **state)
{
	static const char *const bodies[] = {"", "a", "ab"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(bodies); i++) {
		start(f);
		set(f, "PATH_INFO", "/p");
		set(f, "CONTENT_LENGTH", "3");
		f->body = bodies[i];
		make(f);
		assert_int_equal(f->rq.refused, OK);
		assert_true(f->rq.body_is_short);
	}
}

static void
transfer_coding_is_refused(void **state)
{
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	set(f, "HTTP_TRANSFER_ENCODING", "chunked");
	make(f);

	assert_int_equal(f->rq.refused, ERR_BAD_REQUEST);
}

static void
a_body_in_pieces_has_the_length_that_was_read(void **state)
{
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	set(f, "CONTENT_LENGTH", "");
	set(f, "HTTP_TRANSFER_ENCODING", "chunked");
	f->body = "abc";
	assert_true(gate_body_is_untold(f->pairs, f->count));
	gate_body_tell(f->service.mem, f->pairs, f->count, 3);
	make(f);
	assert_int_equal(f->rq.refused, OK);
	assert_int_equal(f->rq.body_len, 3);

	gate_body_tell(f->service.mem, f->pairs, f->count, 1001);
	assert_false(gate_body_is_untold(f->pairs, f->count));
	set(f, "HTTP_TRANSFER_ENCODING", "chunked");
	assert_false(gate_body_is_untold(f->pairs, f->count));
	make(f);
	assert_int_equal(f->rq.refused, ERR_BAD_REQUEST);
}

static void
a_body_in_pieces_beyond_the_limit_is_too_large(void **state)
{
	struct fixture *f = *state;

	set(f, "PATH_INFO", "/p");
	set(f, "HTTP_TRANSFER_ENCODING", "chunked");
	gate_body_tell(f->service.mem, f->pairs, f->count, 1001);
	make(f);

	assert_int_equal(f->rq.refused, ERR_CONTENT_TOO_LARGE);
}

static void
slashes_that_were_merged_are_there_again(void **state)
{
	static const struct {
		const char *uri, *info, *path;
	} cases[] = {
		{"/users/me?a=//", "/users/me", "/users/me"},
		{"http://example.org/users/me", "/users/me", "/users/me"},
		{"/users//me", "/users/me", "/users//me"},
		{"//users/me", "/users/me", "//users/me"},
		{"/users/%2fme", "/users/me", "/users//me"},
		{"/users%2F%2Fme?a", "/users/me", "/users//me"},
		{"/users/me//", "/users/me/", "/users/me//"},
		{"/users/me//", "/users/me//", "/users/me//"},
		{"/a///users//me///", "/users/me/", "///users//me///"},
		{"/some//where/else", "/users/me", "/users/me"},
		{"//", "/users/me", "/users/me"},
		{"//", "/", "//"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		start(f);
		set(f, "PATH_INFO", cases[i].info);
		set(f, "REQUEST_URI", cases[i].uri);
		make(f);
		assert_int_equal(f->rq.refused, OK);
		assert_string_equal(f->rq.path, cases[i].path);
	}
}

static void
the_path_before_a_redirect_says_where_the_mount_is(void **state)
{
	static const struct {
		const char *script, *info, *before, *mount, *path;
	} cases[] = {
		{"/a/p.cgi", "", "/a/users/me", "/a", "/users/me"},
		{"/p.cgi", "", "/users/me", "", "/users/me"},
		{"/p.cgi", "/users/me", "/users/me", "", "/users/me"},
		{"/b/p.cgi", "/users/me", "/a/users/me", "/a", "/users/me"},
		{"/p.cgi", "/users/me", "/else", "/p.cgi", "/users/me"},
		{"/a/p.cgi", "", "/abc/users/me", "", "/a/p.cgi"},
		{"/a/p.cgi", "", "/", "", "/a/p.cgi"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		start(f);
		set(f, "SCRIPT_NAME", cases[i].script);
		set(f, "PATH_INFO", cases[i].info);
		set(f, "REDIRECT_URL", cases[i].before);
		make(f);
		assert_int_equal(f->rq.refused, OK);
		assert_string_equal(f->rq.mount, cases[i].mount);
		assert_string_equal(f->rq.path, cases[i].path);
	}
}

static void
request_without_a_method_is_refused(void **state)
{
	struct fixture *f = *state;

	f->count = 0;
	set(f, "PATH_INFO", "/p");
	make(f);

	assert_int_equal(f->rq.refused, ERR_BAD_REQUEST);
	assert_int_equal(f->rq.method, METHOD_OTHER);
	assert_string_equal(f->rq.method_name, "");
}

static void
body_length_is_told_from_content_length(void **state)
{
	size_t length = 1;

	(void)state;
	assert_int_equal(gate_body_length(NULL, 10, &length), OK);
	assert_int_equal(length, 0);
	assert_int_equal(gate_body_length("10", 10, &length), OK);
	assert_int_equal(length, 10);
	assert_int_equal(gate_body_length("11", 10, &length),
			 ERR_CONTENT_TOO_LARGE);
	assert_int_equal(length, 0);
	assert_int_equal(gate_body_length("1e1", 10, &length), ERR_BAD_REQUEST);
}

static void
environment_of_more_than_the_limit_is_told_from_a_whole_one(void **state)
{
	static struct gate_pair pairs[GATE_PAIRS_LIMIT];
	static char *envp[GATE_PAIRS_LIMIT + 3];
	struct fixture *f = *state;
	char first[] = "A=b=c", none[] = "none", empty[] = "E=";
	size_t count;

	envp[0] = none;
	envp[1] = first;
	envp[2] = empty;
	assert_true(gate_environment(f->service.mem, envp, pairs, &count));
	assert_int_equal(count, 2);
	assert_string_equal(pairs[0].name, "A");
	assert_string_equal(pairs[0].value, "b=c");
	assert_string_equal(pairs[1].name, "E");
	assert_string_equal(pairs[1].value, "");
	for (size_t i = 0; i < GATE_PAIRS_LIMIT; i++)
		envp[i] = first;
	envp[GATE_PAIRS_LIMIT] = none;
	assert_true(gate_environment(f->service.mem, envp, pairs, &count));
	assert_int_equal(count, GATE_PAIRS_LIMIT);
	envp[GATE_PAIRS_LIMIT + 1] = empty;
	assert_false(gate_environment(f->service.mem, envp, pairs, &count));
}

/* What is asked about may have a path and a body that no request of ours has.
 */
static void
what_an_authorizer_is_asked_about_is_not_judged(void **state)
{
	static const char *const paths[] = {
		"/a%00b", "/%", "*", "/\xff", "/a\nb", "",
	};
	struct fixture *f = *state;

	f->role = GATE_AUTHORIZER;
	for (size_t i = 0; i < countof(paths); i++) {
		start(f);
		set(f, "REQUEST_URI", paths[i]);
		set(f, "PATH_INFO", "/users/me");
		set(f, "SCRIPT_NAME", "/mount");
		set(f, "CONTENT_LENGTH", "99999999999");
		set(f, "HTTP_TRANSFER_ENCODING", "chunked");
		set(f, "REMOTE_USER", "alice");
		make(f);
		assert_int_equal(f->rq.refused, OK);
		assert_true(f->rq.authorizer);
		assert_string_equal(f->rq.mount, "");
		assert_string_equal(f->rq.remote_user, "alice");
		assert_null(f->rq.remote_password);
	}
	start(f);
	set(f, "REQUEST_URI", "/a%20b?c");
	set(f, "REMOTE_PASSWD", "");
	make(f);
	assert_string_equal(f->rq.path, "/a b");
	assert_string_equal(f->rq.remote_password, "");
	f->count = 0;
	make(f);

	assert_int_equal(f->rq.refused, ERR_BAD_REQUEST);
}

static void
what_an_authorizer_is_told_twice_must_agree(void **state)
{
	static const char *const names[] = {"FCU_REQUIRE", "REMOTE_USER",
					    "HTTP_COOKIE"};
	struct fixture *f = *state;

	f->role = GATE_AUTHORIZER;
	for (size_t i = 0; i < countof(names); i++) {
		start(f);
		set(f, names[i], "a");
		set(f, names[i], "b");
		make(f);
		assert_int_equal(f->rq.refused, ERR_BAD_REQUEST);
	}
}

static void
a_worker_s_own_demand_stands_beside_the_request_s(void **state)
{
	struct fixture *f = *state;

	f->service.require = "superuser";
	start(f);
	set(f, "PATH_INFO", "/");
	set(f, "FCU_REQUIRE", "verified");
	make(f);

	assert_string_equal(f->rq.require, "verified");
	assert_string_equal(f->rq.require_here, "superuser");
	assert_false(f->rq.authorizer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(path_info_is_the_path_and_script_name_the_mount),
		TEST(script_name_alone_is_the_path),
		TEST(request_uri_is_decoded_once),
		TEST(bad_escapes_are_refused),
		TEST(paths_that_no_route_has_are_not_found),
		TEST(escapes_cannot_bring_control_characters_in),
		TEST(strange_mounts_are_not_found),
		TEST(request_without_a_path_is_not_found),
		TEST(prefix_moves_to_the_mount_at_a_segment),
		TEST(every_variable_finds_its_place),
		TEST(absent_variables_are_null_or_empty_as_promised),
		TEST(authorization_is_found_in_each_disguise),
		TEST(identities_from_the_web_are_no_authorization),
		TEST(what_is_said_twice_must_agree),
		TEST(demands_from_the_web_are_none),
		TEST(a_demand_does_not_vanish_when_apache_redirects),
		TEST(a_demand_does_not_vanish_behind_an_empty_one),
		TEST(empty_disguise_does_not_hide_the_authorization),
		TEST(https_is_told_in_two_ways),
		TEST(request_id_is_made_unless_trusted),
		TEST(trusted_request_id_is_taken_when_it_is_sane),
		TEST(body_must_be_as_long_as_told),
		TEST(body_that_is_shorter_than_told_is_for_the_route_to_judge),
		TEST(transfer_coding_is_refused),
		TEST(a_body_in_pieces_has_the_length_that_was_read),
		TEST(a_body_in_pieces_beyond_the_limit_is_too_large),
		TEST(slashes_that_were_merged_are_there_again),
		TEST(the_path_before_a_redirect_says_where_the_mount_is),
		TEST(request_without_a_method_is_refused),
		TEST(body_length_is_told_from_content_length),
		TEST(environment_of_more_than_the_limit_is_told_from_a_whole_one),
		TEST(what_an_authorizer_is_asked_about_is_not_judged),
		TEST(what_an_authorizer_is_told_twice_must_agree),
		TEST(a_worker_s_own_demand_stands_beside_the_request_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
