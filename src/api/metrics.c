/* SPDX-License-Identifier: MIT */
#include "api/metrics.h"

#include <string.h>

#include "api/bound.h"
#include "base/json.h"
#include "base/tally.h"

/* What became of a sign-in, by password and by a provider. */
struct login_outcome {
	enum err e;
	int status; /* where e is any */
	enum tally_metric password;
	enum tally_metric provider;
};

#define ANY_ERR ERR_INTERNAL

/* The first that fits counts; the last one always does. */
static const struct login_outcome login_outcomes[] = {
	{OK, 0, TALLY_LOGIN_DONE, TALLY_PROVIDER_DONE},
	{ERR_LOGIN_BAD_CREDENTIALS, 0, TALLY_LOGIN_BAD, TALLY_PROVIDER_REFUSED},
	{ERR_LOGIN_USER_NOT_VERIFIED, 0, TALLY_LOGIN_UNVERIFIED,
	 TALLY_PROVIDER_REFUSED},
	{ANY_ERR, 422, TALLY_LOGIN_MALFORMED, TALLY_PROVIDER_REFUSED},
	{ANY_ERR, 429, TALLY_LOGIN_LIMITED, TALLY_PROVIDER_REFUSED},
	{ANY_ERR, 500, TALLY_LOGIN_UNAVAILABLE, TALLY_PROVIDER_UNAVAILABLE},
	{ANY_ERR, 503, TALLY_LOGIN_UNAVAILABLE, TALLY_PROVIDER_UNAVAILABLE},
	{ANY_ERR, 0, TALLY_LOGIN_OTHER, TALLY_PROVIDER_REFUSED},
};

static void
count_login(const struct call *c, enum err e)
{
	const struct login_outcome *o = login_outcomes;

	while (o->e == ANY_ERR ? o->status != 0 && o->status != c->rs->status
			       : o->e != e)
		o++;
	tally_add(c->route->mount == MOUNT_PROVIDER ? o->provider : o->password,
		  1);
}

void
metrics_count(const struct call *c, enum err e, int64_t started, int64_t ended)
{
	size_t route =
		c->route != NULL ? route_number(c->route) : TALLY_NO_ROUTE;

	tally_request(route, c->rs->status, ended - started,
		      started - c->rq->arrived * 1000);
	if (c->route != NULL && c->route->answer == ANSWER_LOGIN)
		count_login(c, e);
}

/* The table of what is told. */

enum kind { COUNTER, GAUGE };
enum scope { POOL, ALL, BOARD };
enum unit { ONE, MICROS };

struct metric {
	const char *series;
	const char *labels;
	const char *help;
	enum kind kind;
	enum scope scope;
	enum unit unit;
};

static const struct metric metrics[] = {
#define METRIC(id, is, of, in, name, some, text)                               \
	[TALLY_##id] = {.series = (name),                                      \
			.labels = (some),                                      \
			.help = (text),                                        \
			.kind = is,                                            \
			.scope = of,                                           \
			.unit = in},
#include "base/metrics.def"
#undef METRIC
};

#define PREFIX "fastcgi_users_"
#define KIND "text/plain; version=0.0.4; charset=utf-8"

static const char *const kind_names[] = {
	[COUNTER] = "counter",
	[GAUGE] = "gauge",
};

static void
write_head(struct buf *out, const char *name, size_t len, const char *kind,
	   const char *help)
{
	buf_printf(out, "# HELP " PREFIX "%.*s %s\n# TYPE " PREFIX "%.*s %s\n",
		   (int)len, name, help, (int)len, name, kind);
}

static void
write_micros(struct buf *out, uint64_t micros)
{
	buf_printf(out, "%llu.%06llu\n", (unsigned long long)(micros / 1000000),
		   (unsigned long long)(micros % 1000000));
}

/* In a label, where a backslash and a quote are spelled as in JSON. */
static void
write_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=", name);
	json_write_text(out, value);
}

static void
write_value(struct buf *out, const struct metric *m, const char *pool,
	    uint64_t value)
{
	buf_printf(out, PREFIX "%s", m->series);
	if (pool != NULL || *m->labels != '\0') {
		buf_printf(out, "{%s", m->labels);
		if (pool != NULL)
			write_label(out, "pool", pool);
		buf_char(out, '}');
	}
	buf_char(out, ' ');
	if (m->unit == MICROS)
		write_micros(out, value);
	else
		buf_printf(out, "%llu\n", (unsigned long long)value);
}

static uint64_t
sum_of(size_t metric, const char *pool)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < tally_count(); i++) {
		const struct tally *row = tally_row(i);

		if (pool == NULL || strcmp(row->pool, pool) == 0)
			sum += row->values[metric];
	}
	return sum;
}

/* Whether an earlier row is of the same pool. */
static bool
is_told(size_t row)
{
	size_t i = 0;

	while (strcmp(tally_row(i)->pool, tally_row(row)->pool) != 0)
		i++;
	return i < row;
}

static void
write_pools(struct buf *out, size_t metric)
{
	for (size_t i = 0; i < tally_count(); i++) {
		const char *pool = tally_row(i)->pool;

		if (!is_told(i))
			write_value(out, &metrics[metric], pool,
				    sum_of(metric, pool));
	}
}

static void
write_series(struct buf *out, size_t metric)
{
	const struct metric *m = &metrics[metric];

	switch (m->scope) {
	case POOL:
		write_pools(out, metric);
		break;
	case ALL:
		write_value(out, m, NULL, sum_of(metric, NULL));
		break;
	case BOARD:
		write_value(out, m, NULL, tally_board_get(metric));
		break;
	}
}

/* What no courier has counted is not known. */
static bool
is_known(size_t metric)
{
	return (metric != TALLY_OUTBOX_WAITING && metric != TALLY_OUTBOX_DEAD &&
		metric != TALLY_OUTBOX_COUNTED) ||
	       tally_board_get(TALLY_OUTBOX_COUNTED) > 0;
}

static void
write_metrics(struct buf *out)
{
	static const char sum[] = "_sum";

	for (size_t i = 0; i < TALLY__COUNT; i++) {
		const struct metric *m = &metrics[i];
		size_t len = strlen(m->series);
		bool sums =
			len > sizeof(sum) - 1 &&
			strcmp(m->series + len - (sizeof(sum) - 1), sum) == 0;

		if (!is_known(i))
			continue;
		if (*m->help != '\0')
			write_head(out, m->series,
				   sums ? len - (sizeof(sum) - 1) : len,
				   sums ? "summary" : kind_names[m->kind],
				   m->help);
		write_series(out, i);
	}
}

/* Histograms. */

static void
histogram_sum(const struct tally_histogram *h, uint64_t buckets[TALLY_BUCKETS],
	      uint64_t *micros)
{
	for (size_t i = 0; i < TALLY_BUCKETS; i++)
		buckets[i] += h->buckets[i];
	*micros += h->micros;
}

static void
write_histogram(struct buf *out, const char *name, const char *labels,
		const uint64_t buckets[TALLY_BUCKETS], uint64_t micros)
{
	const char *comma = *labels != '\0' ? "," : "";
	uint64_t count = 0;

	for (size_t i = 0; i < TALLY_BUCKETS; i++) {
		count += buckets[i];
		buf_printf(out, PREFIX "%s_bucket{%s%sle=\"", name, labels,
			   comma);
		if (i == TALLY_BUCKETS - 1)
			buf_text(out, "+Inf");
		else
			buf_printf(out, "%g", (double)tally_bounds[i] / 1e6);
		buf_printf(out, "\"} %llu\n", (unsigned long long)count);
	}
	buf_printf(out, PREFIX "%s_sum{%s} ", name, labels);
	write_micros(out, micros);
	buf_printf(out, PREFIX "%s_count{%s} %llu\n", name, labels,
		   (unsigned long long)count);
}

/* Requests. */

struct totals {
	uint64_t statuses[TALLY_STATUSES];
	uint64_t buckets[TALLY_BUCKETS];
	uint64_t micros;
	uint64_t count;
};

static void
totals_of(size_t route, struct totals *out)
{
	*out = (struct totals){0};
	for (size_t i = 0; i < tally_count(); i++) {
		const struct tally_route *r = &tally_row(i)->routes[route];

		for (size_t s = 0; s < TALLY_STATUSES; s++)
			out->statuses[s] += r->statuses[s];
		histogram_sum(&r->time, out->buckets, &out->micros);
	}
	for (size_t s = 0; s < TALLY_STATUSES; s++)
		out->count += out->statuses[s];
}

/* "route=…"; requests that fit none are those of "none". */
static const char *
route_label(struct arena *mem, size_t route)
{
	const struct route *r = route_at(route);
	struct buf label;

	buf_init(&label, mem, 64);
	write_label(&label, "route", r != NULL ? r->operation : "none");
	return label.data;
}

static void
write_statuses(struct buf *out, const char *label, const struct totals *t)
{
	for (size_t s = 0; s < TALLY_STATUSES; s++) {
		if (t->statuses[s] == 0)
			continue;
		buf_printf(out, PREFIX "requests_total{%s,status=\"", label);
		if (tally_statuses[s] != 0)
			buf_number(out, tally_statuses[s]);
		else
			buf_text(out, "other");
		buf_printf(out, "\"} %llu\n",
			   (unsigned long long)t->statuses[s]);
	}
}

/* Each route that was ever asked for. */
static void
write_requests(struct buf *out, struct arena *mem)
{
	struct totals *all = arena_array(mem, TALLY_ROUTES, sizeof(*all));

	write_head(out, "requests_total", 14, "counter",
		   "Requests, by route and status.");
	for (size_t r = 0; r < TALLY_ROUTES; r++) {
		totals_of(r, &all[r]);
		write_statuses(out, route_label(mem, r), &all[r]);
	}
	write_head(out, "request_seconds", 15, "histogram",
		   "How long answering took, by route.");
	for (size_t r = 0; r < TALLY_ROUTES; r++)
		if (all[r].count > 0)
			write_histogram(out, "request_seconds",
					route_label(mem, r), all[r].buckets,
					all[r].micros);
}

static void
write_wait(struct buf *out)
{
	uint64_t buckets[TALLY_BUCKETS] = {0};
	uint64_t micros = 0;

	for (size_t i = 0; i < tally_count(); i++)
		histogram_sum(&tally_row(i)->wait, buckets, &micros);
	write_head(out, "request_wait_seconds", 20, "histogram",
		   "How long requests that had arrived waited for their "
		   "worker.");
	write_histogram(out, "request_wait_seconds", "", buckets, micros);
}

static void
write_build(struct buf *out, const struct ctx *cx)
{
	write_head(out, "build_info", 10, "gauge",
		   "Version of the program, and its kind of database.");
	buf_printf(out, PREFIX "build_info{version=\"%s\",database=\"%s\"} 1\n",
		   PACKAGE_VERSION, db_driver(cx->db));
}

/*
 * GET /metrics: 200 with what the processes of the pool counted, where the
 * web server asks for it by FCU_METRICS, which no client can send; else 404,
 * as if it were not there.
 */
enum err
get_metrics(struct call *c)
{
	const char *wanted = c->rq->metrics;
	struct buf *out = &c->rs->body;

	if (!tally_is_open() || wanted == NULL || strcmp(wanted, "on") != 0)
		return ERR_NOT_FOUND;
	resp_header(c->rs, "Content-Type", KIND);
	write_build(out, c->cx);
	write_metrics(out);
	write_wait(out);
	write_requests(out, c->cx->mem);
	return OK;
}
