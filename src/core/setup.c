/* SPDX-License-Identifier: MIT */
#include "core/setup.h"

#include "base/log.h"
#include "base/once.h"

bool
setup_is_on(const struct config *conf)
{
	return *conf->secrets.setup_file != '\0';
}

/* A secret that nobody needs any more is nobody's to find. */
static void
spend(const struct ctx *cx, const struct once *secret)
{
	if (!once_spend(secret))
		log_event(LEVEL_WARNING, log_is("setup_left"),
			  log_text("file", cx->conf->secrets.setup_file));
}

/* With OK the secret is the caller's to close. */
static enum err
secret_take(struct ctx *cx, struct once *out)
{
	const char *path = cx->conf->secrets.setup_file;
	bool there = true;
	enum err e;

	if (*path == '\0')
		return ERR_NOT_FOUND;
	if (!once_open(path, cx->now, out)) {
		if (out->fault != NULL)
			log_event(LEVEL_WARNING, log_is("setup_closed"),
				  log_text("file", path),
				  log_text("why", out->fault));
		return ERR_NOT_FOUND;
	}
	e = user_any_superuser(cx->db, cx->mem, &there);
	if (e == OK && !there)
		return OK;
	if (e == OK)
		spend(cx, out);
	once_close(out);
	return e != OK ? e : ERR_NOT_FOUND;
}

enum err
setup_look(struct ctx *cx)
{
	struct once secret;

	TRY(secret_take(cx, &secret));
	once_close(&secret);
	return OK;
}

enum err
setup_superuser(struct ctx *cx, const char *given, const struct signup *in,
		struct user *out, const char **reason)
{
	struct signup signup = *in;
	struct once secret;
	enum err e = ERR_FORBIDDEN;

	TRY(secret_take(cx, &secret));
	signup.is_active = true;
	signup.is_superuser = true;
	signup.is_verified = true;
	if (once_try(&secret, given))
		e = account_register(cx, &signup, out, reason);
	else
		log_event(LEVEL_WARNING, log_is("setup_refused"),
			  log_text("client", cx->client));
	if (e == OK) {
		spend(cx, &secret);
		log_event(LEVEL_INFO, log_is("setup_done"),
			  log_text("user", out->id),
			  log_text("client", cx->client));
	}
	once_close(&secret);
	return e;
}
