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

#define SIGNER "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY="
#define OTHER_SIGNER "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo="
#define WEBHOOK                                                                \
	"webhook \"x\" { events = {after_login}\n"                             \
	"secret = {\"" SIGNER "\"}\n"

static void
webhook_is_taken_with_its_defaults(void **state)
{
	const struct config *c = loaded(
		*state, WEBHOOK "url = \"https://x.example/hook?a=b\" }\n");

	assert_int_equal(c->webhook_count, 1);
	assert_int_equal(c->webhook[0].timeout, 10);
	assert_false(c->webhook[0].allow_http);
	assert_false(c->webhook[0].allow_private);
}

static void
webhook_needs_a_safe_address(void **state)
{
	static const char *const wrong[][2] = {
		{"", "must begin with https://, or allow_http be set"},
		{"http://x.example/",
		 "must begin with https://, or allow_http be set"},
		{"file:///etc/passwd",
		 "must begin with https://, or allow_http be set"},
		{"https://", "names no server"},
		{"https:///x", "names no server"},
		{"https://a:b@x.example/", "must not hold a user's name"},
		{"https://x.example/a b", "holds a character that an address "
					  "must not have"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(wrong); i++) {
		char text[256];
		char words[256];

		(void)snprintf(text, sizeof(text), WEBHOOK "url = \"%s\" }\n",
			       wrong[i][0]);
		(void)snprintf(words, sizeof(words),
			       ":5: webhook \"x\".url: \"%s\" %s\n",
			       wrong[i][0], wrong[i][1]);
		refused(f, text, words);
	}
	(void)loaded(f, WEBHOOK "allow_http = true\n"
				"url = \"http://x.example/\" }\n");
}

static void
webhook_needs_secrets_that_sign(void **state)
{
	static const char head[] = "webhook \"x\" { events = {after_login}\n"
				   "url = \"https://x.example/\"\n";
	static const char *const wrong[] = {
		"secret", "whsec_", "whsec_c2hvcnQ=", "whsec_AA",
		"MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY="};
	struct fixture *f = *state;
	char text[512];

	(void)snprintf(text, sizeof(text), "%s}\n", head);
	refused(f, text,
		": webhook \"x\".secret: there is none: try echo "
		"whsec_$(openssl rand -base64 32)\n");
	for (size_t i = 0; i < countof(wrong); i++) {
		(void)snprintf(text, sizeof(text), "%ssecret = {\"%s\"} }\n",
			       head, wrong[i]);
		refused(f, text,
			":5: webhook \"x\".secret: a secret must be whsec_ and "
			"24 to 64 bytes in base64\n");
	}
}

static void
webhook_takes_more_secrets_from_a_file(void **state)
{
	struct fixture *f = *state;
	const struct config *c;
	char text[512];
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/s", f->folder);
	(void)snprintf(text, sizeof(text),
		       WEBHOOK "url = \"https://x.example/\"\n"
			       "secret_file = \"%s\" }\n",
		       path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("# the next one\n" OTHER_SIGNER "\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0640), 0);
	c = loaded(f, text);
	assert_int_equal(c->webhook[0].secret.count, 2);
	assert_string_equal(c->webhook[0].secret.items[1], OTHER_SIGNER);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(load(f, text), ERR_CONFIGURATION);
	assert_non_null(strstr(f->said, "others may read or write it"));
	assert_int_equal(unlink(path), 0);
}

#define MAIL                                                                   \
	"mail { from = \"accounts@example.org\"\n"                             \
	"base_url = \"https://x.example\"\n"

static void
mail_is_off_and_asks_for_nothing(void **state)
{
	assert_string_equal(loaded(*state, "")->mail.url, "");
}

static void
mail_is_taken_with_its_defaults(void **state)
{
	static const char *const urls[] = {
		"smtp://mail.example.org", "smtps://mail.example.org:465/me",
		"smtp://[::1]:2525", "sendmail:/bin/true"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(urls); i++) {
		const struct config *c;
		char text[256];

		(void)snprintf(text, sizeof(text), MAIL "url = \"%s\" }\n",
			       urls[i]);
		c = loaded(f, text);
		assert_string_equal(c->mail.tls, "required");
		assert_true(c->mail.verify && c->mail.reset &&
			    c->mail.password_changed && c->mail.email_changed);
		assert_false(c->mail.welcome);
	}
}

/* A line more in the section mail, the sixth, is refused in these words. */
static void
mail_refused(struct fixture *f, const char *line, const char *words)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       MAIL "url = \"smtp://mail.example.org\"\n%s }\n", line);
	refused(f, text, words);
}

static void
mail_that_could_not_be_sent_is_a_fault(void **state)
{
	struct fixture *f = *state;

	mail_refused(f, "url = \"mail.example.org\"",
		     ":6: mail.url: \"mail.example.org\" must begin with "
		     "smtp://, smtps:// or sendmail:/\n");
	mail_refused(f, "url = \"smtp://a:b@mail.example.org\"",
		     ":6: mail.url: \"smtp://a:b@mail.example.org\" may hold a "
		     "server's name, a port and a name for EHLO only\n");
	mail_refused(f, "url = \"smtp://\"",
		     ":6: mail.url: \"smtp://\" names no server\n");
	mail_refused(f, "url = \"sendmail:/no/such\"",
		     ":6: mail.url: \"sendmail:/no/such\" is not there\n");
	mail_refused(f, "from = \"a@b.example, c@d.example\"",
		     ":6: mail.from: \"a@b.example, c@d.example\" is no "
		     "address such as accounts@example.org\n");
	mail_refused(f, "language = \"../de\"",
		     ":6: mail.language: \"../de\" is no language such as "
		     "en\n");
	mail_refused(f, "time_limit = 118",
		     ":6: mail.time_limit: must be 3 seconds below "
		     "courier.lease\n");
	mail_refused(f, "templates = \"mails\"",
		     ":6: mail.templates: \"mails\" must be an absolute "
		     "path\n");
}

/* V42 */
static void
links_come_from_the_settings_alone(void **state)
{
	struct fixture *f = *state;

	mail_refused(f, "reset_link = \"/reset\"",
		     ":6: mail.reset_link: \"/reset\" must hold {token} "
		     "once\n");
	mail_refused(f, "reset_link = \"javascript:{token}\"",
		     ":6: mail.reset_link: \"javascript:{token}\" must begin "
		     "with https:// or http://\n");
	mail_refused(f, "verify_link = \"/a b{token}\"",
		     ":6: mail.verify_link: \"/a b{token}\" holds a character "
		     "that a link must not have\n");
	mail_refused(f, "base_url = \"https://x.example/\"",
		     ":6: mail.base_url: \"https://x.example/\" must not end "
		     "with /\n");
	refused(f,
		"mail { from = \"a@b.example\"\nurl = \"smtp://localhost\"\n"
		"verify_link = \"https://x.example/{token}\" }\n",
		": mail.reset_link: \"/reset-password?token={token}\" is a "
		"path, which asks for base_url\n");
}

static void
mail_password_does_not_travel_in_the_clear(void **state)
{
	struct fixture *f = *state;

	mail_refused(f, "user = \"me\"",
		     ":6: mail.user: asks for password or password_file\n");
	mail_refused(f, "user = \"me\" password = \"secret\" tls = none",
		     ":6: mail.tls: a password asks for tls = required, or it "
		     "might travel in the clear\n");
	(void)loaded(f, MAIL "url = \"smtp://localhost:25\" tls = none\n"
			     "user = \"me\" password = \"secret\" }\n");
	(void)loaded(f, MAIL "url = \"smtps://mail.example.org\" tls = none\n"
			     "user = \"me\" password = \"secret\" }\n");
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
		TEST(webhook_is_taken_with_its_defaults),
		TEST(webhook_needs_a_safe_address),
		TEST(webhook_needs_secrets_that_sign),
		TEST(webhook_takes_more_secrets_from_a_file),
		TEST(mail_is_off_and_asks_for_nothing),
		TEST(mail_is_taken_with_its_defaults),
		TEST(mail_that_could_not_be_sent_is_a_fault),
		TEST(links_come_from_the_settings_alone),
		TEST(mail_password_does_not_travel_in_the_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
