/* SPDX-License-Identifier: MIT */
/* What the settings of mail have to do with each other. */
#include <string.h>

#include "base/config_table.h"
#include "base/text.h"
#include "base/trust.h"

#define SENDMAIL "sendmail:"
#define TOKEN "{token}"
/* Seconds of a lease that are left when sending has had its time. */
#define LEASE_MARGIN 3
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool
consists_of(const char *text, const char *letters)
{
	return text[strspn(text, letters)] == '\0';
}

/* HOST[:PORT][/NAME], as libcurl takes it. */
static const char *
server_fault(const char *host)
{
	if (*host == '\0' || *host == '/' || *host == ':')
		return "names no server";
	if (!consists_of(host, LETTERS DIGITS ".-_:[]/"))
		return "may hold a server's name, a port and a name for EHLO "
		       "only";
	return NULL;
}

static const char *
url_fault(const char *url)
{
	if (text_starts(url, SENDMAIL))
		return trust_program_fault(url + strlen(SENDMAIL));
	if (text_starts(url, "smtp://"))
		return server_fault(url + strlen("smtp://"));
	if (text_starts(url, "smtps://"))
		return server_fault(url + strlen("smtps://"));
	return "must begin with smtp://, smtps:// or sendmail:/";
}

/* LOCAL@DOMAIN of the plainest kind. */
static bool
is_sender(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at != text && *text != '-' && *text != '.' &&
	       strspn(text, LETTERS DIGITS "!#$%&'*+-/=?^_`{|}~.") ==
		       (size_t)(at - text) &&
	       at[1] != '\0' && at[1] != '.' && at[1] != '-' &&
	       consists_of(at + 1, LETTERS DIGITS ".-");
}

/* What stands in a mail as it is, and must be one link there. */
static const char *
address_fault(const char *url)
{
	const char *host = strstr(url, "://");

	if (!text_starts(url, "https://") && !text_starts(url, "http://"))
		return "must begin with https:// or http://";
	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("<>\"\\", *c) != NULL)
			return "holds a character that a link must not have";
	return host[3] == '\0' || host[3] == '/' ? "names no server" : NULL;
}

static void
link_check(struct reading *r, const char *setting, const char *link)
{
	const char *at = strstr(link, TOKEN);
	const char *why = NULL;

	if (at == NULL || strstr(at + 1, TOKEN) != NULL)
		why = "must hold {token} once";
	else if (*link != '/')
		why = address_fault(link);
	else if (*r->conf->mail.base_url == '\0')
		why = "is a path, which asks for base_url";
	else
		why = address_fault(arena_printf(r->mem, "http://x%s", link));
	if (why != NULL)
		config_blame(r, "mail", 0, setting, "\"%s\" %s", link, why);
}

static void
links_check(struct reading *r)
{
	const struct mail_settings *m = &r->conf->mail;
	size_t len = strlen(m->base_url);
	const char *why = NULL;

	if (len > 0)
		why = address_fault(m->base_url);
	if (why == NULL && len > 0 && m->base_url[len - 1] == '/')
		why = "must not end with /";
	if (why != NULL)
		config_blame(r, "mail", 0, "base_url", "\"%s\" %s", m->base_url,
			     why);
	if (m->verify)
		link_check(r, "verify_link", m->verify_link);
	if (m->reset)
		link_check(r, "reset_link", m->reset_link);
}

static bool
is_near(const char *url)
{
	static const char *const near[] = {"localhost", "127.0.0.1", "[::1]"};
	const char *host = strstr(url, "://") + 3;
	size_t len =
		*host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

	for (size_t i = 0; i < countof(near); i++)
		if (strlen(near[i]) == len && memcmp(near[i], host, len) == 0)
			return true;
	return false;
}

static void
password_take(struct reading *r)
{
	struct mail_settings *m = &r->conf->mail;
	struct text_list found = {0};
	const char *why;

	if (*m->password_file == '\0')
		return;
	why = config_secrets_read(r, m->password_file, &found);
	if (why == NULL && *m->password != '\0')
		why = "there is a password in the configuration, too";
	if (why != NULL)
		config_blame(r, "mail", 0, "password_file", "%s: %s",
			     m->password_file, why);
	else
		m->password = found.items[0];
}

static void
user_check(struct reading *r)
{
	const struct mail_settings *m = &r->conf->mail;

	if (*m->user == '\0')
		return;
	if (*m->password == '\0')
		config_blame(r, "mail", 0, "user",
			     "asks for password or password_file");
	if (text_starts(m->url, "smtp://") && strcmp(m->tls, "required") != 0 &&
	    !is_near(m->url))
		config_blame(r, "mail", 0, "tls",
			     "a password asks for tls = required, or it might "
			     "travel in the clear");
}

static void
language_check(struct reading *r)
{
	const struct mail_settings *m = &r->conf->mail;
	size_t len = strlen(m->language);

	if (len < 2 || len > 8 ||
	    !consists_of(m->language, "abcdefghijklmnopqrstuvwxyz"))
		config_blame(r, "mail", 0, "language",
			     "\"%s\" is no language such as en", m->language);
	if (*m->templates != '\0' && *m->templates != '/')
		config_blame(r, "mail", 0, "templates",
			     "\"%s\" must be an absolute path", m->templates);
}

/* Links that lead to our own pages go where those are. */
static void
links_follow(struct reading *r)
{
	const struct pages_settings *p = &r->conf->pages;
	struct mail_settings *m = &r->conf->mail;
	const struct {
		const char **link;
		const char *page;
	} links[] = {{&m->verify_link, "/verify?token={token}"},
		     {&m->reset_link, "/reset-password?token={token}"}};

	for (size_t i = 0; p->enabled && i < countof(links); i++)
		if (strcmp(*links[i].link, links[i].page) == 0)
			*links[i].link = arena_printf(r->mem, "%s%s", p->prefix,
						      links[i].page);
}

void
config_check_mail(struct reading *r)
{
	const struct mail_settings *m = &r->conf->mail;
	const char *why;

	if (*m->url == '\0')
		return;
	why = url_fault(m->url);
	if (why != NULL)
		config_blame(r, "mail", 0, "url", "\"%s\" %s", m->url, why);
	if (!is_sender(m->from))
		config_blame(r, "mail", 0, "from",
			     "\"%s\" is no address such as "
			     "accounts@example.org",
			     m->from);
	password_take(r);
	if (why == NULL)
		user_check(r);
	links_check(r);
	links_follow(r);
	language_check(r);
	if (m->time_limit + LEASE_MARGIN > r->conf->courier.lease)
		config_blame(r, "mail", 0, "time_limit",
			     "must be %d seconds below courier.lease",
			     LEASE_MARGIN);
}
