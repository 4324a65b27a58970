/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "gate/sandbox.h"
#include "remote/resolver.h"

#define HEADER 12
#define TYPE_A 1
#define TYPE_AAAA 28

/* A name server that does to each question what its kind does. */

enum kind {
	ANSWERS,
	ANSWERS_WITH_MANY,
	DENIES,
	TALKS_NONSENSE,
	SAYS_NOTHING,
	STALLS_OVER_TCP,
};

struct name_server {
	pid_t pid;
	int udp;
	int tcp;
	char address[32];
};

/* Bytes of the one question, its name, type and class. */
static size_t
question_length(const unsigned char *asked, size_t len)
{
	size_t at = HEADER;

	while (at < len && asked[at] != 0)
		at += asked[at] + 1U;
	return at + 5 - HEADER;
}

static size_t
records_write(unsigned char *out, unsigned type, unsigned count)
{
	size_t size = type == TYPE_A ? 4 : 16;
	unsigned char record[12] = {0xc0, HEADER, 0, (unsigned char)type,
				    0,    1,      0, 0,
				    0,    60,     0, (unsigned char)size};

	for (unsigned i = 0; i < count; i++) {
		memcpy(out, record, sizeof(record));
		out += sizeof(record);
		memset(out, 0, size);
		out[0] = type == TYPE_A ? 192 : 0x20;
		out[size - 1] = (unsigned char)(i + 1);
		out += size;
	}
	return count * (sizeof(record) + size);
}

static size_t
answer_write(unsigned char *out, const unsigned char *asked, size_t len,
	     enum kind kind)
{
	size_t question = question_length(asked, len);
	unsigned type = asked[HEADER + question - 3];
	unsigned count = kind == ANSWERS             ? type == TYPE_A
			 : kind == ANSWERS_WITH_MANY ? 10
						     : 0;

	if (type != TYPE_A && type != TYPE_AAAA)
		count = 0;
	memset(out, 0, HEADER);
	memcpy(out, asked, 2);
	out[2] = kind == STALLS_OVER_TCP ? 0x82 : 0x80; /* TC: cut short */
	out[3] = kind == DENIES ? 3 : 0;                /* NXDOMAIN */
	out[5] = 1;
	out[7] = (unsigned char)count;
	memcpy(out + HEADER, asked + HEADER, question);
	return HEADER + question +
	       records_write(out + HEADER + question, type, count);
}

static void
serve(const struct name_server *s, enum kind kind)
{
	unsigned char asked[512];
	unsigned char said[2048];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (;;) {
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(s->udp, asked, sizeof(asked), 0,
				     (struct sockaddr *)&from, &size);
		size_t len;

		if (n < HEADER + 5)
			_exit(1);
		if (kind == SAYS_NOTHING)
			continue;
		len = answer_write(said, asked, (size_t)n, kind);
		if (kind == TALKS_NONSENSE)
			memset(said + 2, 0xff, len - 2);
		(void)sendto(s->udp, said, len, 0, (struct sockaddr *)&from,
			     size);
	}
}

/* One port of both protocols, which another program may have for one. */
static bool
port_take(struct name_server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(at);

	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(s->tcp, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    getsockname(s->tcp, (struct sockaddr *)&at, &size) == 0 &&
	    bind(s->udp, (struct sockaddr *)&at, sizeof(at)) == 0) {
		(void)snprintf(s->address, sizeof(s->address), "127.0.0.1:%u",
			       ntohs(at.sin_port));
		return true;
	}
	close(s->tcp);
	close(s->udp);
	return false;
}

static void
server_start(struct name_server *s, enum kind kind)
{
	int tries = 100;

	while (!port_take(s))
		assert_true(--tries > 0);
	/* It takes connections, and that is all. */
	assert_true(listen(s->tcp, 8) == 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0)
		serve(s, kind);
}

static void
server_end(const struct name_server *s)
{
	(void)kill(s->pid, SIGKILL);
	(void)waitpid(s->pid, NULL, 0);
	close(s->udp);
	close(s->tcp);
}

/* With a dot at the end, so that no search list is tried. */
#define NAME "id.example.net."

static enum err
ask(enum kind kind, int64_t limit, struct addresses *out, const char **why)
{
	struct name_server s;
	enum err e;

	server_start(&s, kind);
	e = resolver_find(NAME, s.address, clock_monotonic() + limit, out, why);
	server_end(&s);
	return e;
}

/* The tests. */

static void
a_name_has_the_addresses_that_its_server_tells(void **state)
{
	struct addresses found;
	const char *why;

	(void)state;
	assert_int_equal(ask(ANSWERS, 60000, &found, &why), OK);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.text[0], "192.0.0.1");
}

static void
of_many_addresses_some_are_told(void **state)
{
	struct addresses found;
	const char *why;

	(void)state;
	assert_int_equal(ask(ANSWERS_WITH_MANY, 60000, &found, &why), OK);
	assert_int_equal(found.count, ADDRESSES_LIMIT);
}

static void
a_name_that_nobody_has_is_told_as_such(void **state)
{
	struct addresses found;
	const char *why;

	(void)state;
	assert_int_equal(ask(DENIES, 60000, &found, &why), ERR_REMOTE);
	assert_int_equal(found.count, 0);
	assert_string_equal(why, "Domain name not found");
}

static void
nonsense_is_no_address(void **state)
{
	struct addresses found;
	const char *why;

	(void)state;
	assert_int_equal(ask(TALKS_NONSENSE, 1000, &found, &why), ERR_REMOTE);
	assert_int_equal(found.count, 0);
}

static void
a_server_that_says_nothing_costs_the_limit_and_no_more(void **state)
{
	static const enum kind kinds[] = {SAYS_NOTHING, STALLS_OVER_TCP};
	struct addresses found;
	const char *why;

	(void)state;
	for (size_t i = 0; i < countof(kinds); i++) {
		int64_t started = clock_monotonic();

		assert_int_equal(ask(kinds[i], 300, &found, &why), ERR_REMOTE);
		assert_string_equal(why, "no name server answers in time");
		/* Far from the tries' own limits, however slow we are. */
		assert_in_range(clock_monotonic() - started, 300, 3500);
	}
}

static void
a_deadline_that_is_past_is_kept(void **state)
{
	struct addresses found;
	const char *why;

	(void)state;
	assert_int_equal(ask(ANSWERS, -1, &found, &why), ERR_REMOTE);
	assert_int_equal(found.count, 0);
}

static void
names_of_this_machine_need_no_server(void **state)
{
	struct addresses found;
	const char *why;

	(void)state;
	assert_int_equal(resolver_find("localhost", "127.0.0.1:1",
				       clock_monotonic() + 60000, &found, &why),
			 OK);
	assert_true(found.count > 0);
}

/* Over both protocols. */
static int
ask_in_the_sandbox(const struct name_server *udp, const struct name_server *tcp)
{
	struct addresses found;
	const char *why = "";

	if (!sandbox_enter())
		return 1;
	if (resolver_find(NAME, udp->address, clock_monotonic() + 60000, &found,
			  &why) != OK)
		return 2;
	return resolver_find(NAME, tcp->address, clock_monotonic() + 300,
			     &found, &why) == OK;
}

static void
the_sandbox_leaves_room_for_it(void **state)
{
	struct name_server udp;
	struct name_server tcp;
	int status;
	pid_t pid;

	(void)state;
	server_start(&udp, ANSWERS);
	server_start(&tcp, STALLS_OVER_TCP);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ask_in_the_sandbox(&udp, &tcp));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	server_end(&udp);
	server_end(&tcp);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_name_has_the_addresses_that_its_server_tells),
		cmocka_unit_test(of_many_addresses_some_are_told),
		cmocka_unit_test(a_name_that_nobody_has_is_told_as_such),
		cmocka_unit_test(nonsense_is_no_address),
		cmocka_unit_test(
			a_server_that_says_nothing_costs_the_limit_and_no_more),
		cmocka_unit_test(a_deadline_that_is_past_is_kept),
		cmocka_unit_test(names_of_this_machine_need_no_server),
		cmocka_unit_test(the_sandbox_leaves_room_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
