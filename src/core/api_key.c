/* SPDX-License-Identifier: MIT */
#include "core/api_key.h"

#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "core/event.h"

#define PREFIX "fcu_"
#define PREFIX_LENGTH 4
#define ID_SIZE 8
#define ID_LENGTH 16
#define SECRET_SIZE 32
#define SECRET_LENGTH 64
#define SUM_LENGTH 8
#define BODY_LENGTH (PREFIX_LENGTH + ID_LENGTH + 1 + SECRET_LENGTH)
#define DIGITS "0123456789abcdef"

static const struct {
	const char *word;
	enum api_scope bit;
} scopes[] = {
	{"me:read", API_SCOPE_ME_READ},
	{"me:write", API_SCOPE_ME_WRITE},
	{"users:read", API_SCOPE_USERS_READ},
	{"users:write", API_SCOPE_USERS_WRITE},
	{"check", API_SCOPE_CHECK},
};

static unsigned
scope_bit(const char *word, size_t len)
{
	for (size_t i = 0; i < countof(scopes); i++)
		if (strlen(scopes[i].word) == len &&
		    memcmp(scopes[i].word, word, len) == 0)
			return scopes[i].bit;
	return 0;
}

unsigned
api_scope_read(const char *text)
{
	unsigned all = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		unsigned bit = scope_bit(text, len);

		if (bit == 0 || (all & bit) != 0)
			return 0;
		all |= bit;
		text += len;
		if (*text == ' ' && *++text == '\0')
			return 0;
	}
	return all;
}

const char *
api_scope_word(unsigned bit)
{
	for (size_t i = 0; i < countof(scopes); i++)
		if (scopes[i].bit == bit)
			return scopes[i].word;
	return "";
}

const char *
api_scope_words(struct arena *mem)
{
	struct buf b;

	buf_init(&b, mem, 64);
	for (size_t i = 0; i < countof(scopes); i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", scopes[i].word);
	return b.data;
}

bool
api_key_looks(const char *text)
{
	return text_starts(text, PREFIX);
}

static const char *
hex(struct arena *mem, const unsigned char *bytes, size_t len)
{
	struct buf b;

	buf_init(&b, mem, len * 2 + 1);
	for (size_t i = 0; i < len; i++) {
		buf_char(&b, DIGITS[bytes[i] >> 4]);
		buf_char(&b, DIGITS[bytes[i] & 15]);
	}
	return b.data;
}

/* No secret: whoever finds a key can tell by it that it is one. */
static const char *
checksum(struct arena *mem, const char *body)
{
	return arena_copy(mem, crypto_sha256_hex(mem, body, BODY_LENGTH),
			  SUM_LENGTH);
}

const char *
api_key_id(struct arena *mem, const char *text)
{
	const char *id = text + PREFIX_LENGTH;

	if (strnlen(text, BODY_LENGTH + SUM_LENGTH + 1) !=
		    BODY_LENGTH + SUM_LENGTH ||
	    !api_key_looks(text) || id[ID_LENGTH] != '_' ||
	    strspn(id, DIGITS) != ID_LENGTH ||
	    strspn(id + ID_LENGTH + 1, DIGITS) != SECRET_LENGTH + SUM_LENGTH ||
	    strcmp(checksum(mem, text), text + BODY_LENGTH) != 0)
		return NULL;
	return arena_copy(mem, id, ID_LENGTH);
}

static const char *
key_text(struct arena *mem, const char **id)
{
	unsigned char bytes[ID_SIZE + SECRET_SIZE];
	const char *body;

	crypto_random(bytes, sizeof(bytes));
	*id = hex(mem, bytes, ID_SIZE);
	body = arena_printf(mem, PREFIX "%s_%s", *id,
			    hex(mem, bytes + ID_SIZE, SECRET_SIZE));
	crypto_wipe(bytes, sizeof(bytes));
	return arena_printf(mem, "%s%s", body, checksum(mem, body));
}

/* What one transaction of a change needs. */
struct key_change {
	struct ctx *cx;
	const struct actor *by;
	const char *owner;
	struct key_row *row;
};

static void
time_add(struct buf *out, const char *name, int64_t seconds)
{
	if (seconds < 0)
		json_add_raw(out, name, "null");
	else
		json_add_text(out, name, clock_text(out->mem, seconds));
}

void
api_key_write(struct buf *out, const char *name, const struct key_row *k,
	      const char *text)
{
	json_begin(out, name, '{');
	json_add_text(out, "id", k->id);
	json_add_text(out, "name", k->name);
	json_add_text(out, "scope", k->scope);
	time_add(out, "created_at", k->created_at);
	time_add(out, "expires_at", k->expires_at);
	time_add(out, "last_used_at", k->last_used_at);
	if (text != NULL)
		json_add_text(out, "key", text);
	json_end(out, '}');
}

/* Whom he makes it for is told with it, and what it is: never the key. */
static enum err
tell(const struct key_change *c, enum event event, const struct user *owner)
{
	struct buf b;
	struct event_fact fact = {.event = event, .user = owner};

	buf_init(&b, c->cx->mem, 256);
	json_begin(&b, NULL, '{');
	api_key_write(&b, "api_key", c->row, NULL);
	json_end(&b, '}');
	fact.changed = b.data;
	return event_emit(c->cx, &fact);
}

static enum err
create_body(struct db *db, void *arg)
{
	const struct key_change *c = arg;
	struct arena *mem = c->cx->mem;
	struct key_row *others;
	struct user owner = {0};
	size_t count;

	TRY(account_admit(c->cx, c->by));
	TRY(user_lock(db, mem, c->owner));
	TRY(user_by_id(db, mem, c->owner, &owner));
	TRY(key_row_purge(db, mem, owner.id, c->cx->now, owner.generation));
	TRY(key_row_list(db, mem, owner.id, &others, &count));
	if ((int64_t)count >= c->cx->conf->api_keys.max_per_user)
		return ERR_API_KEY_TOO_MANY;
	c->row->user_id = owner.id;
	c->row->generation = owner.generation;
	TRY(key_row_insert(db, mem, c->row));
	return tell(c, EVENT_AFTER_CREATE_API_KEY, &owner);
}

/* NULL when the wish can be met. */
static const char *
wish_fault(const struct ctx *cx, const struct api_key_wish *w)
{
	int64_t longest = cx->conf->api_keys.max_lifetime;

	if (!text_is_utf8(w->name, strlen(w->name)) || *w->name == '\0' ||
	    text_utf8_count(w->name, strlen(w->name)) > API_KEY_NAME_LIMIT)
		return API_KEY_NAME_FAULT;
	if (api_scope_read(w->scope) == 0)
		return "The scope must be words of me:read, me:write, "
		       "users:read, users:write and check, with one blank "
		       "between";
	if (w->lifetime < -1 ||
	    (longest >= 0 && (w->lifetime < 0 || w->lifetime > longest)))
		return "The key must not be good for so long";
	return NULL;
}

static int64_t
expiry(const struct ctx *cx, const struct api_key_wish *w)
{
	int64_t lifetime = w->lifetime != 0 ? w->lifetime
					    : cx->conf->api_keys.max_lifetime;

	return lifetime < 0 ? -1 : cx->now + lifetime;
}

enum err
api_key_create(struct ctx *cx, const struct user *owner,
	       const struct api_key_wish *wish, const struct actor *by,
	       struct key_row *out, const char **text, const char **why)
{
	struct key_change c;

	*why = wish_fault(cx, wish);
	if (*why != NULL)
		return ERR_API_KEY_INVALID;
	*out = (struct key_row){
		.name = wish->name,
		.scope = wish->scope,
		.created_at = cx->now,
		.expires_at = expiry(cx, wish),
		.last_used_at = -1,
	};
	*text = key_text(cx->mem, &out->id);
	out->hash = crypto_sha256_hex(cx->mem, *text, strlen(*text));
	c = (struct key_change){cx, by, owner->id, out};
	TRY(db_transact(cx->db, create_body, &c));
	log_event(LEVEL_INFO, log_is("api_key_created"),
		  log_text("user", owner->id), log_text("key", out->id));
	return OK;
}

static enum err
revoke_body(struct db *db, void *arg)
{
	const struct key_change *c = arg;
	struct arena *mem = c->cx->mem;
	struct user owner = {0};

	TRY(account_admit(c->cx, c->by));
	TRY(user_lock(db, mem, c->owner));
	TRY(user_by_id(db, mem, c->owner, &owner));
	TRY(key_row_delete(db, mem, c->owner, c->row->id));
	return tell(c, EVENT_AFTER_REVOKE_API_KEY, &owner);
}

enum err
api_key_revoke(struct ctx *cx, const struct user *owner, const char *id,
	       const struct actor *by)
{
	struct key_row row;
	struct key_change c = {cx, by, owner->id, &row};

	if (strlen(id) != ID_LENGTH || strspn(id, DIGITS) != ID_LENGTH)
		return ERR_NOT_FOUND;
	TRY(key_row_find(cx->db, cx->mem, id, &row));
	if (strcmp(row.user_id, owner->id) != 0)
		return ERR_NOT_FOUND;
	TRY(db_transact(cx->db, revoke_body, &c));
	log_event(LEVEL_INFO, log_is("api_key_revoked"),
		  log_text("user", owner->id), log_text("key", id));
	return OK;
}

enum err
api_key_list(struct ctx *cx, const struct user *owner, struct key_row **out,
	     size_t *count)
{
	struct key_row *rows;
	struct user now = {0};
	size_t all;

	TRY(user_by_id(cx->db, cx->mem, owner->id, &now));
	TRY(key_row_list(cx->db, cx->mem, owner->id, &rows, &all));
	*out = rows;
	*count = 0;
	for (size_t i = 0; i < all; i++)
		if (rows[i].generation == now.generation &&
		    (rows[i].expires_at < 0 || rows[i].expires_at > cx->now))
			rows[(*count)++] = rows[i];
	return OK;
}
