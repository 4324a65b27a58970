/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"
#include "base/text.h"

/* cJSON's hooks get no argument; set while it parses, NULL otherwise. */
static struct arena *current_arena;

static void *
hook_malloc(size_t size)
{
	return arena_alloc(current_arena, size);
}

static void
hook_free(void *block)
{
	(void)block;
}

static cJSON *
tree_parse(struct arena *mem, const struct buf *text)
{
	cJSON_Hooks hooks = {hook_malloc, hook_free};
	cJSON *root;

	current_arena = mem;
	cJSON_InitHooks(&hooks);
	root = cJSON_ParseWithLengthOpts(text->data, text->len + 1, NULL, 1);
	cJSON_InitHooks(NULL);
	current_arena = NULL;
	return root;
}

static cJSON *
member_before(cJSON *object, const cJSON *member)
{
	for (cJSON *m = object->child; m != member; m = m->next)
		if (strcmp(m->string, member->string) == 0)
			return m;
	return NULL;
}

/* As in a Python dict: the place of the first, the value of the last. False
 * when there is something to merge and the rules forbid it. */
static bool
object_merge(cJSON *object, enum json_rules rules)
{
	cJSON *next;

	for (cJSON *m = object->child; m != NULL; m = next) {
		cJSON *first = member_before(object, m);

		next = m->next;
		if (first == NULL)
			continue;
		if (rules == JSON_TOKEN)
			return false;
		first->type = m->type;
		first->child = m->child;
		first->valuestring = m->valuestring;
		(void)cJSON_DetachItemViaPointer(object, m);
	}
	return true;
}

/* Gives the numbers their spellings and merges members of the same name. */
static bool
tree_finish(cJSON *root, char *numbers, enum json_rules rules)
{
	cJSON *path[JSON_DEPTH_LIMIT];
	size_t depth = 0;
	cJSON *item = root;

	for (;;) {
		if (cJSON_IsNumber(item)) {
			item->valuestring = numbers;
			numbers += strlen(numbers) + 1;
		}
		if (item->child != NULL) {
			path[depth++] = item;
			item = item->child;
			continue;
		}
		while (item->next == NULL) {
			if (depth == 0)
				return true;
			item = path[--depth];
			if (cJSON_IsObject(item) && !object_merge(item, rules))
				return false;
		}
		item = item->next;
	}
}

enum err
json_parse(struct arena *mem, const char *bytes, size_t len,
	   enum json_rules rules, const struct json **out,
	   struct json_fault *fault)
{
	struct json_cleaned cleaned;
	cJSON *root;

	*out = NULL;
	TRY(json_scan(mem, bytes, len, rules, &cleaned, fault));
	root = tree_parse(mem, &cleaned.clean);
	if (root == NULL)
		return ERR_INTERNAL;
	if (!tree_finish(root, cleaned.numbers.data, rules)) {
		fault->reason = "Duplicate member";
		return ERR_UNPROCESSABLE;
	}
	*out = (const struct json *)root;
	return OK;
}

static const cJSON *
item_of(const struct json *v)
{
	return (const cJSON *)v;
}

enum json_type
json_type(const struct json *v)
{
	switch (item_of(v)->type & 0xff) {
	case cJSON_False:
		return JSON_FALSE;
	case cJSON_True:
		return JSON_TRUE;
	case cJSON_Number:
		return JSON_NUMBER;
	case cJSON_String:
		return JSON_TEXT;
	case cJSON_Array:
		return JSON_ARRAY;
	case cJSON_Object:
		return JSON_OBJECT;
	}
	return JSON_NULL;
}

const struct json *
json_member(const struct json *v, const char *name)
{
	if (!cJSON_IsObject(item_of(v)))
		return NULL;
	return (const struct json *)cJSON_GetObjectItemCaseSensitive(item_of(v),
								     name);
}

const struct json *
json_first(const struct json *v)
{
	return (const struct json *)item_of(v)->child;
}

const struct json *
json_next(const struct json *v)
{
	return (const struct json *)item_of(v)->next;
}

const char *
json_name(const struct json *v)
{
	return item_of(v)->string;
}

const char *
json_text(const struct json *v)
{
	return cJSON_IsString(item_of(v)) ? item_of(v)->valuestring : NULL;
}

bool
json_text_is_clean(const char *text)
{
	return strchr(text, (unsigned char)JSON_UNCLEAN) == NULL;
}

const char *
json_number_text(const struct json *v)
{
	return cJSON_IsNumber(item_of(v)) ? item_of(v)->valuestring : NULL;
}

bool
json_number_is_int(const struct json *v)
{
	const char *text = json_number_text(v);

	return text != NULL && text[strspn(text, "-0123456789")] == '\0';
}

double
json_number(const struct json *v)
{
	const char *text = json_number_text(v);

	return text != NULL ? strtod(text, NULL) : 0;
}

bool
json_number_int64(const struct json *v, int64_t *out)
{
	const char *text = json_number_text(v);
	const double limit = -(double)INT64_MIN;
	double d;

	if (text == NULL)
		return false;
	if (json_number_is_int(v))
		return text_number(text, INT64_MIN, INT64_MAX, out);
	d = json_number(v);
	/* Also false for NaN. */
	if (!(d >= -limit && d < limit) || (double)(int64_t)d != d)
		return false;
	*out = (int64_t)d;
	return true;
}
