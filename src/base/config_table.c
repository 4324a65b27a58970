/* SPDX-License-Identifier: MIT */
#include "base/config_table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PLAIN false
#define SECRET true

#define SECTION_BEGIN(section, many, help)                                     \
	static const struct setting section##_table[] = {
#define SETTING(section, name, type, initial, bounds, secrecy, help)           \
	{#name,                                                                \
	 TYPE_##type,                                                          \
	 initial,                                                              \
	 bounds,                                                               \
	 secrecy,                                                              \
	 help,                                                                 \
	 offsetof(struct section##_settings, name)},
#define SECTION_END(section)                                                   \
	}                                                                      \
	;
#include "base/config.def"
#undef SECTION_BEGIN
#undef SETTING
#undef SECTION_END

#define MANY_ONE(section) false
#define MANY_MANY(section) true
#define COUNT_ONE(section) 0
#define COUNT_MANY(section) offsetof(struct config, section##_count)

const struct section config_sections[] = {
#define SECTION_BEGIN(section, many, help)                                     \
	{#section,                                                             \
	 MANY_##many(section),                                                 \
	 help,                                                                 \
	 section##_table,                                                      \
	 countof(section##_table),                                             \
	 sizeof(struct section##_settings),                                    \
	 offsetof(struct config, section),                                     \
	 COUNT_##many(section)},
#define SETTING(section, name, type, initial, bounds, secrecy, help)
#define SECTION_END(section)
#include "base/config.def"
#undef SECTION_BEGIN
#undef SETTING
#undef SECTION_END
};

const size_t config_section_count = countof(config_sections);

/* The text up to a separator, and what follows it: "3..5" at ".." */
static const char *
text_before(struct arena *mem, const char *text, const char *separator,
	    const char **rest)
{
	const char *at = strstr(text, separator);

	if (at == NULL) {
		*rest = NULL;
		return text;
	}
	*rest = at + strlen(separator);
	return arena_copy(mem, text, (size_t)(at - text));
}

static void
bounds_of(const struct setting *s, struct arena *mem, int64_t *low,
	  int64_t *high)
{
	const char *rest;
	const char *first = text_before(mem, s->bounds, "..", &rest);

	if (rest == NULL || !text_number(first, INT64_MIN, INT64_MAX, low) ||
	    !text_number(rest, INT64_MIN, INT64_MAX, high))
		abort();
}

static bool
is_word(const struct setting *s, const char *text)
{
	size_t len = strlen(text);
	const char *word = s->bounds;

	for (;;) {
		size_t n = strcspn(word, "|");

		if (n == len && memcmp(word, text, n) == 0)
			return true;
		if (word[n] == '\0')
			return false;
		word += n + 1;
	}
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

void
setting_allowed(const struct setting *s, struct buf *out)
{
	const char *rest = s->bounds;
	int64_t low = 0;
	int64_t high = 0;

	if (s->type == TYPE_BOOL) {
		buf_text(out, "true or false");
	} else if (s->type == TYPE_NUMBER || s->type == TYPE_DURATION) {
		bounds_of(s, out->mem, &low, &high);
		buf_printf(out, "a whole number from %lld to %lld",
			   (long long)low, (long long)high);
		if (s->type == TYPE_DURATION)
			buf_text(out, ", or none");
	} else if (*rest != '\0') {
		buf_text(out, "one of ");
		while (rest != NULL) {
			const char *word =
				text_before(out->mem, rest, "|", &rest);

			buf_text(out, *word != '\0' ? word : "\"\"");
			if (rest != NULL)
				buf_text(out, ", ");
		}
	}
}

static const char *
refusal(const struct setting *s, struct arena *mem, const char *text)
{
	struct buf why;

	buf_init(&why, mem, 80);
	if (!s->secret) {
		setting_quote(&why, text);
		buf_char(&why, ' ');
	}
	buf_text(&why, "is not ");
	setting_allowed(s, &why);
	return why.data;
}

static bool
number_read(const struct setting *s, struct arena *mem, const char *text,
	    int64_t *out)
{
	int64_t low = 0;
	int64_t high = 0;

	if (s->type == TYPE_DURATION && strcmp(text, "none") == 0) {
		*out = -1;
		return true;
	}
	bounds_of(s, mem, &low, &high);
	return text_number(text, low, high, out);
}

static bool
bool_read(const char *text, bool *out)
{
	*out = strcmp(text, "true") == 0;
	return *out || strcmp(text, "false") == 0;
}

bool
text_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

/* The room doubles: it is full when the count is a power of two. */
void
list_append(struct text_list *list, struct arena *mem, const char *text,
	    size_t len)
{
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count > 0 ? list->count * 2 : 1;
		const char **items = arena_array(mem, room, sizeof(*items));

		if (list->count > 0)
			memcpy(items, list->items,
			       list->count * sizeof(*items));
		list->items = items;
	}
	list->items[list->count++] = arena_copy(mem, text, len);
}

const char *
setting_append(const struct setting *s, struct arena *mem, const char *text,
	       char *values)
{
	if (!text_is_utf8(text, strlen(text)) || has_control(text))
		return "holds a control character or is not UTF-8";
	if (*text == '\0')
		return "holds an empty item";
	if (*s->bounds != '\0' && !is_word(s, text))
		return refusal(s, mem, text);
	list_append((void *)(values + s->offset), mem, text, strlen(text));
	return NULL;
}

const char *
setting_read(const struct setting *s, struct arena *mem, const char *text,
	     char *values)
{
	void *at = values + s->offset;
	bool fits = false;

	if (s->type == TYPE_LIST) {
		*(struct text_list *)at = (struct text_list){0};
		return setting_append(s, mem, text, values);
	}
	if (!text_is_utf8(text, strlen(text)) || has_control(text))
		return "holds a control character or is not UTF-8";
	if (s->type == TYPE_TEXT) {
		fits = *s->bounds == '\0' || is_word(s, text);
		*(const char **)at = arena_text(mem, text);
	} else if (s->type == TYPE_BOOL) {
		fits = bool_read(text, at);
	} else {
		fits = number_read(s, mem, text, at);
	}
	return fits ? NULL : refusal(s, mem, text);
}

void
instance_reset(struct reading *r, struct instance *in)
{
	const struct section *kind = in->kind;

	for (size_t i = 0; i < kind->count; i++) {
		const struct setting *s = &kind->settings[i];

		/* Lists start empty, as the arena's memory is zero. */
		if (s->type == TYPE_LIST)
			continue;
		/* A default that its own bounds refuse is our mistake. */
		if (setting_read(s, r->mem, s->initial, in->values) != NULL)
			abort();
	}
}

void
setting_quote(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\' || *text == '$')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

static void
list_spell(const struct text_list *list, struct buf *out)
{
	buf_char(out, '{');
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			buf_text(out, ", ");
		setting_quote(out, list->items[i]);
	}
	buf_char(out, '}');
}

static bool
is_empty(const struct setting *s, const void *at)
{
	if (s->type == TYPE_LIST)
		return ((const struct text_list *)at)->count == 0;
	return **(const char *const *)at == '\0';
}

void
setting_spell(const struct setting *s, const char *values, struct buf *out)
{
	const void *at = values + s->offset;

	if (s->secret) {
		buf_text(out, is_empty(s, at) ? "\"\"" : "\"***\"");
		return;
	}
	switch (s->type) {
	case TYPE_TEXT:
		setting_quote(out, *(const char *const *)at);
		break;
	case TYPE_NUMBER:
	case TYPE_DURATION:
		if (s->type == TYPE_DURATION && *(const int64_t *)at == -1)
			buf_text(out, "none");
		else
			buf_number(out, *(const int64_t *)at);
		break;
	case TYPE_BOOL:
		buf_text(out, *(const bool *)at ? "true" : "false");
		break;
	case TYPE_LIST:
		list_spell(at, out);
		break;
	}
}

static void
fault_tell(struct reading *r, int line, const char *text)
{
	struct buf b;

	buf_init(&b, r->mem, 160);
	if (r->from->path != NULL && line != NOT_THE_FILE) {
		buf_text(&b, r->from->path);
		if (line > 0)
			buf_printf(&b, ":%d", line);
		buf_text(&b, ": ");
	}
	buf_text(&b, text);
	r->from->complain(r->from->to, b.data);
}

void
config_fault(struct reading *r, int line, const char *format, ...)
{
	struct buf b;
	va_list args;

	if (r->faults++ >= FAULT_LIMIT)
		return;
	buf_init(&b, r->mem, 160);
	va_start(args, format);
	buf_vprintf(&b, format, args);
	va_end(args);
	fault_tell(r, line, b.data);
}

static const struct instance *
instance_numbered(const struct reading *r, const char *section, size_t number)
{
	for (size_t i = 0; i < r->instance_count; i++)
		if (strcmp(r->instances[i].kind->name, section) == 0 &&
		    number-- == 0)
			return &r->instances[i];
	abort();
}

static int
line_of(const struct instance *in, const char *setting)
{
	for (size_t i = 0; i < in->kind->count; i++)
		if (strcmp(in->kind->settings[i].name, setting) == 0)
			return in->lines[i];
	abort();
}

static void
blame(struct reading *r, const struct instance *in, const char *setting,
      const char *format, va_list args)
{
	struct buf b;

	if (r->faults++ >= FAULT_LIMIT)
		return;
	buf_init(&b, r->mem, 160);
	buf_text(&b, in->kind->name);
	if (in->title != NULL)
		buf_printf(&b, " \"%s\"", in->title);
	buf_printf(&b, ".%s: ", setting);
	buf_vprintf(&b, format, args);
	fault_tell(r, line_of(in, setting), b.data);
}

void
instance_blame(struct reading *r, const struct instance *in,
	       const char *setting, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	blame(r, in, setting, format, args);
	va_end(args);
}

void
config_blame(struct reading *r, const char *section, size_t number,
	     const char *setting, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	blame(r, instance_numbered(r, section, number), setting, format, args);
	va_end(args);
}
