/* SPDX-License-Identifier: MIT */
/* What the settings of the pages may say. */
#include <string.h>

#include "base/config_table.h"
#include "base/text.h"

static bool
is_path(const char *text)
{
	return *text == '/' && config_is_address(text);
}

/* "https://app.example.org", with a port or without. */
static bool
is_origin(const char *text)
{
	const char *host = strstr(text, "://");

	return config_is_address(text) && host != NULL && host[3] != '\0' &&
	       strpbrk(host + 3, "/?#;,'\"") == NULL;
}

static void
check_path(struct reading *r, const char *name, const char *value)
{
	if (*value != '\0' && !is_path(value))
		config_blame(r, "pages", 0, name,
			     "\"%s\" is no path on this host such as /logo.svg",
			     value);
}

void
config_check_pages(struct reading *r)
{
	const struct pages_settings *p = &r->conf->pages;
	const char *why = config_prefix_fault(p->prefix);

	if (why != NULL)
		config_blame(r, "pages", 0, "prefix", "\"%s\" %s", p->prefix,
			     why);
	check_path(r, "logo", p->logo);
	check_path(r, "stylesheet", p->stylesheet);
	if (*p->texts != '\0' && *p->texts != '/')
		config_blame(r, "pages", 0, "texts",
			     "\"%s\" must be an absolute path", p->texts);
	if (*p->after_sign_in != '\0' && !config_is_address(p->after_sign_in))
		config_blame(r, "pages", 0, "after_sign_in",
			     "\"%s\" is neither a path such as /app nor an "
			     "http or https address",
			     p->after_sign_in);
	for (size_t i = 0; i < p->return_to.count; i++)
		if (!is_path(p->return_to.items[i]) &&
		    !is_origin(p->return_to.items[i]))
			config_blame(r, "pages", 0, "return_to",
				     "\"%s\" is neither a path such as /app "
				     "nor an origin such as "
				     "https://app.example.org",
				     p->return_to.items[i]);
}
