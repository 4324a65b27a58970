/* SPDX-License-Identifier: MIT */
#include "core/repeat.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/crypto.h"
#include "base/crypto_box.h"
#include "base/log.h"

/* Seconds beyond those of a request after which its worker must have ended. */
#define CLAIM_LEEWAY 10

/* Any secret of this installation will do; the first that is there. */
static const char *
secret_of(const struct config *conf)
{
	const struct text_list *lists[] = {
		&conf->secrets.jwt,
		&conf->secrets.reset,
		&conf->secrets.verify,
		&conf->secrets.state,
	};

	for (size_t i = 0; i < countof(lists); i++)
		if (lists[i]->count > 0)
			return lists[i]->items[0];
	return NULL;
}

bool
repeat_is_on(const struct config *conf)
{
	return conf->idempotency.enabled && secret_of(conf) != NULL;
}

/* A request holds passwords, and keys are what clients think of: without the
 * secret nobody can try which ones give these digits. */
static const char *
sign(struct ctx *cx, const char *purpose, const char *bytes, size_t len)
{
	unsigned char key[BOX_KEY_SIZE];
	unsigned char mac[SHA256_SIZE];
	struct mac_key *m;

	box_key(secret_of(cx->conf), purpose, key);
	m = mac_key_new(key, sizeof(key));
	mac_sign(m, bytes, len, mac);
	mac_key_free(m);
	crypto_wipe(key, sizeof(key));
	return crypto_base64url(cx->mem, mac, sizeof(mac));
}

static void
box_of(const struct ctx *cx, unsigned char key[BOX_KEY_SIZE])
{
	box_key(secret_of(cx->conf), "idempotency answer", key);
}

static enum err
unseal(struct ctx *cx, struct repeat *r)
{
	unsigned char key[BOX_KEY_SIZE];
	enum err e;

	box_of(cx, key);
	e = box_open(cx->mem, key, r->row.key_hash, r->row.answer, &r->stored);
	crypto_wipe(key, sizeof(key));
	return e == ERR_INVALID ? ERR_INTERNAL : e;
}

/* What is to be made of a key that is there. */
static enum err
meet(struct ctx *cx, struct repeat *r)
{
	struct idempotency_row there;
	enum err e = idempotency_find(cx->db, cx->mem, r->row.key_hash, &there);

	if (e == ERR_NOT_FOUND) /* given up at this moment */
		return ERR_IDEMPOTENCY_KEY_IN_USE;
	TRY(e);
	if (strcmp(there.request_hash, r->row.request_hash) != 0)
		return ERR_IDEMPOTENCY_KEY_REUSED;
	if (there.answer != NULL) {
		r->row = there;
		return unseal(cx, r);
	}
	e = idempotency_take_over(cx->db, cx->mem, &r->row, cx->now);
	return e == ERR_NOT_FOUND ? ERR_IDEMPOTENCY_KEY_IN_USE : e;
}

enum err
repeat_begin(struct ctx *cx, const struct repeat_request *rq,
	     struct repeat *out)
{
	const char *key = arena_printf(cx->mem, "%s\n%s", rq->who, rq->key);
	enum err e;

	*out = (struct repeat){
		.row = {.key_hash =
				sign(cx, "idempotency key", key, strlen(key)),
			.request_hash = sign(cx, "idempotency request",
					     rq->said, rq->said_len),
			.claimed_until = cx->now +
					 cx->conf->server.request_limit +
					 CLAIM_LEEWAY,
			.expires_at = cx->now + cx->conf->idempotency.lifetime},
	};
	TRY(idempotency_purge(cx->db, cx->mem, cx->now));
	e = idempotency_claim(cx->db, cx->mem, &out->row);
	return e == ERR_ALREADY_EXISTS ? meet(cx, out) : e;
}

void
repeat_end(struct ctx *cx, const struct repeat *r, const char *answer)
{
	unsigned char key[BOX_KEY_SIZE];
	enum err e;

	if (answer != NULL) {
		box_of(cx, key);
		e = idempotency_settle(
			cx->db, cx->mem, &r->row,
			box_seal(cx->mem, key, r->row.key_hash, answer));
		crypto_wipe(key, sizeof(key));
	} else {
		e = idempotency_drop(cx->db, cx->mem, &r->row);
	}
	if (e != OK)
		log_event(LEVEL_WARNING, log_is("answer_not_kept"),
			  log_text("outcome", err_name(e)));
}
