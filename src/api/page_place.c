/* SPDX-License-Identifier: MIT */
/* Where people may be sent. */
#include <string.h>

#include "api/page.h"

/* Web servers pass it on in a Location, and browsers keep it in a cookie. */
#define RETURN_TO_LIMIT 1000

/* What a Location holds and no browser reads as something else. */
static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text >= 0x7f || *text == '\\')
			return false;
	return true;
}

/* The character that stands here, or is written as %2E, and where it ends. */
static int
character_at(const char **at)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *text = *at;
	const char *high = NULL;
	const char *low = NULL;

	if (text[0] == '%' && text[1] != '\0' && text[2] != '\0') {
		high = strchr(digits, text[1]);
		low = strchr(digits, text[2]);
	}
	*at += high != NULL && low != NULL ? 3 : 1;
	return high != NULL && low != NULL
		       ? (int)((high - digits) % 16 * 16 + (low - digits) % 16)
		       : (unsigned char)*text;
}

/* Browsers, and servers behind them, take "." and ".." of a path away, in
 * whatever spelling; then it is below another place than it seemed to be. */
static bool
has_dot_segment(const char *text)
{
	const char *end = text + strcspn(text, "?#");
	int dots = 0; /* of a segment that holds nothing else, or -1 */

	while (text < end) {
		int c = character_at(&text);

		if (c != '/' && c != '\\') {
			dots = c == '.' && dots >= 0 ? dots + 1 : -1;
			continue;
		}
		if (dots == 1 || dots == 2)
			return true;
		dots = 0;
	}
	return dots == 1 || dots == 2;
}

/* "/app" allows /app, /app/x, /app?x, and not /apple. */
static bool
is_within(const char *text, const char *place)
{
	size_t len = strlen(place);

	if (strncmp(text, place, len) != 0)
		return false;
	return (len > 0 && place[len - 1] == '/') || text[len] == '\0' ||
	       strchr("/?#", text[len]) != NULL;
}

/* Whoever asks for one of these is sent to sign in, and back. */
static bool
is_page(const struct call *c, const char *text)
{
	return is_within(text, page_address(c, "/account")) ||
	       (page_admin_is_on(c->cx->conf) &&
		is_within(text, page_address(c, "/admin")));
}

const char *
page_return_to(const struct call *c, const char *text)
{
	const struct text_list *places = &c->cx->conf->pages.return_to;

	if (strlen(text) > RETURN_TO_LIMIT || !is_plain(text) ||
	    (text[0] == '/' && text[1] == '/') || has_dot_segment(text))
		return NULL;
	if ((places->count == 0 && text[0] == '/') || is_page(c, text))
		return text;
	for (size_t i = 0; i < places->count; i++)
		if (is_within(text, places->items[i]))
			return text;
	return NULL;
}
