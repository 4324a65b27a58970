/* SPDX-License-Identifier: MIT */
/*
 * The pages that people see. A page is a row of a table: its forms, their
 * fields, and which handler of the API does what a form asks for. So a page
 * is one more rendering of what the API does, and has no rules of its own.
 */
#ifndef PAGE_H
#define PAGE_H

#include "api/page_text.h"
#include "api/route.h"
#include "core/oauth.h"

/* What an element that offers a choice offers; the text of `label` is looked
 * up as a key. */
struct page_choice {
	const char *value;
	const char *label;
};

struct page_view;

/* An element of a form. The name is that of the handler's schema. */
struct page_field {
	const char *name;
	const char *label;        /* key of a text */
	const char *type;         /* of an input element */
	const char *autocomplete; /* WHATWG HTML, autofill; NULL: off */
	const char *hint;         /* key of a text, NULL: none */
	/* What it offers, up to one without a value; NULL: it is no such. */
	const struct page_choice *(*choices)(const struct page_view *v);
	/* One that is configured: its label, its kind, its value. */
	const struct user_field *custom;
};

/* Whom a form is about: whoever fills it in, who makes an account for himself,
 * whom {id} names, somebody who is only being made by an admin. */
enum page_subject { SUBJECT_SELF, SUBJECT_COMER, SUBJECT_TARGET, SUBJECT_NEW };

struct page_form {
	const char *path; /* below the pages' prefix */
	/* Its texts: KEY.title where a page has several, KEY.intro where there
	 * is one, KEY.button. */
	const char *key;
	const struct page_field *fields;
	size_t count;
	enum page_subject subject;
	bool has_custom;     /* and the configured fields that may be written */
	bool is_change;      /* what is missing would stay as it was */
	bool has_tag;        /* changes the state that it showed alone */
	bool is_dangerous;   /* the button warns */
	bool needs_password; /* the current one, in "current_password" */
	route_handler *handler;
	const char
		*next; /* where a success leads; NULL: as one was sent here */
	const char *said;   /* key of what is said there; NULL: nothing */
	bool makes_account; /* who is not signed in by it must be confirmed */
	/* What is shown at once instead of going anywhere, since it is never
	 * shown again; `answer` is the body of the handler's. NULL: nothing. */
	void (*shows)(struct page_view *v, const char *answer);
	const char *gone; /* key of what ERR_NOT_FOUND means; NULL: the usual */
	/* Whether it is offered; NULL: always. */
	bool (*is_offered)(const struct page_view *v);
};

struct page {
	const char *path; /* below the pages' prefix */
	const char
		*key; /* its texts: KEY.title, KEY.intro where there is one */
	const struct page_form *forms;
	size_t count;
	bool is_wide;
	/*
	 * What it shows, into v->loaded, before anything is written. Of
	 * ERR_UNPROCESSABLE it has told the faults, and the page is shown
	 * without. NULL: nothing.
	 */
	enum err (*load)(struct page_view *v);
	/* What stands before the forms and behind them; NULL: nothing. */
	void (*before)(struct page_view *v);
	void (*after)(struct page_view *v);
};

/* What is wrong with what was sent. */
struct page_fault {
	const char *field; /* NULL: with the form as a whole */
	const char *key;   /* of the text */
	const char *name;  /* that {name} of it stands for `value`; NULL */
	const char *value;
};

#define PAGE_FAULTS_LIMIT 64

/* A page on its way out. */
struct page_view {
	struct call *c;
	const struct page *page; /* NULL: nothing but a fault */
	const struct page_language *language;
	struct buf *out;
	const struct page_form *sent; /* what was not taken; NULL */
	const char *said;             /* key, NULL */
	const char *shown;            /* a secret, this once; NULL */
	const char *return_to;        /* where one goes when signed in; NULL */
	const void *loaded;           /* by the page's load; NULL */
	struct page_fault faults[PAGE_FAULTS_LIMIT];
	size_t fault_count;
	bool is_stale; /* what was sent was made for another state */
};

/* The pages, and the one that has the path or a form with it, and that form
 * (NULL: the page itself); NULL for none. */
extern const struct page pages[];
extern const size_t page_count;
extern const struct page admin_pages[];
extern const size_t admin_page_count;
const struct page *page_find(const char *path, const struct page_form **form)
	NONNULL(1, 2);

/* The backend that pages sign in with, the first one with cookies; NULL: no
 * pages then. */
const struct backend_settings *page_backend(const struct config *conf)
	NONNULL(1);

/* Whether there are pages for superusers. */
bool page_admin_is_on(const struct config *conf) NONNULL(1);

/* What the form or query holds under that name, NULL when that is nothing or no
 * text. */
const char *page_parameter(const struct call *c, const char *name)
	NONNULL(1, 2);

/* The path of a page or form, with whom it is about in place of {id}. */
const char *page_path(const struct call *c, const char *path)
	RETURNS_NONNULL NONNULL(1, 2);

/* An address below the pages' prefix, as a browser needs it, {id} as above. On
 * cx->mem. */
const char *page_address(const struct call *c, const char *path)
	RETURNS_NONNULL NONNULL(1, 2);

/* A place that may be gone to: the text when pages.return_to allows it or it is
 * a page for who is signed in, NULL when not. */
const char *page_return_to(const struct call *c, const char *text)
	NONNULL(1, 2);

/* Whether its answers are pages, failures too. */
bool route_is_page(const struct route *r) NONNULL(1);

/* The check that stands before a page's handler: who this is.
 * ERR_UNAUTHORIZED, ERR_FORBIDDEN. */
enum err page_admit(struct call *c) NODISCARD NONNULL(1);

/* An outcome as a page, for who may not see the one that he asked for. */
void page_problem(struct call *c, enum err e) NONNULL(1);

/*
 * page_provider.c: a way through a provider that a page began, told by a
 * cookie, ends on a page: the outcome of `finish` is shown there.
 */
bool page_way_is_open(const struct call *c) NONNULL(1);
enum err page_way_end(struct call *c, route_handler *finish)
	NODISCARD NONNULL(1, 2);
/* What was begun is not gone on with. */
void page_way_leave(struct call *c) NONNULL(1);
/* A link to each provider; `path` is that of the way's beginning, to which its
 * name is put, `key` that of the link's text. */
void page_providers_write(struct page_view *v, const char *path,
			  const char *key) NONNULL(1, 2, 3);

/* The user's accounts elsewhere, as a list. */
void page_accounts_write(struct page_view *v, const char *user_id)
	NONNULL(1, 2);

/* oauth.c: the address at c->provider to go to, and the cookie for it. */
enum err authorize_begin(struct call *c, enum oauth_purpose purpose,
			 const struct text_list *scopes, const char **url)
	NODISCARD NONNULL(1, 3, 4);

/* A page that is about to be shown: its language, and where it leads. */
void page_view_open(struct page_view *v, struct call *c,
		    const struct page *page) NONNULL(1, 2);
/* What it shows, and the page; without it, and 422, where it was asked for
 * wrongly. */
enum err page_show(struct page_view *v, int status) NODISCARD NONNULL(1);

/* The page to sign in, which leads back to `return_to`; NULL: nowhere. */
const char *page_place_to_sign_in(const struct call *c, const char *return_to)
	RETURNS_NONNULL NONNULL(1);

/* Where who is signed in goes: to where he wanted, if he may. */
const char *page_place_signed_in(const struct call *c, const char *return_to)
	RETURNS_NONNULL NONNULL(1);

/* A handler's answer is the API's: of it a page keeps the cookies, and the
 * detail of a failure. *body (NULL: nobody wants it) is the rest. */
enum err page_run(struct call *c, route_handler *handler, const char **body)
	NODISCARD NONNULL(1, 2);

/* 303: GET that address (RFC 9110, section 15.4.4). */
void page_send_to(struct call *c, const char *address) NONNULL(1, 2);

/* page_write.c: the document. */
void page_write(struct page_view *v, int status) NONNULL(1);
/* A link to a page, and whether that is the one shown. */
void page_link_write(struct page_view *v, const char *path, const char *key)
	NONNULL(1, 2, 3);
/* The text of a key within <element>. */
void page_text_write(struct page_view *v, const char *element, const char *key)
	NONNULL(1, 2, 3);

/* page_form.c: a form, and which state of the user the one that was sent had
 * shown; "" where it does not say. */
const char *page_form_tag(const struct page_view *v) RETURNS_NONNULL NONNULL(1);
void page_form_write(struct page_view *v, const struct page_form *f)
	NONNULL(1, 2);
/* Whether a form that changes somebody holds the configured field, and he has
 * there what can be another value, but not none. */
bool page_form_keeps(const struct page_view *v, const struct page_form *form,
		     const struct user_field *f) NONNULL(1, 2, 3);
/* Whether forms about such a one have the configured field. */
bool page_subject_has(enum page_subject subject, const struct user_field *f)
	NONNULL(2);

/* page_key.c: the personal API keys of who is signed in, and the form that
 * makes one. */
#define PAGE_KEY_FIELDS 3
extern const struct page_field page_key_fields[PAGE_KEY_FIELDS];
bool page_has_keys(const struct page_view *v) NONNULL(1);
void page_keys_write(struct page_view *v) NONNULL(1);
void page_key_show(struct page_view *v, const char *answer) NONNULL(1, 2);
enum err page_key_revoke(struct call *c) NODISCARD NONNULL(1);

/* page_fault.c: what an outcome of a handler means for the form. */
void page_faults_read(struct page_view *v, enum err e) NONNULL(1);
bool page_has_fault(const struct page_view *v, const char *key) NONNULL(1, 2);
void page_fault_write(struct page_view *v, const struct page_fault *f)
	NONNULL(1, 2);

/*
 * page_token.c: what proves that a form was made for this browser: an HMAC of
 * its path by the session's token, or without a session by a cookie that was
 * set when the form was shown.
 */
const char *page_token(struct call *c, const char *path)
	RETURNS_NONNULL NONNULL(1, 2);
bool page_token_fits(struct call *c, const char *path) NONNULL(1, 2);

/* What a browser sends back of page_cookie; NULL: nothing. */
const char *page_cookie_value(const struct call *c, const char *name)
	NONNULL(1, 2);

/* What is said on the next page that is shown: key, NULL: nothing any more. */
void page_say_next(struct call *c, const char *key) NONNULL(1);
const char *page_said(struct call *c) NONNULL(1);

/* A cookie of the pages for this browser session or `seconds`. */
void page_cookie(struct call *c, const char *name, const char *value,
		 int64_t seconds) NONNULL(1, 2, 3);

/* What the query says under that name, as it is; "" for nothing. */
const char *page_given(const struct page_view *v, const char *name)
	RETURNS_NONNULL NONNULL(1, 2);

/* page_users.c: the list of users, and what is said of one's state. */
enum err page_users_load(struct page_view *v) NODISCARD NONNULL(1);
void page_users_write(struct page_view *v) NONNULL(1);
void page_state_write(struct page_view *v, bool is_active, bool is_superuser,
		      bool is_verified) NONNULL(1);

/* page_outbox.c: what waits to be told, and what was given up. */
enum err page_outbox_load(struct page_view *v) NODISCARD NONNULL(1);
void page_outbox_write(struct page_view *v) NONNULL(1);
route_handler page_outbox_retry;
route_handler page_outbox_drop;

/* page_admin.c: the links between the pages for superusers. */
void page_tabs_write(struct page_view *v) NONNULL(1);

#endif
