/* SPDX-License-Identifier: MIT */
/* The texts of mails, and the messages that they become. */
#include "core/mail_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "core/email.h"
#include "core/mail_shelf.h"
#include "core/mail_text.h"

struct fixture {
	struct arena *mem;
	char folder[32];
	char said[2048];
	struct config conf;
};

static int
setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->mem = arena_open(0, (size_t)64 << 20);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/mail.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->conf.mail.url = "smtp://localhost";
	f->conf.mail.language = "en";
	f->conf.mail.templates = "";
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rmdir(f->folder), 0);
	arena_close(f->mem);
	test_free(f);
	return 0;
}

/* Texts. */

static const char *
no_user(const void *from, const char *name)
{
	(void)from;
	return strcmp(name, "first_name") == 0 ? "Kim" : NULL;
}

static const struct mail_text *
text_read(struct fixture *f, enum mail_kind kind, const char *bytes)
{
	struct mail_text *text = arena_new(f->mem, struct mail_text);
	const struct mail_fault *fault =
		mail_text_read(f->mem, kind, bytes, strlen(bytes), text);

	if (fault != NULL)
		fail_msg("line %d: %s", fault->line, fault->why);
	return text;
}

static void
refused(struct fixture *f, const char *bytes, size_t len, int line,
	const char *why)
{
	struct mail_text text;
	const struct mail_fault *fault =
		mail_text_read(f->mem, MAIL_VERIFY, bytes, len, &text);

	assert_non_null(fault);
	assert_string_equal(fault->why, why);
	assert_int_equal(fault->line, line);
}

static void
text_is_a_subject_and_a_body(void **state)
{
	const struct mail_text *t =
		text_read(*state, MAIL_RESET,
			  "Subject: A {site} thing\r\n\r\nHello\r\nyou");

	assert_string_equal(t->subject, "A {site} thing");
	assert_string_equal(t->body, "Hello\nyou\n");
}

static void
what_is_no_text_is_refused_with_its_line(void **state)
{
#define REFUSED(bytes, line, why)                                              \
	refused(*state, bytes, sizeof(bytes) - 1, line, why)
	REFUSED("", 1, "the first line must be \"Subject: \" and a subject");
	REFUSED("Hello\n\nyou", 1,
		"the first line must be \"Subject: \" and a subject");
	REFUSED("Subject: x\nBcc: all@example.com\n\nyou", 2,
		"there must be an empty line after the subject");
	REFUSED("Subject: x\n\none\ntwo\x01\n", 4,
		"there is a control character in this line");
	REFUSED("Subject: x\n\n\xff\n", 0, "this is not UTF-8");
	REFUSED("Subject: x\n\na\0b\n", 0, "there is a NUL byte in it");
	REFUSED("Subject: x\n\n{link} and\n{lnik}\n", 4,
		"there is no placeholder {lnik} in the mail \"verify\"");
	REFUSED("Subject: {old_email}\n\n", 1,
		"there is no placeholder {old_email} in the mail \"verify\"");
	REFUSED("Subject: x\n\n\n{user.a.b}\n", 4,
		"there is no placeholder {user.a.b} in the mail \"verify\"");
	REFUSED("Subject: x\n\n{ link }\n", 3,
		"a { that opens nothing: the character itself is written {{");
	REFUSED("Subject: x\n\n}\n", 3,
		"a } that closes nothing: the character itself is written }}");
#undef REFUSED
}

static void
placeholders_become_values_once(void **state)
{
	struct fixture *f = *state;
	const struct mail_value values[] = {
		{"site", "{email} & Co"},
		{"email", "a@b.example"},
		{"link", NULL},
	};
	const char *text = mail_text_fill(
		f->mem,
		"{site}/{email}/{link}/{user.first_name}/{user.other}/{{}}",
		values, countof(values), no_user, NULL);

	assert_string_equal(text, "{email} & Co/a@b.example//Kim//{}");
}

static void
all_built_in_texts_are_in_order(void **state)
{
	static const char *const languages[] = {"en", "de", "fr", "es"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(languages); i++)
		for (enum mail_kind kind = 0; kind < MAIL__COUNT; kind++) {
			struct mail_text text;
			const char *language;
			const char *why;

			assert_int_equal(mail_shelf_find(f->mem, &f->conf, kind,
							 languages[i], &text,
							 &language, &why),
					 OK);
			assert_string_equal(language, languages[i]);
			assert_non_null(strstr(text.subject, "{site}"));
			if (kind == MAIL_VERIFY || kind == MAIL_RESET)
				assert_non_null(
					strstr(text.body, "\n{link}\n"));
		}
	assert_int_equal(mail_default_count, 4 * MAIL__COUNT);
}

static const char *
language_found(struct fixture *f, const char *wanted)
{
	struct mail_text text;
	const char *language;
	const char *why;

	assert_int_equal(mail_shelf_find(f->mem, &f->conf, MAIL_RESET, wanted,
					 &text, &language, &why),
			 OK);
	return language;
}

static void
language_is_the_users_then_the_sites_then_english(void **state)
{
	struct fixture *f = *state;

	f->conf.mail.language = "fr";
	assert_string_equal(language_found(f, "de"), "de");
	assert_string_equal(language_found(f, "DE-at"), "de");
	assert_string_equal(language_found(f, "es_MX.UTF-8"), "es");
	assert_string_equal(language_found(f, NULL), "fr");
	assert_string_equal(language_found(f, "tlh"), "fr");
	assert_string_equal(language_found(f, "../de"), "fr");
	assert_string_equal(language_found(f, ""), "fr");
	f->conf.mail.language = "it";
	assert_string_equal(language_found(f, "tlh"), "en");
}

static void
complain(void *to, const char *sentence)
{
	struct fixture *f = to;
	size_t len = strlen(f->said);

	(void)snprintf(f->said + len, sizeof(f->said) - len, "%s\n",
		       sentence + strlen(f->folder));
}

static char *
put(struct fixture *f, const char *name, const char *text)
{
	char *path = arena_printf(f->mem, "%s/%s", f->folder, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void
folder_of_ones_own_comes_first_and_is_judged(void **state)
{
	struct fixture *f = *state;
	char *it = arena_printf(f->mem, "%s/it", f->folder);
	char *good;
	char *bad;
	char *other;
	struct mail_text text;
	const char *language;
	const char *why;

	f->conf.mail.templates = f->folder;
	assert_int_equal(mkdir(it, 0700), 0);
	good = put(f, "it/reset.txt", "Subject: Ciao\n\n{link}\n");
	assert_int_equal(mail_shelf_check(&f->conf, complain, f), OK);
	assert_int_equal(mail_shelf_find(f->mem, &f->conf, MAIL_RESET, "it",
					 &text, &language, &why),
			 OK);
	assert_string_equal(text.subject, "Ciao");
	assert_string_equal(language, "it");
	/* What it lacks comes from elsewhere. */
	assert_int_equal(mail_shelf_find(f->mem, &f->conf, MAIL_VERIFY, "it",
					 &text, &language, &why),
			 OK);
	assert_string_equal(language, "en");

	bad = put(f, "it/verify.txt", "Subject: Ciao\n\n\n{lnik}\n");
	other = put(f, "it/rest.txt", "Subject: Ciao\n\n");
	assert_int_equal(mail_shelf_check(&f->conf, complain, f),
			 ERR_CONFIGURATION);
	assert_non_null(strstr(f->said,
			       "/it/verify.txt:4: there is no placeholder "
			       "{lnik} in the mail \"verify\"\n"));
	assert_non_null(strstr(f->said, "/it/rest.txt: there is no such mail"));
	assert_int_equal(mail_shelf_find(f->mem, &f->conf, MAIL_VERIFY, "it",
					 &text, &language, &why),
			 ERR_CONFIGURATION);
	assert_int_equal(unlink(good), 0);
	assert_int_equal(unlink(bad), 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(rmdir(it), 0);
	f->conf.mail.templates = "/no/such/folder";
	assert_int_equal(mail_shelf_check(&f->conf, complain, f),
			 ERR_CONFIGURATION);
}

/* Messages. */

static struct mail_message
message(void)
{
	return (struct mail_message){
		.from = "accounts@example.org",
		.from_name = "",
		.to = "king@example.com",
		.subject = "Hello",
		.body = "Hello\n",
		.language = "en",
		.id = "msg_AbC-_1",
		.date = 1700000000,
	};
}

static const char *
written(struct fixture *f, const struct mail_message *m)
{
	struct buf out;

	buf_init(&out, f->mem, 256);
	assert_int_equal(mail_message_write(m, &out), OK);
	return out.data;
}

static void
message_is_what_the_rfc_wants(void **state)
{
	const struct mail_message m = message();

	assert_string_equal(written(*state, &m),
			    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
			    "From: accounts@example.org\r\n"
			    "To: king@example.com\r\n"
			    "Subject: Hello\r\n"
			    "Message-ID: <msg_AbC-_1@example.org>\r\n"
			    "Auto-Submitted: auto-generated\r\n"
			    "MIME-Version: 1.0\r\n"
			    "Content-Type: text/plain; charset=utf-8\r\n"
			    "Content-Transfer-Encoding: quoted-printable\r\n"
			    "Content-Language: en\r\n"
			    "\r\n"
			    "Hello\r\n");
}

static void
headers_outside_ascii_are_encoded_words(void **state)
{
	struct mail_message m = message();
	const char *text;

	m.subject = "Best\xc3\xa4tigen =? Sie";
	m.from_name = "K\xc3\xb6nig \"Kim\"";
	text = written(*state, &m);
	assert_non_null(strstr(text,
			       "From: =?UTF-8?Q?K=C3=B6nig_=22Kim=22?=\r\n"
			       " <accounts@example.org>\r\n"));
	assert_non_null(strstr(text, "Subject: =?UTF-8?Q?Best=C3=A4tigen_=3D=3F"
				     "_Sie?=\r\n"));
}

/* The length of the longest line, CR LF left out; no bare CR or LF. */
static size_t
longest_line(const char *text)
{
	size_t longest = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, "\r\n");

		assert_memory_equal(text + len, "\r\n", 2);
		longest = len > longest ? len : longest;
		text += len + 2;
	}
	return longest;
}

static void
no_line_is_longer_than_76_and_no_character_is_parted(void **state)
{
	struct fixture *f = *state;
	struct mail_message m = message();
	struct buf b;
	const char *text;

	buf_init(&b, f->mem, 512);
	for (int i = 0; i < 100; i++)
		buf_text(&b, "\xe2\x82\xac.a ");
	m.subject = b.data;
	m.body = b.data;
	text = written(f, &m);
	assert_in_range(longest_line(text), 60, 76 + strlen("Subject: "));
	for (const char *at = text; (at = strstr(at, "=E2")) != NULL; at++)
		if (at < strstr(text, "\r\n\r\n"))
			assert_memory_equal(at, "=E2=82=AC", 9);
}

static void
body_survives_whatever_lies_on_the_way(void **state)
{
	struct mail_message m = message();

	m.body = ".\n..x\nFrom me\nx From\nblank \ntab\t\n1+1=2\n\xc3\xa4\n\n";
	assert_non_null(strstr(written(*state, &m), "\r\n\r\n"
						    "=2E\r\n"
						    "=2E.x\r\n"
						    "=46rom me\r\n"
						    "x From\r\n"
						    "blank=20\r\n"
						    "tab=09\r\n"
						    "1+1=3D2\r\n"
						    "=C3=A4\r\n"
						    "\r\n"));
}

/* V43 */
static void
header_with_a_control_character_is_refused(void **state)
{
	static const char *const nasty[] = {
		"x\r\nBcc: all@example.com", "x\nBcc: all@example.com",
		"x\rBcc: all@example.com", "x\x7f", "x\x1b[31m"};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(nasty); i++) {
		struct mail_message m = message();
		struct buf out;

		buf_init(&out, f->mem, 64);
		m.subject = nasty[i];
		assert_int_equal(mail_message_write(&m, &out), ERR_INVALID);
		m = message();
		m.to = nasty[i];
		assert_int_equal(mail_message_write(&m, &out), ERR_INVALID);
		m = message();
		m.from_name = nasty[i];
		assert_int_equal(mail_message_write(&m, &out), ERR_INVALID);
		assert_int_equal(out.len, 0);
	}
}

/* Addresses. */

static void
address_becomes_a_mailbox(void **state)
{
	static const struct {
		const char *address;
		const char *mailbox;
	} cases[] = {
		{"King+tag@Example.com", "King+tag@Example.com"},
		{"o'brien@x.example", "o'brien@x.example"},
		{"k@b\xc3\xbc"
		 "cher.example",
		 "k@xn--bcher-kva.example"},
		{"k\xc3\xb6nig@x.example", "k\xc3\xb6nig@x.example"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		const char *out;

		assert_int_equal(email_mailbox(f->mem, cases[i].address, &out),
				 OK);
		assert_string_equal(out, cases[i].mailbox);
	}
}

/* V43 */
static void
address_that_says_more_is_no_mailbox(void **state)
{
	static const char *const nasty[] = {
		"",
		"king",
		"@x.example",
		"king@",
		"a@x.example,b@x.example",
		"a@b@x.example",
		"a@x.example>\r\nRCPT TO:<b@x.example",
		"a\r\nBcc: b@x.example",
		"a\n@x.example",
		"a b@x.example",
		"a\t@x.example",
		"<a@x.example>",
		"\"a\r\n\"@x.example",
		"\"a b\"@x.example",
		"a@x.example\r\n",
		"a@x.example b",
		"a@x.example>",
		"a@[192.0.2.1]",
		"a(comment)@x.example",
		"a;b@x.example",
		"a:b@x.example",
		"a\\b@x.example",
		"-oQ/tmp@x.example",
		"a@-x.example",
		".a@x.example",
		"a\xc2\x85@x.example",
		"a\xe2\x80\xa8@x.example",
		"a@x\xe2\x80\xa8.example",
		"a\x7f@x.example",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < countof(nasty); i++) {
		const char *out;

		if (email_mailbox(f->mem, nasty[i], &out) != ERR_INVALID)
			fail_msg("taken: %s", nasty[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_is_a_subject_and_a_body),
		TEST(what_is_no_text_is_refused_with_its_line),
		TEST(placeholders_become_values_once),
		TEST(all_built_in_texts_are_in_order),
		TEST(language_is_the_users_then_the_sites_then_english),
		TEST(folder_of_ones_own_comes_first_and_is_judged),
		TEST(message_is_what_the_rfc_wants),
		TEST(headers_outside_ascii_are_encoded_words),
		TEST(no_line_is_longer_than_76_and_no_character_is_parted),
		TEST(body_survives_whatever_lies_on_the_way),
		TEST(header_with_a_control_character_is_refused),
		TEST(address_becomes_a_mailbox),
		TEST(address_that_says_more_is_no_mailbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
