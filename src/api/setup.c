/* SPDX-License-Identifier: MIT */
/* The page that makes the first superuser, for browsers and for programs. */
#include <string.h>

#include "api/bound.h"
#include "core/email.h"
#include "core/setup.h"
#include "http/html.h"

#define POLICY                                                                 \
	"default-src 'none'; base-uri 'none'; form-action 'self'; "            \
	"frame-ancestors 'none'"

struct setup {
	const char *secret;
	const char *email;
	const char *password;
	const char *repeated;
};

#define SETUP_FIELD(member, necessity)                                         \
	.name = #member, .type = FIELD_TEXT, .need = (necessity),              \
	.offset = offsetof(struct setup, member)

static const struct field setup_fields[] = {
	{SETUP_FIELD(secret, FIELD_REQUIRED), .format = "password"},
	{SETUP_FIELD(email, FIELD_REQUIRED), .normalise = email_normalise},
	{SETUP_FIELD(password, FIELD_REQUIRED), .format = "password"},
	{SETUP_FIELD(repeated, FIELD_OPTIONAL), .format = "password"},
};

const struct schema setup_schema = {.fields = setup_fields,
				    .count = countof(setup_fields)};

/* What our own page sends besides, and what it shows again. */
struct from_page {
	const char *page;
	const char *email;
};

#define PAGE_FIELD(member)                                                     \
	.name = #member, .type = FIELD_TEXT, .need = FIELD_OPTIONAL,           \
	.offset = offsetof(struct from_page, member)

static const struct field page_fields[] = {
	{PAGE_FIELD(page)},
	{PAGE_FIELD(email)},
};

static const struct schema page_schema = {.fields = page_fields,
					  .count = countof(page_fields)};

#define HEAD                                                                   \
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"                        \
	"<meta charset=\"utf-8\">\n"                                           \
	"<meta name=\"viewport\" "                                             \
	"content=\"width=device-width, initial-scale=1.0\">\n"                 \
	"<title>@state@First superuser - @title@</title>\n</head>\n"           \
	"<body>\n<main>\n<h1>@title@: the first superuser</h1>\n"

static const char head[] = HEAD;

static const char complaint[] = "<p role=\"alert\"><strong>@message@</strong>"
				"</p>\n";

static const char form[] =
	"<p>This page is here until the first superuser is. The secret stands "
	"in the file <code>@file@</code> on the server.</p>\n"
	"<form method=\"post\">\n"
	"<input type=\"hidden\" name=\"page\" value=\"1\">\n"
	"<p><label for=\"secret\">Secret</label><br>\n"
	"<input id=\"secret\" name=\"secret\" type=\"password\" required "
	"size=\"40\" autocomplete=\"off\"></p>\n"
	"<p><label for=\"email\">E-mail address</label><br>\n"
	"<input id=\"email\" name=\"email\" type=\"email\" required "
	"size=\"40\" autocomplete=\"username\" value=\"@email@\"></p>\n"
	"<p><label for=\"password\">New password</label><br>\n"
	"<input id=\"password\" name=\"password\" type=\"password\" required "
	"size=\"40\" autocomplete=\"new-password\"></p>\n"
	"<p><label for=\"repeated\">The same password again</label><br>\n"
	"<input id=\"repeated\" name=\"repeated\" type=\"password\" required "
	"size=\"40\" autocomplete=\"new-password\"></p>\n"
	"<p><button type=\"submit\">Make the superuser</button></p>\n"
	"</form>\n";

static const char done[] =
	"<p role=\"status\"><strong>@email@ is the first superuser.</strong> "
	"This page is gone now.</p>\n";

static const char tail[] = "</main>\n</body>\n</html>\n";

/* A file's last part: where it is is nobody's business. */
static const char *
file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* `message` NULL: nothing went wrong so far. */
static enum err
send_page(struct call *c, int status, const char *message, const char *email,
	  const char *content)
{
	const struct html_value values[] = {
		{"@title@", c->api->conf->openapi.api_title},
		{"@state@", message != NULL ? "Not yet: " : ""},
		{"@message@", message != NULL ? message : ""},
		{"@file@", file_name(c->api->conf->secrets.setup_file)},
		{"@email@", email != NULL ? email : ""},
	};
	const char *const parts[] = {
		head,
		message != NULL ? complaint : "",
		content,
		tail,
	};

	c->rs->content_security = POLICY;
	c->rs->status = status;
	resp_header(c->rs, "Content-Type", "text/html; charset=utf-8");
	for (size_t i = 0; i < countof(parts); i++)
		html_write(&c->rs->body, parts[i], values, countof(values));
	return OK;
}

/* GET /setup: 200 with a form. */
enum err
get_setup(struct call *c)
{
	TRY(setup_look(c->cx));
	return send_page(c, c->route->status, NULL, NULL, form);
}

/* What the page says of an outcome; NULL: it is none of the page's. */
static const char *
words_for(enum err e, const char *reason, const struct setup *in)
{
	if (e == ERR_UNPROCESSABLE && in->repeated != NULL &&
	    in->password != NULL && strcmp(in->password, in->repeated) != 0)
		return "The two passwords are not the same.";
	if (e == ERR_UNPROCESSABLE)
		return "Fill in everything, with an e-mail address that can "
		       "be one.";
	if (e == ERR_FORBIDDEN)
		return "That is not the secret.";
	if (e == ERR_REGISTER_USER_ALREADY_EXISTS)
		return "There is a user with this address already.";
	return e == ERR_REGISTER_INVALID_PASSWORD ? reason : NULL;
}

static enum err
make_superuser(struct call *c, struct setup *in, const char **reason)
{
	struct signup signup = {0};

	TRY(input_read(c->rq, &c->input, &setup_schema, c->rs, in));
	if (in->repeated != NULL && strcmp(in->password, in->repeated) != 0)
		return ERR_UNPROCESSABLE;
	signup.email = in->email;
	signup.password = in->password;
	return setup_superuser(c->cx, in->secret, &signup, &c->target, reason);
}

/* POST /setup: 201 with the user, or for our own page with another one. */
enum err
post_setup(struct call *c)
{
	struct from_page from = {0};
	struct setup in = {0};
	const char *reason = "";
	const char *words;
	enum err e;

	/* Before it is told what an input must be like. */
	TRY(setup_look(c->cx));
	e = make_superuser(c, &in, &reason);
	if (input_read(c->rq, &c->input, &page_schema, c->rs, &from) != OK ||
	    from.page == NULL) {
		if (e == ERR_REGISTER_INVALID_PASSWORD)
			reason_detail(c->rs, e, reason);
		TRY(e);
		return user_render(c, &c->target);
	}
	if (e == OK)
		return send_page(c, c->route->status, NULL, c->target.email,
				 done);
	words = words_for(e, reason, &in);
	if (words == NULL)
		return e;
	return send_page(c, err_status(e), words, from.email, form);
}
