/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include <string.h>

static const char *const names[] = {
	[METHOD_GET] = "GET",         [METHOD_HEAD] = "HEAD",
	[METHOD_POST] = "POST",       [METHOD_PATCH] = "PATCH",
	[METHOD_PUT] = "PUT",         [METHOD_DELETE] = "DELETE",
	[METHOD_OPTIONS] = "OPTIONS", [METHOD_OTHER] = "OTHER",
	[METHOD_ANY] = "ANY",
};

enum method
method_parse(const char *name)
{
	for (enum method m = METHOD_GET; m < METHOD_OTHER; m++)
		if (strcmp(names[m], name) == 0)
			return m;
	return METHOD_OTHER;
}

const char *
method_name(enum method m)
{
	return names[m];
}
