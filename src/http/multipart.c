/* SPDX-License-Identifier: MIT */
#include "http/multipart.h"

#include <string.h>

#include "http/option.h"

#define BOUNDARY_LIMIT 256
#define HEADERS_LIMIT 8
#define HEADER_SIZE_LIMIT (4096 + 128)

/* How the bytes of names and values are to be read. */
enum charset {
	CHARSET_UTF8,
	CHARSET_LATIN1,
	CHARSET_OTHER /* only its ASCII is understood */
};

/* What the headers of a part say. */
struct part {
	char *name;
	bool is_file;
	bool has_file_name;
};

struct multipart {
	struct arena *mem;
	const char *at;
	const char *end;
	char *delimiter; /* CR LF "--" boundary */
	size_t delimiter_len;
	enum charset charset;
	struct form *form;
	size_t fields;
	size_t files;
	bool is_over; /* by the last delimiter, or cut off */
	const char *reason;
};

static const char malformed[] = "Invalid multipart data.";

static const struct {
	const char *name; /* without hyphens and underscores */
	enum charset charset;
} charsets[] = {
	{"utf8", CHARSET_UTF8},      {"u8", CHARSET_UTF8},
	{"latin1", CHARSET_LATIN1},  {"iso88591", CHARSET_LATIN1},
	{"usascii", CHARSET_LATIN1}, {"ascii", CHARSET_LATIN1},
	{"l1", CHARSET_LATIN1},      {"cp819", CHARSET_LATIN1},
};

static enum charset
charset_of(struct span name)
{
	char plain[16];
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		if (name.bytes[i] == '-' || name.bytes[i] == '_')
			continue;
		if (len == sizeof(plain))
			return CHARSET_OTHER;
		plain[len++] = name.bytes[i];
	}
	for (size_t i = 0; i < countof(charsets); i++)
		if (span_is((struct span){plain, len}, charsets[i].name))
			return charsets[i].charset;
	return CHARSET_OTHER;
}

static char *
latin1_text(struct arena *mem, struct span s)
{
	char *text = arena_array(mem, s.len + 1, 2);
	size_t to = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.bytes[i];

		if (c < 0x80) {
			text[to++] = (char)(c == 0 ? 0xff : c);
		} else {
			text[to++] = (char)(0xc0 | c >> 6);
			text[to++] = (char)(0x80 | (c & 0x3f));
		}
	}
	return text;
}

static char *
charset_text(const struct multipart *m, struct span s)
{
	char *text;

	if (m->charset == CHARSET_LATIN1)
		return latin1_text(m->mem, s);
	text = arena_copy(m->mem, s.bytes, s.len);
	if (m->charset == CHARSET_OTHER)
		for (size_t i = 0; i < s.len; i++)
			if ((unsigned char)text[i] >= 0x80)
				text[i] = '\xff';
	form_mark_unclean(text, s.len);
	return text;
}

static enum err
refuse(struct multipart *m, const char *reason)
{
	m->reason = reason;
	return ERR_BODY_UNREADABLE;
}

/* The body is cut off here, which is no fault. */
static enum err
cut_off(struct multipart *m)
{
	m->at = m->end;
	m->is_over = true;
	return OK;
}

static size_t
bytes_left(const struct multipart *m)
{
	return (size_t)(m->end - m->at);
}

/* Whether a span begins as `text` does, as far as it goes. */
static bool
span_starts(struct span s, const char *text, size_t len)
{
	return memcmp(s.bytes, text, s.len < len ? s.len : len) == 0;
}

/* Behind a delimiter: CR LF, the "--" of the last one, or a fault. */
static enum err
read_line_end(struct multipart *m)
{
	struct span rest = {m->at, bytes_left(m)};

	if (!span_starts(rest, "\r\n", 2) && !span_starts(rest, "--", 2))
		return refuse(m, malformed);
	if (rest.len < 2 || *m->at == '-')
		return cut_off(m);
	m->at += 2;
	return OK;
}

static enum err
read_first_delimiter(struct multipart *m)
{
	const char *hyphen;
	size_t len = m->delimiter_len - 2;

	if (m->at < m->end && (*m->at == '\r' || *m->at == '\n')) {
		hyphen = memchr(m->at, '-', bytes_left(m));
		if (hyphen == NULL)
			return cut_off(m);
		m->at = hyphen;
	}
	if (!span_starts((struct span){m->at, bytes_left(m)}, m->delimiter + 2,
			 len))
		return refuse(m, malformed);
	if (bytes_left(m) <= len)
		return cut_off(m);
	m->at += len;
	return read_line_end(m);
}

/* RFC 9110, section 5.6.2 */
static bool
is_token(struct span s)
{
	static const char tokens[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++)
		if (memchr(tokens, s.bytes[i], sizeof(tokens) - 1) == NULL)
			return false;
	return true;
}

/* One header line of a part, up to behind its CR LF. */
static enum err
read_header(struct multipart *m, struct span *name, struct span *value)
{
	const char *line = m->at;
	const char *stop;

	stop = memchr(line, ':', bytes_left(m));
	*name = (struct span){line, (size_t)((stop ? stop : m->end) - line)};
	if (name->len >= HEADER_SIZE_LIMIT || !is_token(*name))
		return refuse(m, malformed);
	if (stop == NULL)
		return cut_off(m);
	if (name->len == 0)
		return refuse(m, malformed);
	m->at = stop + 1;
	while (m->at < m->end && *m->at == ' ')
		m->at++;
	stop = memchr(m->at, '\r', bytes_left(m));
	*value = (struct span){m->at, (size_t)((stop ? stop : m->end) - m->at)};
	if (value->bytes + value->len - line > HEADER_SIZE_LIMIT)
		return refuse(m, malformed);
	if (stop == NULL || m->end - stop < 2)
		return cut_off(m);
	if (stop[1] != '\n')
		return refuse(m, malformed);
	m->at = stop + 2;
	return OK;
}

/* Some send the whole path: only what follows the last backslash counts. */
static bool
file_name_is_empty(struct span name)
{
	bool is_path =
		(name.len >= 3 && memcmp(name.bytes + 1, ":\\", 2) == 0) ||
		(name.len >= 2 && memcmp(name.bytes, "\\\\", 2) == 0);

	return name.len == 0 || (is_path && name.bytes[name.len - 1] == '\\');
}

static enum err
read_disposition(struct multipart *m, struct span header, struct part *out)
{
	struct span name;
	struct span file_name;

	if (!option_find(m->mem, header, "name", &name))
		return refuse(m, "The Content-Disposition header field "
				 "\"name\" must be provided.");
	out->name = charset_text(m, name);
	out->is_file = option_find(m->mem, header, "filename", &file_name);
	if (out->is_file) {
		out->has_file_name = !file_name_is_empty(file_name);
		if (++m->files > FORM_FIELDS_LIMIT)
			return refuse(m, "Too many files. Maximum number of "
					 "files is 1000.");
	} else if (++m->fields > FORM_FIELDS_LIMIT) {
		return refuse(m, "Too many fields. Maximum number of fields "
				 "is 1000.");
	}
	return OK;
}

/* The header lines of a part and the blank one behind them. */
static enum err
read_headers(struct multipart *m, struct part *out)
{
	struct span disposition = {"", 0};
	struct span name;
	struct span value;

	for (size_t count = 0; m->at < m->end && *m->at != '\r'; count++) {
		if (count == HEADERS_LIMIT)
			return refuse(m, malformed);
		TRY(read_header(m, &name, &value));
		if (m->is_over)
			return OK;
		if (span_is(name, "content-disposition"))
			disposition = value;
	}
	if (bytes_left(m) < 2)
		return cut_off(m);
	if (m->at[1] != '\n')
		return refuse(m, malformed);
	m->at += 2;
	return read_disposition(m, disposition, out);
}

/* Where padding, which is allowed behind a delimiter, ends. */
static const char *
skip_padding(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/*
 * Finds the delimiter that ends the data at m->at. What looks like one but
 * is not followed by a line's end, padding or "--" belongs to the data.
 */
static const char *
find_delimiter(const struct multipart *m)
{
	const char *from = m->at;

	for (;;) {
		const char *found = memmem(from, (size_t)(m->end - from),
					   m->delimiter, m->delimiter_len);
		struct span rest;

		if (found == NULL)
			return NULL;
		from = found + m->delimiter_len;
		rest = (struct span){from, (size_t)(m->end - from)};
		if (rest.len > 0 && (*from == ' ' || *from == '\t'))
			return found;
		if (span_starts(rest, "\r\n", 2) || span_starts(rest, "--", 2))
			return found;
		if (*from == '\r' || *from == '-')
			from++;
	}
}

static void
keep_part(struct multipart *m, const struct part *part, struct span data)
{
	if (!part->is_file)
		form_add(m->form, m->mem, part->name, charset_text(m, data),
			 false);
	else
		form_add(m->form, m->mem, part->name,
			 part->has_file_name || data.len > 0 ? "\xff" : "",
			 true);
}

/* The data of a part and the delimiter behind it. */
static enum err
read_data(struct multipart *m, const struct part *part)
{
	const char *found = find_delimiter(m);
	struct span data = {m->at, (size_t)((found ? found : m->end) - m->at)};
	const char *padding;

	if (!part->is_file && data.len > FORM_FIELD_SIZE_LIMIT)
		return refuse(m, "Part exceeded maximum size of 1024KB.");
	if (found == NULL)
		return cut_off(m);
	padding = found + m->delimiter_len;
	m->at = skip_padding(padding, m->end);
	if (m->at > padding && m->at < m->end && *m->at != '\r')
		return refuse(m, malformed);
	if (bytes_left(m) < 2)
		return cut_off(m);
	TRY(read_line_end(m));
	keep_part(m, part, data);
	return OK;
}

static enum err
read_parts(struct multipart *m)
{
	TRY(read_first_delimiter(m));
	while (!m->is_over) {
		struct part part = {0};

		TRY(read_headers(m, &part));
		if (!m->is_over)
			TRY(read_data(m, &part));
	}
	return OK;
}

enum err
multipart_read(struct arena *mem, const char *content_type, struct span body,
	       struct form *out, const char **reason)
{
	struct span type = {content_type, strlen(content_type)};
	struct multipart m = {.mem = mem,
			      .at = body.bytes,
			      .end = body.bytes + body.len,
			      .form = out,
			      .charset = CHARSET_UTF8};
	struct span boundary;
	struct span charset;
	enum err e;

	*reason = NULL;
	if (option_find(mem, type, "charset", &charset))
		m.charset = charset_of(charset);
	if (!option_find(mem, type, "boundary", &boundary))
		return ERR_MULTIPART_BOUNDARY;
	if (boundary.len > BOUNDARY_LIMIT) {
		*reason = malformed;
		return ERR_BODY_UNREADABLE;
	}
	m.delimiter = arena_alloc(mem, boundary.len + 5);
	m.delimiter_len = boundary.len + 4;
	memcpy(m.delimiter, "\r\n--", 4);
	memcpy(m.delimiter + 4, boundary.bytes, boundary.len);
	e = read_parts(&m);
	*reason = m.reason;
	return e;
}
