/* SPDX-License-Identifier: MIT */
#include "http/input_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/moment.h"
#include "base/text.h"
#include "base/uuid.h"

/* Digits of a number in a text; Python reads no more. */
#define DIGITS_LIMIT 4300

/* A value on its way. */
struct source {
	struct arena *mem;
	const struct field *field;
	const struct json *json; /* NULL: the text */
	const char *text;        /* of JSON, too; NULL: it is none */
	struct field_value *out;
	struct value_fault *fault;
};

static enum err
fail(const struct source *s, const char *type, const char *message)
{
	*s->fault = (struct value_fault){.type = type, .message = message};
	return ERR_UNPROCESSABLE;
}

/* "…, reason", and the reason as the context's error. */
static enum err
fail_because(const struct source *s, const char *type, const char *message,
	     const char *reason)
{
	struct buf b;

	buf_init(&b, s->mem, 64);
	json_write_text(&b, reason);
	*s->fault = (struct value_fault){
		.type = type,
		.message = arena_printf(s->mem, "%s, %s", message, reason),
		.context = input_context(s->mem, "error", b.data),
	};
	return ERR_UNPROCESSABLE;
}

static enum err
fail_bound(const struct source *s, bool too_small, const char *bound)
{
	*s->fault = (struct value_fault){
		.type = too_small ? "greater_than_equal" : "less_than_equal",
		.message = arena_printf(
			s->mem, "Input should be %s than or equal to %s",
			too_small ? "greater" : "less", bound),
		.context =
			input_context(s->mem, too_small ? "ge" : "le", bound),
	};
	return ERR_UNPROCESSABLE;
}

static bool
is_json(const struct source *s, enum json_type type)
{
	return s->json != NULL && json_type(s->json) == type;
}

static enum err
fail_length(const struct source *s, bool too_short, int64_t bound)
{
	const char *number = arena_printf(s->mem, "%lld", (long long)bound);

	*s->fault = (struct value_fault){
		.type = too_short ? "string_too_short" : "string_too_long",
		.message = arena_printf(
			s->mem, "String should have at %s %s character%s",
			too_short ? "least" : "most", number,
			bound == 1 ? "" : "s"),
		.context = input_context(
			s->mem, too_short ? "min_length" : "max_length",
			number),
	};
	return ERR_UNPROCESSABLE;
}

static enum err
text_read(const struct source *s)
{
	const struct field_bounds *b = s->field->bounds;
	int64_t count;

	if (s->text == NULL)
		return fail(s, "string_type", "Input should be a valid string");
	if (!json_text_is_clean(s->text))
		return fail(s, "string_unicode",
			    "Input should be a valid string, unable to parse "
			    "raw data as a unicode string");
	count = (int64_t)text_utf8_count(s->text, strlen(s->text));
	if (b->has_max && count > b->max)
		return fail_length(s, false, b->max);
	if (b->has_min && count < b->min)
		return fail_length(s, true, b->min);
	s->out->text = s->text;
	return OK;
}

/* Without the blanks around it, and without single underscores between
 * digits; NULL when they stand anywhere else. */
static const char *
number_prepare(const struct source *s)
{
	static const char blanks[] = " \t\n\v\f\r";
	const char *text = s->text + strspn(s->text, blanks);
	size_t len = strlen(text);
	struct buf b;

	while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
		len--;
	buf_init(&b, s->mem, len + 1);
	for (size_t i = 0; i < len; i++) {
		bool is_between = i > 0 && i + 1 < len && text[i - 1] >= '0' &&
				  text[i - 1] <= '9' && text[i + 1] >= '0' &&
				  text[i + 1] <= '9';

		if (text[i] == '_' && !is_between)
			return NULL;
		if (text[i] != '_')
			buf_char(&b, text[i]);
	}
	return b.data;
}

/* The length of the digits that make a whole number, ".0" behind them
 * allowed; 0 for anything else. */
static size_t
whole_digits(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;

	if (*rest == '.' && rest[1] != '\0')
		rest += 1 + strspn(rest + 1, "0");
	return *rest == '\0' ? digits : 0;
}

static enum err
integer_judge(const struct source *s, int64_t number)
{
	const struct field_bounds *b = s->field->bounds;

	if (b->has_max && number > b->max)
		return fail_bound(
			s, false,
			arena_printf(s->mem, "%lld", (long long)b->max));
	if (b->has_min && number < b->min)
		return fail_bound(
			s, true,
			arena_printf(s->mem, "%lld", (long long)b->min));
	s->out->number = number;
	return OK;
}

/* Digits with a sign, however many: what no column holds is out of bounds. */
static enum err
integer_from_digits(const struct source *s, const char *text, size_t digits)
{
	bool is_negative = *text == '-';
	int64_t number = is_negative ? INT64_MIN : INT64_MAX;
	const char *from = text + (*text == '-' || *text == '+');
	const char *plain;

	while (digits > 1 && *from == '0') {
		from++;
		digits--;
	}
	plain = arena_printf(s->mem, "%s%.*s", is_negative ? "-" : "",
			     (int)digits, from);
	if (text_number(plain, INT64_MIN, INT64_MAX, &number))
		return integer_judge(s, number);
	return fail_bound(
		s, is_negative,
		arena_printf(s->mem, "%lld",
			     (long long)(is_negative ? s->field->bounds->min
						     : s->field->bounds->max)));
}

static enum err
integer_from_text(const struct source *s)
{
	static const char message[] = "Input should be a valid integer, unable "
				      "to parse string as an integer";
	const char *text = number_prepare(s);
	size_t digits;

	if (text == NULL)
		return fail(s, "int_parsing", message);
	digits = whole_digits(text + (*text == '-' || *text == '+'));
	if (digits == 0)
		return fail(s, "int_parsing", message);
	if (digits > DIGITS_LIMIT)
		return fail(s, "int_parsing_size",
			    "Unable to parse input string as an integer, "
			    "exceeded maximum size");
	return integer_from_digits(s, text, digits);
}

static enum err
integer_from_number(const struct source *s)
{
	const char *text = json_number_text(s->json);
	double real = json_number(s->json);

	if (json_number_is_int(s->json))
		return integer_from_digits(
			s, text, strspn(text + (*text == '-'), "0123456789"));
	if (!isfinite(real))
		return fail(s, "finite_number",
			    "Input should be a finite number");
	if (real != trunc(real))
		return fail(s, "int_from_float",
			    "Input should be a valid integer, got a number "
			    "with a fractional part");
	if (!(fabs(real) < 0x1p63))
		return fail(s, "int_parsing_size",
			    "Unable to parse input string as an integer, "
			    "exceeded maximum size");
	return integer_judge(s, (int64_t)real);
}

static enum err
integer_read(const struct source *s)
{
	if (s->text != NULL)
		return integer_from_text(s);
	if (is_json(s, JSON_NUMBER))
		return integer_from_number(s);
	if (is_json(s, JSON_TRUE) || is_json(s, JSON_FALSE))
		return integer_judge(s, is_json(s, JSON_TRUE));
	return fail(s, "int_type", "Input should be a valid integer");
}

static const char *
real_text(const struct source *s, double real)
{
	struct buf b;

	buf_init(&b, s->mem, 32);
	json_write_real(&b, real);
	return b.data;
}

/* A whole bound is written without its fraction in the sentence alone. */
static enum err
fail_real(const struct source *s, bool too_small, double bound)
{
	const char *text = real_text(s, bound);
	size_t len = strlen(text);

	(void)fail_bound(s, too_small,
			 len > 2 && strcmp(text + len - 2, ".0") == 0
				 ? arena_copy(s->mem, text, len - 2)
				 : text);
	s->fault->context =
		input_context(s->mem, too_small ? "ge" : "le", text);
	return ERR_UNPROCESSABLE;
}

static enum err
real_judge(const struct source *s, double real)
{
	const struct field_bounds *b = s->field->bounds;

	if (!isfinite(real))
		return fail(s, "finite_number",
			    "Input should be a finite number");
	if (b->has_max && real > b->real_max)
		return fail_real(s, false, b->real_max);
	if (b->has_min && real < b->real_min)
		return fail_real(s, true, b->real_min);
	s->out->real = real;
	return OK;
}

/* What strtod takes and Python's float does not: hexadecimal, and a payload
 * of what is not a number. */
static bool
is_float(const char *text)
{
	return *text != '\0' && strpbrk(text, "xXpP(") == NULL &&
	       strchr(" \t\n\v\f\r", *text) == NULL;
}

static enum err
real_from_text(const struct source *s)
{
	const char *text = number_prepare(s);
	char *end;
	double real;

	if (text == NULL || !is_float(text))
		goto out;
	real = strtod(text, &end);
	if (*end == '\0')
		return real_judge(s, real);
out:
	return fail(s, "float_parsing",
		    "Input should be a valid number, unable to parse string "
		    "as a number");
}

static enum err
real_read(const struct source *s)
{
	if (s->text != NULL)
		return real_from_text(s);
	if (is_json(s, JSON_NUMBER))
		return real_judge(s, json_number(s->json));
	if (is_json(s, JSON_TRUE) || is_json(s, JSON_FALSE))
		return real_judge(s, is_json(s, JSON_TRUE) ? 1 : 0);
	return fail(s, "float_type", "Input should be a valid number");
}

static enum err
inexact(const struct source *s)
{
	return fail(s, "date_from_datetime_inexact",
		    "Datetimes provided to dates should have zero time - e.g. "
		    "be exact dates");
}

static enum err
date_keep(const struct source *s, const struct moment *m)
{
	if (m->hour != 0 || m->minute != 0 || m->second != 0 || m->micro != 0)
		return inexact(s);
	if (m->year == 0)
		return fail_because(s, "date_parsing",
				    "Input should be a valid date in the "
				    "format YYYY-MM-DD",
				    "year 0 is out of range");
	s->out->text = moment_date_text(s->mem, m);
	return OK;
}

/* A date, or a datetime at midnight, in a text or as a number. */
static enum err
date_read(const struct source *s)
{
	const char *why;
	struct moment m;

	if (s->text == NULL && !is_json(s, JSON_NUMBER))
		return fail(s, "date_type", "Input should be a valid date");
	if (s->text == NULL)
		why = moment_from_number(json_number(s->json), &m);
	else if (moment_read_date(s->text, &m) == NULL)
		why = NULL;
	else
		why = moment_read_time(s->text, &m);
	if (why != NULL)
		return fail_because(s, "date_from_datetime_parsing",
				    "Input should be a valid date or datetime",
				    why);
	return date_keep(s, &m);
}

static enum err
datetime_keep(const struct source *s, struct moment *m)
{
	static const char message[] = "Input should be a valid datetime";

	if (m->year == 0)
		return fail_because(s, "datetime_parsing", message,
				    "year 0 is out of range");
	if (!moment_to_utc(m))
		return fail_because(s, "datetime_parsing", message,
				    "it is out of range in UTC");
	s->out->text = moment_time_text(s->mem, m);
	return OK;
}

static enum err
datetime_read(const struct source *s)
{
	const char *why;
	struct moment m;

	if (s->text == NULL && !is_json(s, JSON_NUMBER))
		return fail(s, "datetime_type",
			    "Input should be a valid datetime");
	if (s->text == NULL) {
		why = moment_from_number(json_number(s->json), &m);
		if (why != NULL)
			return fail_because(s, "datetime_parsing",
					    "Input should be a valid datetime",
					    why);
		return datetime_keep(s, &m);
	}
	if (moment_read_time(s->text, &m) == NULL)
		return datetime_keep(s, &m);
	/* A date alone is its midnight; the complaint is about the date. */
	why = moment_read_date(s->text, &m);
	if (why != NULL)
		return fail_because(s, "datetime_from_date_parsing",
				    "Input should be a valid datetime or date",
				    why);
	return datetime_keep(s, &m);
}

/* Where the groups of a UUID start, and the length of its text. */
static const size_t uuid_starts[] = {0, 9, 14, 19, 24, 37};

/* The reason in the words of the library that Pydantic asks. */
static const char *
uuid_fault(const struct source *s)
{
	static const char prefix[] = "urn:uuid:";
	size_t len = strlen(s->text);
	bool braced = len > 1 && s->text[0] == '{' && s->text[len - 1] == '}';
	bool is_urn = text_starts(s->text, prefix);
	size_t offset = braced ? 1 : is_urn ? sizeof(prefix) - 1 : 0;
	const char *at = s->text + offset;
	size_t end = len - offset - (braced ? 1 : 0);
	size_t bounds[4] = {0};
	size_t hyphens = 0;

	for (size_t i = 0; i < end; i++) {
		if (at[i] == '-') {
			if (hyphens < countof(bounds))
				bounds[hyphens] = i;
			hyphens++;
		} else if (text_hex_value(at[i]) < 0) {
			size_t n = text_utf8_length((unsigned char)at[i]);

			return arena_printf(
				s->mem,
				"invalid character: found `%.*s` at %zu",
				(int)(n > 0 ? n : 1), at + i, offset + i);
		}
	}
	if (hyphens == 0 && offset == 0)
		return arena_printf(s->mem, "invalid length: found %zu", len);
	if (hyphens != 4)
		return arena_printf(
			s->mem, "invalid group count: expected 5, found %zu",
			hyphens + 1);
	for (size_t g = 0; g < 5; g++) {
		size_t wanted = uuid_starts[g + 1] - uuid_starts[g] - 1;
		size_t found = (g < 4 ? bounds[g] : end) - uuid_starts[g];

		if (found != wanted)
			return arena_printf(
				s->mem,
				"invalid group length in group %zu: expected "
				"%zu, found %zu",
				g, wanted, found);
	}
	return NULL;
}

static enum err
uuid_read(const struct source *s)
{
	char *id = arena_alloc(s->mem, UUID_SIZE);
	bool is_simple;

	if (s->text == NULL)
		return fail(s, "uuid_type",
			    "UUID input should be a string, bytes or UUID "
			    "object");
	if (!json_text_is_clean(s->text))
		return fail(s, "string_unicode",
			    "Input should be a valid string, unable to parse "
			    "raw data as a unicode string");
	is_simple = strlen(s->text) == 32 &&
		    strspn(s->text, "0123456789abcdefABCDEF") == 32;
	if (!is_simple && uuid_fault(s) != NULL)
		return fail_because(s, "uuid_parsing",
				    "Input should be a valid UUID",
				    uuid_fault(s));
	if (!uuid_parse(s->text, id))
		return fail_because(s, "uuid_parsing",
				    "Input should be a valid UUID",
				    "invalid length");
	s->out->text = id;
	return OK;
}

/* As Python's repr() quotes a text. */
static void
write_quoted(struct buf *out, const char *text)
{
	char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL
			     ? '"'
			     : '\'';

	buf_char(out, quote);
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == quote)
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, quote);
}

static enum err
fail_choice(const struct source *s)
{
	const struct field_bounds *b = s->field->bounds;
	struct buf words;
	struct buf json;

	buf_init(&words, s->mem, 64);
	for (size_t i = 0; i < b->choice_count; i++) {
		if (i > 0)
			buf_text(&words,
				 i + 1 < b->choice_count ? ", " : " or ");
		write_quoted(&words, b->choices[i]);
	}
	buf_init(&json, s->mem, 64);
	json_write_text(&json, words.data);
	*s->fault = (struct value_fault){
		.type = "literal_error",
		.message =
			arena_printf(s->mem, "Input should be %s", words.data),
		.context = input_context(s->mem, "expected", json.data),
	};
	return ERR_UNPROCESSABLE;
}

static enum err
choice_read(const struct source *s)
{
	const struct field_bounds *b = s->field->bounds;

	for (size_t i = 0; s->text != NULL && i < b->choice_count; i++) {
		if (strcmp(b->choices[i], s->text) != 0)
			continue;
		s->out->text = b->choices[i];
		return OK;
	}
	return fail_choice(s);
}

static enum err
bool_read(const struct source *s)
{
	struct value_fault *fault = s->fault;
	const bool *value =
		input_bool(s->json, s->text, &fault->type, &fault->message);

	fault->context = NULL;
	if (value == NULL)
		return ERR_UNPROCESSABLE;
	s->out->number = *value;
	return OK;
}

static enum err (*const readers[])(const struct source *s) = {
	[FIELD_TEXT] = text_read,       [FIELD_BOOL] = bool_read,
	[FIELD_INTEGER] = integer_read, [FIELD_NUMBER] = real_read,
	[FIELD_DATE] = date_read,       [FIELD_DATETIME] = datetime_read,
	[FIELD_UUID] = uuid_read,       [FIELD_CHOICE] = choice_read,
};

enum err
input_value_read(struct arena *mem, const struct field *f,
		 const struct json *json, const char *text,
		 struct field_value *out, struct value_fault *fault)
{
	struct source s = {
		.mem = mem,
		.field = f,
		.json = json,
		.text = json != NULL ? json_text(json) : text,
		.out = out,
		.fault = fault,
	};

	*out = (struct field_value){.is_given = true};
	return readers[f->type](&s);
}

const char *
input_context(struct arena *mem, const char *name, const char *value)
{
	struct buf b;

	buf_init(&b, mem, 64);
	buf_char(&b, '{');
	json_write_text(&b, name);
	buf_char(&b, ':');
	buf_text(&b, value);
	buf_char(&b, '}');
	return b.data;
}
