/* SPDX-License-Identifier: MIT */
/*
 * config.def as data, and what the files config_*.c share while one
 * configuration is read. Nobody else includes this.
 */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/config.h"

enum setting_type {
	TYPE_TEXT,
	TYPE_NUMBER,
	TYPE_DURATION,
	TYPE_BOOL,
	TYPE_LIST
};

struct setting {
	const char *name;
	enum setting_type type;
	const char *initial;
	const char *bounds;
	bool secret;
	const char *help;
	size_t offset; /* in its struct …_settings */
};

struct section {
	const char *name;
	bool many;
	const char *help;
	const struct setting *settings;
	size_t count;
	size_t size;         /* of its struct …_settings */
	size_t offset;       /* in struct config: the struct, or the array */
	size_t count_offset; /* in struct config: the array's count */
};

extern const struct section config_sections[];
extern const size_t config_section_count;

/* One section as given: its values, and the line that set each of them. */
struct instance {
	const struct section *kind;
	const char *title; /* NULL for a ONE section */
	char *values;      /* its struct …_settings */
	int *lines;        /* by setting; 0 where the file says nothing */
};

/* A configuration on its way from the file to struct config. */
struct reading {
	const struct config_source *from;
	struct config *conf;
	struct arena *mem;
	struct instance *instances;
	size_t instance_count;
	size_t faults;
	bool is_parsed; /* the file's grammar is in order */
};

/* The settings' values before anybody has said anything. */
void instance_reset(struct reading *r, struct instance *in) NONNULL(1, 2);

/*
 * Reads `text` as a value of the setting into `values` (a LIST: as its only
 * item). NULL when it fits; else why not, on the arena, without the value
 * itself where that is secret.
 */
const char *setting_read(const struct setting *s, struct arena *mem,
			 const char *text, char *values)
	NODISCARD NONNULL(1, 2, 3, 4);

/* Appends to a LIST. NULL or why not, as above. */
const char *setting_append(const struct setting *s, struct arena *mem,
			   const char *text, char *values)
	NODISCARD NONNULL(1, 2, 3, 4);

/* Adds a copy of the text at the end. */
void list_append(struct text_list *list, struct arena *mem, const char *text,
		 size_t len) NONNULL(1, 2, 3);

/* The value as the file would spell it, secrets hidden. */
void setting_spell(const struct setting *s, const char *values, struct buf *out)
	NONNULL(1, 2, 3);

/* A text in double quotes, escaped as the file wants it. */
void setting_quote(struct buf *out, const char *text) NONNULL(1, 2);

/* What the bounds allow, in words, "" where anything goes. */
void setting_allowed(const struct setting *s, struct buf *out) NONNULL(1, 2);

/*
 * Tells a fault with "file:line: " in front, or "file: " for line 0, or
 * nothing for NOT_THE_FILE. Past FAULT_LIMIT they are only counted.
 */
#define NOT_THE_FILE (-1)
#define FAULT_LIMIT 100
void config_fault(struct reading *r, int line, const char *format, ...)
	NONNULL(1, 3) PRINTF(3, 4);

/*
 * Tells a fault of a setting, with the place that set it. `number` counts
 * the instances of a MANY section.
 */
void instance_blame(struct reading *r, const struct instance *in,
		    const char *setting, const char *format, ...)
	NONNULL(1, 2, 3, 4) PRINTF(4, 5);
void config_blame(struct reading *r, const char *section, size_t number,
		  const char *setting, const char *format, ...)
	NONNULL(1, 2, 4, 5) PRINTF(5, 6);

/* What instance_blame asks for, to be handed on. */
struct place {
	const char *section;
	size_t number;
	const char *setting;
};

/* A file with secrets of ours, or why not (static): nobody else may have the
 * rights `forbidden` on it. */
#define SECRET_FILE_LIMIT ((size_t)64 * 1024)
const char *secret_file_read(struct reading *r, const char *path,
			     mode_t forbidden, char **out)
	NODISCARD NONNULL(1, 2, 4);

/* Judges secrets that sign; the place is to blame. */
void secrets_judge(struct reading *r, const struct place *at,
		   const struct text_list *list) NONNULL(1, 2, 3);

/* Adds the secrets in the file, one a line, after judging them. */
void secrets_add_file(struct reading *r, const struct place *at,
		      const char *path, struct text_list *list)
	NONNULL(1, 2, 3, 4);

/* The secrets and the addresses of servers from environment and files. */
void config_take_secrets(struct reading *r) NONNULL(1);

/* The same for the backends' own secrets and keys; judges their strategies. */
void config_take_backends(struct reading *r) NONNULL(1);
/* Adds the secrets of a file, one a line. NULL, or why not (static): others
 * may read it, or there is none. */
const char *config_secrets_read(struct reading *r, const char *path,
				struct text_list *out)
	NODISCARD NONNULL(1, 2, 3);

/* Resolves what follows from other settings, and judges them together. */
void config_resolve(struct reading *r) NONNULL(1);
void config_check(struct reading *r) NONNULL(1);
/* Its parts about who is told of events; what they need from files comes
 * with them. */
void config_check_delivery(struct reading *r) NONNULL(1);
void config_check_mail(struct reading *r) NONNULL(1);

/* The part of config_check that is about the names of tables and columns. */
void config_check_names(struct reading *r) NONNULL(1);

/* The part that is about who is let in elsewhere. */
void config_check_guard(struct reading *r) NONNULL(1);

/* The part that is about the pages. */
void config_check_pages(struct reading *r) NONNULL(1);

/* Whether a Location may hold the text and a browser goes there from any page:
 * a path on this host, or an http or https address. */
bool config_is_address(const char *text) NONNULL(1);

/* NULL when the text can stand in front of routes: "" or "/a/b". */
const char *config_prefix_fault(const char *text) NONNULL(1);

/* The same for the providers: what a preset knows, and whether all is there. */
void providers_resolve(struct reading *r) NONNULL(1);
void providers_check(struct reading *r) NONNULL(1);

/* The secret of a provider, when a file holds it. NULL or why not. */
const char *config_secret_file(struct reading *r, const char *path,
			       const char **out) NODISCARD NONNULL(1, 2, 3);

/* The part that is about the fields of users. */
void config_check_fields(struct reading *r) NONNULL(1);

/* NULL when `len` bytes of text can be an identifier, else why not. */
const char *config_identifier_fault(const char *text, size_t len) NONNULL(1);

#endif
