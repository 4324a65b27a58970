/* SPDX-License-Identifier: MIT */
#include "base/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static struct arena *mem;

static int
set_up(void **state)
{
	(void)state;
	mem = arena_open(0, 1 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_close(mem);
	return 0;
}

/* V23: better-auth CVE-2026-45364, GHSA-p6v2-xcpg-h6xw. */
static void
every_spelling_of_an_address_is_one_network(void **state)
{
	static const char *const cases[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"192.0.2.1:443", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::FFFF:192.0.2.1", "192.0.2.1"},
		{"::ffff:c000:201", "192.0.2.1"},
		{"::ffff:C000:0201", "192.0.2.1"},
		{"0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"},
		{"0000:0000:0000:0000:0000:ffff:c000:0201", "192.0.2.1"},
		{"[::ffff:192.0.2.1]", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:8080", "192.0.2.1"},
		{"64:ff9b::192.0.2.1", "192.0.2.1"},
		{"64:ff9b::c000:201", "192.0.2.1"},
		{"2002:c000:201::1", "192.0.2.1"},
		{"2002:c000:0201:ffff::7", "192.0.2.1"},
		{"2001:db8:0:1::1", "2001:db8:0:1::/64"},
		{"2001:db8:0:1::2", "2001:db8:0:1::/64"},
		{"2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"},
		{"2001:0db8:0000:0001:0000:0000:0000:0001",
		 "2001:db8:0:1::/64"},
		{"2001:DB8:0:1::1", "2001:db8:0:1::/64"},
		{"2001:db8::1:0:0:0:1", "2001:db8:0:1::/64"},
		{"[2001:db8:0:1::1]:443", "2001:db8:0:1::/64"},
		{"[2001:db8:0:1::1%eth0]:443", "2001:db8:0:1::/64"},
		{"2001:db8:0:1::1%eth0", "2001:db8:0:1::/64"},
		{"2001:db8:0:1::192.0.2.1", "2001:db8:0:1::/64"},
		{"2001:db8:0:2::1", "2001:db8:0:2::/64"},
		{"fe80::1%eth0", "fe80::/64"},
		{"fe80::1%25eth1", "fe80::/64"},
		{"::1", "::/64"},
		{"::", "::/64"},
		{"unix:", "unix"},
		{"unix:/run/nginx.sock", "unix"},
		{"unix", "unix"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_string_equal(network_of(mem, cases[i][0]), cases[i][1]);
}

static void
what_is_no_address_is_one_unknown_network(void **state)
{
	static const char *const cases[] = {
		"",
		"-",
		" 192.0.2.1",
		"192.0.2",
		"192.0.2.1.1",
		"192.0.2.256",
		"0300.0.2.1",
		"2001:db8::1::2",
		"2001:db8:0:1:0:0:0:0:1",
		"[2001:db8::1",
		"[]",
		"%eth0",
		"localhost",
		"unixes",
		"192.0.2.1, 192.0.2.2",
		"11111111111111111111111111111111111111111111111111111111111",
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_string_equal(network_of(mem, cases[i]), NETWORK_UNKNOWN);
}

static void
a_list_has_what_is_in_one_of_its_networks(void **state)
{
	static const char *items[] = {"10.0.0.0/8", "192.0.2.8/30",
				      "2001:db8::/33", "203.0.113.7", "unix"};
	const struct text_list list = {items, countof(items)};
	static const struct {
		const char *address;
		bool has;
	} cases[] = {
		{"10.255.0.1", true},
		{"::ffff:10.1.2.3", true},
		{"11.0.0.1", false},
		{"192.0.2.11", true},
		{"192.0.2.12", false},
		{"192.0.2.7", false},
		{"2001:db8:7fff::1", true},
		{"2001:db8:8000::1", false},
		{"203.0.113.7", true},
		{"203.0.113.8", false},
		{"unix:", true},
		{"", false},
		{"nobody", false},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(network_list_has(&list, cases[i].address),
				 cases[i].has);
}

static void
a_network_that_cannot_be_one_is_a_fault(void **state)
{
	static const char *const good[] = {"0.0.0.0/0", "::/0", "10.0.0.1",
					   "::1/128", "unix"};
	static const char *const bad[] = {
		"",       "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
		"::/129", "10.0.0.0/8x", "proxy",       "10.0.0/8",
		"/8",     "10.0.0.0/8/8"};

	(void)state;
	for (size_t i = 0; i < countof(good); i++)
		assert_null(network_fault(good[i]));
	for (size_t i = 0; i < countof(bad); i++)
		assert_non_null(network_fault(bad[i]));
}

/* V24: allauth 65.14.2. */
static void
only_what_trusted_proxies_told_is_believed(void **state)
{
	static const char *items[] = {"10.0.0.0/8", "unix"};
	const struct text_list list = {items, countof(items)};
	static const struct {
		const char *peer;
		const char *told;
		const char *sender;
	} cases[] = {
		{"192.0.2.1", "198.51.100.1", "192.0.2.1"},
		{"10.0.0.1", NULL, "10.0.0.1"},
		{"10.0.0.1", "", "10.0.0.1"},
		{"10.0.0.1", "198.51.100.1", "198.51.100.1"},
		{"unix:", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"},
		{"10.0.0.1", "6.6.6.6,198.51.100.1 , 10.9.9.9", "198.51.100.1"},
		{"10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"},
		{"10.0.0.1", "6.6.6.6, junk", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, unix:", "10.0.0.1"},
		{"10.0.0.1", "6.6.6.6, , 10.2.2.2", "10.2.2.2"},
		{"10.0.0.1", "6.6.6.6,", "10.0.0.1"},
		{"10.0.0.1", ",,,", "10.0.0.1"},
		{"10.0.0.1", "198.51.100.1:4711", "198.51.100.1"},
		{"10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"},
		{"10.0.0.1", "6.6.6.6, fe80::1%eth0", "fe80::1"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_string_equal(network_sender(mem, &list, cases[i].peer,
						   cases[i].told),
				    cases[i].sender);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_of_an_address_is_one_network),
		cmocka_unit_test(what_is_no_address_is_one_unknown_network),
		cmocka_unit_test(a_list_has_what_is_in_one_of_its_networks),
		cmocka_unit_test(a_network_that_cannot_be_one_is_a_fault),
		cmocka_unit_test(only_what_trusted_proxies_told_is_believed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
