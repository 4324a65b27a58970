/* SPDX-License-Identifier: MIT */
/* Events on their way into the outbox and out of it, on SQLite. */
#include "core/event.h"

#include "core/account.h"
#include "core/sign_in.h"
#include "core/token_keys.h"
#include "event_fixture.h"

static void
events_have_names(void **state)
{
	enum event e;

	(void)state;
	assert_true(event_find("after_forgot_password", &e));
	assert_int_equal(e, EVENT_AFTER_FORGOT_PASSWORD);
	assert_string_equal(event_name(e), "after_forgot_password");
	assert_false(event_find("after_lunch", &e));
	assert_false(event_find("", &e));
}

static void
without_a_subscriber_nothing_is_written(void **state)
{
	const struct event_fact fact = {.event = EVENT_AFTER_LOGIN,
					.user = &anna};

	(void)state;
	assert_false(event_is_wanted(&cx, EVENT_AFTER_LOGIN));
	assert_int_equal(event_emit(&cx, &fact), OK);
	assert_int_equal(
		event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD, "a@b.co"), OK);
	event_subscribe(plan, &fake, "one", EVENT_BIT(EVENT_AFTER_DELETE));
	event_subscribe(plan, &fake, "none", 0);
	assert_int_equal(event_emit(&cx, &fact), OK);

	assert_int_equal(plan->count, 1);
	(void)rows(0);
}

static void
a_fact_is_written_once_for_each_subscriber(void **state)
{
	const struct event_fact fact = {.event = EVENT_AFTER_LOGIN,
					.user = &anna};
	struct outbox_row *r;

	(void)state;
	event_subscribe(plan, &fake, "one", EVENT_ALL);
	event_subscribe(plan, &fake, "two", EVENT_BIT(EVENT_AFTER_DELETE));
	event_subscribe(plan, &fake, "three", EVENT_BIT(EVENT_AFTER_LOGIN));
	assert_int_equal(event_emit(&cx, &fact), OK);

	r = rows(2);
	assert_string_equal(r[0].target, "fake:one");
	assert_string_equal(r[1].target, "fake:three");
	assert_string_equal(r[0].message_id, r[1].message_id);
	assert_string_equal(r[0].user_key, ANNA);
	assert_int_equal(r[0].due_at, NOW);
	assert_int_equal(r[0].expires_at, NOW + 100);
	assert_string_equal(event_target(plan, "fake:three")->name, "three");
	assert_null(event_target(plan, "fake:four"));
}

static void
a_fact_becomes_the_notice_it_was(void **state)
{
	const struct event_fact fact = {.event = EVENT_AFTER_UPDATE,
					.user = &anna,
					.changed = "{\"email\":\"x\"}",
					.old_email = "old@example.org",
					.password_changed = true};
	struct event_notice n;
	struct outbox_row *r;

	(void)state;
	cx.client = "192.0.2.1";
	event_subscribe(plan, &fake, "one", EVENT_ALL);
	assert_int_equal(event_emit(&cx, &fact), OK);
	r = rows(1);

	assert_int_equal(event_notice_make(&cx, r, &n), OK);
	assert_int_equal(n.event, EVENT_AFTER_UPDATE);
	assert_string_equal(n.email, "Anna@example.org");
	assert_string_equal(n.old_email, "old@example.org");
	assert_string_equal(n.client, "192.0.2.1");
	assert_string_equal(n.user_id, ANNA);
	assert_true(n.password_changed);
	assert_null(n.token);
	assert_string_equal(
		n.json,
		arena_printf(cx.mem,
			     "{\"id\":\"%s\",\"event\":\"after_update\","
			     "\"time\":\"2023-11-14T22:13:20Z\","
			     "\"user\":{\"id\":\"" ANNA "\","
			     "\"email\":\"Anna@example.org\"},"
			     "\"changed\":{\"email\":\"x\"},"
			     "\"password_changed\":true,"
			     "\"old_email\":\"old@example.org\","
			     "\"request\":{\"client\":\"192.0.2.1\"}}",
			     r->message_id));
}

static void
a_request_is_written_for_anybody_and_merged_while_it_waits(void **state)
{
	struct outbox_row *r;

	(void)state;
	event_subscribe(plan, &fake, "one", REQUESTS);
	assert_int_equal(event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD,
				       "Nobody@example.org"),
			 OK);
	assert_int_equal(event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD,
				       "noBODY@example.org"),
			 OK);
	assert_int_equal(event_request(&cx, EVENT_AFTER_REQUEST_VERIFY,
				       "nobody@example.org"),
			 OK);

	r = rows(2);
	assert_string_equal(r[0].target, OUTBOX_NOBODY);
	assert_string_equal(r[0].user_key, "nobody@example.org");
	assert_string_equal(r[0].payload, "{}");
	assert_string_equal(r[1].event, "after_request_verify");
}

static void
a_request_expands_to_rows_without_a_token_that_merge_too(void **state)
{
	struct outbox_row request;
	struct outbox_row *r;

	(void)state;
	event_subscribe(plan, &fake, "one", REQUESTS);
	event_subscribe(plan, &fake, "two", REQUESTS);
	assert_int_equal(event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD,
				       "anna@example.org"),
			 OK);
	request = *rows(1);
	assert_int_equal(event_expand(&cx, &request, ANNA), OK);
	assert_int_equal(event_expand(&cx, &request, ANNA), OK);

	r = rows(3);
	assert_string_equal(r[1].target, "fake:one");
	assert_string_equal(r[2].target, "fake:two");
	assert_string_equal(r[2].user_key, ANNA);
	assert_null(strstr(r[1].payload, "token"));
}

static enum err
notice_of(enum event e, struct event_notice *out)
{
	const struct outbox_row row = {
		.message_id = "msg_1",
		.event = event_name(e),
		.user_key = ANNA,
		.payload = "{}",
		.attempts = 1,
		.created_at = NOW,
	};

	return event_notice_make(&cx, &row, out);
}

static void
a_token_is_minted_when_the_notice_is_made(void **state)
{
	const struct json *claims;
	struct event_notice n;

	(void)state;
	assert_int_equal(notice_of(EVENT_AFTER_FORGOT_PASSWORD, &n), OK);
	assert_int_equal(ticket_read(&cx, TICKET_RESET, n.token, &claims), OK);
	assert_string_equal(ticket_text(claims, "sub"), ANNA);
	assert_string_equal(ticket_text(claims, "email"), "Anna@example.org");
	assert_int_equal(password_fingerprint_verify(
				 &cx, "$argon2id$old",
				 ticket_text(claims, "password_fgpt")),
			 OK);
	assert_int_equal(password_fingerprint_verify(
				 &cx, "$argon2id$new",
				 ticket_text(claims, "password_fgpt")),
			 ERR_BAD_TOKEN);
	assert_non_null(strstr(n.json, n.token));

	assert_int_equal(notice_of(EVENT_AFTER_REQUEST_VERIFY, &n), OK);
	assert_int_equal(ticket_read(&cx, TICKET_VERIFY, n.token, &claims), OK);
	assert_string_equal(ticket_text(claims, "email"), "Anna@example.org");
}

static void
who_may_have_no_token_gets_no_notice(void **state)
{
	static const bool yes = true;
	static const bool no = false;
	const struct user_change verified = {.is_verified = &yes};
	const struct user_change inactive = {.is_active = &no};
	struct event_notice n;
	struct user u;

	(void)state;
	assert_int_equal(user_update(cx.db, cx.mem, ANNA, &verified, &u), OK);
	assert_int_equal(notice_of(EVENT_AFTER_REQUEST_VERIFY, &n),
			 ERR_NOT_FOUND);
	assert_int_equal(notice_of(EVENT_AFTER_FORGOT_PASSWORD, &n), OK);
	assert_int_equal(user_update(cx.db, cx.mem, ANNA, &inactive, &u), OK);
	assert_int_equal(notice_of(EVENT_AFTER_FORGOT_PASSWORD, &n),
			 ERR_NOT_FOUND);
	assert_int_equal(user_delete(cx.db, cx.mem, ANNA, 0), OK);
	assert_int_equal(notice_of(EVENT_AFTER_FORGOT_PASSWORD, &n),
			 ERR_NOT_FOUND);
}

static void
a_deleted_user_is_told_of_as_he_was_at_last(void **state)
{
	const struct user_change change = {.email = "new@example.org"};
	const char *reason;
	struct user u;

	(void)state;
	event_subscribe(plan, &fake, "one", EVENT_BIT(EVENT_AFTER_DELETE));
	assert_int_equal(user_update(cx.db, cx.mem, ANNA, &change, &u), OK);
	assert_int_equal(account_delete(&cx, &anna, NULL, &reason), OK);

	assert_non_null(strstr(rows(1)[0].payload, "new@example.org"));
	assert_int_equal(account_delete(&cx, &anna, NULL, &reason),
			 ERR_NOT_FOUND);
	(void)rows(1);
}

static void
of_a_login_all_are_told_or_nobody(void **state)
{
	struct fixture *f = *state;
	struct backend_settings backend = {.title = "b",
					   .strategy = "jwt",
					   .algorithm = "HS256",
					   .lifetime = 60};
	const char *token;

	conf.backend = &backend;
	conf.backend_count = 1;
	conf.jwt.audience = "us";
	conf.secrets.jwt = (struct text_list){secrets, 1};
	assert_int_equal(token_keys_open(&conf, 0, &cx.keys), OK);
	event_subscribe(plan, &fake, "one", EVENT_BIT(EVENT_AFTER_LOGIN));
	event_subscribe(plan, &fake, "two", EVENT_BIT(EVENT_AFTER_LOGIN));
	assert_int_equal(
		db_script(f->db, "CREATE TRIGGER no BEFORE INSERT ON fcu_outbox"
				 " WHEN NEW.target = 'fake:two'"
				 " BEGIN SELECT RAISE(ABORT, 'no'); END"),
		OK);

	assert_int_not_equal(sign_in_start(&cx, &backend, &anna, &token), OK);
	(void)rows(0);
	assert_int_equal(db_script(f->db, "DROP TRIGGER no"), OK);
	assert_int_equal(sign_in_start(&cx, &backend, &anna, &token), OK);
	(void)rows(2);
	token_keys_close(cx.keys);
}

static void
a_row_that_cannot_be_read_is_invalid(void **state)
{
	static const struct {
		const char *event;
		const char *payload;
	} bad[] = {
		{"after_lunch", "{}"},
		{"after_login", ""},
		{"after_login", "[]"},
		{"after_login", "{}"},
		{"after_login", "{\"user\":{}}"},
		{"after_login", "{\"user\":{\"email\":1}}"},
	};
	struct event_notice n;

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		const struct outbox_row row = {.message_id = "m",
					       .event = bad[i].event,
					       .user_key = ANNA,
					       .payload = bad[i].payload};

		assert_int_equal(event_notice_make(&cx, &row, &n), ERR_INVALID);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(events_have_names),
		TEST(without_a_subscriber_nothing_is_written),
		TEST(a_fact_is_written_once_for_each_subscriber),
		TEST(a_fact_becomes_the_notice_it_was),
		TEST(a_request_is_written_for_anybody_and_merged_while_it_waits),
		TEST(a_request_expands_to_rows_without_a_token_that_merge_too),
		TEST(a_token_is_minted_when_the_notice_is_made),
		TEST(who_may_have_no_token_gets_no_notice),
		TEST(a_deleted_user_is_told_of_as_he_was_at_last),
		TEST(of_a_login_all_are_told_or_nobody),
		TEST(a_row_that_cannot_be_read_is_invalid),
	};

	if (!fixture_has_sqlite())
		return 0;
	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
