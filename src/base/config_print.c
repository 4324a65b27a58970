/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/config_table.h"

#define WIDTH 76

static void
section_show(const struct section *kind, const char *label, const char *values,
	     config_show *show, void *to)
{
	struct arena *mem = arena_open(0, (size_t)64 * 1024 * 1024);

	for (size_t i = 0; i < kind->count; i++) {
		struct buf value;

		buf_init(&value, mem, 64);
		setting_spell(&kind->settings[i], values, &value);
		show(to, label, kind->settings[i].name, value.data);
	}
	arena_close(mem);
}

static void
sections_show(const struct config *c, const struct section *kind,
	      config_show *show, void *to)
{
	const char *conf = (const char *)c;
	const char *array = *(const char *const *)(conf + kind->offset);
	size_t count = *(const size_t *)(conf + kind->count_offset);

	for (size_t i = 0; i < count; i++) {
		const char *values = array + i * kind->size;
		char label[80];

		/* `title` is the first member of each struct …_settings. */
		(void)snprintf(label, sizeof(label), "%s \"%s\"", kind->name,
			       *(const char *const *)values);
		section_show(kind, label, values, show, to);
	}
}

void
config_dump(const struct config *c, config_show *show, void *to)
{
	const char *conf = (const char *)c;

	for (size_t i = 0; i < config_section_count; i++) {
		const struct section *kind = &config_sections[i];

		if (kind->many)
			sections_show(c, kind, show, to);
		else
			section_show(kind, kind->name, conf + kind->offset,
				     show, to);
	}
}

/* A text as comment lines that start with `margin`, broken at blanks. */
static void
comment_print(struct buf *out, const char *margin, const char *text)
{
	size_t column = 0;
	bool first = true;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (first || column + 1 + n > WIDTH) {
			buf_printf(out, "%s%s#", first ? "" : "\n", margin);
			column = 8 + 1;
			first = false;
		}
		buf_char(out, ' ');
		buf_add(out, text, n);
		column += 1 + n;
		text += n + strspn(text + n, " ");
	}
	buf_char(out, '\n');
}

static void
allowed_print(struct buf *out, const char *margin, const struct setting *s)
{
	struct buf allowed;

	buf_init(&allowed, out->mem, 80);
	setting_allowed(s, &allowed);
	if (allowed.len == 0 || s->type == TYPE_BOOL)
		return;
	allowed.data[0] = (char)(allowed.data[0] - 'a' + 'A');
	buf_char(&allowed, '.');
	comment_print(out, margin, allowed.data);
}

static void
setting_print(struct buf *out, const char *margin, const struct setting *s)
{
	comment_print(out, margin, s->help);
	allowed_print(out, margin, s);
	buf_printf(out, "%s#%s = ", margin, s->name);
	if (s->type == TYPE_LIST)
		buf_text(out, "{}");
	else if (s->type == TYPE_TEXT)
		setting_quote(out, s->initial);
	else
		buf_text(out, s->initial);
	buf_char(out, '\n');
}

/* A MANY section is all comment: given once, it would replace the defaults. */
static void
section_print(struct buf *out, const struct section *kind)
{
	const char *margin = kind->many ? "#\t" : "\t";

	buf_char(out, '\n');
	comment_print(out, "", kind->help);
	if (kind->many)
		buf_printf(out, "#%s \"NAME\" {\n", kind->name);
	else
		buf_printf(out, "%s {\n", kind->name);
	for (size_t i = 0; i < kind->count; i++) {
		if (i > 0)
			buf_printf(out, "%s\n", kind->many ? "#" : "");
		setting_print(out, margin, &kind->settings[i]);
	}
	buf_text(out, kind->many ? "#}\n" : "}\n");
}

void
config_print_defaults(struct buf *out)
{
	buf_text(out, "# The settings of FastCGI Users, with their defaults; "
		      "see fastcgi-users.conf(5).\n"
		      "# A value that stands here as a comment is taken when "
		      "nothing else is said.\n");
	for (size_t i = 0; i < config_section_count; i++)
		section_print(out, &config_sections[i]);
}
