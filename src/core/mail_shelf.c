/* SPDX-License-Identifier: MIT */
#include "core/mail_shelf.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/config_text.h"
#include "base/text.h"

#define TEXT_LIMIT ((size_t)64 * 1024)
#define LANGUAGE_LIMIT 8
#define MEMORY_LIMIT ((size_t)16 * 1024 * 1024)
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define ENDING ".txt"

/* "de" of "de-AT", "DE" or "de_CH.UTF-8"; NULL when it is no language. So it
 * can be part of a path, whoever chose it. */
static const char *
language_of(struct arena *mem, const char *text)
{
	size_t len = strcspn(text, "-_.");
	char *out;

	if (len < 2 || len > LANGUAGE_LIMIT)
		return NULL;
	out = text_lower(arena_copy(mem, text, len));
	return strspn(out, LOWER) == len ? out : NULL;
}

/* Reads and judges a file. NULL, or a sentence with its place. */
static const char *
file_take(struct arena *mem, const char *path, enum mail_kind kind,
	  struct mail_text *out, bool *missing)
{
	const struct mail_fault *fault;
	const char *why;
	char *text;
	size_t len;

	*missing = false;
	errno = 0;
	why = config_file_read(mem, path, TEXT_LIMIT, &text, &len, NULL);
	if (why != NULL) {
		*missing = errno == ENOENT;
		return arena_printf(mem, "%s: %s", path, why);
	}
	fault = mail_text_read(mem, kind, text, len, out);
	if (fault == NULL)
		return NULL;
	return fault->line > 0 ? arena_printf(mem, "%s:%d: %s", path,
					      fault->line, fault->why)
			       : arena_printf(mem, "%s: %s", path, fault->why);
}

static bool
default_find(struct arena *mem, const char *language, enum mail_kind kind,
	     struct mail_text *out)
{
	for (size_t i = 0; i < mail_default_count; i++) {
		const struct mail_default *d = &mail_defaults[i];

		if (strcmp(d->language, language) == 0 &&
		    strcmp(d->name, mail_kind_name(kind)) == 0)
			return mail_text_read(mem, kind, d->text,
					      strlen(d->text), out) == NULL;
	}
	return false;
}

enum err
mail_shelf_find(struct arena *mem, const struct config *conf,
		enum mail_kind kind, const char *wanted, struct mail_text *out,
		const char **language, const char **why)
{
	const char *languages[] = {wanted, conf->mail.language, "en"};
	const char *folder = conf->mail.templates;

	for (size_t i = 0; i < countof(languages); i++) {
		bool missing = true;

		if (languages[i] == NULL)
			continue;
		*language = language_of(mem, languages[i]);
		if (*language == NULL)
			continue;
		if (*folder != '\0') {
			const char *path =
				arena_printf(mem, "%s/%s/%s" ENDING, folder,
					     *language, mail_kind_name(kind));

			*why = file_take(mem, path, kind, out, &missing);
			if (*why == NULL)
				return OK;
			if (!missing)
				return ERR_CONFIGURATION;
		}
		if (default_find(mem, *language, kind, out))
			return OK;
	}
	/* There is always an English one. */
	return ERR_INTERNAL;
}

/* One walk through the folder. */
struct check {
	struct arena *mem;
	void (*complain)(void *to, const char *sentence);
	void *to;
	bool failed;
};

static void
complain(struct check *c, const char *sentence)
{
	c->complain(c->to, sentence);
	c->failed = true;
}

/* "reset.txt" */
static bool
kind_find(const char *file, enum mail_kind *out)
{
	for (enum mail_kind kind = 0; kind < MAIL__COUNT; kind++) {
		const char *name = mail_kind_name(kind);
		size_t len = strlen(name);

		if (strncmp(file, name, len) == 0 &&
		    strcmp(file + len, ENDING) == 0) {
			*out = kind;
			return true;
		}
	}
	return false;
}

static void
file_check(struct check *c, const char *folder, const char *name)
{
	const char *path = arena_printf(c->mem, "%s/%s", folder, name);
	struct mail_text text;
	enum mail_kind kind;
	const char *why;
	bool missing;

	if (!kind_find(name, &kind)) {
		complain(c, arena_printf(c->mem,
					 "%s: there is no such mail: it must "
					 "be welcome.txt, verify.txt, "
					 "reset.txt, password_changed.txt, "
					 "email_changed.txt or "
					 "api_key_created.txt",
					 path));
		return;
	}
	why = file_take(c->mem, path, kind, &text, &missing);
	if (why != NULL)
		complain(c, why);
}

static void
language_check(struct check *c, const char *folder, const char *name)
{
	const char *language = language_of(c->mem, name);

	if (language == NULL || strcmp(language, name) != 0)
		complain(c, arena_printf(c->mem,
					 "%s/%s: a folder of texts must bear "
					 "the name of a language, such as de",
					 folder, name));
}

static void
folder_walk(struct check *c, const char *folder,
	    void (*visit)(struct check *c, const char *folder,
			  const char *name))
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	if (dir == NULL) {
		complain(c, arena_printf(c->mem, "%s: %s", folder,
					 strerror(errno)));
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (*entry->d_name != '.')
			visit(c, folder, entry->d_name);
	(void)closedir(dir);
}

static void
language_visit(struct check *c, const char *folder, const char *name)
{
	language_check(c, folder, name);
	folder_walk(c, arena_printf(c->mem, "%s/%s", folder, name), file_check);
}

enum err
mail_shelf_check(const struct config *conf,
		 void (*complain_to)(void *to, const char *sentence), void *to)
{
	struct check c = {.complain = complain_to, .to = to};

	if (*conf->mail.url == '\0' || *conf->mail.templates == '\0')
		return OK;
	c.mem = arena_open(0, MEMORY_LIMIT);
	folder_walk(&c, conf->mail.templates, language_visit);
	arena_close(c.mem);
	return c.failed ? ERR_CONFIGURATION : OK;
}
