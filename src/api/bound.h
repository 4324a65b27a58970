/* SPDX-License-Identifier: MIT */
/* The rows of routes.def under the prefixes of a configuration. */
#ifndef BOUND_H
#define BOUND_H

#include "api/fields.h"
#include "api/page_shelf.h"
#include "api/route.h"
#include "core/account.h"

struct guard;
struct openapi;

/* A row under one of its prefixes. */
struct bound_route {
	const struct route *route;
	const char *prefix;
	const char *operation; /* the row's, its placeholders filled */
	const struct backend_settings *backend;   /* of a BACKEND row; of a
						   * PROVIDER row: its own */
	const struct provider_settings *provider; /* of a PROVIDER or ASSOCIATE
						   * row */
};

struct api {
	struct arena *mem; /* for what lives as long as this */
	const struct config *conf;
	struct custom_schemas custom; /* the configured fields of users */
	struct bound_route *bound;
	size_t count;
	const struct guard *guard;
	struct openapi *openapi;
	struct page_languages languages;
};

/* What a superuser says of a new user, and of how one is changed: zeroed by
 * the caller. ERR_UNPROCESSABLE with rs's detail. */
enum err signup_read(struct call *c, const struct input *input, struct resp *rs,
		     struct signup *out) NODISCARD NONNULL(1, 2, 3, 4);
enum err change_read(struct call *c, const struct input *input, struct resp *rs,
		     struct account_change *out) NODISCARD NONNULL(1, 2, 3, 4);

/* Whoever asks, and what the row wants of him. */
struct actor call_actor(const struct call *c) NONNULL(1);

#endif
