/* SPDX-License-Identifier: MIT */
/* The settings, typed, read from a file; config.def says which there are. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"

struct text_list {
	const char **items;
	size_t count;
};
bool text_list_has(const struct text_list *list, const char *text)
	NONNULL(1, 2);

/* The C type of each setting type. */
typedef const char *setting_TEXT;
typedef int64_t setting_NUMBER;
typedef int64_t setting_DURATION; /* seconds, -1 for "none" */
typedef bool setting_BOOL;
typedef struct text_list setting_LIST;

/* struct server_settings, struct pool_settings, … each with a `title`,
 * which is NULL for a ONE section. */
#define SECTION_BEGIN(section, many, help)                                     \
	struct section##_settings {                                            \
		const char *title;
#define SETTING(section, name, type, initial, bounds, secrecy, help)           \
	setting_##type name;
#define SECTION_END(section)                                                   \
	}                                                                      \
	;
#include "base/config.def"
#undef SECTION_BEGIN
#undef SETTING
#undef SECTION_END

/*
 * conf->server.prefix, conf->password.passes, …; a MANY section is an array
 * with a count: conf->backend[i].lifetime, conf->backend_count.
 */
struct config {
	struct arena *mem;  /* everything below lives here */
	const char *path;   /* the file, NULL when defaults were taken */
	bool holds_secrets; /* the file itself gives a SECRET setting */
	/* What the key files of each backend hold, key_file before
	 * public_key_file; NULL where no configuration was read. */
	struct text_list *backend_keys;
#define CONFIG_MEMBER_ONE(section) struct section##_settings section;
#define CONFIG_MEMBER_MANY(section)                                            \
	struct section##_settings *section;                                    \
	size_t section##_count;
#define SECTION_BEGIN(section, many, help) CONFIG_MEMBER_##many(section)
#define SETTING(section, name, type, initial, bounds, secrecy, help)
#define SECTION_END(section)
#include "base/config.def"
#undef SECTION_BEGIN
#undef SETTING
#undef SECTION_END
};

/*
 * Reads and judges the file. Faults are told to `complain`, one sentence each
 * with "file:line: " in front where a line is to blame; then
 * ERR_CONFIGURATION and *out is NULL. Environment variables named in
 * config.def win over the file; `environment` is asked for them (getenv in
 * the program, a table in tests). Heap; caller frees with config_free.
 *
 * Without any backend section there are two: "jwt" (cookie) and "bearer".
 * Without any pool section there are two: "api" and "password", with sockets
 * named after them in run_dir. Zeros that stand for "as many as processors"
 * are resolved. Secret files are read and added to their lists, key files are
 * read; secrets and keys are judged.
 */
struct config_source {
	const char *path; /* NULL: defaults and environment only */
	const char *(*environment)(const char *name);
	void (*complain)(void *to, const char *sentence);
	void *to;
};
enum err config_load(const struct config_source *from, struct config **out)
	NODISCARD NONNULL(1, 2);

/* Whether the backend signs with keys of keys.file: by an algorithm that takes
 * no secret, without key_file. */
bool config_backend_has_ring(const struct backend_settings *b) NONNULL(1);

/* Wipes and frees. NULL is allowed. */
void config_free(struct config *c);

/*
 * Calls `show` for each setting in the order of the table with its effective
 * value as the file would spell it, secrets as "***" (an empty secret as "").
 * section is "server", or "backend \"jwt\"" for a MANY section.
 */
typedef void config_show(void *to, const char *section, const char *name,
			 const char *value);
void config_dump(const struct config *c, config_show *show, void *to)
	NONNULL(1, 2);

/* Writes the commented default configuration file to `out`. */
struct buf;
void config_print_defaults(struct buf *out) NONNULL(1);

#endif
