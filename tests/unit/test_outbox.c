/* SPDX-License-Identifier: MIT */
#include "db_fixture.h"

#include <sys/wait.h>
#include <time.h>

#include "base/attr.h"
#include "db/migrate.h"
#include "store/outbox.h"

#define NOW INT64_C(1700000000)
#define HOOK "hook:audit"
#define MAIL "mail:mail"

static void
tables_make(struct fixture *f)
{
	const struct migrate_watch watch = {0};
	const char *why;

	assert_int_equal(migrate_apply(f->db, f->mem, 1, &watch, &why), OK);
}

static struct outbox_row
row_of(const char *target, const char *user_key)
{
	return (struct outbox_row){
		.message_id = "msg_1",
		.event = "after_login",
		.target = target,
		.user_key = user_key,
		.payload = "{\"user\":{}}",
		.created_at = NOW,
		.due_at = NOW,
		.expires_at = NOW + 100,
	};
}

static void
put(struct fixture *f, const char *target, const char *user_key)
{
	const struct outbox_row row = row_of(target, user_key);

	assert_int_equal(outbox_insert(f->db, f->mem, &row), OK);
}

static struct outbox_row
claim(struct fixture *f, int64_t now)
{
	struct outbox_row row = {0};

	assert_int_equal(outbox_claim(f->db, f->mem, HOOK, now, now + 10, &row),
			 OK);
	return row;
}

static void
expect_none(struct fixture *f, int64_t now)
{
	struct outbox_row row;

	assert_int_equal(outbox_claim(f->db, f->mem, HOOK, now, now + 10, &row),
			 ERR_NOT_FOUND);
}

static int64_t
count(struct fixture *f, const char *state)
{
	int64_t n;

	assert_int_equal(outbox_count(f->db, f->mem, state, &n), OK);
	return n;
}

static void
a_claimed_row_is_whole(void **state)
{
	struct fixture *f = *state;
	struct outbox_row row;

	tables_make(f);
	put(f, HOOK, "anna");

	row = claim(f, NOW);

	assert_string_equal(row.message_id, "msg_1");
	assert_string_equal(row.event, "after_login");
	assert_string_equal(row.target, HOOK);
	assert_string_equal(row.user_key, "anna");
	assert_string_equal(row.payload, "{\"user\":{}}");
	assert_string_equal(row.state, OUTBOX_WAITING);
	assert_int_equal(row.attempts, 1);
	assert_int_equal(row.created_at, NOW);
	assert_int_equal(row.due_at, NOW);
	assert_int_equal(row.claimed_until, NOW + 10);
	assert_int_equal(row.expires_at, NOW + 100);
	assert_null(row.last_error);
}

static void
a_claim_holds_until_its_lease_ends(void **state)
{
	struct fixture *f = *state;

	tables_make(f);
	put(f, HOOK, "anna");

	assert_int_equal(claim(f, NOW).attempts, 1);
	expect_none(f, NOW + 9);
	assert_int_equal(claim(f, NOW + 10).attempts, 2);
}

static void
one_users_rows_go_in_order_and_others_do_not_wait(void **state)
{
	struct fixture *f = *state;
	struct outbox_row first;
	struct outbox_row other;

	tables_make(f);
	put(f, HOOK, "anna");
	put(f, HOOK, "anna");
	put(f, HOOK, "bert");

	first = claim(f, NOW);
	other = claim(f, NOW);
	assert_string_equal(first.user_key, "anna");
	assert_string_equal(other.user_key, "bert");
	expect_none(f, NOW);
	assert_int_equal(outbox_done(f->db, f->mem, &other), OK);

	assert_int_equal(outbox_postpone(f->db, f->mem, &first, NOW + 50, "no"),
			 OK);
	expect_none(f, NOW + 1);
	assert_int_equal(claim(f, NOW + 50).id, first.id);
}

static void
targets_do_not_wait_for_each_other(void **state)
{
	struct fixture *f = *state;
	struct outbox_row row;

	tables_make(f);
	put(f, MAIL, "anna");
	put(f, HOOK, "anna");

	assert_string_equal(claim(f, NOW).target, HOOK);
	assert_int_equal(outbox_claim(f->db, f->mem, MAIL, NOW, NOW + 1, &row),
			 OK);
}

static void
a_delivered_row_is_gone_and_the_next_comes(void **state)
{
	struct fixture *f = *state;
	struct outbox_row row;

	tables_make(f);
	put(f, HOOK, "anna");
	put(f, HOOK, "anna");

	row = claim(f, NOW);
	assert_int_equal(outbox_done(f->db, f->mem, &row), OK);

	assert_true(claim(f, NOW).id > row.id);
	assert_int_equal(count(f, OUTBOX_WAITING), 1);
}

static void
a_dead_row_is_kept_and_holds_nobody_up(void **state)
{
	struct fixture *f = *state;
	struct outbox_row row;

	tables_make(f);
	put(f, HOOK, "anna");
	put(f, HOOK, "anna");

	row = claim(f, NOW);
	assert_int_equal(outbox_bury(f->db, f->mem, &row, "refused"), OK);

	assert_true(claim(f, NOW).id > row.id);
	assert_int_equal(count(f, OUTBOX_DEAD), 1);
}

static void
whoever_lost_his_claim_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct outbox_row late;

	tables_make(f);
	put(f, HOOK, "anna");
	late = claim(f, NOW);
	(void)claim(f, NOW + 10);

	assert_int_equal(outbox_done(f->db, f->mem, &late), ERR_NOT_FOUND);
	assert_int_equal(outbox_postpone(f->db, f->mem, &late, NOW, "no"),
			 ERR_NOT_FOUND);
	assert_int_equal(outbox_bury(f->db, f->mem, &late, "no"),
			 ERR_NOT_FOUND);
	assert_int_equal(count(f, OUTBOX_WAITING), 1);
}

static void
rows_that_share_a_key_are_merged_while_one_waits(void **state)
{
	struct fixture *f = *state;
	struct outbox_row row = row_of(HOOK, "anna");

	tables_make(f);
	row.merge_key = "after_forgot_password anna";
	assert_int_equal(outbox_insert(f->db, f->mem, &row), OK);
	assert_int_equal(outbox_insert(f->db, f->mem, &row), OK);
	assert_int_equal(count(f, OUTBOX_WAITING), 1);

	row = claim(f, NOW);
	assert_int_equal(outbox_bury(f->db, f->mem, &row, "no"), OK);
	row = row_of(HOOK, "anna");
	row.merge_key = "after_forgot_password anna";
	assert_int_equal(outbox_insert(f->db, f->mem, &row), OK);
	assert_int_equal(count(f, OUTBOX_WAITING), 1);
}

static void
expired_rows_are_given_up_unless_claimed(void **state)
{
	struct fixture *f = *state;
	int64_t n;

	tables_make(f);
	put(f, HOOK, "anna");
	put(f, HOOK, "bert");
	(void)claim(f, NOW + 95);

	assert_int_equal(outbox_expire(f->db, f->mem, NOW + 99, &n), OK);
	assert_int_equal(n, 0);
	assert_int_equal(outbox_expire(f->db, f->mem, NOW + 100, &n), OK);
	assert_int_equal(n, 1);
	assert_int_equal(outbox_expire(f->db, f->mem, NOW + 105, &n), OK);
	assert_int_equal(n, 1);
	assert_int_equal(count(f, OUTBOX_DEAD), 2);
	expect_none(f, NOW + 200);
}

static void
rows_are_listed_by_what_is_asked_for_in_pages(void **state)
{
	struct outbox_filter filter = {0};
	struct fixture *f = *state;
	struct outbox_row *rows;
	size_t n;

	tables_make(f);
	put(f, HOOK, "anna");
	put(f, MAIL, "anna");
	put(f, HOOK, "bert");

	assert_int_equal(outbox_list(f->db, f->mem, &filter, 2, &rows, &n), OK);
	assert_int_equal(n, 2);
	filter.after = rows[1].id;
	assert_int_equal(outbox_list(f->db, f->mem, &filter, 2, &rows, &n), OK);
	assert_int_equal(n, 1);
	assert_string_equal(rows[0].user_key, "bert");
	filter = (struct outbox_filter){.target = HOOK,
					.user_key = "anna",
					.event = "after_login",
					.state = OUTBOX_WAITING};
	assert_int_equal(outbox_list(f->db, f->mem, &filter, 9, &rows, &n), OK);
	assert_int_equal(n, 1);
	filter.state = OUTBOX_DEAD;
	assert_int_equal(outbox_list(f->db, f->mem, &filter, 9, &rows, &n), OK);
	assert_int_equal(n, 0);
}

static void
dead_rows_can_be_made_to_wait_again(void **state)
{
	const struct outbox_filter dead = {.state = OUTBOX_DEAD};
	struct fixture *f = *state;
	struct outbox_row row;
	int64_t n;

	tables_make(f);
	put(f, HOOK, "anna");
	row = claim(f, NOW);
	assert_int_equal(outbox_bury(f->db, f->mem, &row, "refused"), OK);

	assert_int_equal(
		outbox_retry(f->db, f->mem, &dead, NOW + 200, NOW + 300, &n),
		OK);
	assert_int_equal(n, 1);
	row = claim(f, NOW + 200);
	assert_int_equal(row.attempts - row.attempts_before, 1);
	assert_int_equal(row.expires_at, NOW + 300);
	assert_string_equal(row.last_error, "refused");
}

static void
a_row_that_waits_anew_is_not_settled_by_who_held_it_before(void **state)
{
	const struct outbox_filter all = {0};
	struct fixture *f = *state;
	struct outbox_row late;
	int64_t n;

	tables_make(f);
	put(f, HOOK, "anna");
	late = claim(f, NOW);
	assert_int_equal(
		outbox_retry(f->db, f->mem, &all, NOW + 20, NOW + 300, &n), OK);
	(void)claim(f, NOW + 20);

	assert_int_equal(outbox_done(f->db, f->mem, &late), ERR_NOT_FOUND);
	assert_int_equal(outbox_bury(f->db, f->mem, &late, "no"),
			 ERR_NOT_FOUND);
	assert_int_equal(count(f, OUTBOX_WAITING), 1);
}

static void
a_row_is_settled_whatever_the_error_is(void **state)
{
	struct fixture *f = *state;
	struct outbox_row row;
	char error[5000];

	tables_make(f);
	memset(error, 'x', sizeof(error));
	memcpy(error, "\xff\n\x80", 3);
	error[sizeof(error) - 1] = '\0';
	put(f, HOOK, "anna");

	row = claim(f, NOW);
	assert_int_equal(outbox_postpone(f->db, f->mem, &row, NOW + 5, error),
			 OK);
	row = claim(f, NOW + 5);
	assert_memory_equal(row.last_error, "???xxx", 6);
	assert_int_equal(outbox_bury(f->db, f->mem, &row, error), OK);

	assert_int_equal(count(f, OUTBOX_DEAD), 1);
}

static void
who_asks_again_need_not_wait_out_a_failure(void **state)
{
	struct fixture *f = *state;
	struct outbox_row row = row_of(HOOK, "anna");
	struct outbox_row again = row_of(HOOK, "anna");

	tables_make(f);
	again.merge_key = row.merge_key = "after_forgot_password anna";
	again.due_at = NOW + 20;
	assert_int_equal(outbox_insert(f->db, f->mem, &row), OK);
	row = claim(f, NOW);
	assert_int_equal(outbox_postpone(f->db, f->mem, &row, NOW + 60, "no"),
			 OK);

	assert_int_equal(outbox_insert(f->db, f->mem, &again), OK);

	expect_none(f, NOW + 19);
	(void)claim(f, NOW + 20);
}

static void
requests_that_expired_are_forgotten_and_dead_rows_later(void **state)
{
	struct fixture *f = *state;
	int64_t n;

	tables_make(f);
	put(f, OUTBOX_NOBODY, "anna@example.com");
	put(f, HOOK, "anna");

	assert_int_equal(outbox_expire(f->db, f->mem, NOW + 100, &n), OK);
	assert_int_equal(n, 1);
	assert_int_equal(count(f, OUTBOX_DEAD), 1);
	assert_int_equal(outbox_forget_dead(f->db, f->mem, NOW + 99), OK);
	assert_int_equal(count(f, OUTBOX_DEAD), 1);
	assert_int_equal(outbox_forget_dead(f->db, f->mem, NOW + 100), OK);
	assert_int_equal(count(f, OUTBOX_DEAD), 0);
}

static void
rows_are_dropped_by_what_is_asked_for_but_not_under_a_courier(void **state)
{
	struct outbox_filter filter = {.target = HOOK};
	struct fixture *f = *state;
	struct outbox_row row;
	int64_t n;

	tables_make(f);
	put(f, HOOK, "anna");
	put(f, HOOK, "bert");
	put(f, MAIL, "anna");
	row = claim(f, NOW);

	assert_int_equal(outbox_drop(f->db, f->mem, &filter, NOW, &n), OK);
	assert_int_equal(n, 1);
	filter = (struct outbox_filter){.id = row.id};
	assert_int_equal(outbox_drop(f->db, f->mem, &filter, NOW + 10, &n), OK);
	assert_int_equal(n, 1);
	assert_int_equal(count(f, OUTBOX_WAITING), 1);
}

/* What a claim in a transaction of its own needs. */
struct rival {
	struct fixture *f;
	int ready;
};

static enum err
claim_slowly(struct db *db, void *arg)
{
	const struct rival *r = arg;
	const struct timespec while_it_waits = {.tv_nsec = 300000000};
	struct outbox_row row;
	enum err e = outbox_claim(db, r->f->mem, HOOK, NOW, NOW + 10, &row);

	if (e == OK && write(r->ready, "", 1) != 1)
		e = ERR_IO;
	(void)nanosleep(&while_it_waits, NULL);
	return e;
}

/* The other one's statement waits for the lock, and must look again then. */
static void
two_couriers_never_hold_one_row(void **state)
{
	struct fixture *f = *state;
	struct outbox_row two;
	int fds[2];
	int status;
	pid_t pid;
	char c;

	tables_make(f);
	put(f, HOOK, "anna");
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct rival r = {f, fds[1]};
		struct db *db = fixture_open(f->url, 10, true);

		_exit(db_transact(db, claim_slowly, &r) == OK ? 0 : 1);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);

	assert_int_equal(
		outbox_claim(f->other, f->mem, HOOK, NOW, NOW + 10, &two),
		ERR_NOT_FOUND);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

#define TESTS(RUN)                                                                  \
	RUN(a_claimed_row_is_whole), RUN(a_claim_holds_until_its_lease_ends),       \
		RUN(one_users_rows_go_in_order_and_others_do_not_wait),             \
		RUN(targets_do_not_wait_for_each_other),                            \
		RUN(a_delivered_row_is_gone_and_the_next_comes),                    \
		RUN(a_dead_row_is_kept_and_holds_nobody_up),                        \
		RUN(whoever_lost_his_claim_changes_nothing),                        \
		RUN(rows_that_share_a_key_are_merged_while_one_waits),              \
		RUN(expired_rows_are_given_up_unless_claimed),                      \
		RUN(rows_are_listed_by_what_is_asked_for_in_pages),                 \
		RUN(dead_rows_can_be_made_to_wait_again),                           \
		RUN(a_row_that_waits_anew_is_not_settled_by_who_held_it_before),    \
		RUN(a_row_is_settled_whatever_the_error_is),                        \
		RUN(who_asks_again_need_not_wait_out_a_failure),                    \
		RUN(requests_that_expired_are_forgotten_and_dead_rows_later),       \
		RUN(rows_are_dropped_by_what_is_asked_for_but_not_under_a_courier), \
		RUN(two_couriers_never_hold_one_row)

int
main(void)
{
	static const struct CMUnitTest on_sqlite[] = {TESTS(ON_SQLITE)};
	static const struct CMUnitTest on_postgresql[] = {TESTS(ON_POSTGRESQL)};
	int failed = 0;

	if (fixture_has_sqlite())
		failed += cmocka_run_group_tests_name("outbox on SQLite",
						      on_sqlite, NULL, NULL);
	if (fixture_has_postgresql())
		failed += cmocka_run_group_tests_name(
			"outbox on PostgreSQL", on_postgresql, NULL, NULL);
	return failed;
}
