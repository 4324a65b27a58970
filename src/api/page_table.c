/* SPDX-License-Identifier: MIT */
/* Every page, its forms, and what they do. */
#include "api/bound.h"
#include "api/page.h"
#include "core/account.h"
#include "core/reset.h"
#include "core/verify.h"
#include "http/body.h"
#include "http/html.h"

/* The elements that several forms have. */
#define EMAIL                                                                  \
	{                                                                      \
		.name = "email", .label = "field.email", .type = "email",      \
		.autocomplete = "username"                                     \
	}
#define NEW_PASSWORD                                                           \
	{                                                                      \
		.name = "password", .label = "field.new_password",             \
		.type = "password", .autocomplete = "new-password",            \
		.hint = "hint.new_password"                                    \
	}
#define TOKEN                                                                  \
	{                                                                      \
		.name = "token", .type = "hidden"                              \
	}

static const struct page_field sign_in_fields[] = {
	{.name = "username",
	 .label = "field.email",
	 .type = "email",
	 .autocomplete = "username"},
	{.name = "password",
	 .label = "field.password",
	 .type = "password",
	 .autocomplete = "current-password"},
};
static const struct page_field email_fields[] = {EMAIL};
static const struct page_field sign_up_fields[] = {EMAIL, NEW_PASSWORD};
static const struct page_field reset_fields[] = {TOKEN, NEW_PASSWORD};
static const struct page_field token_fields[] = {TOKEN};
static const struct page_field password_fields[] = {NEW_PASSWORD};
static const struct page_field delete_fields[] = {
	{.name = "password",
	 .label = "field.current_password",
	 .type = "password",
	 .autocomplete = "current-password"},
};

/* A new user is signed in at once, where he may be. Where he must confirm his
 * address first, the mail for it is sent: nothing else leads on. */
static enum err
sign_up(struct call *c)
{
	TRY(post_register(c));
	if (c->backend->requires_verification)
		return verify_is_on(c->cx->conf)
			       ? request_verify_for(c, c->target.email)
			       : OK;
	c->user = c->target;
	c->target = (struct user){0};
	return login_answer(c);
}

static enum err
end_everywhere(struct call *c)
{
	TRY(account_end_sessions(c->cx, c->user.id));
	sign_out_answer(c);
	return OK;
}

/* He who leaves says so with his password, however fresh his session is. */
static enum err
leave(struct call *c)
{
	const char *password = form_value(c->input.form, "password");

	if (password == NULL || *password == '\0')
		return ERR_DELETE_ME_NEEDS_PASSWORD;
	TRY(delete_me(c));
	sign_out_answer(c);
	return OK;
}

static bool
may_leave(const struct page_view *v)
{
	return v->c->cx->conf->users.delete_me;
}

static bool
never(const struct page_view *v)
{
	(void)v;
	return false;
}

static bool
custom_is_writable(const struct page_view *v)
{
	const struct user_fields *fields = v->c->api->custom.fields;

	for (size_t i = 0; i < fields->count; i++)
		if (page_subject_has(SUBJECT_SELF, &fields->items[i]))
			return true;
	return false;
}

static bool
waits_for_verification(const struct page_view *v)
{
	return !v->c->user.is_verified && verify_is_on(v->c->cx->conf);
}

/* Without the token of a mail there is nothing to be done. */
static bool
has_token(const struct page_view *v)
{
	const struct form *f = v->c->input.form;
	const char *token = f != NULL ? form_value(f, "token") : NULL;

	return token != NULL && *token != '\0';
}

static void
write_link(struct page_view *v, const char *path, const char *key)
{
	buf_text(v->out, "<a href=\"");
	html_text(v->out, page_address(v->c, path));
	buf_text(v->out, "\">");
	html_text(v->out, page_say(v->language, key));
	buf_text(v->out, "</a>");
}

static void
write_question(struct page_view *v, const char *question, const char *path,
	       const char *answer)
{
	buf_text(v->out, "<p class=\"aside\">");
	if (question != NULL) {
		html_text(v->out, page_say(v->language, question));
		buf_char(v->out, ' ');
	}
	write_link(v, path, answer);
	buf_text(v->out, "</p>\n");
}

static void
after_sign_in(struct page_view *v)
{
	if (v->c->cx->conf->provider_count > 0) {
		buf_text(v->out, "<p class=\"or\">");
		html_text(v->out, page_say(v->language, "sign_in.or"));
		buf_text(v->out, "</p>\n");
		page_providers_write(v, "/sign-in/", "sign_in.provider");
	}
	if (page_has_fault(v, "fault.not_verified") &&
	    verify_is_on(v->c->cx->conf))
		write_question(v, NULL, "/request-verify", "verify.again");
	if (reset_is_on(v->c->cx->conf))
		write_question(v, NULL, "/forgot-password", "sign_in.forgot");
	write_question(v, "sign_in.no_account", "/sign-up", "sign_in.sign_up");
}

static void
after_sign_up(struct page_view *v)
{
	write_question(v, "sign_up.have_account", "/sign-in", "sign_in.title");
}

static void
after_forgot(struct page_view *v)
{
	write_question(v, NULL, "/sign-in", "forgot.back");
}

static void
before_reset(struct page_view *v)
{
	if (has_token(v))
		return;
	buf_text(v->out, "<p>");
	html_text(v->out, page_say(v->language, "reset.missing"));
	buf_text(v->out, "</p>\n");
	write_question(v, NULL, "/forgot-password", "forgot.button");
}

static void
after_verify(struct page_view *v)
{
	write_question(v, NULL, "/request-verify", "verify.again");
}

static void
before_account(struct page_view *v)
{
	const struct user *u = &v->c->user;

	buf_text(v->out, "<p class=\"who\">");
	page_write_text(v->out, page_say(v->language, "account.signed_in_as"),
			"email", u->email);
	buf_printf(v->out, " <small class=\"%s\">",
		   u->is_verified ? "good" : "open");
	html_text(v->out,
		  page_say(v->language, u->is_verified ? "account.verified"
						       : "account.unverified"));
	buf_text(v->out, "</small></p>\n");
}

/* The accounts elsewhere that he signs in with, and how to get more. */
static void
after_account(struct page_view *v)
{
	page_keys_write(v);
	if (v->c->cx->conf->provider_count == 0)
		return;
	buf_text(v->out, "<section>\n");
	page_accounts_write(v, v->c->user.id);
	page_providers_write(v, "/account/connect/",
			     "account.providers.connect");
	buf_text(v->out, "</section>\n");
}

static enum err
request_own_verify(struct call *c)
{
	return request_verify_for(c, c->user.email);
}

static const struct page_form sign_in_forms[] = {
	{.path = "/sign-in",
	 .key = "sign_in",
	 .fields = sign_in_fields,
	 .count = countof(sign_in_fields),
	 .handler = post_login},
};

static const struct page_form sign_up_forms[] = {
	{.path = "/sign-up",
	 .key = "sign_up",
	 .fields = sign_up_fields,
	 .count = countof(sign_up_fields),
	 .subject = SUBJECT_COMER,
	 .has_custom = true,
	 .handler = sign_up,
	 .said = "said.signed_up",
	 .makes_account = true},
};

static const struct page_form forgot_forms[] = {
	{.path = "/forgot-password",
	 .key = "forgot",
	 .fields = email_fields,
	 .count = countof(email_fields),
	 .handler = post_forgot_password,
	 .next = "/sign-in",
	 .said = "said.forgot"},
};

static const struct page_form reset_forms[] = {
	{.path = "/reset-password",
	 .key = "reset",
	 .fields = reset_fields,
	 .count = countof(reset_fields),
	 .handler = post_reset_password,
	 .next = "/sign-in",
	 .said = "said.reset",
	 .is_offered = has_token},
};

static const struct page_form verify_forms[] = {
	{.path = "/verify",
	 .key = "verify",
	 .fields = token_fields,
	 .count = countof(token_fields),
	 .handler = post_verify,
	 .next = "/sign-in",
	 .said = "said.verified",
	 .is_offered = has_token},
};

static const struct page_form request_verify_forms[] = {
	{.path = "/request-verify",
	 .key = "request_verify",
	 .fields = email_fields,
	 .count = countof(email_fields),
	 .handler = post_request_verify,
	 .next = "/sign-in",
	 .said = "said.request_verify"},
};

static const struct page_form account_forms[] = {
	{.path = "/account/verify",
	 .key = "account.verify",
	 .handler = request_own_verify,
	 .next = "/account",
	 .said = "said.request_verify",
	 .is_offered = waits_for_verification},
	{.path = "/account/profile",
	 .key = "account.profile",
	 .has_custom = true,
	 .is_change = true,
	 .handler = patch_me,
	 .next = "/account",
	 .said = "said.profile",
	 .is_offered = custom_is_writable},
	{.path = "/account/email",
	 .key = "account.email",
	 .is_change = true,
	 .fields = email_fields,
	 .count = countof(email_fields),
	 .needs_password = true,
	 .handler = patch_me,
	 .next = "/account",
	 .said = "said.email"},
	{.path = "/account/password",
	 .key = "account.password",
	 .is_change = true,
	 .fields = password_fields,
	 .count = countof(password_fields),
	 .needs_password = true,
	 .handler = patch_me,
	 .next = "/account",
	 .said = "said.password"},
	{.path = "/account/keys",
	 .key = "account.keys",
	 .fields = page_key_fields,
	 .count = PAGE_KEY_FIELDS,
	 .handler = post_my_key,
	 .shows = page_key_show,
	 .is_offered = page_has_keys},
	{.path = "/account/keys/revoke",
	 .key = "account.keys",
	 .handler = page_key_revoke,
	 .next = "/account",
	 .said = "said.key_revoked",
	 .is_offered = never},
	{.path = "/account/sign-out",
	 .key = "account.sessions",
	 .handler = end_everywhere,
	 .next = "/sign-in",
	 .said = "said.everywhere"},
	{.path = "/account/delete",
	 .key = "account.delete",
	 .fields = delete_fields,
	 .count = countof(delete_fields),
	 .is_dangerous = true,
	 .handler = leave,
	 .next = "/sign-in",
	 .said = "said.deleted",
	 .is_offered = may_leave},
	{.path = "/sign-out",
	 .key = "shell",
	 .handler = post_logout,
	 .next = "/sign-in",
	 .said = "said.signed_out",
	 .is_offered = never},
};

#define PAGE(address, texts, list, first, last)                                \
	{                                                                      \
		.path = (address), .key = (texts), .forms = (list),            \
		.count = countof(list), .before = (first), .after = (last)     \
	}

const struct page pages[] = {
	PAGE("/sign-in", "sign_in", sign_in_forms, NULL, after_sign_in),
	PAGE("/sign-up", "sign_up", sign_up_forms, NULL, after_sign_up),
	PAGE("/forgot-password", "forgot", forgot_forms, NULL, after_forgot),
	PAGE("/reset-password", "reset", reset_forms, before_reset, NULL),
	PAGE("/verify", "verify", verify_forms, NULL, after_verify),
	PAGE("/request-verify", "request_verify", request_verify_forms, NULL,
	     after_forgot),
	PAGE("/account", "account", account_forms, before_account,
	     after_account),
};

const size_t page_count = countof(pages);
