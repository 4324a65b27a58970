/* SPDX-License-Identifier: MIT */
#include "core/account_parts.h"

#include "base/config.h"

/* Hashing many passwords takes its time; the request must end all the same. */
static bool
is_late(const struct ctx *cx)
{
	return cx->clock() - cx->now > cx->conf->password.wait_limit;
}

static enum err
prepare(struct ctx *cx, struct account_item *item, struct account_work *w)
{
	struct user before = {0};

	if (is_late(cx))
		return ERR_BUSY;
	if (item->signup != NULL)
		return account_prepare_signup(cx, item->signup, &item->user,
					      &item->reason, w);
	TRY(user_by_id(cx->db, cx->mem, item->id, &before));
	return account_prepare_change(cx, &before, item->change, &item->by,
				      &item->user, &item->reason, w);
}

static void
do_each(struct ctx *cx, struct account_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct account_item *item = &items[i];
		struct account_work w;

		if (item->outcome == OK)
			item->outcome = prepare(cx, item, &w);
		else
			continue;
		if (item->outcome == OK)
			item->outcome = account_finish(
				&w, db_transact(cx->db, account_apply, &w));
	}
}

/* What one transaction of all of them needs. */
struct together {
	struct account_work *works;
	size_t count;
	size_t at; /* the one that it failed at */
};

static enum err
apply_all(struct db *db, void *arg)
{
	struct together *t = arg;

	for (t->at = 0; t->at < t->count; t->at++)
		TRY(account_apply(db, &t->works[t->at]));
	return OK;
}

static enum err
prepare_all(struct ctx *cx, struct account_item *items, size_t count,
	    struct account_work *works)
{
	enum err e = OK;

	for (size_t i = 0; i < count; i++)
		if (items[i].outcome != OK)
			e = ERR_BATCH_NOT_APPLIED;
	/* No hash is computed for what cannot be. */
	for (size_t i = 0; e == OK && i < count; i++) {
		items[i].outcome = prepare(cx, &items[i], &works[i]);
		if (items[i].outcome != OK)
			e = ERR_BATCH_NOT_APPLIED;
	}
	return e;
}

static enum err
do_together(struct ctx *cx, struct account_item *items, size_t count)
{
	struct together t = {
		.works = arena_array(cx->mem, count, sizeof(*t.works)),
		.count = count,
	};
	enum err e = prepare_all(cx, items, count, t.works);

	if (e == OK) {
		e = db_transact(cx->db, apply_all, &t);
		/* COMMIT itself fails for no one of them. */
		if (e != OK && t.at == count)
			return e;
		if (e != OK) {
			items[t.at].outcome = account_finish(&t.works[t.at], e);
			e = ERR_BATCH_NOT_APPLIED;
		}
	}
	for (size_t i = 0; i < count; i++)
		if (e == OK)
			items[i].outcome = account_finish(&t.works[i], OK);
		else if (items[i].outcome == OK)
			items[i].outcome = ERR_FAILED_DEPENDENCY;
	return e;
}

enum err
account_batch(struct ctx *cx, struct account_item *items, size_t count,
	      bool all_or_none)
{
	if (all_or_none)
		return do_together(cx, items, count);
	do_each(cx, items, count);
	return OK;
}
