/* SPDX-License-Identifier: MIT */
/* The courier, with a way to deliver that does as it is told, on SQLite. */
#include "core/courier.h"

#include "event_fixture.h"

#define BERT "00000000-0000-4000-8000-00000000000b"

static struct courier *courier;
static struct user bert;

static int
courier_set_up(void **state)
{
	assert_int_equal(set_up(state), 0);
	bert = anna;
	bert.id = BERT;
	bert.email = "bert@example.org";
	assert_int_equal(user_insert(cx.db, cx.mem, &bert, 5), OK);
	return 0;
}

static int
courier_tear_down(void **state)
{
	courier_close(courier);
	courier = NULL;
	return tear_down(state);
}

static void
subscribe(const char *name, event_set events)
{
	event_subscribe(plan, &fake, name, events);
}

static void
emit(enum event e, const struct user *u)
{
	const struct event_fact fact = {.event = e, .user = u};

	assert_int_equal(event_emit(&cx, &fact), OK);
}

static bool
step(void)
{
	bool worked;

	if (courier == NULL)
		courier = courier_open(&cx);
	cx.now = now;
	assert_int_equal(
		courier_step(courier, &cx, (now - NOW) * 1000, &worked), OK);
	return worked;
}

static void
run(void)
{
	while (step())
		continue;
}

static struct outbox_row *
rows_in(const char *state, size_t expected)
{
	const struct outbox_filter filter = {.state = state};
	struct outbox_row *out;
	size_t count;

	assert_int_equal(outbox_list(cx.db, cx.mem, &filter, 99, &out, &count),
			 OK);
	assert_int_equal(count, expected);
	return out;
}

static void
what_is_due_is_delivered_in_order_and_gone(void **state)
{
	(void)state;
	subscribe("one", EVENT_ALL);
	emit(EVENT_AFTER_REGISTER, &anna);
	emit(EVENT_AFTER_LOGIN, &anna);
	emit(EVENT_AFTER_REGISTER, &bert);

	run();

	assert_string_equal(told.data, "one after_register Anna@example.org\n"
				       "one after_login Anna@example.org\n"
				       "one after_register bert@example.org\n");
	(void)rows(0);
	assert_false(step());
}

static void
a_failure_holds_up_that_user_alone(void **state)
{
	struct outbox_row *r;

	(void)state;
	subscribe("one", EVENT_ALL);
	emit(EVENT_AFTER_REGISTER, &anna);
	emit(EVENT_AFTER_LOGIN, &anna);
	emit(EVENT_AFTER_REGISTER, &bert);
	outcome = ERR_IO;
	assert_true(step());
	outcome = OK;
	run();

	r = rows_in(OUTBOX_WAITING, 2);
	assert_string_equal(r[0].last_error, "told to");
	assert_int_equal(r[0].attempts, 1);
	assert_int_equal(r[0].claimed_until, 0);
	assert_null(r[1].last_error);
	now += 4;
	run();
	(void)rows(0);
}

static void
pauses_double_up_to_the_most_with_jitter(void **state)
{
	static const int64_t longest[] = {4, 8, 16, 16, 16};

	(void)state;
	conf.courier.max_age = 1000;
	subscribe("one", EVENT_ALL);
	emit(EVENT_AFTER_LOGIN, &anna);
	outcome = ERR_IO;
	for (size_t i = 0; i < countof(longest); i++) {
		int64_t pause;

		run();
		pause = rows(1)->due_at - now;
		assert_in_range(pause, longest[i] / 2, longest[i]);
		/* Past any pause of the target, too. */
		now += 100;
	}
}

static void
the_other_side_may_ask_for_more_time(void **state)
{
	(void)state;
	conf.courier.max_age = 1000000;
	subscribe("one", EVENT_ALL);
	emit(EVENT_AFTER_LOGIN, &anna);
	outcome = ERR_IO;
	retry_after = 500;
	run();
	assert_int_equal(rows(1)->due_at, now + 500);
	now += 500;
	retry_after = 86401;
	run();
	assert_int_equal(rows(1)->due_at, now + 86400);
}

static void
what_will_never_arrive_is_dead_at_once(void **state)
{
	(void)state;
	subscribe("one", EVENT_ALL);
	emit(EVENT_AFTER_REGISTER, &anna);
	emit(EVENT_AFTER_LOGIN, &anna);
	outcome = ERR_INVALID;
	assert_true(step());
	outcome = OK;
	run();

	assert_string_equal(rows_in(OUTBOX_DEAD, 1)->last_error, "told to");
	(void)rows_in(OUTBOX_WAITING, 0);
}

static void
what_is_too_old_is_dead_and_kept(void **state)
{
	(void)state;
	subscribe("one", EVENT_ALL);
	emit(EVENT_AFTER_LOGIN, &anna);
	outcome = ERR_IO;
	run();
	now += 100;
	run();

	assert_string_equal(rows_in(OUTBOX_DEAD, 1)->last_error, "told to");
	now += 1000;
	run();
	(void)rows_in(OUTBOX_DEAD, 1);
}

static void
rows_of_a_target_that_is_gone_wait_and_then_die(void **state)
{
	(void)state;
	subscribe("one", EVENT_ALL);
	emit(EVENT_AFTER_LOGIN, &anna);
	plan->targets[0].key = "fake:two";

	run();
	(void)rows_in(OUTBOX_WAITING, 1);
	now += 100;
	run();

	assert_string_equal(rows_in(OUTBOX_DEAD, 1)->last_error,
			    "never delivered");
	assert_int_equal(told.len, 0);
}

static void
a_target_that_fails_lets_the_others_go_first(void **state)
{
	(void)state;
	conf.courier.max_age = 1000;
	subscribe("bad", EVENT_ALL);
	for (int i = 0; i < 9; i++) {
		struct user u = anna;

		u.id = arena_printf(cx.mem, "user %d", i);
		emit(EVENT_AFTER_LOGIN, &u);
	}
	outcome = ERR_IO;
	run();
	/* Three failures, then a pause of a second. */
	assert_int_equal(told.len,
			 3 * strlen("bad after_login Anna@example.org\n"));
	outcome = OK;
	run();
	(void)rows(9);
	now += 1;
	run();
	(void)rows(3);
	now += 100;
	run();
	(void)rows(0);
}

static void
a_request_reaches_who_has_the_address_with_a_token(void **state)
{
	(void)state;
	subscribe("one", REQUESTS);
	assert_int_equal(event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD,
				       "ANNA@example.org"),
			 OK);
	assert_int_equal(event_request(&cx, EVENT_AFTER_REQUEST_VERIFY,
				       "anna@example.org"),
			 OK);
	run();

	assert_string_equal(told.data,
			    "one after_forgot_password Anna@example.org\n"
			    "one after_request_verify Anna@example.org\n");
	(void)rows(0);
}

static void
a_request_for_a_stranger_is_dropped(void **state)
{
	(void)state;
	subscribe("one", REQUESTS);
	assert_int_equal(event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD,
				       "nobody@example.org"),
			 OK);
	run();

	assert_int_equal(told.len, 0);
	(void)rows(0);
}

static void
who_may_have_no_token_gets_none(void **state)
{
	static const bool yes = true;
	static const bool no = false;
	const struct user_change verified = {.is_verified = &yes};
	const struct user_change inactive = {.is_active = &no};
	struct user u;

	(void)state;
	subscribe("one", REQUESTS);
	assert_int_equal(user_update(cx.db, cx.mem, ANNA, &verified, &u), OK);
	assert_int_equal(user_update(cx.db, cx.mem, BERT, &inactive, &u), OK);
	assert_int_equal(
		event_request(&cx, EVENT_AFTER_REQUEST_VERIFY, anna.email), OK);
	assert_int_equal(
		event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD, bert.email),
		OK);
	run();

	assert_int_equal(told.len, 0);
	(void)rows(0);
}

static void
a_user_who_goes_before_his_token_comes_gets_none(void **state)
{
	(void)state;
	subscribe("one", REQUESTS);
	assert_int_equal(
		event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD, anna.email),
		OK);
	assert_true(step());
	assert_int_equal(user_delete(cx.db, cx.mem, ANNA, 0), OK);
	run();

	assert_int_equal(told.len, 0);
	(void)rows(0);
}

static void
requests_that_cannot_be_delivered_do_not_pile_up(void **state)
{
	(void)state;
	conf.courier.max_age = 1000;
	subscribe("one", REQUESTS);
	outcome = ERR_IO;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(event_request(&cx, EVENT_AFTER_FORGOT_PASSWORD,
					       anna.email),
				 OK);
		run();
		now += 1;
	}
	(void)rows(1);
	outcome = OK;
	now += 100;
	buf_reset(&told);
	run();

	assert_string_equal(told.data,
			    "one after_forgot_password Anna@example.org\n");
	(void)rows(0);
}

static void
what_a_dead_courier_had_begun_comes_again_after_the_lease(void **state)
{
	struct outbox_row row;

	(void)state;
	subscribe("one", EVENT_ALL);
	emit(EVENT_AFTER_LOGIN, &anna);
	assert_int_equal(
		outbox_claim(cx.db, cx.mem, "fake:one", now, now + 20, &row),
		OK);
	run();
	assert_int_equal(told.len, 0);
	now += 20;
	run();

	assert_string_equal(told.data, "one after_login Anna@example.org\n");
	(void)rows(0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, courier_set_up, courier_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_due_is_delivered_in_order_and_gone),
		TEST(a_failure_holds_up_that_user_alone),
		TEST(pauses_double_up_to_the_most_with_jitter),
		TEST(the_other_side_may_ask_for_more_time),
		TEST(what_will_never_arrive_is_dead_at_once),
		TEST(what_is_too_old_is_dead_and_kept),
		TEST(rows_of_a_target_that_is_gone_wait_and_then_die),
		TEST(a_target_that_fails_lets_the_others_go_first),
		TEST(a_request_reaches_who_has_the_address_with_a_token),
		TEST(a_request_for_a_stranger_is_dropped),
		TEST(who_may_have_no_token_gets_none),
		TEST(a_user_who_goes_before_his_token_comes_gets_none),
		TEST(requests_that_cannot_be_delivered_do_not_pile_up),
		TEST(what_a_dead_courier_had_begun_comes_again_after_the_lease),
	};

	if (!fixture_has_sqlite())
		return 0;
	return cmocka_run_group_tests_name("courier", tests, NULL, NULL);
}
