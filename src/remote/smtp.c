/* SPDX-License-Identifier: MIT */
#include "remote/smtp.h"

#include <stdbool.h>
#include <string.h>

#include <curl/curl.h>

#include "base/clock.h"

/* What a server says to who must sign in first: our settings are wrong, not
 * the message. */
#define CODE_UNAUTHENTICATED 530

/* The message on its way. */
struct upload {
	const char *rest;
	size_t len;
	int64_t deadline; /* clock_monotonic milliseconds */
};

static size_t
give(char *to, size_t size, size_t count, void *from)
{
	struct upload *u = from;
	size_t len = size * count;

	if (len > u->len)
		len = u->len;
	memcpy(to, u->rest, len);
	u->rest += len;
	u->len -= len;
	return len;
}

/* What comes back is the dialogue's affair. */
static size_t
ignore(char *bytes, size_t size, size_t count, void *to)
{
	(void)bytes;
	(void)to;
	return size * count;
}

/* libcurl's own limit does not hold for its farewell, which a server may let
 * it wait for. */
static int
look_at_clock(void *from, curl_off_t down, curl_off_t down_now, curl_off_t up,
	      curl_off_t up_now)
{
	const struct upload *u = from;

	(void)down;
	(void)down_now;
	(void)up;
	(void)up_now;
	return clock_monotonic() > u->deadline ? 1 : 0;
}

static long
use_of_tls(enum smtp_tls tls)
{
	switch (tls) {
	case SMTP_TLS_REQUIRED:
		return (long)CURLUSESSL_ALL;
	case SMTP_TLS_OPPORTUNISTIC:
		return (long)CURLUSESSL_TRY;
	case SMTP_TLS_NONE:
		break;
	}
	return (long)CURLUSESSL_NONE;
}

static bool
set_server(CURL *curl, const struct smtp_settings *s)
{
	CURLcode failed = CURLE_OK;

	failed |= curl_easy_setopt(curl, CURLOPT_URL, s->url);
	failed |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	failed |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
	failed |=
		curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	failed |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	failed |=
		curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)s->time_limit);
	failed |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
				   (long)s->connect_limit);
	failed |= curl_easy_setopt(curl, CURLOPT_USE_SSL, use_of_tls(s->tls));
	failed |= curl_easy_setopt(curl, CURLOPT_SSLVERSION,
				   (long)CURL_SSLVERSION_TLSv1_2);
	failed |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	failed |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (*s->ca_file != '\0')
		failed |= curl_easy_setopt(curl, CURLOPT_CAINFO, s->ca_file);
	if (*s->user != '\0') {
		failed |= curl_easy_setopt(curl, CURLOPT_USERNAME, s->user);
		failed |= curl_easy_setopt(curl, CURLOPT_PASSWORD, s->password);
	}
	return failed == CURLE_OK;
}

static bool
set_message(CURL *curl, const struct smtp_message *m, struct upload *u,
	    struct curl_slist *recipients)
{
	CURLcode failed = CURLE_OK;

	failed |= curl_easy_setopt(curl, CURLOPT_MAIL_FROM, m->from);
	failed |= curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	failed |= curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	failed |= curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
				   (curl_off_t)m->len);
	failed |= curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
	failed |= curl_easy_setopt(curl, CURLOPT_READDATA, u);
	failed |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	/* The farewell is said while the clock is looked at, not later. */
	failed |= curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	failed |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	failed |=
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_clock);
	failed |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, u);
	return failed == CURLE_OK;
}

/*
 * A refusal of the dialogue's beginning is no refusal of the message:
 * another day the server may be itself again. libcurl calls a refused sender,
 * recipient or DATA a failure to send; a message refused after it was sent is
 * told by there being nothing left of it.
 */
static enum err
outcome_of(CURL *curl, CURLcode result, const struct upload *u)
{
	long code = 0;

	if (result == CURLE_OK)
		return OK;
	if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK)
		return ERR_REMOTE;
	if (code < 500 || code > 599 || code == CODE_UNAUTHENTICATED)
		return ERR_REMOTE;
	if (result == CURLE_SEND_ERROR ||
	    (result == CURLE_WEIRD_SERVER_REPLY && u->len == 0))
		return ERR_INVALID;
	return ERR_REMOTE;
}

/* libcurl says what it is told to when it has no message to send. */
static bool
set_nothing(CURL *curl)
{
	CURLcode failed = CURLE_OK;

	failed |= curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	failed |= curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "NOOP");
	failed |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	failed |= curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	return failed == CURLE_OK;
}

enum err
smtp_greet(const struct smtp_settings *settings, struct arena *mem,
	   const char **why)
{
	char said[CURL_ERROR_SIZE] = "";
	enum err e = ERR_INTERNAL;
	CURL *curl = NULL;
	CURLcode result;

	*why = "libcurl refuses to work";
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return e;
	curl = curl_easy_init();
	if (curl == NULL || !set_server(curl, settings) || !set_nothing(curl) ||
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said) != CURLE_OK)
		goto out;
	result = curl_easy_perform(curl);
	e = result == CURLE_OK ? OK : ERR_REMOTE;
	*why = arena_text(mem,
			  *said != '\0' ? said : curl_easy_strerror(result));
out:
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return e;
}

enum err
smtp_send(const struct smtp_settings *settings, struct arena *mem,
	  const struct smtp_message *message, const char **why)
{
	struct upload u = {
		.rest = message->bytes,
		.len = message->len,
		.deadline = clock_monotonic() + settings->time_limit,
	};
	struct curl_slist *recipients = NULL;
	char said[CURL_ERROR_SIZE] = "";
	enum err e = ERR_INTERNAL;
	CURL *curl = NULL;
	CURLcode result;
	long code = 0;

	*why = "libcurl refuses to work";
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return e;
	curl = curl_easy_init();
	recipients = curl_slist_append(NULL, message->to);
	if (curl == NULL || recipients == NULL || !set_server(curl, settings) ||
	    !set_message(curl, message, &u, recipients) ||
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said) != CURLE_OK)
		goto out;
	result = curl_easy_perform(curl);
	e = outcome_of(curl, result, &u);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	*why = arena_printf(mem, "%s (the last answer was %ld)",
			    *said != '\0' ? said : curl_easy_strerror(result),
			    code);
out:
	curl_slist_free_all(recipients);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return e;
}
