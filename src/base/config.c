/* SPDX-License-Identifier: MIT */
#include "base/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#include "base/buf.h"
#include "base/config_table.h"
#include "base/config_text.h"

#define FILE_LIMIT ((size_t)1024 * 1024)
#define MEMORY_LIMIT ((size_t)64 * 1024 * 1024)
#define INSTANCE_LIMIT 256
/* The defaults may come on top. */
#define INSTANCE_ROOM (INSTANCE_LIMIT + 4)

/*
 * libconfuse hands its callbacks nothing of ours, so this tells them what is
 * being read. Set only while cfg_parse_buf runs.
 */
static struct reading *current;

static const struct section *
section_named(const char *name)
{
	for (size_t i = 0; i < config_section_count; i++)
		if (strcmp(config_sections[i].name, name) == 0)
			return &config_sections[i];
	return NULL;
}

static bool
same_title(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A new instance, its settings at their defaults. */
static struct instance *
instance_add(struct reading *r, const struct section *kind, const char *title,
	     char *values)
{
	struct instance *in = &r->instances[r->instance_count++];

	in->kind = kind;
	in->title = title != NULL ? arena_text(r->mem, title) : NULL;
	in->values = values;
	in->lines = arena_array(r->mem, kind->count, sizeof(*in->lines));
	instance_reset(r, in);
	return in;
}

/* The section of this title, made when it is new. */
static struct instance *
instance_get(struct reading *r, const struct section *kind, const char *title)
{
	for (size_t i = 0; i < r->instance_count; i++) {
		struct instance *in = &r->instances[i];

		if (in->kind == kind && same_title(in->title, title))
			return in;
	}
	if (r->instance_count == INSTANCE_LIMIT)
		return NULL;
	return instance_add(r, kind, title, arena_alloc(r->mem, kind->size));
}

/*
 * libconfuse has a value. A complaint about it does not stop the parsing, so
 * that all of them are told at once.
 */
static int
value_taken(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct reading *r = current;
	const struct section *kind = section_named(cfg_name(cfg));
	struct instance *in =
		kind == NULL ? NULL : instance_get(r, kind, cfg_title(cfg));
	const char **kept = result;
	const char *why = NULL;

	*kept = text;
	if (r->faults >= FAULT_LIMIT)
		return -1;
	if (in == NULL) {
		config_fault(r, cfg->line,
			     kind == NULL ? "settings stand in sections"
					  : "there are too many sections");
		return -1;
	}
	for (size_t i = 0; i < kind->count; i++) {
		const struct setting *s = &kind->settings[i];

		if (strcmp(s->name, opt->name) != 0)
			continue;
		/* "=" starts a list anew, "+=" goes on. */
		if (s->type == TYPE_LIST && opt->nvalues > 1)
			why = setting_append(s, r->mem, text, in->values);
		else
			why = setting_read(s, r->mem, text, in->values);
		in->lines[i] = cfg->line;
		if (s->secret && *text != '\0')
			r->conf->holds_secrets = true;
		if (why != NULL)
			instance_blame(r, in, s->name, "%s", why);
	}
	return 0;
}

/* libconfuse complains; its words for what is unknown are made clearer. */
static void
syntax_fault(cfg_t *cfg, const char *format, va_list args)
{
	struct reading *r = current;
	struct buf b;
	va_list again;

	buf_init(&b, r->mem, 80);
	if (strstr(format, "no such option") == NULL) {
		buf_vprintf(&b, format, args);
		config_fault(r, cfg->line, "%s", b.data);
		return;
	}
	va_copy(again, args);
	buf_vprintf(&b, "%s", again);
	va_end(again);
	if (section_named(cfg_name(cfg)) == NULL)
		config_fault(r, cfg->line, "there is no section \"%s\"",
			     b.data);
	else
		config_fault(r, cfg->line, "there is no setting \"%s.%s\"",
			     cfg_name(cfg), b.data);
}

/* Our table in libconfuse's form. Everything is a text to it. */
static cfg_opt_t *
section_options(struct reading *r, const struct section *kind)
{
	cfg_opt_t *options =
		arena_array(r->mem, kind->count + 1, sizeof(*options));
	size_t i;

	for (i = 0; i < kind->count; i++) {
		const struct setting *s = &kind->settings[i];

		if (s->type == TYPE_LIST)
			options[i] = (cfg_opt_t)CFG_STR_LIST_CB(
				s->name, NULL, CFGF_NODEFAULT, value_taken);
		else
			options[i] = (cfg_opt_t)CFG_STR_CB(
				s->name, NULL, CFGF_NODEFAULT, value_taken);
	}
	options[i] = (cfg_opt_t)CFG_END();
	return options;
}

static cfg_opt_t *
file_options(struct reading *r)
{
	cfg_opt_t *options =
		arena_array(r->mem, config_section_count + 1, sizeof(*options));
	size_t i;

	for (i = 0; i < config_section_count; i++) {
		const struct section *kind = &config_sections[i];
		cfg_flag_t flags =
			kind->many ? CFGF_MULTI | CFGF_TITLE : CFGF_NONE;

		options[i] = (cfg_opt_t)CFG_SEC(
			kind->name, section_options(r, kind), flags);
	}
	options[i] = (cfg_opt_t)CFG_END();
	return options;
}

/* A list that was emptied again, of which the callback hears nothing. */
static void
lists_empty(struct instance *in, cfg_t *sec)
{
	const struct section *kind = in->kind;

	for (size_t i = 0; i < kind->count; i++) {
		const struct setting *s = &kind->settings[i];
		struct text_list *list = (void *)(in->values + s->offset);
		const cfg_opt_t *opt = cfg_getopt(sec, s->name);

		if (s->type == TYPE_LIST && opt->nvalues == 0 &&
		    (opt->flags & CFGF_MODIFIED) != 0)
			*list = (struct text_list){0};
	}
}

static bool
title_is_plain(const char *title)
{
	size_t len = strlen(title);

	return len > 0 && len <= 32 &&
	       strspn(title, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

/* struct config learns of a MANY section's array. */
static void
section_publish(struct reading *r, const struct section *kind, char *array,
		size_t count)
{
	char *conf = (char *)r->conf;

	*(void **)(conf + kind->offset) = array;
	*(size_t *)(conf + kind->count_offset) = count;
}

/* The sections of one kind move behind each other, in file order. */
static void
section_gather(struct reading *r, cfg_t *cfg, const struct section *kind,
	       struct instance *sorted, size_t *sorted_count)
{
	size_t count = cfg_size(cfg, kind->name);
	char *array = arena_array(r->mem, count, kind->size);

	for (size_t i = 0; i < count; i++) {
		cfg_t *sec = cfg_getnsec(cfg, kind->name, (unsigned)i);
		struct instance *in = instance_get(r, kind, cfg_title(sec));

		if (in == NULL) {
			config_fault(r, sec->line,
				     "there are too many sections");
			return;
		}
		lists_empty(in, sec);
		if (kind->many && !title_is_plain(in->title))
			config_fault(r, sec->line,
				     "%s \"%s\": a name is made of 1 to 32 "
				     "lower-case letters, digits, _ and -",
				     kind->name, in->title);
		if (kind->many)
			in->values = memcpy(array + i * kind->size, in->values,
					    kind->size);
		sorted[(*sorted_count)++] = *in;
	}
	if (kind->many)
		section_publish(r, kind, array, count);
}

static void
sections_gather(struct reading *r, cfg_t *cfg)
{
	struct instance *sorted =
		arena_array(r->mem, INSTANCE_ROOM, sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; i < config_section_count; i++)
		section_gather(r, cfg, &config_sections[i], sorted, &count);
	r->instances = sorted;
	r->instance_count = count;
}

static void
text_parse(struct reading *r, const char *text)
{
	cfg_t *cfg = cfg_init(file_options(r), CFGF_NONE);

	if (cfg == NULL)
		abort();
	(void)cfg_set_error_function(cfg, syntax_fault);
	current = r;
	if (cfg_parse_buf(cfg, text) == CFG_SUCCESS) {
		sections_gather(r, cfg);
		r->is_parsed = true;
	} else if (r->faults == 0) {
		config_fault(r, cfg->line, "this cannot be understood");
	}
	current = NULL;
	(void)cfg_free(cfg);
}

static void
file_parse(struct reading *r)
{
	const char *path = r->from->path;
	const char *why;
	char *text;
	size_t len;
	int line;

	why = config_file_read(r->mem, path, FILE_LIMIT, &text, &len, NULL);
	if (why != NULL) {
		config_fault(r, 0, "%s", why);
		return;
	}
	why = config_text_prepare(text, len, &line);
	if (why != NULL) {
		config_fault(r, line, "%s", why);
		return;
	}
	text_parse(r, text);
	explicit_bzero(text, len);
}

/* What there is when the file has no section of this kind. */
static void
defaults_add(struct reading *r, const char *name, const char *const titles[2])
{
	const struct section *kind = section_named(name);
	char *conf = (char *)r->conf;
	char *array;

	if (kind == NULL)
		abort();
	if (*(size_t *)(conf + kind->count_offset) > 0)
		return;
	array = arena_array(r->mem, 2, kind->size);
	for (size_t i = 0; i < 2; i++)
		(void)instance_add(r, kind, titles[i], array + i * kind->size);
	section_publish(r, kind, array, 2);
}

static void
titles_publish(struct reading *r)
{
	for (size_t i = 0; i < r->instance_count; i++) {
		struct instance *in = &r->instances[i];

		/* `title` is the first member of each struct …_settings. */
		*(const char **)(void *)in->values = in->title;
	}
}

/* The two ways to sign in of the reference's own example. */
static void
backends_default(struct reading *r)
{
	static const char *const titles[2] = {"jwt", "bearer"};

	if (r->conf->backend_count > 0)
		return;
	defaults_add(r, "backend", titles);
	r->conf->backend[0].transport = "cookie";
}

static void
pools_default(struct reading *r)
{
	static const char *const titles[2] = {"api", "password"};

	defaults_add(r, "pool", titles);
}

static void
sections_start(struct reading *r)
{
	char *conf = (char *)r->conf;

	r->instances =
		arena_array(r->mem, INSTANCE_ROOM, sizeof(*r->instances));
	for (size_t i = 0; i < config_section_count; i++) {
		const struct section *kind = &config_sections[i];

		if (!kind->many)
			(void)instance_add(r, kind, NULL, conf + kind->offset);
	}
}

enum err
config_load(const struct config_source *from, struct config **out)
{
	struct reading r = {.from = from};

	*out = NULL;
	r.mem = arena_open(0, MEMORY_LIMIT);
	r.conf = arena_new(r.mem, struct config);
	r.conf->mem = r.mem;
	sections_start(&r);
	if (from->path != NULL) {
		r.conf->path = arena_text(r.mem, from->path);
		file_parse(&r);
	}
	if (from->path == NULL || r.is_parsed) {
		backends_default(&r);
		pools_default(&r);
		titles_publish(&r);
		config_resolve(&r);
		config_take_secrets(&r);
		config_take_backends(&r);
		config_check(&r);
	}
	if (r.faults > 0) {
		config_free(r.conf);
		return ERR_CONFIGURATION;
	}
	*out = r.conf;
	return OK;
}

void
config_free(struct config *c)
{
	if (c != NULL)
		arena_close(c->mem);
}
