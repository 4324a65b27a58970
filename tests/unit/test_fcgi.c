/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "gate/fcgi_record.h"

#define BODY_LIMIT 100000

enum { BEGIN = 1, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET };

struct fixture {
	struct fcgi_limits limits;
	struct fcgi_reader reader;
	struct bytes wire; /* what a web server sends */
};

static void
add(struct fixture *f, const void *bytes, size_t len)
{
	assert_true(bytes_add(&f->wire, bytes, len));
}

static void
record_padded(struct fixture *f, int type, unsigned id, const void *content,
	      size_t len, unsigned padding)
{
	const unsigned char header[8] = {1,
					 (unsigned char)type,
					 (unsigned char)(id >> 8),
					 (unsigned char)id,
					 (unsigned char)(len >> 8),
					 (unsigned char)len,
					 (unsigned char)padding,
					 0};
	const unsigned char zeros[255] = {0};

	add(f, header, sizeof(header));
	add(f, content, len);
	add(f, zeros, padding);
}

static void
record(struct fixture *f, int type, unsigned id, const void *content,
       size_t len)
{
	record_padded(f, type, id, content, len, 0);
}

static void
begin(struct fixture *f, unsigned id, unsigned role, unsigned flags)
{
	const unsigned char content[8] = {0, (unsigned char)role,
					  (unsigned char)flags};

	record(f, BEGIN, id, content, sizeof(content));
}

/* The record of one pair with short lengths. */
static void
pair(struct fixture *f, const char *name, const char *value)
{
	unsigned char content[600];
	size_t name_len = strlen(name);
	size_t value_len = strlen(value);

	assert_true(name_len < 128 && value_len < 128);
	content[0] = (unsigned char)name_len;
	content[1] = (unsigned char)value_len;
	memcpy(content + 2, name, name_len);
	memcpy(content + 2 + name_len, value, value_len);
	record(f, PARAMS, 1, content, 2 + name_len + value_len);
}

static void
request(struct fixture *f, const char *length, const char *body)
{
	begin(f, 1, 1, 1);
	pair(f, "REQUEST_METHOD", "POST");
	pair(f, "CONTENT_LENGTH", length);
	record(f, PARAMS, 1, "", 0);
	if (*body != '\0')
		record(f, STDIN, 1, body, strlen(body));
	record(f, STDIN, 1, "", 0);
}

static void
feed(struct fixture *f)
{
	fcgi_reader_feed(&f->reader, f->wire.data, f->wire.len);
	bytes_clear(&f->wire, SIZE_MAX);
}

static void
feed_dripping(struct fixture *f)
{
	for (size_t i = 0; i < f->wire.len; i++)
		fcgi_reader_feed(&f->reader, f->wire.data + i, 1);
	bytes_clear(&f->wire, SIZE_MAX);
}

/* The value of a variable of the complete request; "" when not there. */
static const char *
variable(struct fixture *f, const char *name)
{
	static struct gate_pair pairs[FCGI_PAIRS_LIMIT];
	size_t count;

	assert_true(fcgi_reader_pairs(&f->reader, pairs, &count));
	for (size_t i = 0; i < count; i++) {
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	}
	return "";
}

static void
assert_reply(struct fixture *f, int type, unsigned id, unsigned status)
{
	const struct bytes *r = &f->reader.replies;

	assert_int_equal(r->len, 16);
	assert_int_equal(r->data[0], 1);
	assert_int_equal(r->data[1], type);
	assert_int_equal((unsigned)r->data[2] << 8 | r->data[3], id);
	assert_int_equal(r->data[5], 8);
	assert_int_equal(r->data[type == END ? 12 : 8], status);
	bytes_clear(&f->reader.replies, 0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->limits.body = BODY_LIMIT;
	f->limits.connections = 512;
	f->limits.buffered_max = (size_t)BODY_LIMIT * 2;
	fcgi_reader_init(&f->reader, &f->limits);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	fcgi_reader_free(&f->reader);
	assert_int_equal(f->limits.buffered, 0);
	bytes_free(&f->wire);
	free(f);
	return 0;
}

static void
request_comes_out_as_it_went_in(void **state)
{
	struct fixture *f = *state;

	request(f, "5", "hello");
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_int_equal(f->reader.refused, OK);
	assert_true(f->reader.keep);
	assert_int_equal(f->reader.body.len, 5);
	assert_memory_equal(f->reader.body.data, "hello", 6);
	assert_string_equal(variable(f, "REQUEST_METHOD"), "POST");
}

static void
dripped_bytes_make_the_same_request(void **state)
{
	struct fixture *f = *state;

	request(f, "5", "hello");
	feed_dripping(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_memory_equal(f->reader.body.data, "hello", 6);
	assert_string_equal(variable(f, "CONTENT_LENGTH"), "5");
}

static void
request_waits_for_its_last_padding(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 0);
	record_padded(f, PARAMS, 1, "\1\1ab", 4, 7);
	record_padded(f, PARAMS, 1, "", 0, 255);
	record_padded(f, STDIN, 1, "", 0, 3);
	f->wire.len--;
	feed(f);
	assert_int_equal(f->reader.phase, FCGI_BODY);
	fcgi_reader_feed(&f->reader, (const unsigned char *)"", 1);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_false(f->reader.keep);
	assert_string_equal(variable(f, "a"), "b");
}

static void
params_may_be_cut_between_records_anywhere(void **state)
{
	struct fixture *f = *state;
	static const char content[] = "\4\200\0\0\200name"
				      "0123456789abcdef0123456789abcdef"
				      "0123456789abcdef0123456789abcdef"
				      "0123456789abcdef0123456789abcdef"
				      "0123456789abcdef0123456789abcdef";

	begin(f, 1, 1, 1);
	for (size_t i = 0; i < sizeof(content) - 1; i++)
		record(f, PARAMS, 1, content + i, 1);
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, "", 0);
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_string_equal(variable(f, "name"), content + 9);
}

static void
request_without_variables_is_complete(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 1);
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, "", 0);
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_string_equal(variable(f, "x"), "");
}

static void
nul_in_a_variable_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct gate_pair pairs[FCGI_PAIRS_LIMIT];
	size_t count;

	begin(f, 1, 1, 1);
	record(f, PARAMS, 1, "\1\3na\0b", 6);
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, "", 0);
	feed(f);

	assert_false(fcgi_reader_pairs(&f->reader, pairs, &count));
	assert_int_equal(count, 1);
}

static void
next_request_follows_on_the_same_connection(void **state)
{
	struct fixture *f = *state;

	request(f, "5", "hello");
	feed(f);
	fcgi_reader_finish(&f->reader);
	assert_true(fcgi_reader_rests(&f->reader));
	assert_int_equal(f->limits.buffered, 0);
	request(f, "2", "hi");
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_memory_equal(f->reader.body.data, "hi", 3);
}

static void
body_is_wiped_with_its_request(void **state)
{
	struct fixture *f = *state;
	const unsigned char *body;

	request(f, "5", "hello");
	feed(f);
	body = f->reader.body.data;
	fcgi_reader_finish(&f->reader);

	assert_ptr_equal(f->reader.body.data, body);
	assert_memory_equal(body, "\0\0\0\0\0", 5);
}

static void
large_buffers_do_not_stay(void **state)
{
	struct fixture *f = *state;
	char *body = calloc(1, 50000);

	begin(f, 1, 1, 1);
	pair(f, "CONTENT_LENGTH", "50000");
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, body, 50000);
	record(f, STDIN, 1, "", 0);
	feed(f);
	assert_int_equal(f->reader.body.len, 50000);
	fcgi_reader_finish(&f->reader);

	assert_int_equal(f->reader.body.room, 0);
	free(body);
}

/* Each is one way to be broken, behind a good BEGIN of request 1. */
static const struct broken {
	const char *name;
	const char *bytes;
	size_t len;
} broken[] = {
#define BROKEN(name, bytes)                                                    \
	{                                                                      \
		name, bytes, sizeof(bytes) - 1                                 \
	}
	BROKEN("version 0", "\0\4\0\1\0\0\0\0"),
	BROKEN("version 2", "\2\4\0\1\0\0\0\0"),
	BROKEN("BEGIN too short", "\1\1\0\2\0\7\0\0"),
	BROKEN("BEGIN too long", "\1\1\0\2\0\11\0\0"),
	BROKEN("BEGIN again", "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"),
	BROKEN("END_REQUEST", "\1\3\0\1\0\0\0\0"),
	BROKEN("STDOUT", "\1\6\0\1\0\0\0\0"),
	BROKEN("STDERR", "\1\7\0\1\0\0\0\0"),
	BROKEN("GET_VALUES of a request", "\1\11\0\1\0\0\0\0"),
	BROKEN("type 12 of a request", "\1\14\0\1\0\0\0\0"),
	BROKEN("STDIN before PARAMS ended", "\1\5\0\1\0\1\0\0x"),
	BROKEN("end of STDIN before PARAMS ended", "\1\5\0\1\0\0\0\0"),
	BROKEN("GET_VALUES too long", "\1\11\0\0\1\1\0\0"),
	BROKEN("GET_VALUES cut off", "\1\11\0\0\0\1\0\0\5"),
	BROKEN("name length without value length",
	       "\1\4\0\1\0\1\0\0\5\1\4\0\1\0\0\0\0"),
	BROKEN("long length cut off",
	       "\1\4\0\1\0\4\0\0\1\200\0\0\1\4\0\1\0\0\0\0"),
	BROKEN("name beyond the end", "\1\4\0\1\0\3\0\0\5\0a\1\4\0\1\0\0\0\0"),
	BROKEN("value beyond the end", "\1\4\0\1\0\3\0\0\0\2a\1\4\0\1\0\0\0\0"),
	BROKEN("lengths that add up to nothing in 32 bits",
	       "\1\4\0\1\0\10\0\0\377\377\377\377\377\377\377\377"
	       "\1\4\0\1\0\0\0\0"),
	BROKEN("2^31-2 and 1",
	       "\1\4\0\1\0\6\0\0\377\377\377\376\1a\1\4\0\1\0\0\0\0"),
	BROKEN("2^30 and 2^30",
	       "\1\4\0\1\0\10\0\0\300\0\0\0\300\0\0\0\1\4\0\1\0\0\0\0"),
};

static void
broken_records_close_the_connection(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(broken); i++) {
		fcgi_reader_free(&f->reader);
		fcgi_reader_init(&f->reader, &f->limits);
		begin(f, 1, 1, 1);
		feed(f);
		assert_int_equal(f->reader.phase, FCGI_NAMING);
		add(f, broken[i].bytes, broken[i].len);
		feed(f);
		if (f->reader.phase != FCGI_BROKEN)
			fail_msg("not noticed: %s", broken[i].name);
	}
}

static void
broken_connection_takes_nothing_more(void **state)
{
	struct fixture *f = *state;

	add(f, "\7", 1);
	record(f, PARAMS, 1, "", 0);
	feed(f);
	assert_int_equal(f->reader.phase, FCGI_BROKEN);
	request(f, "0", "");
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_BROKEN);
}

static void
stream_that_has_ended_cannot_go_on(void **state)
{
	struct fixture *f = *state;

	request(f, "0", "");
	record(f, STDIN, 1, "x", 1);
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_BROKEN);
}

static void
params_that_have_ended_cannot_go_on(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 1);
	record(f, PARAMS, 1, "", 0);
	record(f, PARAMS, 1, "\0\0", 2);
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_BROKEN);
}

static void
thousand_pairs_are_taken_and_no_more(void **state)
{
	struct fixture *f = *state;
	char content[2002] = {0};

	begin(f, 1, 1, 1);
	record(f, PARAMS, 1, content, 2000);
	record(f, PARAMS, 1, "", 0);
	feed(f);
	assert_int_equal(f->reader.phase, FCGI_BODY);
	record(f, ABORT, 1, "", 0);
	begin(f, 1, 1, 1);
	record(f, PARAMS, 1, content, 2002);
	record(f, PARAMS, 1, "", 0);
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_BROKEN);
}

static void
params_are_taken_up_to_their_limit(void **state)
{
	struct fixture *f = *state;
	const size_t quarter = FCGI_PARAMS_LIMIT / 8;
	char *content = calloc(1, quarter);

	begin(f, 1, 1, 1);
	for (int i = 0; i < 8; i++)
		record(f, PARAMS, 1, content, quarter);
	feed(f);
	assert_int_equal(f->reader.phase, FCGI_NAMING);
	record(f, PARAMS, 1, content, 1);
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_BROKEN);
	free(content);
}

static void
body_over_the_limit_is_refused_before_it_comes(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 1);
	pair(f, "CONTENT_LENGTH", "100001");
	record(f, PARAMS, 1, "", 0);
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_int_equal(f->reader.refused, ERR_CONTENT_TOO_LARGE);
	assert_true(f->reader.body_open);
}

static void
rest_of_a_refused_body_is_thrown_away(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 1);
	pair(f, "CONTENT_LENGTH", "100001");
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, "abc", 3);
	feed(f);
	fcgi_reader_finish(&f->reader);
	assert_int_equal(f->reader.phase, FCGI_DRAINING);
	record(f, STDIN, 1, "defg", 4);
	feed(f);
	assert_int_equal(f->reader.drained, 7);
	assert_false(fcgi_reader_rests(&f->reader));
	record(f, STDIN, 1, "", 0);
	feed(f);
	assert_true(fcgi_reader_rests(&f->reader));
	request(f, "2", "hi");
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_int_equal(f->reader.refused, OK);
}

static void
body_longer_than_told_is_refused(void **state)
{
	struct fixture *f = *state;

	request(f, "4", "hello");
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_int_equal(f->reader.refused, ERR_BAD_REQUEST);
	assert_true(f->reader.body.len <= 4);
}

static void
body_that_nobody_announced_is_refused(void **state)
{
	struct fixture *f = *state;

	request(f, "", "h");
	feed(f);

	assert_int_equal(f->reader.refused, ERR_BAD_REQUEST);
}

static void
strange_content_lengths_are_refused(void **state)
{
	static const char *const strange[] = {
		"-1", "+1", "1 ", " 1", "1,1", "0x1", "1.0", "a",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(strange); i++) {
		request(f, strange[i], "h");
		feed(f);
		assert_int_equal(f->reader.phase, FCGI_COMPLETE);
		assert_int_equal(f->reader.refused, ERR_BAD_REQUEST);
		fcgi_reader_finish(&f->reader);
	}
}

static void
endless_content_length_is_too_large(void **state)
{
	struct fixture *f = *state;

	request(f, "99999999999999999999999999999999999999999999", "");
	feed(f);

	assert_int_equal(f->reader.refused, ERR_CONTENT_TOO_LARGE);
}

static void
bodies_of_all_connections_together_are_bounded(void **state)
{
	struct fixture *f = *state;

	f->limits.buffered = f->limits.buffered_max - 4;
	request(f, "5", "hello");
	feed(f);
	assert_int_equal(f->reader.refused, ERR_BUSY);
	fcgi_reader_finish(&f->reader);
	request(f, "4", "hell");
	feed(f);

	assert_int_equal(f->reader.refused, OK);
	assert_int_equal(f->limits.buffered, f->limits.buffered_max);
	f->limits.buffered = 4;
}

static void
request_in_place_of_the_rest_of_a_body_begins_anew(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 1);
	pair(f, "CONTENT_LENGTH", "100001");
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, "abc", 3);
	feed(f);
	fcgi_reader_finish(&f->reader);
	assert_int_equal(f->reader.phase, FCGI_DRAINING);
	request(f, "2", "hi");
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_int_equal(f->reader.refused, OK);
	assert_int_equal(f->reader.body.len, 2);
	assert_int_equal(f->reader.drained, 0);
	assert_int_equal(f->reader.replies.len, 0);
}

static void
second_request_at_once_is_sent_away(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 1);
	begin(f, 258, 1, 1);
	record(f, PARAMS, 258, "\1\1ab", 4);
	record(f, PARAMS, 258, "", 0);
	record(f, STDIN, 258, "x", 1);
	record(f, STDIN, 258, "", 0);
	feed(f);
	assert_reply(f, END, 258, 1);
	assert_int_equal(f->reader.phase, FCGI_NAMING);
	pair(f, "a", "c");
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, "", 0);
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_string_equal(variable(f, "a"), "c");
}

static void
same_id_again_is_not_heard_and_ends_the_connection(void **state)
{
	struct fixture *f = *state;

	request(f, "5", "hello");
	request(f, "5", "other");
	add(f, "\7junk", 5);
	feed_dripping(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_int_equal(f->reader.refused, OK);
	assert_memory_equal(f->reader.body.data, "hello", 6);
	assert_string_equal(variable(f, "CONTENT_LENGTH"), "5");
	assert_int_equal(f->reader.replies.len, 0);
	assert_false(f->reader.keep);
}

static void
other_roles_are_not_played(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 3, 1);
	record(f, PARAMS, 1, "\1\1ab", 4);
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, "", 0);
	feed(f);
	assert_reply(f, END, 1, 3);
	assert_true(fcgi_reader_rests(&f->reader));
	assert_false(f->reader.ending);
	for (unsigned role = 0; role < 256; role += role == 0 ? 4 : 1) {
		begin(f, 1, role, 0);
		feed(f);
		assert_reply(f, END, 1, 3);
	}

	assert_true(f->reader.ending);
}

static void
a_pool_takes_the_roles_that_are_its_own(void **state)
{
	struct fixture *f = *state;

	for (unsigned own = 1; own <= 2; own++) {
		f->limits.roles =
			1U << (own == 1 ? GATE_RESPONDER : GATE_AUTHORIZER);
		begin(f, 1, 3 - own, 1);
		feed(f);
		assert_reply(f, END, 1, 3);
		begin(f, 1, own, 1);
		feed(f);
		assert_int_equal(f->reader.phase, FCGI_NAMING);
		record(f, ABORT, 1, "", 0);
		feed(f);
		assert_reply(f, END, 1, 0);
	}
}

/* One with the length of a body that is another request's. */
static void
question(struct fixture *f, const char *length)
{
	begin(f, 1, 2, 1);
	pair(f, "CONTENT_LENGTH", length);
	record(f, PARAMS, 1, "", 0);
}

static void
authorizer_is_asked_without_a_body(void **state)
{
	static const char *const lengths[] = {"", "5", "99999999999", "-1"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(lengths); i++) {
		question(f, lengths[i]);
		feed(f);
		assert_int_equal(f->reader.phase, FCGI_COMPLETE);
		assert_int_equal(f->reader.role, GATE_AUTHORIZER);
		assert_int_equal(f->reader.refused, OK);
		assert_false(f->reader.body_open);
		fcgi_reader_finish(&f->reader);
		assert_true(fcgi_reader_rests(&f->reader));
	}
	request(f, "5", "hello");
	feed(f);

	assert_int_equal(f->reader.role, GATE_RESPONDER);
	assert_memory_equal(f->reader.body.data, "hello", 6);
}

static void
body_that_an_authorizer_is_sent_is_thrown_away(void **state)
{
	struct fixture *f = *state;

	question(f, "5");
	record(f, STDIN, 1, "hello", 5);
	record(f, STDIN, 1, "", 0);
	feed(f);
	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_int_equal(f->reader.body.len, 0);
	assert_string_equal(variable(f, "CONTENT_LENGTH"), "5");
	fcgi_reader_finish(&f->reader);
	record(f, STDIN, 1, "late", 4);
	record(f, STDIN, 1, "", 0);
	feed(f);
	assert_true(fcgi_reader_rests(&f->reader));
	question(f, "5");
	feed(f);

	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
}

static void
abort_ends_a_request_in_any_phase(void **state)
{
	struct fixture *f = *state;
	size_t whole;

	request(f, "5", "hello");
	whole = f->wire.len;
	for (size_t cut = 16; cut <= whole; cut++) {
		bytes_clear(&f->wire, SIZE_MAX);
		request(f, "5", "hello");
		fcgi_reader_feed(&f->reader, f->wire.data, cut);
		bytes_clear(&f->wire, SIZE_MAX);
		if (f->reader.header_len != 0) {
			fcgi_reader_free(&f->reader);
			fcgi_reader_init(&f->reader, &f->limits);
			continue;
		}
		record(f, ABORT, 1, "", 0);
		feed(f);
		assert_reply(f, END, 1, 0);
		assert_true(fcgi_reader_rests(&f->reader));
		assert_int_equal(f->limits.buffered, 0);
	}
}

static void
abort_without_keeping_ends_the_connection(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 0);
	record(f, ABORT, 1, "", 0);
	feed(f);

	assert_reply(f, END, 1, 0);
	assert_true(f->reader.ending);
}

static void
abort_of_nothing_is_ignored(void **state)
{
	struct fixture *f = *state;

	record(f, ABORT, 1, "", 0);
	begin(f, 1, 1, 1);
	record(f, ABORT, 2, "", 0);
	feed(f);

	assert_int_equal(f->reader.replies.len, 0);
	assert_int_equal(f->reader.phase, FCGI_NAMING);
}

static void
questions_are_answered_once_each(void **state)
{
	static const char asked[] = "\17\0FCGI_MPXS_CONNS\17\0FCGI_MPXS_CONNS"
				    "\16\0FCGI_MAX_CONNS\3\0WHO"
				    "\15\0FCGI_MAX_REQS";
	static const char answer[] = "\1\12\0\0\0\67\0\0"
				     "\17\1FCGI_MPXS_CONNS0"
				     "\16\3FCGI_MAX_CONNS512"
				     "\15\3FCGI_MAX_REQS512";
	struct fixture *f = *state;

	record(f, GET, 0, asked, sizeof(asked) - 1);
	feed_dripping(f);

	assert_int_equal(f->reader.replies.len, sizeof(answer) - 1);
	assert_memory_equal(f->reader.replies.data, answer, sizeof(answer) - 1);
	assert_true(fcgi_reader_rests(&f->reader));
}

static void
unknown_management_is_said_to_be_unknown(void **state)
{
	struct fixture *f = *state;

	record_padded(f, 99, 0, "abc", 3, 5);
	feed(f);

	assert_reply(f, 11, 0, 99);
}

static void
management_may_come_in_the_middle_of_a_request(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 1, 1);
	record(f, 99, 0, "", 0);
	feed(f);
	assert_reply(f, 11, 0, 99);
	pair(f, "CONTENT_LENGTH", "2");
	record(f, PARAMS, 1, "", 0);
	record(f, STDIN, 1, "a", 1);
	record(f, 98, 0, "zz", 2);
	record(f, STDIN, 1, "b", 1);
	record(f, DATA, 1, "ignored", 7);
	record(f, STDIN, 1, "", 0);
	feed(f);

	assert_reply(f, 11, 0, 98);
	assert_int_equal(f->reader.phase, FCGI_COMPLETE);
	assert_memory_equal(f->reader.body.data, "ab", 3);
}

static void
records_of_nobody_are_ignored(void **state)
{
	struct fixture *f = *state;

	record(f, PARAMS, 9, "junk", 4);
	record(f, STDIN, 9, "", 0);
	record(f, STDIN, 9, "junk", 4);
	feed(f);

	assert_true(fcgi_reader_rests(&f->reader));
	assert_int_equal(f->reader.replies.len, 0);
}

static void
connection_rests_only_between_records(void **state)
{
	struct fixture *f = *state;

	assert_true(fcgi_reader_rests(&f->reader));
	fcgi_reader_feed(&f->reader, (const unsigned char *)"\1", 1);

	assert_false(fcgi_reader_rests(&f->reader));
}

/* Takes the records of an answer apart; says how much text they hold. */
static size_t
answer_text(const struct buf *out, char *text, size_t *records)
{
	const unsigned char *at = (const unsigned char *)out->data;
	size_t left = out->len;
	size_t total = 0;

	*records = 0;
	while (left > 24) {
		size_t len = (size_t)at[4] << 8 | at[5];

		assert_int_equal(at[0], 1);
		assert_int_equal(at[1], STDOUT);
		assert_int_equal((unsigned)at[2] << 8 | at[3], 513);
		assert_true(len > 0 && len + 8 <= left);
		memcpy(text + total, at + 8, len);
		total += len;
		at += len + 8 + at[6];
		left -= len + 8 + at[6];
		++*records;
	}
	assert_int_equal(left, 24);
	assert_memory_equal(at, "\1\6\2\1\0\0\0\0\1\3\2\1\0\10\0\0", 16);
	assert_memory_equal(at + 16, "\0\0\0\0\0\0\0\0", 8);
	return total;
}

static void
answers_of_any_length_are_framed(void **state)
{
	static const size_t lengths[] = {40,     65527,  65528, 65529,
					 131056, 131057, 500000};
	struct arena *mem = arena_open(65536, (size_t)64 << 20);
	char *text = malloc(500000);
	char *back = malloc(500000);

	(void)state;
	for (size_t i = 0; i < 500000; i++)
		text[i] = (char)('a' + i % 23);
	for (size_t i = 0; i < countof(lengths); i++) {
		struct buf out;
		size_t records;

		fcgi_answer_begin(&out, mem);
		buf_add(&out, text, lengths[i]);
		fcgi_answer_end(&out, 513);
		assert_int_equal(answer_text(&out, back, &records), lengths[i]);
		assert_int_equal(records, (lengths[i] + 65527) / 65528);
		assert_memory_equal(back, text, lengths[i]);
		arena_reset(mem);
	}
	free(text);
	free(back);
	arena_close(mem);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(request_comes_out_as_it_went_in),
		TEST(dripped_bytes_make_the_same_request),
		TEST(request_waits_for_its_last_padding),
		TEST(params_may_be_cut_between_records_anywhere),
		TEST(request_without_variables_is_complete),
		TEST(nul_in_a_variable_is_noticed),
		TEST(next_request_follows_on_the_same_connection),
		TEST(body_is_wiped_with_its_request),
		TEST(large_buffers_do_not_stay),
		TEST(broken_records_close_the_connection),
		TEST(broken_connection_takes_nothing_more),
		TEST(stream_that_has_ended_cannot_go_on),
		TEST(params_that_have_ended_cannot_go_on),
		TEST(thousand_pairs_are_taken_and_no_more),
		TEST(params_are_taken_up_to_their_limit),
		TEST(body_over_the_limit_is_refused_before_it_comes),
		TEST(rest_of_a_refused_body_is_thrown_away),
		TEST(request_in_place_of_the_rest_of_a_body_begins_anew),
		TEST(body_longer_than_told_is_refused),
		TEST(body_that_nobody_announced_is_refused),
		TEST(strange_content_lengths_are_refused),
		TEST(endless_content_length_is_too_large),
		TEST(bodies_of_all_connections_together_are_bounded),
		TEST(second_request_at_once_is_sent_away),
		TEST(same_id_again_is_not_heard_and_ends_the_connection),
		TEST(other_roles_are_not_played),
		TEST(a_pool_takes_the_roles_that_are_its_own),
		TEST(authorizer_is_asked_without_a_body),
		TEST(body_that_an_authorizer_is_sent_is_thrown_away),
		TEST(abort_ends_a_request_in_any_phase),
		TEST(abort_without_keeping_ends_the_connection),
		TEST(abort_of_nothing_is_ignored),
		TEST(questions_are_answered_once_each),
		TEST(unknown_management_is_said_to_be_unknown),
		TEST(management_may_come_in_the_middle_of_a_request),
		TEST(records_of_nobody_are_ignored),
		TEST(connection_rests_only_between_records),
		TEST(answers_of_any_length_are_framed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
