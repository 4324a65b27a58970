/* SPDX-License-Identifier: MIT */
#include "cmd/progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"

#define EVERY 100 /* milliseconds */
/* A rate of less than this is no more than a guess. */
#define SETTLED 500
#define NARROWEST_BAR 10
#define WIDEST_BAR 40
#define USUAL_WIDTH 80
#define THOUSAND 1000
#define MINUTE 60
#define HOUR 3600

/* What clears the line of a process that is interrupted: the named state of
 * this file, since a signal's handler is handed nothing. */
static char clearing[PROGRESS_WIDTH + 3];
static volatile sig_atomic_t clearing_length;

static void
clear_line(void)
{
	size_t left = (size_t)clearing_length;
	const char *at = clearing;
	ssize_t n = 1;

	for (; left > 0 && n > 0; at += n, left -= (size_t)n)
		n = write(STDERR_FILENO, at, left);
}

static void
interrupted(int number)
{
	clear_line();
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static size_t
terminal_width(void)
{
	struct winsize size = {0};
	size_t width = USUAL_WIDTH;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		width = size.ws_col;
	/* The last column is left free: some terminals begin a new line. */
	width--;
	return width < PROGRESS_WIDTH ? width : PROGRESS_WIDTH;
}

/* "12.3 MB", "4711", whole numbers where there are no parts of them. */
static void
amount(char out[32], enum progress_unit unit, double n)
{
	static const char *const sizes[] = {"B", "kB", "MB", "GB", "TB"};
	size_t i = 0;

	if (unit != PROGRESS_BYTES) {
		(void)snprintf(out, 32, "%.0f", n);
		return;
	}
	while (n >= THOUSAND && i + 1 < countof(sizes)) {
		n /= THOUSAND;
		i++;
	}
	(void)snprintf(out, 32, i == 0 ? "%.0f %s" : "%.1f %s", n, sizes[i]);
}

static void
duration(char out[32], int64_t seconds)
{
	if (seconds >= HOUR)
		(void)snprintf(out, 32, "%lld:%02lld:%02lld",
			       (long long)(seconds / HOUR),
			       (long long)(seconds % HOUR / MINUTE),
			       (long long)(seconds % MINUTE));
	else
		(void)snprintf(out, 32, "%lld:%02lld",
			       (long long)(seconds / MINUTE),
			       (long long)(seconds % MINUTE));
}

/* ", 310 a second, 0:12 left", as far as that can be told. */
static void
speed(const struct progress *p, int64_t elapsed, char *out, size_t size)
{
	double rate;
	char text[32];
	int n;

	*out = '\0';
	if (p->unit == PROGRESS_STEPS || elapsed < SETTLED || p->done <= 0)
		return;
	rate = (double)p->done * THOUSAND / (double)elapsed;
	amount(text, p->unit, rate);
	n = snprintf(out, size, ", %s/s", text);
	if (p->total <= p->done || rate <= 0 || n < 0 || (size_t)n >= size)
		return;
	duration(text, (int64_t)((double)(p->total - p->done) / rate + 1));
	(void)snprintf(out + n, size - (size_t)n, ", %s left", text);
}

/* "[====>     ]  43%  " for what is left of the width. */
static void
bar(const struct progress *p, size_t room, char *out)
{
	size_t inner = room > WIDEST_BAR ? WIDEST_BAR : room;
	double part = (double)p->done / (double)p->total;
	size_t filled;
	size_t at = 0;

	part = part < 0 ? 0 : part > 1 ? 1 : part;
	filled = (size_t)(part * (double)inner);
	out[at++] = '[';
	for (size_t i = 0; i < inner; i++)
		out[at++] = i < filled ? '=' : i == filled ? '>' : ' ';
	(void)snprintf(out + at, 16, "] %3d%%  ", (int)(part * 100));
}

/* What stands around the inside of a bar, and before it. */
#define BAR_FRAME 9

void
progress_line(const struct progress *p, int64_t elapsed, size_t width,
	      char out[PROGRESS_WIDTH + 1])
{
	static const char *const units[] = {
		[PROGRESS_USERS] = " users",
		[PROGRESS_BYTES] = "",
		[PROGRESS_STEPS] = " steps",
	};
	char middle[WIDEST_BAR + 24] = "";
	char done[32], total[32], fast[96], much[128], line[512];
	size_t used;

	amount(done, p->unit, (double)p->done);
	amount(total, p->unit, (double)p->total);
	speed(p, elapsed, fast, sizeof(fast));
	(void)snprintf(much, sizeof(much), "%s%s%s%s%s", done,
		       p->total > 0 ? " of " : "", p->total > 0 ? total : "",
		       units[p->unit], fast);
	used = strlen(p->what) + 2 + strlen(much) + BAR_FRAME;
	if (p->total > 0 && used + NARROWEST_BAR <= width)
		bar(p, width - used, middle);
	(void)snprintf(line, sizeof(line), "%s: %s%s", p->what, middle, much);
	(void)snprintf(out, PROGRESS_WIDTH + 1, "%.*s",
		       (int)(width < PROGRESS_WIDTH ? width : PROGRESS_WIDTH),
		       line);
}

void
progress_begin(struct progress *p, const char *what, enum progress_unit unit,
	       bool quiet)
{
	*p = (struct progress){
		.what = what,
		.unit = unit,
		.started = clock_monotonic(),
		.on = !quiet && isatty(STDERR_FILENO) == 1,
	};
}

/* The cursor stays at the begin, so that whatever else is written there takes
 * the place of the line. */
static void
show(struct progress *p, int64_t now)
{
	size_t width = terminal_width();
	char line[PROGRESS_WIDTH + 1];
	char text[PROGRESS_WIDTH + 3];
	int len;

	progress_line(p, now - p->started, width, line);
	len = snprintf(text, sizeof(text), "%-*s\r", (int)width, line);
	if (len < 0)
		return;
	clearing_length = 0;
	memset(clearing, ' ', width);
	clearing[width] = '\r';
	clearing_length = (sig_atomic_t)(width + 1);
	if (!p->there) {
		(void)signal(SIGINT, interrupted);
		(void)signal(SIGTERM, interrupted);
	}
	p->there = write(STDERR_FILENO, text, (size_t)len) > 0;
	p->shown = now;
}

void
progress_step(struct progress *p, int64_t done)
{
	int64_t now;

	p->done = done;
	if (!p->on)
		return;
	now = clock_monotonic();
	if (p->shown == 0 || now - p->shown >= EVERY)
		show(p, now);
}

void
progress_name(struct progress *p, const char *what, int64_t done)
{
	p->what = what;
	p->done = done;
	if (p->on)
		show(p, clock_monotonic());
}

void
progress_hide(struct progress *p)
{
	if (!p->there)
		return;
	clear_line();
	clearing_length = 0;
	p->there = false;
}

void
progress_end(struct progress *p)
{
	if (p->there) {
		progress_hide(p);
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGTERM, SIG_DFL);
	}
	p->on = false;
}
