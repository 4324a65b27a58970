/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/json_path.h"

static struct arena *mem;

static int
start(void **state)
{
	(void)state;
	mem = arena_open(0, 1 << 20);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_close(mem);
	return 0;
}

static const char document[] =
	"{\"id\":7,\"a\":{\"b\":\"deep\",\"n\":null,\"x.y\":\"odd\"},"
	"\"handle~\":{\"mail\":\"m\"},\"list\":[10,[20],{\"k\":\"v\"}],"
	"\"mails\":[{\"v\":\"one\",\"meta\":{\"primary\":false,\"rank\":2}},"
	"{\"v\":\"two\",\"meta\":{\"primary\":true,\"rank\":1}}],"
	"\"no\":false,\"empty\":[]}";

static const struct json *
parsed(const char *text)
{
	const struct json *out;
	struct json_fault fault;

	assert_int_equal(
		json_parse(mem, text, strlen(text), JSON_TOKEN, &out, &fault),
		OK);
	return out;
}

static const char *
shown(const struct json *root, const char *path)
{
	const struct json *v = json_path_find(root, path);
	struct buf b;

	if (v == NULL)
		return "nothing";
	buf_init(&b, mem, 64);
	json_write(&b, v);
	return b.data;
}

static void
values_are_found_by_names_numbers_and_conditions(void **state)
{
	static const struct {
		const char *path;
		const char *value;
	} cases[] = {
		{"id", "7"},
		{"a.b", "\"deep\""},
		{"a.\"x.y\"", "\"odd\""},
		{"\"a\".\"b\"", "\"deep\""},
		{"handle~.mail", "\"m\""},
		{"list[0]", "10"},
		{"list[1][0]", "20"},
		{"list[2].k", "\"v\""},
		{"mails[meta.primary=true].v", "\"two\""},
		{"mails[meta.primary=false].v", "\"one\""},
		{"mails[meta.rank=1].v", "\"two\""},
		{"mails[v=\"one\"].meta.rank", "2"},
		{"[id=7].a.b", "\"deep\""},
		{"a[b=deep].b", "\"deep\""},
		{"no", "false"},
		{"none|a.b", "\"deep\""},
		{"a.n|id", "7"},
		{"id|a.b", "7"},
		{"mails[v=three].v|mails[0].v", "\"one\""},
	};
	const struct json *root = parsed(document);

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		assert_null(json_path_fault(cases[i].path));
		assert_string_equal(shown(root, cases[i].path), cases[i].value);
	}
}

static void
what_is_not_there_is_nothing(void **state)
{
	static const char *const paths[] = {
		"none",
		"ID",
		"a.b.c",
		"a.n",
		"a[0]",
		"list[3]",
		"list.k",
		"list[9999]",
		"empty[0]",
		"mails[v=three].v",
		"mails[meta=true]",
		"mails[meta.none=true]",
		"[id=8].id",
		"id[0]",
		"id[a=b]",
		"a.n|none",
	};
	const struct json *root = parsed(document);

	(void)state;
	for (size_t i = 0; i < countof(paths); i++) {
		assert_null(json_path_fault(paths[i]));
		assert_string_equal(shown(root, paths[i]), "nothing");
	}
}

static void
what_is_no_path_is_told_and_finds_nothing(void **state)
{
	static const char *const bad[] = {
		"",        ".",      "a.",    ".a",       "a..b",  "a[",
		"a[]",     "a[0",    "a[1x]", "a[10000]", "a[-1]", "a[=v]",
		"a[k]",    "a[k=]",  "a[k=v", "a]",       "a=b",   "\"a",
		"\"\"",    "a\"b\"", "a[k.]", "a|",       "|a",    "a||b",
		"a[k.=v]", "a[0]b",
	};
	const struct json *root = parsed(document);

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		if (json_path_fault(bad[i]) == NULL)
			fail_msg("%s is taken", bad[i]);
		(void)json_path_find(root, bad[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			values_are_found_by_names_numbers_and_conditions),
		cmocka_unit_test(what_is_not_there_is_nothing),
		cmocka_unit_test(what_is_no_path_is_told_and_finds_nothing),
	};

	return cmocka_run_group_tests(tests, start, end);
}
