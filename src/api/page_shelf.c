/* SPDX-License-Identifier: MIT */
#include "api/page_shelf.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/page_text.h"
#include "base/config_text.h"
#include "base/text.h"

#define FILE_LIMIT ((size_t)256 * 1024)
#define MEMORY_LIMIT ((size_t)64 * 1024 * 1024)
#define LANGUAGES_LIMIT 100
#define ENDING ".txt"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define SEPARATOR " = "

struct shelf {
	struct arena *mem;
	page_complain *complain;
	void *to;
	struct page_language *list;
	size_t count;
	bool failed;
};

static void
complain(struct shelf *s, const char *path, int line, const char *why)
{
	s->failed = true;
	if (s->complain == NULL)
		return;
	s->complain(s->to,
		    line > 0
			    ? arena_printf(s->mem, "%s:%d: %s", path, line, why)
			    : arena_printf(s->mem, "%s: %s", path, why));
}

static struct page_language *
find(struct shelf *s, const char *tag)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->list[i].tag, tag) == 0)
			return &s->list[i];
	return NULL;
}

/* One of its own, with the texts of English as long as it has no others. */
static struct page_language *
add(struct shelf *s, const char *tag)
{
	const struct page_language *english = find(s, "en");
	struct page_language *l = &s->list[s->count++];

	*l = *english;
	l->tag = tag;
	return l;
}

static int
compare_keys(const void *key, const void *text)
{
	return strcmp(key, ((const struct page_text *)text)->key);
}

/* "key = text", in place. NULL or why not. */
static const char *
line_take(struct shelf *s, struct page_text *texts, size_t count, char *line)
{
	char *text = strstr(line, SEPARATOR);
	struct page_text *place;

	if (*line == '\0' || *line == '#')
		return NULL;
	if (text == NULL || text[strlen(SEPARATOR)] == '\0')
		return "a line is \"key = text\"";
	*text = '\0';
	text += strlen(SEPARATOR);
	place = bsearch(line, texts, count, sizeof(*texts), compare_keys);
	if (place == NULL)
		return arena_printf(s->mem, "no text is called \"%s\"", line);
	if (strcmp(line, "language.direction") == 0 &&
	    strcmp(text, "ltr") != 0 && strcmp(text, "rtl") != 0)
		return "a direction is ltr or rtl";
	place->text = text;
	return NULL;
}

static void
lines_take(struct shelf *s, const char *path, struct page_text *texts,
	   size_t count, char *bytes)
{
	for (int number = 1; bytes != NULL; number++) {
		char *line = strsep(&bytes, "\n");
		size_t len = strlen(line);
		const char *why;

		/* Some editors end lines by two characters. */
		if (len > 0 && line[len - 1] == '\r')
			line[len - 1] = '\0';
		why = line_take(s, texts, count, line);
		if (why != NULL)
			complain(s, path, number, why);
	}
}

static void
file_take(struct shelf *s, const char *path, const char *tag)
{
	struct page_language *l;
	struct page_text *texts;
	const char *why;
	char *bytes;
	size_t len;

	why = config_file_read(s->mem, path, FILE_LIMIT, &bytes, &len, NULL);
	if (why == NULL && (strlen(bytes) != len || !text_is_utf8(bytes, len)))
		why = "it is not a text in UTF-8";
	if (why != NULL) {
		complain(s, path, 0, why);
		return;
	}
	l = find(s, tag);
	if (l == NULL)
		l = add(s, tag);
	texts = arena_array(s->mem, l->count, sizeof(*texts));
	memcpy(texts, l->texts, l->count * sizeof(*texts));
	lines_take(s, path, texts, l->count, bytes);
	l->texts = texts;
}

/* "ar.txt" */
static void
entry_take(struct shelf *s, const char *folder, const char *name)
{
	const char *path = arena_printf(s->mem, "%s/%s", folder, name);
	size_t len = strspn(name, LOWER);

	if (len < 2 || len > 8 || strcmp(name + len, ENDING) != 0)
		complain(s, path, 0,
			 "a file of texts bears the name of a language, such "
			 "as ar.txt");
	else if (s->count == LANGUAGES_LIMIT)
		complain(s, path, 0, "there are too many languages");
	else
		file_take(s, path, arena_copy(s->mem, name, len));
}

static void
entries_take(struct shelf *s, const char *folder, DIR *dir, bool english)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		if (*entry->d_name != '.' &&
		    (strcmp(entry->d_name, "en" ENDING) == 0) == english)
			entry_take(s, folder, entry->d_name);
}

/* English first, which the others begin with. */
static void
folder_take(struct shelf *s, const char *folder)
{
	DIR *dir = opendir(folder);

	if (dir == NULL) {
		complain(s, folder, 0, strerror(errno));
		return;
	}
	entries_take(s, folder, dir, true);
	rewinddir(dir);
	entries_take(s, folder, dir, false);
	(void)closedir(dir);
}

static int
compare_tags(const void *a, const void *b)
{
	return strcmp(((const struct page_language *)a)->tag,
		      ((const struct page_language *)b)->tag);
}

enum err
page_shelf_open(struct arena *mem, const struct config *conf,
		page_complain *to_whom, void *to, struct page_languages *out)
{
	struct shelf s = {.mem = mem, .complain = to_whom, .to = to};

	s.list = arena_array(mem, LANGUAGES_LIMIT, sizeof(*s.list));
	s.count = page_language_count;
	memcpy(s.list, page_languages, s.count * sizeof(*s.list));
	if (*conf->pages.texts != '\0')
		folder_take(&s, conf->pages.texts);
	qsort(s.list, s.count, sizeof(*s.list), compare_tags);
	*out = (struct page_languages){s.list, s.count};
	if (page_language_named(out, conf->pages.language) == NULL)
		complain(&s, "pages.language", 0,
			 arena_printf(mem, "there are no texts for \"%s\"",
				      conf->pages.language));
	return s.failed ? ERR_CONFIGURATION : OK;
}

enum err
page_shelf_check(const struct config *conf, page_complain *to_whom, void *to)
{
	struct arena *mem = arena_open(0, MEMORY_LIMIT);
	struct page_languages all;
	enum err e = page_shelf_open(mem, conf, to_whom, to, &all);

	arena_close(mem);
	return e;
}
