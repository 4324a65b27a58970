/* SPDX-License-Identifier: MIT */
/* Built-in mail: which events it answers, with what, to whom, by what. */
#include "core/mail.h"

#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/text.h"
#include "core/delivery.h"
#include "core/email.h"
#include "core/limiter.h"
#include "core/mail_message.h"
#include "core/mail_shelf.h"
#include "remote/program.h"
#include "remote/smtp.h"

#define SENDMAIL "sendmail:"
/* Milliseconds that sending may take longer than its limit. */
#define MARGIN 1500
/* The targets: the user's address, and the one that he had before. */
#define TO_USER "user"
#define TO_OLD "old"

/* One mail on its way. */
struct letter {
	struct ctx *cx;
	const struct mail_settings *conf;
	const struct event_notice *notice;
	enum mail_kind kind;
	const char *to; /* as it is stored */
	int64_t limit;  /* milliseconds */
	struct delivery_report *report;
};

static enum err
subscribe(const struct config *conf, struct event_plan *p, struct arena *mem,
	  const char **why)
{
	const struct mail_settings *m = &conf->mail;
	event_set events = 0;

	(void)mem;
	(void)why;
	if (*m->url == '\0')
		return OK;
	if (m->welcome)
		events |= EVENT_BIT(EVENT_AFTER_REGISTER);
	if (m->verify)
		events |= EVENT_BIT(EVENT_AFTER_REQUEST_VERIFY);
	if (m->reset)
		events |= EVENT_BIT(EVENT_AFTER_FORGOT_PASSWORD);
	if (m->password_changed)
		events |= EVENT_BIT(EVENT_AFTER_RESET_PASSWORD) |
			  EVENT_BIT(EVENT_AFTER_UPDATE);
	if (m->api_key_created)
		events |= EVENT_BIT(EVENT_AFTER_CREATE_API_KEY);
	event_subscribe(p, &mail_delivery, TO_USER, events);
	if (m->email_changed)
		event_subscribe(p, &mail_delivery, TO_OLD,
				EVENT_BIT(EVENT_AFTER_UPDATE));
	return OK;
}

/* Which mail the target is told by; false: none. */
static bool
kind_of(const char *target, const struct event_notice *n, enum mail_kind *out)
{
	static const struct {
		enum event event;
		enum mail_kind kind;
	} kinds[] = {
		{EVENT_AFTER_REGISTER, MAIL_WELCOME},
		{EVENT_AFTER_REQUEST_VERIFY, MAIL_VERIFY},
		{EVENT_AFTER_FORGOT_PASSWORD, MAIL_RESET},
		{EVENT_AFTER_RESET_PASSWORD, MAIL_PASSWORD_CHANGED},
		{EVENT_AFTER_UPDATE, MAIL_PASSWORD_CHANGED},
		{EVENT_AFTER_CREATE_API_KEY, MAIL_API_KEY_CREATED},
	};

	*out = MAIL_EMAIL_CHANGED;
	if (strcmp(target, TO_OLD) == 0)
		return n->old_email != NULL;
	if (n->event == EVENT_AFTER_UPDATE && !n->password_changed)
		return false;
	for (size_t i = 0; i < countof(kinds); i++) {
		*out = kinds[i].kind;
		if (kinds[i].event == n->event)
			return true;
	}
	return false;
}

/* A configured link with the token in it; "/path" starts at base_url. */
static const char *
link_of(const struct letter *l)
{
	static const char token[] = "{token}";
	const char *link = l->kind == MAIL_VERIFY ? l->conf->verify_link
						  : l->conf->reset_link;
	const char *at = strstr(link, token);

	if (l->notice->token == NULL || at == NULL)
		return NULL;
	return arena_printf(
		l->cx->mem, "%s%.*s%s%s", *link == '/' ? l->conf->base_url : "",
		(int)(at - link), link, l->notice->token, at + strlen(token));
}

/* A member of the user as the API shows him. */
static const char *
user_value(const void *from, const char *name)
{
	const struct letter *l = from;
	const struct json *v = json_member(l->notice->user, name);
	struct buf b;

	if (v == NULL || json_type(v) == JSON_NULL)
		return NULL;
	if (json_type(v) == JSON_TEXT)
		return json_text_is_clean(json_text(v)) ? json_text(v) : NULL;
	buf_init(&b, l->cx->mem, 32);
	json_write(&b, v);
	return b.data;
}

static const char *
language_of(const struct letter *l)
{
	const char *field = l->conf->language_field;

	return *field != '\0' ? user_value(l, field) : NULL;
}

static const char *
minutes_of(const struct letter *l)
{
	const struct tokens_settings *t = &l->cx->conf->tokens;
	int64_t seconds =
		l->kind == MAIL_VERIFY ? t->verify_lifetime : t->reset_lifetime;

	return arena_printf(l->cx->mem, "%lld",
			    (long long)((seconds + 59) / 60));
}

static const char *
site_of(const struct letter *l)
{
	return *l->conf->site != '\0' ? l->conf->site
				      : strrchr(l->conf->from, '@') + 1;
}

/* The message, with its texts filled. */
static enum err
letter_write(const struct letter *l, const char *to, struct buf *out)
{
	const struct mail_value values[] = {
		{"site", site_of(l)},
		{"base_url", l->conf->base_url},
		{"email", l->notice->email},
		{"old_email", l->notice->old_email},
		{"link", link_of(l)},
		{"token", l->notice->token},
		{"minutes", minutes_of(l)},
	};
	struct mail_message m = {
		.from = l->conf->from,
		.from_name = l->conf->from_name,
		.to = to,
		.id = l->notice->id,
		.date = l->cx->clock(),
	};
	struct arena *mem = l->cx->mem;
	struct mail_text text;

	TRY(mail_shelf_find(mem, l->cx->conf, l->kind, language_of(l), &text,
			    &m.language, &l->report->why));
	m.subject = mail_text_fill(mem, text.subject, values, countof(values),
				   user_value, l);
	m.body = mail_text_fill(mem, text.body, values, countof(values),
				user_value, l);
	l->report->why = "a value would break the subject's line";
	return mail_message_write(&m, out);
}

static enum smtp_tls
tls_of(const char *word)
{
	if (strcmp(word, "none") == 0)
		return SMTP_TLS_NONE;
	return strcmp(word, "required") == 0 ? SMTP_TLS_REQUIRED
					     : SMTP_TLS_OPPORTUNISTIC;
}

static struct smtp_settings
server_of(const struct mail_settings *m, int64_t limit)
{
	return (struct smtp_settings){
		.url = m->url,
		.tls = tls_of(m->tls),
		.ca_file = m->ca_file,
		.user = m->user,
		.password = m->password,
		.time_limit = limit,
		.connect_limit = limit,
	};
}

enum err
mail_greet(const struct config *conf, struct arena *mem, int64_t limit,
	   const char **why)
{
	const struct smtp_settings settings = server_of(&conf->mail, limit);

	*why = NULL;
	if (*conf->mail.url == '\0' || text_starts(conf->mail.url, SENDMAIL))
		return OK;
	return smtp_greet(&settings, mem, why);
}

static enum err
by_smtp(const struct letter *l, const char *to, const struct buf *bytes)
{
	const struct smtp_settings settings = server_of(l->conf, l->limit);
	const struct smtp_message message = {
		.from = l->conf->from,
		.to = to,
		.bytes = bytes->data,
		.len = bytes->len,
	};

	return smtp_send(&settings, l->cx->mem, &message, &l->report->why);
}

/* What no further attempt would change; sysexits(3). */
static bool
is_final(int status)
{
	return status == EX_USAGE || status == EX_DATAERR ||
	       status == EX_NOUSER || status == EX_NOHOST;
}

static enum err
by_sendmail(const struct letter *l, const char *to, const struct buf *bytes)
{
	const char *const arguments[] = {
		l->conf->url + strlen(SENDMAIL),
		"-i",
		"-f",
		l->conf->from,
		"--",
		to,
		NULL,
	};
	static const char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8",
		"HOME=/",
		NULL,
	};
	const struct program p = {arguments, environment, l->limit};
	struct program_result r;

	program_run(l->cx->mem, &p, bytes->data, bytes->len, &r);
	if (r.end == PROGRAM_EXITED && r.number == 0)
		return OK;
	l->report->why = program_result_text(l->cx->mem, &r);
	return r.end == PROGRAM_EXITED && is_final(r.number) ? ERR_INVALID
							     : ERR_REMOTE;
}

/*
 * Whoever has an account under somebody else's address, which nobody has
 * verified, could have him written to again and again.
 */
static enum err
admit(const struct letter *l)
{
	enum err e;

	if (l->notice->attempt > 1 ||
	    (l->kind != MAIL_PASSWORD_CHANGED &&
	     l->kind != MAIL_EMAIL_CHANGED && l->kind != MAIL_API_KEY_CREATED))
		return OK;
	e = limit_mail(l->cx, l->to, mail_kind_name(l->kind));
	return e == ERR_TOO_MANY_REQUESTS ? ERR_NOT_FOUND : e;
}

static enum err
deliver(struct ctx *cx, const char *target, const struct event_notice *n,
	int64_t deadline, struct delivery_report *report)
{
	struct letter l = {
		.cx = cx,
		.conf = &cx->conf->mail,
		.notice = n,
		.to = strcmp(target, TO_OLD) == 0 ? n->old_email : n->email,
		.limit = deadline - clock_monotonic() - MARGIN,
		.report = report,
	};
	const char *to;
	struct buf bytes;

	if (!kind_of(target, n, &l.kind))
		return OK;
	TRY(admit(&l));
	if (l.limit > l.conf->time_limit * 1000)
		l.limit = l.conf->time_limit * 1000;
	if (l.limit < 1)
		l.limit = 1;
	report->why = "no mail can be sent to such an address";
	TRY(email_mailbox(cx->mem, l.to, &to));
	buf_init(&bytes, cx->mem, 2048);
	TRY(letter_write(&l, to, &bytes));
	if (text_starts(l.conf->url, SENDMAIL))
		return by_sendmail(&l, to, &bytes);
	return by_smtp(&l, to, &bytes);
}

const struct delivery mail_delivery = {
	.name = "mail",
	.subscribe = subscribe,
	.deliver = deliver,
};
