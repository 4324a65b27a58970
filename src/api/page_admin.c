/* SPDX-License-Identifier: MIT */
/* The pages for superusers, their forms, and what they do. */
#include <string.h>

#include "api/page.h"
#include "core/account.h"
#include "core/reset.h"
#include "core/verify.h"
#include "http/html.h"

#define EMAIL                                                                  \
	{                                                                      \
		.name = "email", .label = "field.email", .type = "email"       \
	}
#define NEW_PASSWORD                                                           \
	{                                                                      \
		.name = "password", .label = "field.new_password",             \
		.type = "password", .autocomplete = "new-password",            \
		.hint = "hint.new_password"                                    \
	}
#define FLAG(which)                                                            \
	{                                                                      \
		.name = (which), .label = "field." which, .type = "checkbox"   \
	}

static const struct page_field new_fields[] = {
	EMAIL,
	NEW_PASSWORD,
	FLAG("is_active"),
	FLAG("is_superuser"),
	FLAG("is_verified"),
};
static const struct page_field detail_fields[] = {
	EMAIL,
	FLAG("is_active"),
	FLAG("is_superuser"),
	FLAG("is_verified"),
};
static const struct page_field password_fields[] = {NEW_PASSWORD};

static enum err
send_reset(struct call *c)
{
	return request_reset_for(c, c->target.email);
}

static enum err
send_verify(struct call *c)
{
	return request_verify_for(c, c->target.email);
}

static enum err
end_sessions(struct call *c)
{
	return account_end_sessions(c->cx, c->target.id);
}

/* Nobody else gets such a mail. */
static bool
may_reset(const struct page_view *v)
{
	return v->c->target.is_active && reset_is_on(v->c->cx->conf);
}

static bool
may_verify(const struct page_view *v)
{
	return v->c->target.is_active && !v->c->target.is_verified &&
	       verify_is_on(v->c->cx->conf);
}

static bool
never(const struct page_view *v)
{
	(void)v;
	return false;
}

void
page_tabs_write(struct page_view *v)
{
	buf_text(v->out, "<nav class=\"tabs\" aria-label=\"");
	html_text(v->out, page_say(v->language, "shell.administration"));
	buf_text(v->out, "\">\n");
	page_link_write(v, "/admin", "admin.title");
	page_link_write(v, "/admin/new", "admin_new.title");
	page_link_write(v, "/admin/outbox", "admin_outbox.title");
	buf_text(v->out, "</nav>\n");
}

static void
before_user(struct page_view *v)
{
	const struct user *u = &v->c->target;

	page_tabs_write(v);
	buf_text(v->out, "<p class=\"whom\"><strong>");
	html_text(v->out, u->email);
	buf_text(v->out, "</strong><br><small>");
	html_text(v->out, u->id);
	buf_text(v->out, "</small></p>\n");
	page_state_write(v, u->is_active, u->is_superuser, u->is_verified);
}

static void
after_user(struct page_view *v)
{
	buf_text(v->out, "<section>\n");
	page_accounts_write(v, v->c->target.id);
	buf_text(v->out, "</section>\n<section>\n");
	page_text_write(v, "h2", "admin_delete.title");
	page_link_write(v, "/admin/users/{id}/delete", "admin_user.delete");
	buf_text(v->out, "</section>\n");
}

static void
after_delete(struct page_view *v)
{
	buf_text(v->out, "<p class=\"aside\">");
	page_link_write(v, "/admin/users/{id}", "admin_delete.back");
	buf_text(v->out, "</p>\n");
}

static const struct page_form new_forms[] = {
	{.path = "/admin/new",
	 .key = "admin_new",
	 .fields = new_fields,
	 .count = countof(new_fields),
	 .subject = SUBJECT_NEW,
	 .has_custom = true,
	 .handler = post_users,
	 .next = "/admin/users/{id}",
	 .said = "said.user_made"},
};

static const struct page_form user_forms[] = {
	{.path = "/admin/users/{id}/details",
	 .key = "admin_user.details",
	 .fields = detail_fields,
	 .count = countof(detail_fields),
	 .subject = SUBJECT_TARGET,
	 .has_custom = true,
	 .is_change = true,
	 .has_tag = true,
	 .handler = patch_user,
	 .next = "/admin/users/{id}",
	 .said = "said.user_changed",
	 .gone = "fault.user_gone"},
	{.path = "/admin/users/{id}/password",
	 .key = "admin_user.password",
	 .fields = password_fields,
	 .count = countof(password_fields),
	 .subject = SUBJECT_TARGET,
	 .is_change = true,
	 .handler = patch_user,
	 .next = "/admin/users/{id}",
	 .said = "said.user_password",
	 .gone = "fault.user_gone"},
	{.path = "/admin/users/{id}/reset",
	 .key = "admin_user.reset",
	 .handler = send_reset,
	 .next = "/admin/users/{id}",
	 .said = "said.user_reset",
	 .is_offered = may_reset},
	{.path = "/admin/users/{id}/verify",
	 .key = "admin_user.verify",
	 .handler = send_verify,
	 .next = "/admin/users/{id}",
	 .said = "said.user_verify",
	 .is_offered = may_verify},
	{.path = "/admin/users/{id}/sign-out",
	 .key = "admin_user.sessions",
	 .handler = end_sessions,
	 .next = "/admin/users/{id}",
	 .said = "said.user_sessions",
	 .gone = "fault.user_gone"},
};

static const struct page_form delete_forms[] = {
	{.path = "/admin/users/{id}/delete",
	 .key = "admin_delete",
	 .is_dangerous = true,
	 .handler = delete_user,
	 .next = "/admin",
	 .said = "said.user_deleted",
	 .gone = "fault.user_gone"},
};

static const struct page_form outbox_forms[] = {
	{.path = "/admin/outbox/retry",
	 .key = "admin_outbox.retry",
	 .handler = page_outbox_retry,
	 .next = "/admin/outbox",
	 .said = "said.outbox_retry",
	 .gone = "fault.outbox_gone",
	 .is_offered = never},
	{.path = "/admin/outbox/drop",
	 .key = "admin_outbox.drop",
	 .handler = page_outbox_drop,
	 .next = "/admin/outbox",
	 .said = "said.outbox_drop",
	 .gone = "fault.outbox_gone",
	 .is_offered = never},
};

const struct page admin_pages[] = {
	{.path = "/admin",
	 .key = "admin",
	 .is_wide = true,
	 .load = page_users_load,
	 .after = page_users_write},
	{.path = "/admin/new",
	 .key = "admin_new",
	 .forms = new_forms,
	 .count = countof(new_forms),
	 .before = page_tabs_write},
	{.path = "/admin/users/{id}",
	 .key = "admin_user",
	 .forms = user_forms,
	 .count = countof(user_forms),
	 .before = before_user,
	 .after = after_user},
	{.path = "/admin/users/{id}/delete",
	 .key = "admin_delete",
	 .forms = delete_forms,
	 .count = countof(delete_forms),
	 .before = before_user,
	 .after = after_delete},
	{.path = "/admin/outbox",
	 .key = "admin_outbox",
	 .forms = outbox_forms,
	 .count = countof(outbox_forms),
	 .is_wide = true,
	 .load = page_outbox_load,
	 .after = page_outbox_write},
};

const size_t admin_page_count = countof(admin_pages);
