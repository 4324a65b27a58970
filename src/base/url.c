/* SPDX-License-Identifier: MIT */
#include "base/url.h"

#include <string.h>

void
url_encode(struct buf *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			buf_char(out, *text);
		else if (*text == ' ')
			buf_char(out, '+');
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

void
url_parameter(struct buf *out, const char *name, const char *value)
{
	if (out->len > 0 && out->data[out->len - 1] != '?' &&
	    out->data[out->len - 1] != '&')
		buf_char(out, '&');
	url_encode(out, name);
	buf_char(out, '=');
	url_encode(out, value);
}
