/* SPDX-License-Identifier: MIT */
#include "core/claims.h"

static bool
seconds_read(const struct json *v, int64_t *out)
{
	double number = json_number(v);

	if (json_number_is_int(v))
		return json_number_int64(v, out);
	/* Written so that NaN is refused too. */
	if (!(number >= (double)-CLAIM_TIME_LIMIT &&
	      number <= (double)CLAIM_TIME_LIMIT))
		return false;
	*out = (int64_t)number;
	return true;
}

enum err
claim_time(const struct json *claims, const char *name, int64_t *out)
{
	const struct json *v = json_member(claims, name);
	int64_t seconds;

	if (v == NULL)
		return OK;
	if (json_type(v) != JSON_NUMBER || !seconds_read(v, &seconds) ||
	    seconds < -CLAIM_TIME_LIMIT || seconds > CLAIM_TIME_LIMIT)
		return ERR_BAD_TOKEN;
	*out = seconds;
	return OK;
}

bool
claims_are_for(const struct json *claims, const struct text_list *audiences)
{
	const struct json *v = json_member(claims, "aud");
	bool found = false;

	if (v == NULL)
		return false;
	if (json_type(v) == JSON_TEXT)
		return text_list_has(audiences, json_text(v));
	if (json_type(v) != JSON_ARRAY)
		return false;
	for (v = json_first(v); v != NULL; v = json_next(v)) {
		if (json_type(v) != JSON_TEXT)
			return false;
		if (text_list_has(audiences, json_text(v)))
			found = true;
	}
	return found;
}
