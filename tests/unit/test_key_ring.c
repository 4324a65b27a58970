/* SPDX-License-Identifier: MIT */
/* The file of signing keys: its states, and what is refused. */
#include "base/key_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "jws_keys.h"

#define NOW INT64_C(1700000000)

struct fixture {
	struct arena *mem;
	struct key_ring ring;
	char folder[32];
	char path[64];
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->mem = arena_open(0, 1 << 24);
	assert_null(key_ring_parse(f->mem, "", 0, &f->ring));
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/fcu-ring-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/ring", f->folder);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const ends[] = {"", ".lock", ".new"};
	struct fixture *f = *state;
	char path[80];

	for (size_t i = 0; i < countof(ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		(void)unlink(path);
	}
	(void)rmdir(f->folder);
	key_ring_close(&f->ring);
	arena_close(f->mem);
	free(f);
	return 0;
}

static const char *
text_of(struct fixture *f)
{
	struct buf b;

	buf_init(&b, f->mem, 1024);
	key_ring_write(&f->ring, &b);
	return b.data;
}

static void
what_is_written_is_read_again(void **state)
{
	struct fixture *f = *state;
	struct key_ring again;
	const char *text;

	(void)key_ring_add(&f->ring, JWS_ES256, RING_CURRENT, NOW);
	(void)key_ring_add(&f->ring, JWS_ES256, RING_NEXT, NOW);
	(void)key_ring_add(&f->ring, JWS_EDDSA, RING_CURRENT, NOW + 1);
	key_ring_advance(&f->ring, JWS_ES256, NOW + 2, -1);
	text = text_of(f);

	assert_null(key_ring_parse(f->mem, text, strlen(text), &again));
	assert_int_equal(again.count, 3);
	for (size_t i = 0; i < again.count; i++) {
		assert_string_equal(again.keys[i].kid, f->ring.keys[i].kid);
		assert_int_equal(again.keys[i].state, f->ring.keys[i].state);
		assert_int_equal(again.keys[i].since, f->ring.keys[i].since);
		assert_int_equal(again.keys[i].until, f->ring.keys[i].until);
	}
	key_ring_close(&again);
}

static void
the_next_key_signs_and_the_current_one_grows_old(void **state)
{
	struct fixture *f = *state;
	const char *first = arena_text(
		f->mem,
		key_ring_add(&f->ring, JWS_EDDSA, RING_CURRENT, NOW)->kid);
	const char *second =
		key_ring_add(&f->ring, JWS_EDDSA, RING_NEXT, NOW)->kid;

	key_ring_advance(&f->ring, JWS_EDDSA, NOW + 10, NOW + 20);

	assert_string_equal(
		key_ring_find(&f->ring, JWS_EDDSA, RING_CURRENT)->kid, second);
	assert_null(key_ring_find(&f->ring, JWS_EDDSA, RING_NEXT));
	assert_int_equal(key_ring_named(&f->ring, first)->state, RING_OLD);
	assert_int_equal(key_ring_purge(&f->ring, NOW + 19), 0);
	assert_int_equal(key_ring_purge(&f->ring, NOW + 20), 1);
	assert_null(key_ring_named(&f->ring, first));
	assert_non_null(key_ring_named(&f->ring, second));
}

static void
an_old_key_whose_tokens_never_end_stays(void **state)
{
	struct fixture *f = *state;

	(void)key_ring_add(&f->ring, JWS_EDDSA, RING_CURRENT, NOW);
	(void)key_ring_add(&f->ring, JWS_EDDSA, RING_NEXT, NOW);
	key_ring_advance(&f->ring, JWS_EDDSA, NOW, -1);
	assert_int_equal(key_ring_purge(&f->ring, INT64_MAX), 0);
}

#define EC "\n", ec_private
#define ED "\n", ed_private

static void
what_is_no_file_of_keys_is_refused_whole(void **state)
{
	static const struct {
		const char *line;
		const char *newline;
		const char *pem;
		const char *line2;
		const char *newline2;
		const char *pem2;
		const char *why;
	} rows[] = {
		{"key ES256 current 1 0", EC, "key ES256 current 1 0", EC,
		 "a key is there twice"},
		{"key HS256 current 1 0", EC, "", "", "", "none of its own"},
		{"key none current 1 0", EC, "", "", "", "none of its own"},
		{"key ES256 signing 1 0", EC, "", "", "", "none of its own"},
		{"key ES256 current x 0", EC, "", "", "", "none of its own"},
		{"key ES256 current 1", EC, "", "", "", "none of its own"},
		{"key ES256 current 1 0 7", EC, "", "", "", "none of its own"},
		{"key ES256 current 1 -2", EC, "", "", "", "none of its own"},
		{"", EC, "", "", "", "none of its own"},
		{"key ES256 current 1 0", "\n", "", "", "", "",
		 "none of its own"},
		{"hello", "\n", "", "", "", "", "none of its own"},
		{"key EdDSA current 1 0", EC, "", "", "",
		 "EdDSA takes an Ed25519 key"},
		{"key ES256 current 1 0", ED, "", "", "",
		 "ES256 takes a key on the curve P-256"},
		{"key RS256 current 1 0", ED, "", "", "",
		 "RS256 takes an RSA key"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(rows); i++) {
		const char *text = arena_printf(f->mem, "%s%s%s%s%s%s",
						rows[i].line, rows[i].newline,
						rows[i].pem, rows[i].line2,
						rows[i].newline2, rows[i].pem2);
		struct key_ring r;
		const char *why =
			key_ring_parse(f->mem, text, strlen(text), &r);

		assert_non_null(why);
		assert_non_null(strstr(why, rows[i].why));
		assert_int_equal(r.count, 0);
	}
}

static void
of_one_algorithm_one_key_signs(void **state)
{
	static const char *const names[] = {"current", "next", "old"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(names); i++) {
		const char *text = arena_printf(
			f->mem, "key EdDSA %s 1 0\n%skey EdDSA %s 1 0\n%s",
			names[i], jws_pem_generate(f->mem, JWS_EDDSA), names[i],
			jws_pem_generate(f->mem, JWS_EDDSA));
		struct key_ring r;
		const char *why =
			key_ring_parse(f->mem, text, strlen(text), &r);

		assert_int_equal(why == NULL, strcmp(names[i], "old") == 0);
		key_ring_close(&r);
	}
}

static void
a_file_takes_the_place_of_another_whole(void **state)
{
	struct fixture *f = *state;
	const char *text;
	struct key_ring r;
	struct stat st;

	(void)key_ring_add(&f->ring, JWS_EDDSA, RING_CURRENT, NOW);
	text = text_of(f);
	assert_int_equal(key_ring_replace(f->path, "old", 3), 0);
	assert_int_equal(key_ring_replace(f->path, text, strlen(text)), 0);

	assert_null(key_ring_read(f->mem, f->path, &r, &st));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(r.count, 1);
	key_ring_close(&r);

	assert_int_equal(chmod(f->path, 0604), 0);
	assert_non_null(
		strstr(key_ring_read(f->mem, f->path, &r, NULL), "chmod 600"));
	assert_int_equal(key_ring_replace("/nonexistent/folder/ring", text, 1),
			 -1);
}

static void
one_at_a_time_changes_it(void **state)
{
	struct fixture *f = *state;
	int lock = key_ring_lock(f->path);
	char path[80];
	int other;

	assert_true(lock >= 0);
	(void)snprintf(path, sizeof(path), "%s.lock", f->path);
	other = open(path, O_RDWR | O_CLOEXEC);
	assert_true(other >= 0);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	(void)close(lock);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	(void)close(other);
	assert_int_equal(key_ring_lock("/nonexistent/folder/ring"), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_again),
		TEST(the_next_key_signs_and_the_current_one_grows_old),
		TEST(an_old_key_whose_tokens_never_end_stays),
		TEST(what_is_no_file_of_keys_is_refused_whole),
		TEST(of_one_algorithm_one_key_signs),
		TEST(a_file_takes_the_place_of_another_whole),
		TEST(one_at_a_time_changes_it),
	};

	return cmocka_run_group_tests_name("key_ring", tests, NULL, NULL);
}
