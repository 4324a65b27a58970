/* SPDX-License-Identifier: MIT */
#include "core/limiter.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/network.h"
#include "base/text.h"
#include "core/email.h"

#define KEY_SIZE 18 /* 24 characters of base64 */
#define DAY 86400

/* Of so many new rows one forgets old ones: three times as many as came. */
#define PURGE_EVERY 32
/* Seconds after which a row that ended is forgotten: nobody uses it now. */
#define PURGE_AGE 3600

static const struct limit_rule {
	const char *kind;
	size_t most; /* in struct limits_settings */
	size_t window;
} rules[LIMIT__COUNT] = {
#define LIMIT(name, text, often, seconds)                                      \
	[LIMIT_##name] = {(text), offsetof(struct limits_settings, often),     \
			  offsetof(struct limits_settings, seconds)},
#include "core/limits.def"
#undef LIMIT
};

struct limiter {
	struct mac_key *key;
};

/* All machines have the same secrets, so they make the same keys; where there
 * is none the hashes still tell nobody anything at a glance. */
static const char *
secret_of(const struct config *conf)
{
	const struct secrets_settings *s = &conf->secrets;
	const struct text_list *const lists[] = {&s->jwt, &s->reset, &s->verify,
						 &s->state};

	for (size_t i = 0; i < countof(lists); i++)
		if (lists[i]->count > 0)
			return lists[i]->items[0];
	for (size_t i = 0; i < conf->backend_count; i++)
		if (conf->backend[i].secret.count > 0)
			return conf->backend[i].secret.items[0];
	return "";
}

void
limiter_open(const struct config *conf, struct limiter **out)
{
	static const char purpose[] = "fastcgi-users limits";
	const char *secret = secret_of(conf);
	unsigned char derived[SHA256_SIZE];
	struct mac_key *k;

	*out = NULL;
	if (!conf->limits.enabled)
		return;
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		abort();
	k = mac_key_new(secret, strlen(secret));
	mac_sign(k, purpose, sizeof(purpose) - 1, derived);
	mac_key_free(k);
	(*out)->key = mac_key_new(derived, sizeof(derived));
	crypto_wipe(derived, sizeof(derived));
}

void
limiter_close(struct limiter *l)
{
	if (l == NULL)
		return;
	mac_key_free(l->key);
	free(l);
}

/* What is hashed says what it is, so that no address passes for a network. */
static const char *
key_of(struct limiter *l, struct arena *mem, char what, const char *text)
{
	const char *said = arena_printf(mem, "%c%s", what, text);
	unsigned char mac[SHA256_SIZE];

	mac_sign(l->key, said, strlen(said), mac);
	return crypto_base64url(mem, mac, KEY_SIZE);
}

const char *
limit_account_key(struct limiter *l, struct arena *mem, const char *email)
{
	return key_of(l, mem, 'a', email_fold(mem, email));
}

const char *
limit_network_key(struct limiter *l, struct arena *mem, const char *client)
{
	return key_of(l, mem, 'n',
		      network_of(mem, client != NULL ? client : ""));
}

static int64_t
setting(const struct config *conf, size_t offset)
{
	const int64_t *at =
		(const void *)((const char *)&conf->limits + offset);

	return *at;
}

bool
limit_is_on(const struct config *conf, enum limit_kind kind)
{
	return kind != LIMIT_NONE && conf->limits.enabled &&
	       setting(conf, rules[kind].most) > 0;
}

/* The request goes on: what is left behind makes nobody's limit wider. */
static void
tell_failure(const char *what, enum err e)
{
	if (e != OK)
		log_event(LEVEL_WARNING, log_is("limit_failed"),
			  log_text("what", what),
			  log_text("reason", err_name(e)));
}

static void
forget_some(struct ctx *cx, const struct limit_row *row)
{
	unsigned char chance;

	if (row->used > 1)
		return;
	crypto_random(&chance, sizeof(chance));
	if (chance % PURGE_EVERY == 0)
		tell_failure("purge",
			     limit_purge(cx->db, cx->mem, cx->now - PURGE_AGE));
}

/* Whatever keeps it from being counted: nobody gets in uncounted. */
static enum err
count(struct ctx *cx, const struct limit_key *key, int64_t seconds,
      struct limit_row *row)
{
	enum err e = limit_count(cx->db, cx->mem, key, cx->now, seconds, row);

	if (e != OK)
		return ERR_DATABASE_DOWN;
	forget_some(cx, row);
	return OK;
}

bool
limit_is_reached(const struct config *conf, const struct limit_row *row)
{
	for (size_t i = LIMIT_NONE + 1; i < countof(rules); i++)
		if (strcmp(rules[i].kind, row->key.kind) == 0)
			return row->used >= setting(conf, rules[i].most) &&
			       setting(conf, rules[i].most) > 0;
	return false;
}

static enum err
refuse(struct ctx *cx, const struct limit_row *row)
{
	int64_t seconds = row->ends_at - cx->now;

	cx->retry_after = seconds > 0 ? seconds : 1;
	log_event(LEVEL_WARNING, log_is("limit_reached"),
		  log_text("kind", row->key.kind),
		  log_number("tries", row->used),
		  log_number("retry_after", cx->retry_after),
		  log_text("client", cx->client));
	return ERR_TOO_MANY_REQUESTS;
}

/* One more by that key, whose kind is the rule's. */
static enum err
take(struct ctx *cx, enum limit_kind kind, struct limit_key key)
{
	const struct limit_rule *r = &rules[kind];
	struct limit_row row;

	key.kind = r->kind;
	TRY(count(cx, &key, setting(cx->conf, r->window), &row));
	return row.used > setting(cx->conf, r->most) ? refuse(cx, &row) : OK;
}

enum err
limit_take(struct ctx *cx, enum limit_kind kind)
{
	if (cx->limiter == NULL || !limit_is_on(cx->conf, kind))
		return OK;
	return take(cx, kind,
		    (struct limit_key){
			    .account = "",
			    .network = limit_network_key(cx->limiter, cx->mem,
							 cx->client),
		    });
}

/* As an account's, but two addresses that only look alike are two: whoever has
 * one must not use up what is told to the other. */
static const char *
mailbox_key(struct limiter *l, struct arena *mem, const char *address)
{
	return key_of(l, mem, 'a', text_lower(arena_text(mem, address)));
}

enum err
limit_mail(struct ctx *cx, const char *address, const char *what)
{
	if (cx->limiter == NULL || !limit_is_on(cx->conf, LIMIT_MAIL))
		return OK;
	return take(
		cx, LIMIT_MAIL,
		(struct limit_key){
			.account = mailbox_key(cx->limiter, cx->mem, address),
			.network = what,
		});
}

static bool
is_known(const struct ctx *cx, const struct limit_row *pair)
{
	return pair->known_until > cx->now;
}

/* One more of that kind: *over when there are too many now. */
static enum err
count_all(struct ctx *cx, enum limit_kind kind, struct limit_key key,
	  struct limit_pass *pass, struct limit_row *row, bool *over)
{
	const struct limit_rule *r = &rules[kind];
	int64_t most = setting(cx->conf, r->most);

	*over = false;
	if (most == 0)
		return OK;
	key.kind = r->kind;
	TRY(count(cx, &key, setting(cx->conf, r->window), row));
	pass->keys[pass->count++] = key;
	*over = row->used > most;
	return OK;
}

/* Nobody has looked at his password, so his own tries are all left to him when
 * the network's begin anew. */
static void
take_back(struct ctx *cx, const struct limit_key *key)
{
	tell_failure("give_back",
		     limit_give_back(cx->db, cx->mem, key, 1, cx->now, 0));
}

/*
 * Somebody tries many accounts from this network. Whoever has signed in from
 * it before goes on.
 */
static enum err
check_network(struct ctx *cx, const struct limit_row *pair,
	      struct limit_pass *pass)
{
	struct limit_key key = {.account = "", .network = pair->key.network};
	struct limit_row all;
	bool over;

	TRY(count_all(cx, LIMIT_NETWORK, key, pass, &all, &over));
	if (!over || is_known(cx, pair))
		return OK;
	take_back(cx, &pair->key);
	return refuse(cx, &all);
}

/*
 * Somebody tries this account from many networks. Those from which its owner
 * has signed in keep all their tries, and every other one has a few: whoever
 * comes from a new network and knows the password is never kept out.
 */
static enum err
check_account(struct ctx *cx, const struct limit_row *pair,
	      struct limit_pass *pass)
{
	struct limit_key key = {.account = pair->key.account, .network = ""};
	struct limit_row all;
	bool over;

	TRY(count_all(cx, LIMIT_ACCOUNT, key, pass, &all, &over));
	if (!over || is_known(cx, pair) ||
	    pair->used <= cx->conf->limits.account_tries)
		return OK;
	return refuse(cx, pair);
}

/* Who is refused by one is not counted by the next: one network alone must
 * not be able to use up what others have. */
enum err
limit_sign_in(struct ctx *cx, const char *email, struct limit_pass *out)
{
	const struct limits_settings *s = &cx->conf->limits;
	struct limit_key key = {.kind = rules[LIMIT_SIGN_IN].kind};
	struct limit_row pair;

	*out = (struct limit_pass){0};
	if (cx->limiter == NULL || s->sign_in == 0)
		return OK;
	key.account = limit_account_key(cx->limiter, cx->mem, email);
	key.network = limit_network_key(cx->limiter, cx->mem, cx->client);
	TRY(count(cx, &key, s->sign_in_window, &pair));
	out->keys[out->count++] = key;
	if (pair.used > s->sign_in)
		return refuse(cx, &pair);
	TRY(check_network(cx, &pair, out));
	return check_account(cx, &pair, out);
}

/* To the end of a day, so that it changes once a day. */
static int64_t
known_until(const struct ctx *cx)
{
	if (cx->conf->limits.known_age == 0)
		return 0;
	return (cx->now / DAY + 1) * DAY + cx->conf->limits.known_age;
}

/* Where the rows of many are fought over, as on a database that is
 * serializable, each has turns of its own. */
void
limit_settle(struct ctx *cx, const struct limit_pass *pass, enum err outcome)
{
	int64_t until = outcome == OK ? known_until(cx) : 0;

	if (pass->count == 0 || outcome == ERR_LOGIN_BAD_CREDENTIALS ||
	    limit_give_back(cx->db, cx->mem, pass->keys, pass->count, cx->now,
			    until) == OK)
		return;
	for (size_t i = 0; i < pass->count; i++)
		tell_failure("give_back",
			     limit_give_back(cx->db, cx->mem, &pass->keys[i], 1,
					     cx->now, i == 0 ? until : 0));
}

void
limit_forgive_account(struct ctx *cx, const char *email)
{
	struct limit_key key = {.kind = rules[LIMIT_SIGN_IN].kind};

	if (cx->limiter == NULL || cx->conf->limits.sign_in == 0)
		return;
	key.account = limit_account_key(cx->limiter, cx->mem, email);
	key.network = limit_network_key(cx->limiter, cx->mem, cx->client);
	tell_failure("forgive", limit_forgive(cx->db, cx->mem, &key, cx->now,
					      known_until(cx)));
}
