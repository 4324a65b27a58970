/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/config_table.h"
#include "base/config_text.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

#define SHORTEST 32

/* Tags and lengths of DER. */
#define DER_INTEGER 0x02
#define DER_SEQUENCE 0x30
#define DER_ONE_BYTE 0x81
#define DER_TWO_BYTES 0x82

/* Where the secrets of one purpose may come from. */
struct purpose {
	const char *setting;
	const char *file_setting;
	const char *variable;
	size_t list; /* in struct secrets_settings */
	size_t file;
};

static const struct purpose purposes[] = {
	{"jwt", "jwt_file", "FASTCGI_USERS_JWT_SECRET",
	 offsetof(struct secrets_settings, jwt),
	 offsetof(struct secrets_settings, jwt_file)},
	{"reset", "reset_file", "FASTCGI_USERS_RESET_SECRET",
	 offsetof(struct secrets_settings, reset),
	 offsetof(struct secrets_settings, reset_file)},
	{"verify", "verify_file", "FASTCGI_USERS_VERIFY_SECRET",
	 offsetof(struct secrets_settings, verify),
	 offsetof(struct secrets_settings, verify_file)},
	{"state", "state_file", "FASTCGI_USERS_STATE_SECRET",
	 offsetof(struct secrets_settings, state),
	 offsetof(struct secrets_settings, state_file)},
	{"provider_tokens", "provider_tokens_file",
	 "FASTCGI_USERS_PROVIDER_TOKENS_SECRET",
	 offsetof(struct secrets_settings, provider_tokens),
	 offsetof(struct secrets_settings, provider_tokens_file)},
};

/* What examples say. A secret made of nothing else is known to everybody. */
static const char *const samples[] = {
	"secret",
	"changeme",
	"change-me",
	"change_me",
	"replaceme",
	"replace-me",
	"password",
	"your-secret",
	"yoursecret",
	"example",
	"test",
	"dev",
	"default",
	"insecure",
	"0123456789",
	"your-256-bit-secret",
	"a-string-secret-at-least-256-bits-long",
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
};

/* What keys of other algorithms start with. Their public parts are known to
 * anybody. */
static const char *const key_marks[] = {"ssh-", "ecdsa-", "sk-ssh-",
					"sk-ecdsa-"};

/* A key in base64: the DER of one sequence in another, as long as it says
 * (X.690, section 8.1); SubjectPublicKeyInfo and PKCS #8 are such. */
static bool
is_der(struct arena *mem, const char *text)
{
	size_t len = strcspn(text, "=");
	char *url = arena_copy(mem, text, len);
	unsigned char *der;
	size_t size;
	size_t head = 2;
	size_t body;

	for (char *c = url; *c != '\0'; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	if (crypto_base64url_decode(mem, url, len, &der, &size) != OK ||
	    size < 8 || der[0] != DER_SEQUENCE)
		return false;
	body = der[1];
	if (body == DER_ONE_BYTE) {
		body = der[2];
		head = 3;
	} else if (body == DER_TWO_BYTES) {
		body = (size_t)der[2] << 8 | der[3];
		head = 4;
	}
	return head + body == size &&
	       (der[head] == DER_SEQUENCE || der[head] == DER_INTEGER);
}

static bool
is_key(struct arena *mem, const char *text)
{
	for (size_t i = 0; i < countof(key_marks); i++)
		if (text_starts(text, key_marks[i]))
			return true;
	if (text[strspn(text, " \t")] == '{' && strstr(text, "\"kty\"") != NULL)
		return true;
	return strstr(text, "-----BEGIN") != NULL || is_der(mem, text);
}

/* Whether the text is the sample, or the sample again and again. */
static bool
is_repetition(const char *text, const char *sample)
{
	size_t n = strlen(sample);
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at += n) {
		size_t rest = len - at < n ? len - at : n;

		if (!text_same_n(text + at, sample, rest))
			return false;
	}
	return len >= n;
}

static bool
is_sample(const char *text)
{
	char first[2] = {text[0], '\0'};

	for (size_t i = 0; i < countof(samples); i++)
		if (is_repetition(text, samples[i]))
			return true;
	return is_repetition(text, first);
}

/* NULL when the secret may be used, else why not: the one judge of them all.
 * Warns of a short one (RFC 7518, section 3.2: as long as the hash). */
static const char *
secret_fault(struct reading *r, const char *from, const char *text)
{
	size_t len = strlen(text);

	if (is_sample(text))
		return "a secret that examples use must not be used";
	if (is_key(r->mem, text))
		return "a key of another algorithm cannot be a secret of HS256";
	if (len >= SHORTEST)
		return NULL;
	if (!r->conf->secrets.allow_short)
		return arena_printf(r->mem,
				    "a secret of %zu bytes is too short, there "
				    "must be at least %d: try openssl rand "
				    "-base64 48",
				    len, SHORTEST);
	log_event(LEVEL_WARNING, log_is("secret_short"), log_text("from", from),
		  log_number("bytes", (int64_t)len));
	return NULL;
}

void
secrets_judge(struct reading *r, const struct place *at,
	      const struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *why = secret_fault(r, at->setting, list->items[i]);

		if (why != NULL)
			config_blame(r, at->section, at->number, at->setting,
				     "%s", why);
	}
}

/* One secret a line, blanks at the end and empty lines left out. */
static void
lines_add(struct reading *r, struct text_list *list, const char *text,
	  bool has_comments)
{
	while (*text != '\0') {
		size_t line = strcspn(text, "\n");
		size_t len = line;

		while (len > 0 && (unsigned char)text[len - 1] <= ' ')
			len--;
		if (len > 0 && !(has_comments && *text == '#'))
			list_append(list, r->mem, text, len);
		text += line;
		if (*text == '\n')
			text++;
	}
}

const char *
secret_file_read(struct reading *r, const char *path, mode_t forbidden,
		 char **out)
{
	const char *why;
	struct stat st;
	size_t len;

	why = config_file_read(r->mem, path, SECRET_FILE_LIMIT, out, &len, &st);
	if (why != NULL)
		return why;
	if ((st.st_mode & forbidden) != 0)
		return (forbidden & S_IROTH) != 0
			       ? "others may read or write it: take that away "
				 "by chmod o-rw"
			       : "others may write it: take that away by "
				 "chmod o-w";
	return strlen(*out) == len ? NULL : "there is a NUL byte in it";
}

/* The secrets in a file. NULL or why not. */
const char *
config_secrets_read(struct reading *r, const char *path, struct text_list *out)
{
	char *text = NULL;
	const char *why = secret_file_read(r, path, S_IROTH | S_IWOTH, &text);

	if (why != NULL)
		return why;
	lines_add(r, out, text, true);
	return out->count > 0 ? NULL : "there is no secret in it";
}

const char *
config_secret_file(struct reading *r, const char *path, const char **out)
{
	struct text_list found = {0};
	const char *why = config_secrets_read(r, path, &found);

	*out = why == NULL ? found.items[0] : "";
	return why;
}

void
secrets_add_file(struct reading *r, const struct place *at, const char *path,
		 struct text_list *list)
{
	struct text_list found = {0};
	const char *why = config_secrets_read(r, path, &found);

	if (why != NULL)
		config_blame(r, at->section, at->number, at->setting, "%s: %s",
			     path, why);
	secrets_judge(r, at, &found);
	for (size_t i = 0; i < found.count; i++)
		list_append(list, r->mem, found.items[i],
			    strlen(found.items[i]));
}

static void
variable_take(struct reading *r, const struct purpose *p, const char *given,
	      struct text_list *list)
{
	*list = (struct text_list){0};
	lines_add(r, list, given, false);
	for (size_t i = 0; i < list->count; i++) {
		const char *why = secret_fault(r, p->variable, list->items[i]);

		if (why != NULL)
			config_fault(r, NOT_THE_FILE, "%s: %s", p->variable,
				     why);
	}
}

static void
purpose_take(struct reading *r, const struct purpose *p)
{
	char *values = (char *)&r->conf->secrets;
	struct text_list *list = (void *)(values + p->list);
	const char *path = *(const char **)(void *)(values + p->file);
	const char *given = r->from->environment(p->variable);
	const struct place at = {"secrets", 0, p->setting};
	const struct place file_at = {"secrets", 0, p->file_setting};

	if (given != NULL && *given != '\0') {
		variable_take(r, p, given, list);
		return;
	}
	secrets_judge(r, &at, list);
	if (*path != '\0')
		secrets_add_file(r, &file_at, path, list);
}

/* An address may hold a password, so it may come from the environment. */
static void
address_take(struct reading *r, const char *variable, const char **url)
{
	const char *given = r->from->environment(variable);

	if (given != NULL && *given != '\0')
		*url = arena_text(r->mem, given);
}

void
config_take_secrets(struct reading *r)
{
	struct config *c = r->conf;

	address_take(r, "FASTCGI_USERS_DATABASE_URL", &c->database.url);
	address_take(r, "FASTCGI_USERS_REDIS_URL", &c->redis.url);
	for (size_t i = 0; i < countof(purposes); i++)
		purpose_take(r, &purposes[i]);
}
