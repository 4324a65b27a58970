/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/sandbox.h"
#include "remote/address.h"
#include "remote/http_client.h"

static struct arena *mem;
static int listener = -1;
static unsigned port;
static pid_t server = -1;

/* A server that answers by the path, a process a connection. */

static const struct page {
	const char *path;
	const char *answer;
	bool stays; /* the connection does */
} pages[] = {
	{"/ok",
	 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	 "Content-Length: 11\r\n\r\n{\"a\": true}",
	 true},
	{"/teapot", "HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n", true},
	{"/redirect",
	 "HTTP/1.1 302 Found\r\nLocation: /ok\r\n"
	 "Content-Length: 0\r\n\r\n",
	 true},
	{"/cookie",
	 "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
	 true},
	{"/garbage", "220 mail.example ESMTP\r\n", false},
	{"/short", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab", false},
	{"/told-huge", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nab",
	 false},
};

static void
say(int to, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(to, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void
say_much(int to, const char *line)
{
	for (int i = 0; i < 100000; i++) {
		if (write(to, line, strlen(line)) <= 0)
			return;
	}
}

/* False at the connection's end. */
static bool
hear(int from, char *head, size_t room)
{
	size_t len = 0;
	const char *end = NULL;
	const char *told;
	size_t body = 0;

	while (end == NULL || strlen(end) < body + 4) {
		ssize_t n = read(from, head + len, room - 1 - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
		head[len] = '\0';
		end = strstr(head, "\r\n\r\n");
		told = strstr(head, "Content-Length: ");
		if (told != NULL)
			body = strtoul(told + 16, NULL, 10);
	}
	return true;
}

static bool
answer(int to, const char *head)
{
	char echo[8192];

	for (size_t i = 0; i < countof(pages); i++)
		if (strncmp(strchr(head, ' ') + 1, pages[i].path,
			    strlen(pages[i].path)) == 0) {
			say(to, pages[i].answer);
			return pages[i].stays;
		}
	if (strstr(head, " /slow") != NULL) {
		say(to, "HTTP/1.1 200 OK\r\n");
		(void)sleep(20);
	} else if (strstr(head, " /huge") != NULL) {
		say(to, "HTTP/1.1 200 OK\r\n\r\n");
		say_much(to, "0123456789abcdef0123456789abcdef");
	} else if (strstr(head, " /headers") != NULL) {
		say(to, "HTTP/1.1 200 OK\r\n");
		say_much(to, "X-Filler: 0123456789abcdef0123456789\r\n");
	} else {
		(void)snprintf(echo, sizeof(echo),
			       "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n"
			       "%s",
			       strlen(head), head);
		say(to, echo);
		return true;
	}
	return false;
}

static void
serve(void)
{
	static char head[8000];

	(void)setpgid(0, 0);
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int one = accept(listener, NULL, NULL);

		if (one < 0)
			_exit(1);
		if (fork() == 0) {
			while (hear(one, head, sizeof(head)))
				if (!answer(one, head))
					break;
			_exit(0);
		}
		close(one);
	}
}

static int
start(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);

	(void)state;
	mem = arena_open(0, 16 << 20);
	log_set_level(LEVEL_ERROR);
	(void)signal(SIGPIPE, SIG_IGN);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(listener, 8) != 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &len) != 0)
		return -1;
	port = ntohs(at.sin_port);
	server = fork();
	if (server == 0)
		serve();
	return server < 0 ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	(void)kill(-server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	close(listener);
	arena_close(mem);
	return 0;
}

static const struct http_client_settings lenient = {
	.time_limit = 10000,
	.connect_limit = 5000,
	.ca_file = "",
	.allow_http = true,
	.allow_private = true,
};

static struct http_client *
client(const struct http_client_settings *settings)
{
	struct http_client *c;

	assert_int_equal(http_client_open(settings, &c), OK);
	return c;
}

static enum err
get_from(struct http_client *c, const char *host, const char *path,
	 struct http_answer *out)
{
	const struct http_request rq = {
		.method = "GET",
		.url = arena_printf(mem, "http://%s:%u%s", host, port, path),
	};

	return http_client_send(c, mem, &rq, out);
}

static enum err
get(struct http_client *c, const char *path, struct http_answer *out)
{
	return get_from(c, "127.0.0.1", path, out);
}

static void
an_answer_comes_back_with_status_type_and_body(void **state)
{
	struct http_client *c = client(&lenient);
	struct http_answer a;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(get(c, "/ok", &a), OK);
		assert_int_equal(a.status, 200);
		assert_string_equal(a.content_type, "application/json");
		assert_string_equal(a.body, "{\"a\": true}");
		assert_int_equal(a.body_len, 11);
	}
	assert_int_equal(get(c, "/teapot", &a), OK);
	assert_int_equal(a.status, 418);
	assert_string_equal(a.content_type, "");
	assert_string_equal(a.body, "");
	http_client_close(c);
}

static void
a_request_carries_its_headers_and_body_and_nothing_of_the_one_before(
	void **state)
{
	static const char *const headers[] = {"Authorization: Bearer one",
					      "Accept: application/json"};
	struct http_client *c = client(&lenient);
	struct http_request rq = {
		.method = "POST",
		.url = arena_printf(mem, "http://127.0.0.1:%u/echo?q=1", port),
		.headers = headers,
		.header_count = countof(headers),
		.body = "code=2",
		.body_len = 6,
	};
	struct http_answer a;

	(void)state;
	assert_int_equal(http_client_send(c, mem, &rq, &a), OK);
	assert_non_null(strstr(a.body, "POST /echo?q=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(a.body, "\r\nAuthorization: Bearer one\r\n"));
	assert_non_null(strstr(a.body, "\r\nContent-Length: 6\r\n"));
	assert_non_null(strstr(a.body, "\r\n\r\ncode=2"));

	assert_int_equal(get(c, "/cookie", &a), OK);
	assert_int_equal(get(c, "/echo", &a), OK);
	assert_non_null(strstr(a.body, "GET /echo HTTP/1.1\r\n"));
	assert_null(strstr(a.body, "Authorization"));
	assert_null(strstr(a.body, "Cookie"));
	assert_null(strstr(a.body, "Content-Length"));
	http_client_close(c);
}

static void
a_post_without_a_body_has_an_empty_one(void **state)
{
	struct http_client *c = client(&lenient);
	const struct http_request rq = {
		.method = "POST",
		.url = arena_printf(mem, "http://127.0.0.1:%u/echo", port),
	};
	struct http_answer a;

	(void)state;
	assert_int_equal(http_client_send(c, mem, &rq, &a), OK);
	assert_non_null(strstr(a.body, "\r\nContent-Length: 0\r\n"));
	http_client_close(c);
}

static void
a_header_with_a_line_break_is_not_sent(void **state)
{
	static const char *const headers[] = {"X: a\r\nY: b"};
	struct http_client *c = client(&lenient);
	const struct http_request rq = {
		.method = "GET",
		.url = arena_printf(mem, "http://127.0.0.1:%u/echo", port),
		.headers = headers,
		.header_count = 1,
	};
	struct http_answer a;

	(void)state;
	assert_int_equal(http_client_send(c, mem, &rq, &a), ERR_REMOTE);
	http_client_close(c);
}

static void
redirects_are_answers_and_are_not_followed(void **state)
{
	struct http_client *c = client(&lenient);
	struct http_answer a;

	(void)state;
	assert_int_equal(get(c, "/redirect", &a), OK);
	assert_int_equal(a.status, 302);
	http_client_close(c);
}

static void
servers_that_lie_or_tell_too_much_are_failures(void **state)
{
	static const char *const paths[] = {"/garbage", "/short", "/told-huge",
					    "/huge", "/headers"};
	struct http_client *c = client(&lenient);
	struct http_answer a;

	(void)state;
	for (size_t i = 0; i < countof(paths); i++)
		assert_int_equal(get(c, paths[i], &a), ERR_REMOTE);
	assert_int_equal(get(c, "/ok", &a), OK);
	http_client_close(c);
}

static void
an_answer_of_just_the_limit_is_taken(void **state)
{
	struct http_client_settings settings = lenient;
	struct http_client *c;
	struct http_answer a;

	(void)state;
	settings.size_limit = 11;
	c = client(&settings);
	assert_int_equal(get(c, "/ok", &a), OK);
	http_client_close(c);
	settings.size_limit = 10;
	c = client(&settings);
	assert_int_equal(get(c, "/ok", &a), ERR_REMOTE);
	http_client_close(c);
}

static void
a_proxy_of_the_environment_is_not_used(void **state)
{
	struct http_client *c;
	struct http_answer a;

	(void)state;
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
	c = client(&lenient);
	assert_int_equal(get(c, "/ok", &a), OK);
	http_client_close(c);
	(void)unsetenv("http_proxy");
	(void)unsetenv("ALL_PROXY");
}

static void
only_https_is_spoken_unless_http_is_allowed(void **state)
{
	struct http_client_settings settings = lenient;
	struct http_client *c;
	struct http_answer a;

	(void)state;
	settings.allow_http = false;
	c = client(&settings);
	assert_int_equal(get(c, "/ok", &a), ERR_REMOTE);
	http_client_close(c);
	assert_true(http_url_is_fit("https://example.org/a?b", false));
	assert_true(http_url_is_fit("https://[2001:db8::1]:8443/", false));
	assert_false(http_url_is_fit("http://example.org/", false));
	assert_true(http_url_is_fit("http://example.org/", true));
}

static void
what_is_no_address_of_the_web_is_not_fit(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"example.org",
		"//example.org/",
		"https://",
		"https:///path",
		"ftp://example.org/",
		"file:///etc/passwd",
		"https://user:word@example.org/",
		"https://user@example.org/",
		"https://example.org:99999/",
		"https://exa mple.org/",
		"https://example.org/\n",
		"https://ex\xc3\xa4mple.org/",
	};
	struct http_client *c = client(&lenient);
	struct http_answer a;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		const struct http_request rq = {.method = "GET", .url = bad[i]};

		assert_false(http_url_is_fit(bad[i], true));
		assert_int_equal(http_client_send(c, mem, &rq, &a), ERR_REMOTE);
	}
	http_client_close(c);
}

static void
private_addresses_are_refused_under_any_name(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "0x7f000001",        "2130706433",
		"0",         "[::1]",     "[::ffff:127.0.0.1]"};
	struct http_client_settings settings = lenient;
	struct http_client *c;
	struct http_answer a;

	(void)state;
	settings.allow_private = false;
	c = client(&settings);
	for (size_t i = 0; i < countof(hosts); i++)
		assert_int_equal(get_from(c, hosts[i], "/ok", &a), ERR_REMOTE);
	http_client_close(c);
}

static void
names_are_looked_up(void **state)
{
	struct http_client *c = client(&lenient);
	struct http_answer a;

	(void)state;
	assert_int_equal(get_from(c, "localhost", "/ok", &a), OK);
	assert_int_equal(get_from(c, "LOCALHOST", "/ok", &a), OK);
	assert_int_equal(get_from(c, "no-such-name.invalid", "/ok", &a),
			 ERR_REMOTE);
	http_client_close(c);
}

static void
a_server_that_does_not_answer_costs_the_time_limit(void **state)
{
	struct http_client_settings settings = lenient;
	int64_t started = clock_monotonic();
	struct http_client *c;
	struct http_answer a;

	(void)state;
	settings.time_limit = 300;
	c = client(&settings);
	assert_int_equal(get(c, "/slow", &a), ERR_REMOTE);
	assert_in_range(clock_monotonic() - started, 250, 10000);
	http_client_close(c);
}

/* The child's exit status: 0 when a name and a number were both reached. */
static int
ask_in_the_sandbox(void)
{
	struct http_client *c = client(&lenient);
	struct http_answer a;

	if (!sandbox_enter())
		return 1;
	if (get(c, "/ok", &a) != OK ||
	    get_from(c, "localhost", "/ok", &a) != OK)
		return 2;
	return get_from(c, "no-such-name.invalid", "/ok", &a) == ERR_REMOTE ? 0
									    : 3;
}

static void
the_sandbox_leaves_room_for_it(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ask_in_the_sandbox());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool
is_public(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return address_is_public((struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return address_is_public((struct sockaddr *)&v6);
}

static void
public_addresses_are_told_from_special_ones(void **state)
{
	static const char *const open[] = {
		"1.1.1.1",         "9.255.255.255",   "11.0.0.0",
		"100.63.255.255",  "100.128.0.0",     "126.255.255.255",
		"128.0.0.0",       "169.253.255.255", "172.15.255.255",
		"172.32.0.0",      "192.0.1.0",       "192.167.255.255",
		"192.169.0.0",     "198.17.255.255",  "198.20.0.0",
		"223.255.255.255", "2a00::1",         "2606:4700::1111",
		"2001:200::1",     "3ffe::1",         "64:ff9b::101:101",
	};
	static const char *const shut[] = {
		"0.0.0.0",
		"0.255.255.255",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.169.254",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.1",
		"192.0.2.1",
		"192.88.99.1",
		"192.168.0.1",
		"198.18.0.1",
		"198.19.255.255",
		"198.51.100.7",
		"203.0.113.9",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::127.0.0.1",
		"::ffff:127.0.0.1",
		"::ffff:8.8.8.8",
		"64:ff9b::7f00:1",
		"64:ff9b::a00:1",
		"64:ff9b:1::1",
		"100::1",
		"2001::1",
		"2001:1ff::1",
		"2001:db8::1",
		"2002:7f00:1::",
		"3fff::1",
		"4000::1",
		"fc00::1",
		"fd00::1",
		"fe80::1",
		"fec0::1",
		"ff02::1",
	};
	const struct sockaddr other = {.sa_family = AF_UNIX};

	(void)state;
	for (size_t i = 0; i < countof(open); i++)
		if (!is_public(open[i]))
			fail_msg("%s is public", open[i]);
	for (size_t i = 0; i < countof(shut); i++)
		if (is_public(shut[i]))
			fail_msg("%s is not public", shut[i]);
	assert_false(address_is_public(&other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_answer_comes_back_with_status_type_and_body),
		cmocka_unit_test(
			a_request_carries_its_headers_and_body_and_nothing_of_the_one_before),
		cmocka_unit_test(a_post_without_a_body_has_an_empty_one),
		cmocka_unit_test(a_header_with_a_line_break_is_not_sent),
		cmocka_unit_test(redirects_are_answers_and_are_not_followed),
		cmocka_unit_test(
			servers_that_lie_or_tell_too_much_are_failures),
		cmocka_unit_test(an_answer_of_just_the_limit_is_taken),
		cmocka_unit_test(a_proxy_of_the_environment_is_not_used),
		cmocka_unit_test(only_https_is_spoken_unless_http_is_allowed),
		cmocka_unit_test(what_is_no_address_of_the_web_is_not_fit),
		cmocka_unit_test(private_addresses_are_refused_under_any_name),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(
			a_server_that_does_not_answer_costs_the_time_limit),
		cmocka_unit_test(the_sandbox_leaves_room_for_it),
		cmocka_unit_test(public_addresses_are_told_from_special_ones),
	};

	return cmocka_run_group_tests(tests, start, end);
}
