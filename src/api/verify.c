/* SPDX-License-Identifier: MIT */
#include "core/verify.h"

#include "api/api.h"

struct verification {
	const char *token;
};

static const struct field verify_fields[] = {
	{.name = "token",
	 .type = FIELD_TEXT,
	 .need = FIELD_REQUIRED,
	 .offset = offsetof(struct verification, token)},
};

const struct schema verify_schema = {.fields = verify_fields,
				     .count = countof(verify_fields),
				     .is_loose = true};

/* POST /auth/verify: 200 with the user. */
enum err
post_verify(struct call *c)
{
	struct verification in = {0};

	TRY(input_read(c->rq, &c->input, &verify_schema, c->rs, &in));
	TRY(verify_user(c->cx, in.token, &c->target));
	return user_render(c, &c->target);
}
