/* SPDX-License-Identifier: MIT */
#include "base/key_ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/config_text.h"
#include "base/text.h"

#define FILE_LIMIT ((size_t)256 * 1024)
#define KEYS_LIMIT 64
#define WORDS 5 /* of the line before a key */

static const char head[] =
	"# Signing keys of fastcgi-users, changed by fastcgi-users key alone.\n"
	"# They are private: let nobody else read this file.\n";
static const char key_end[] = "-----END PRIVATE KEY-----";

static const char *const state_names[RING__STATES] = {
	[RING_NEXT] = "next",
	[RING_CURRENT] = "current",
	[RING_OLD] = "old",
};

const char *
ring_state_name(enum ring_state s)
{
	return state_names[s];
}

static bool
state_named(const char *name, enum ring_state *out)
{
	for (size_t i = 0; i < RING__STATES; i++) {
		if (strcmp(state_names[i], name) != 0)
			continue;
		*out = (enum ring_state)i;
		return true;
	}
	return false;
}

struct ring_key *
key_ring_find(const struct key_ring *r, enum jws_alg alg, enum ring_state state)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->keys[i].state == state &&
		    jws_key_alg(r->keys[i].key) == alg)
			return &r->keys[i];
	return NULL;
}

struct ring_key *
key_ring_named(const struct key_ring *r, const char *kid)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->keys[i].kid, kid) == 0)
			return &r->keys[i];
	return NULL;
}

/* "key ALG STATE SINCE UNTIL", which is cut into its words. */
static bool
line_read(char *line, enum jws_alg *alg, struct ring_key *out)
{
	const char *words[WORDS];
	char *rest = NULL;

	for (int i = 0; i < WORDS; i++) {
		words[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
		if (words[i] == NULL)
			return false;
	}
	return *rest == '\0' && strcmp(words[0], "key") == 0 &&
	       jws_alg_named(words[1], alg) && !jws_alg_has_secret(*alg) &&
	       state_named(words[2], &out->state) &&
	       text_number(words[3], 0, INT64_MAX, &out->since) &&
	       text_number(words[4], -1, INT64_MAX, &out->until);
}

/* Why the key that was read last cannot stand beside the others. */
static const char *
clash(const struct key_ring *r)
{
	const struct ring_key *k = &r->keys[r->count - 1];

	if (key_ring_named(r, k->kid) != k)
		return "a key is there twice";
	if (k->state != RING_OLD &&
	    key_ring_find(r, jws_key_alg(k->key), k->state) != k)
		return "of one algorithm there are two keys that sign, or two "
		       "that come next";
	return NULL;
}

static const char *
key_take(struct key_ring *r, enum jws_alg alg, struct ring_key *k)
{
	const char *why = NULL;

	if (jws_key_from_pem(alg, k->pem, strlen(k->pem), NULL, &k->key,
			     &why) != OK)
		return why;
	jws_key_name(k->key, r->mem);
	k->kid = jws_key_id(k->key);
	r->keys[r->count++] = *k;
	return clash(r);
}

/* One key from its line on; *text moves behind it. */
static const char *
key_read(struct key_ring *r, char **text)
{
	static const char no_line[] =
		"there is a line in it that is none of its own";
	struct ring_key k = {0};
	enum jws_alg alg = JWS_ES256;
	char *pem = strchr(*text, '\n');
	char *end = pem != NULL ? strstr(pem + 1, key_end) : NULL;

	if (end == NULL)
		return no_line;
	*pem++ = '\0';
	if (!line_read(*text, &alg, &k))
		return no_line;
	if (r->count == KEYS_LIMIT)
		return "there are more than 64 keys in it";
	end += sizeof(key_end) - 1;
	k.pem = arena_printf(r->mem, "%.*s\n", (int)(end - pem), pem);
	*text = end;
	return key_take(r, alg, &k);
}

const char *
key_ring_parse(struct arena *mem, const char *text, size_t len,
	       struct key_ring *out)
{
	char *at = arena_copy(mem, text, len);
	const char *why = NULL;

	*out = (struct key_ring){
		.mem = mem,
		.keys = arena_array(mem, KEYS_LIMIT + 2, sizeof(*out->keys)),
	};
	if (strlen(at) != len)
		return "there is a NUL byte in it";
	while (why == NULL && *at != '\0') {
		if (*at == '#')
			at += strcspn(at, "\n");
		else if (*at == '\n')
			at++;
		else
			why = key_read(out, &at);
	}
	if (why != NULL)
		key_ring_close(out);
	return why;
}

const char *
key_ring_read(struct arena *mem, const char *path, struct key_ring *out,
	      struct stat *info)
{
	struct stat st;
	char *text;
	size_t len;
	const char *why =
		config_file_read(mem, path, FILE_LIMIT, &text, &len, &st);

	if (info != NULL && why == NULL)
		*info = st;
	if (why != NULL)
		return why;
	if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		return "others may read or write it: take that away by chmod "
		       "600";
	return key_ring_parse(mem, text, len, out);
}

void
key_ring_close(struct key_ring *r)
{
	for (size_t i = 0; i < r->count; i++)
		jws_key_free(r->keys[i].key);
	r->count = 0;
}

void
key_ring_write(const struct key_ring *r, struct buf *out)
{
	buf_text(out, head);
	for (size_t i = 0; i < r->count; i++) {
		const struct ring_key *k = &r->keys[i];

		buf_printf(out, "\nkey %s %s %lld %lld\n%s",
			   jws_alg_name(jws_key_alg(k->key)),
			   ring_state_name(k->state), (long long)k->since,
			   (long long)k->until, k->pem);
	}
}

struct ring_key *
key_ring_add(struct key_ring *r, enum jws_alg alg, enum ring_state state,
	     int64_t now)
{
	struct ring_key k = {
		.state = state,
		.since = now,
		.pem = jws_pem_generate(r->mem, alg),
	};

	/* Nothing can be wrong with a key of our own making. */
	if (r->count > KEYS_LIMIT || key_take(r, alg, &k) != NULL)
		abort();
	return &r->keys[r->count - 1];
}

void
key_ring_remove(struct key_ring *r, struct ring_key *k)
{
	size_t behind = (size_t)(r->keys + r->count - (k + 1));

	jws_key_free(k->key);
	memmove(k, k + 1, behind * sizeof(*k));
	r->count--;
}

bool
ring_key_is_over(const struct ring_key *k, int64_t now)
{
	return k->state == RING_OLD && k->until >= 0 && k->until <= now;
}

int64_t
key_ring_next_end(const struct key_ring *r, int64_t now)
{
	int64_t end = INT64_MAX;

	for (size_t i = 0; i < r->count; i++) {
		const struct ring_key *k = &r->keys[i];

		if (k->state == RING_OLD && k->until > now && k->until < end)
			end = k->until;
	}
	return end;
}

size_t
key_ring_purge(struct key_ring *r, int64_t now)
{
	size_t gone = 0;
	size_t i = 0;

	while (i < r->count) {
		struct ring_key *k = &r->keys[i];

		if (!ring_key_is_over(k, now)) {
			i++;
			continue;
		}
		key_ring_remove(r, k);
		gone++;
	}
	return gone;
}

void
key_ring_advance(struct key_ring *r, enum jws_alg alg, int64_t now,
		 int64_t until)
{
	struct ring_key *current = key_ring_find(r, alg, RING_CURRENT);
	struct ring_key *next = key_ring_find(r, alg, RING_NEXT);

	if (next == NULL)
		abort();
	next->state = RING_CURRENT;
	next->since = now;
	if (current == NULL)
		return;
	current->state = RING_OLD;
	current->since = now;
	current->until = until;
}
