/* SPDX-License-Identifier: MIT */
#include "base/config_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* Fills from the descriptor; false when it holds more than `limit`. */
static bool
fd_read(int fd, char *bytes, size_t limit, size_t *out_len)
{
	size_t len = 0;

	while (len <= limit) {
		ssize_t n = read(fd, bytes + len, limit + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*out_len = len;
	return len <= limit;
}

const char *
config_file_read(struct arena *mem, const char *path, size_t limit, char **out,
		 size_t *out_len, struct stat *info)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why = NULL;
	struct stat st;

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &st) != 0) {
		why = strerror(errno);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		why = "not a regular file";
		goto out;
	}
	if (st.st_size < 0 || (size_t)st.st_size > limit) {
		why = "the file is too large";
		goto out;
	}
	*out = arena_alloc(mem, (size_t)st.st_size + 2);
	if (!fd_read(fd, *out, (size_t)st.st_size, out_len)) {
		why = "the file cannot be read, or grows meanwhile";
		goto out;
	}
	(*out)[*out_len] = '\0';
	if (info != NULL)
		*info = st;
out:
	(void)close(fd);
	return why;
}

/* Where we are in the text. */
struct scan {
	char *at;
	int line;
	int depth;
	int opened; /* the line of the outermost open brace */
};

static void
comment_blank(struct scan *s)
{
	while (*s->at != '\0' && *s->at != '\n')
		*s->at++ = ' ';
}

/*
 * Only what cannot surprise may be escaped: libconfuse would take "\0" for
 * the end of the text.
 */
static const char *
quote_skip(struct scan *s)
{
	char quote = *s->at++;
	const char *escapable = quote == '"' ? "\"\\$" : "'\\";

	for (; *s->at != quote; s->at++) {
		if (*s->at == '\0' || *s->at == '\n')
			return "this quote is not closed in its line";
		if (*s->at != '\\')
			continue;
		s->at++;
		if (*s->at != '\0' && strchr(escapable, *s->at) != NULL)
			continue;
		if (quote == '"')
			return "in double quotes a backslash may stand only "
			       "before \\, \" and $";
		s->at--;
	}
	s->at++;
	return NULL;
}

static const char *
word_skip(struct scan *s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.:/@-";
	size_t n = strspn(s->at, letters);

	if (n == 0 || text_starts(s->at, "//"))
		return "a value with such characters must be in quotes, and a "
		       "comment must start with #";
	s->at += n;
	return NULL;
}

static const char *
brace_skip(struct scan *s)
{
	if (*s->at == '{' && s->depth++ == 0)
		s->opened = s->line;
	if (*s->at == '}' && s->depth-- == 0)
		return "this brace closes nothing";
	s->at++;
	return NULL;
}

/* One token, blank or comment. */
static const char *
token_skip(struct scan *s)
{
	switch (*s->at) {
	case '\n':
		s->line++;
		s->at++;
		return NULL;
	case ' ':
	case '\t':
	case '\r':
	case '=':
	case '+':
	case ',':
		s->at++;
		return NULL;
	case '#':
		comment_blank(s);
		return NULL;
	case '"':
	case '\'':
		return quote_skip(s);
	case '{':
	case '}':
		return brace_skip(s);
	default:
		return word_skip(s);
	}
}

static const char *
bytes_judge(const char *text, size_t len, int *line)
{
	*line = 1;
	for (size_t at = 0; at < len;) {
		size_t n = strcspn(text + at, "\n");

		if (text[at + n] == '\0' && at + n < len)
			return "there is a NUL byte in this line";
		if (!text_is_utf8(text + at, n))
			return "this line is not UTF-8";
		at += n + 1;
		(*line)++;
	}
	return NULL;
}

const char *
config_text_prepare(char *text, size_t len, int *line)
{
	struct scan s = {.at = text, .line = 1};
	const char *why = bytes_judge(text, len, line);

	if (why != NULL)
		return why;
	while (why == NULL && *s.at != '\0')
		why = token_skip(&s);
	*line = s.line;
	if (why == NULL && s.depth > 0) {
		*line = s.opened;
		why = "the brace opened here is never closed";
	}
	return why;
}
