/* SPDX-License-Identifier: MIT */
#include "base/moment.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DATE_SIZE 10
#define DAY 86400
/* More seconds than these are milliseconds. */
#define WATERSHED INT64_C(20000000000)
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59 */
#define FIRST_SECOND (-62167219200.0)     /* 0000-01-01T00:00:00 */

static const char short_text[] = "input is too short";
static const char more_text[] =
	"unexpected extra characters at the end of the input";

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two digits, or -1. */
static int
pair(const char *at)
{
	if (!is_digit(at[0]) || !is_digit(at[1]))
		return -1;
	return (at[0] - '0') * 10 + at[1] - '0';
}

static int
month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* The ten characters of a date at the start of the text. */
static const char *
date_read(const char *at, struct moment *m)
{
	int century;
	int year;

	if (strnlen(at, DATE_SIZE) < DATE_SIZE)
		return short_text;
	century = pair(at);
	year = pair(at + 2);
	if (century < 0 || year < 0)
		return "invalid character in year";
	m->year = century * 100 + year;
	if (at[4] != '-')
		return "invalid date separator, expected `-`";
	m->month = pair(at + 5);
	if (m->month < 0)
		return "invalid character in month";
	if (at[7] != '-')
		return "invalid date separator, expected `-`";
	m->day = pair(at + 8);
	if (m->day < 0)
		return "invalid character in day";
	if (m->month < 1 || m->month > 12)
		return "month value is outside expected range of 1-12";
	if (m->day < 1 || m->day > month_days(m->year, m->month))
		return "day value is outside expected range";
	return NULL;
}

const char *
moment_read_date(const char *text, struct moment *out)
{
	const char *why;

	*out = (struct moment){0};
	why = date_read(text, out);
	if (why == NULL && text[DATE_SIZE] != '\0')
		return more_text;
	return why;
}

/* Digits behind the point: six count, more are passed over. */
static const char *
fraction_read(const char **at, struct moment *m)
{
	int digits = 0;

	for (; is_digit(**at); ++*at, digits++)
		if (digits < 6)
			m->micro = m->micro * 10 + **at - '0';
	if (digits == 0)
		return "second fraction digits missing after `.`";
	for (; digits < 6; digits++)
		m->micro *= 10;
	return NULL;
}

/* The part behind a colon, where there is one. */
static const char *
seconds_read(const char **at, struct moment *m)
{
	if (**at != ':')
		return NULL;
	++*at;
	if (strnlen(*at, 2) < 2)
		return short_text;
	m->second = pair(*at);
	if (m->second < 0)
		return "invalid character in second";
	if (m->second > 59)
		return "second value is outside expected range of 0-59";
	*at += 2;
	if (**at != '.' && **at != ',')
		return NULL;
	++*at;
	return fraction_read(at, m);
}

static const char *
clock_read(const char **at, struct moment *m)
{
	const char *text = *at;

	if (strnlen(text, 5) < 5)
		return short_text;
	m->hour = pair(text);
	if (m->hour < 0)
		return "invalid character in hour";
	if (m->hour > 23)
		return "hour value is outside expected range of 0-23";
	if (text[2] != ':')
		return "invalid time separator, expected `:`";
	m->minute = pair(text + 3);
	if (m->minute < 0)
		return "invalid character in minute";
	if (m->minute > 59)
		return "minute value is outside expected range of 0-59";
	*at += 5;
	return seconds_read(at, m);
}

/* Z, or hours with minutes or, from databases, without. */
static const char *
zone_read(const char **at, struct moment *m)
{
	int sign = **at == '-' ? -1 : 1;
	int hours;
	int minutes = 0;

	if (**at == '\0')
		return NULL;
	m->has_zone = true;
	++*at;
	if ((*at)[-1] == 'Z' || (*at)[-1] == 'z')
		return NULL;
	if ((*at)[-1] != '+' && (*at)[-1] != '-')
		return "invalid timezone sign";
	hours = strnlen(*at, 2) < 2 ? -1 : pair(*at);
	if (hours < 0)
		return "invalid timezone hour";
	*at += 2;
	if (**at == ':')
		++*at;
	if (**at != '\0') {
		minutes = strnlen(*at, 2) < 2 ? -1 : pair(*at);
		*at += 2;
	}
	if (minutes < 0)
		return "invalid timezone minute";
	if (minutes > 59)
		return "timezone minute value is outside expected range of "
		       "0-59";
	if (hours > 23)
		return "timezone offset must be less than 24 hours";
	m->offset = sign * (hours * 60 + minutes);
	return NULL;
}

static const char *
written_read(const char *text, struct moment *m)
{
	const char *at = text + DATE_SIZE;
	const char *why = date_read(text, m);

	if (why != NULL)
		return why;
	if (*at == '\0')
		return short_text;
	if (strchr("Tt_ ", *at) == NULL)
		return "invalid datetime separator, expected `T`, `t`, `_` or "
		       "space";
	at++;
	why = clock_read(&at, m);
	if (why == NULL)
		why = zone_read(&at, m);
	if (why == NULL && *at != '\0')
		why = more_text;
	return why;
}

/* A sign, digits, perhaps a point among them. */
static bool
is_number(const char *text)
{
	size_t digits;
	size_t more = 0;

	text += *text == '+' || *text == '-';
	digits = strspn(text, "0123456789");
	text += digits;
	if (*text == '.') {
		more = strspn(text + 1, "0123456789");
		text += 1 + more;
	}
	return digits + more > 0 && digits < 19 && *text == '\0';
}

/* Civil from days, by the proleptic Gregorian calendar. */
static void
day_set(struct moment *m, int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	m->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	m->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	m->year = (int)(yoe + era * 400 + (m->month <= 2));
}

static int64_t
day_of(const struct moment *m)
{
	int64_t year = m->year - (m->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t yoe = year - era * 400;
	int64_t mp = m->month > 2 ? m->month - 3 : m->month + 9;
	int64_t doy = (153 * mp + 2) / 5 + m->day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void
moment_from_seconds(struct moment *m, int64_t seconds)
{
	int64_t rest = seconds % DAY;

	if (rest < 0)
		rest += DAY;
	day_set(m, (seconds - rest) / DAY);
	m->hour = (int)(rest / 3600);
	m->minute = (int)(rest / 60 % 60);
	m->second = (int)(rest % 60);
	m->has_zone = true;
	m->offset = 0;
}

int64_t
moment_to_seconds(const struct moment *m)
{
	int64_t minutes = (int64_t)m->hour * 60 + m->minute;

	return day_of(m) * DAY + minutes * 60 + m->second;
}

const char *
moment_from_number(double number, struct moment *out)
{
	int64_t whole;
	int64_t micro;

	*out = (struct moment){0};
	if (isnan(number))
		return "NaN values not permitted";
	if (fabs(number) > WATERSHED)
		number /= 1000;
	if (number >= LAST_SECOND + 1)
		return "dates after 9999 are not supported as unix timestamps";
	if (number < FIRST_SECOND)
		return "dates before 0000 are not supported as unix "
		       "timestamps";
	whole = (int64_t)number;
	if ((double)whole > number)
		whole--;
	micro = (int64_t)((number - (double)whole) * 1e6 + 0.5);
	if (micro >= 1000000) {
		whole++;
		micro -= 1000000;
	}
	moment_from_seconds(out, whole);
	out->micro = (int)micro;
	return NULL;
}

const char *
moment_read_time(const char *text, struct moment *out)
{
	*out = (struct moment){0};
	if (is_number(text))
		return moment_from_number(strtod(text, NULL), out);
	return written_read(text, out);
}

bool
moment_to_utc(struct moment *m)
{
	int64_t minutes = (int64_t)m->hour * 60 + m->minute - m->offset;
	int64_t seconds = day_of(m) * DAY + minutes * 60 + m->second;

	if ((double)seconds > LAST_SECOND)
		return false;
	moment_from_seconds(m, seconds);
	return m->year >= 1;
}

const char *
moment_date_text(struct arena *mem, const struct moment *m)
{
	return arena_printf(mem, "%04d-%02d-%02d", m->year, m->month, m->day);
}

const char *
moment_time_text(struct arena *mem, const struct moment *m)
{
	return arena_printf(mem, "%04d-%02d-%02d %02d:%02d:%02d.%06d", m->year,
			    m->month, m->day, m->hour, m->minute, m->second,
			    m->micro);
}

const char *
moment_json_text(struct arena *mem, const struct moment *m)
{
	const char *whole =
		arena_printf(mem, "%04d-%02d-%02dT%02d:%02d:%02d", m->year,
			     m->month, m->day, m->hour, m->minute, m->second);

	if (m->micro == 0)
		return arena_printf(mem, "%sZ", whole);
	return arena_printf(mem, "%s.%06dZ", whole, m->micro);
}
