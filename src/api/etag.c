/* SPDX-License-Identifier: MIT */
#include "api/etag.h"

#include <stdint.h>
#include <string.h>

/* FNV-1a, 64 bits. Nobody gains by two states of himself with one tag, so a
 * cryptographic hash, which costs a tenth of the whole request, is not called
 * for. */
#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)
#define HASH_DIGITS 16

const char *
etag_of(struct arena *mem, const struct buf *shown)
{
	static const char digits[] = "0123456789abcdef";
	char *tag = arena_alloc(mem, HASH_DIGITS + 3);
	uint64_t hash = HASH_BEGIN;

	for (size_t i = 0; i < shown->len; i++)
		hash = (hash ^ (unsigned char)shown->data[i]) * HASH_PRIME;
	tag[0] = tag[HASH_DIGITS + 1] = '"';
	tag[HASH_DIGITS + 2] = '\0';
	for (size_t i = HASH_DIGITS; i > 0; i--, hash >>= 4)
		tag[i] = digits[hash & 15];
	return tag;
}

/* One tag of a list; `is_weak` when it says so. NULL behind the last, and
 * where it is no list of tags. */
static const char *
next_tag(const char *list, const char **tag, size_t *len, bool *is_weak)
{
	const char *end;

	list += strspn(list, ", \t");
	*is_weak = strncmp(list, "W/", 2) == 0;
	if (*is_weak)
		list += 2;
	if (*list != '"')
		return NULL;
	end = strchr(list + 1, '"');
	if (end == NULL)
		return NULL;
	*tag = list;
	*len = (size_t)(end + 1 - list);
	return end + 1;
}

bool
etag_is_listed(const char *list, const char *etag, bool weakly)
{
	const char *tag;
	size_t len;
	bool is_weak;

	if (strcmp(list, "*") == 0)
		return true;
	while ((list = next_tag(list, &tag, &len, &is_weak)) != NULL)
		if ((weakly || !is_weak) && len == strlen(etag) &&
		    memcmp(tag, etag, len) == 0)
			return true;
	return false;
}

static bool
is_unmodified(const struct req *rq, const char *etag)
{
	return rq->if_match == NULL ||
	       etag_is_listed(rq->if_match, etag, false);
}

enum err
etag_answer(struct call *c, const struct buf *shown, bool *is_known)
{
	const struct req *rq = c->rq;
	bool reads = rq->method == METHOD_GET || rq->method == METHOD_HEAD;
	const char *etag;

	*is_known = false;
	if (!c->cx->conf->users.etag ||
	    (c->route->mount != MOUNT_USERS && c->route->mount != MOUNT_ADMIN))
		return OK;
	etag = etag_of(c->cx->mem, shown);
	if (reads && !is_unmodified(rq, etag))
		return ERR_PRECONDITION_FAILED;
	*is_known = reads && rq->if_none_match != NULL &&
		    etag_is_listed(rq->if_none_match, etag, true);
	resp_header(c->rs, "ETag", etag);
	return OK;
}

/* What one element of a batch expects. */
struct expected {
	const struct call *c;
	const char *if_match;
};

static enum err
judge_one(struct ctx *cx, const struct user *now, const void *arg)
{
	const struct expected *x = arg;
	struct buf shown;

	TRY(user_write(x->c, now, &shown));
	return etag_is_listed(x->if_match, etag_of(cx->mem, &shown), false)
		       ? OK
		       : ERR_PRECONDITION_FAILED;
}

const struct precondition *
etag_expected_as(const struct call *c, const char *if_match)
{
	struct arena *mem = c->cx->mem;
	struct precondition *p = arena_new(mem, struct precondition);
	struct expected *x = arena_new(mem, struct expected);

	*x = (struct expected){c, if_match};
	*p = (struct precondition){judge_one, x};
	return p;
}

/* The user as this request would show him, against what it says of him. */
static enum err
judge(struct ctx *cx, const struct user *now, const void *arg)
{
	const struct call *c = arg;
	const struct req *rq = c->rq;
	const char *etag;
	struct buf shown;

	TRY(user_write(c, now, &shown));
	etag = etag_of(cx->mem, &shown);
	if (!is_unmodified(rq, etag) ||
	    (rq->if_none_match != NULL &&
	     etag_is_listed(rq->if_none_match, etag, true)))
		return ERR_PRECONDITION_FAILED;
	return OK;
}

const struct precondition *
etag_expected(const struct call *c)
{
	struct precondition *p;

	if (!c->cx->conf->users.etag ||
	    (c->rq->if_match == NULL && c->rq->if_none_match == NULL))
		return NULL;
	p = arena_new(c->cx->mem, struct precondition);
	*p = (struct precondition){judge, c};
	return p;
}
