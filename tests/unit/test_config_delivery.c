/* SPDX-License-Identifier: MIT */
/* The settings of those who are told of events. */
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

	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/delivery.XXXXXX");
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

static void
hook_is_taken_with_its_defaults(void **state)
{
	const struct config *c =
		loaded(*state, "hook \"x\" {\nprogram = \"/bin/true\"\n"
			       "arguments = {\"-a\", \"b c\"}\n"
			       "events = {validate_password, before_delete}\n"
			       "}\n");

	assert_int_equal(c->hook_count, 1);
	assert_string_equal(c->hook[0].title, "x");
	assert_int_equal(c->hook[0].arguments.count, 2);
	assert_string_equal(c->hook[0].arguments.items[1], "b c");
	assert_int_equal(c->hook[0].events.count, 2);
	assert_int_equal(c->hook[0].timeout, 5);
}

static void
hook_needs_a_program_that_can_be_trusted(void **state)
{
	struct fixture *f = *state;

	refused(f, "hook \"x\" { events = {before_delete} }\n",
		": hook \"x\".program: \"\" is not set\n");
	refused(f,
		"hook \"x\" {\nevents = {before_delete}\n"
		"program = \"true\"\n}\n",
		":5: hook \"x\".program: \"true\" must be an absolute path\n");
	refused(f,
		"hook \"x\" {\nevents = {before_delete}\n"
		"program = \"/no/such\"\n}\n",
		":5: hook \"x\".program: \"/no/such\" is not there\n");
	refused(f,
		"hook \"x\" {\nevents = {before_delete}\n"
		"program = \"/etc/passwd\"\n}\n",
		":5: hook \"x\".program: \"/etc/passwd\" is no file that can "
		"be run\n");
}

static void
hook_needs_events_that_there_are(void **state)
{
	struct fixture *f = *state;

	refused(f, "hook \"x\" { program = \"/bin/true\" }\n",
		": hook \"x\".events: is empty, so that it would never be "
		"run\n");
	assert_int_equal(load(f, "hook \"x\" {\nprogram = \"/bin/true\"\n"
				 "events = {before_lunch}\n}\n"),
			 ERR_CONFIGURATION);
	assert_non_null(strstr(f->said,
			       ":5: hook \"x\".events: \"before_lunch\" is not "
			       "one of validate_password, before_delete"));
}

static void
hooks_that_a_request_waits_for_must_be_quicker_than_it(void **state)
{
	struct fixture *f = *state;

	(void)loaded(f, "hook \"x\" { program = \"/bin/true\"\n"
			"events = {before_delete}\ntimeout = 18 }\n");
	refused(f,
		"hook \"x\" { program = \"/bin/true\"\n"
		"events = {before_delete}\ntimeout = 9 }\n"
		"hook \"y\" { program = \"/bin/true\"\n"
		"events = {before_delete}\ntimeout = 10 }\n",
		":8: hook \"y\".timeout: a request that waits for "
		"before_delete would take longer than server.request_limit\n");
}

static void
hooks_leave_a_password_its_turn_to_be_hashed(void **state)
{
	struct fixture *f = *state;

	(void)loaded(f, "password { wait_limit = 10 }\n"
			"hook \"x\" { program = \"/bin/true\"\n"
			"events = {validate_password}\ntimeout = 8 }\n");
	refused(f,
		"password { wait_limit = 10 }\n"
		"hook \"x\" { program = \"/bin/true\"\n"
		"events = {validate_password}\ntimeout = 9 }\n",
		":6: hook \"x\".timeout: a request that waits for "
		"validate_password and for password.wait_limit would take "
		"longer than server.request_limit\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hook_is_taken_with_its_defaults),
		TEST(hook_needs_a_program_that_can_be_trusted),
		TEST(hook_needs_events_that_there_are),
		TEST(hooks_that_a_request_waits_for_must_be_quicker_than_it),
		TEST(hooks_leave_a_password_its_turn_to_be_hashed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
