/* SPDX-License-Identifier: MIT */
/*
 * select_pipeline SOCKET PROCESSES CONNINFO: the same without waiting: what
 * came from all connections at once goes to PostgreSQL at once, and answers
 * are given as they come back, in the order of the questions.
 */
#include "ceiling.h"

#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

/* More than the web server keeps connections: none has two requests. */
#define WAITING 4096
#define ID_SIZE 40

struct question {
	struct ceiling_conn *conn;
	char id[ID_SIZE];
};

struct pipeline {
	PGconn *pg;
	struct question asked[WAITING]; /* a ring, from first to last */
	unsigned first;
	unsigned last;
	bool unsent;
};

static void
pg_fail(const struct pipeline *p)
{
	ceiling_fail(PQerrorMessage(p->pg));
}

static void
pg_open(struct pipeline *p, const char *conninfo)
{
	p->pg = PQconnectdb(conninfo);
	if (PQstatus(p->pg) != CONNECTION_OK ||
	    PQresultStatus(PQprepare(p->pg, "u", CEILING_SELECT, 1, NULL)) !=
		    PGRES_COMMAND_OK ||
	    PQsetnonblocking(p->pg, 1) != 0 || PQenterPipelineMode(p->pg) != 1)
		pg_fail(p);
}

static void
ask(void *to, struct ceiling_conn *c, const char *id, int id_len)
{
	struct pipeline *p = to;
	struct question *q = &p->asked[p->last % WAITING];
	const char *value = q->id;

	if (id_len >= ID_SIZE || p->last - p->first == WAITING)
		id_len = 0;
	q->conn = c;
	memcpy(q->id, id, (size_t)id_len);
	q->id[id_len] = '\0';
	if (PQsendQueryPrepared(p->pg, "u", 1, &value, NULL, NULL, 1) != 1)
		pg_fail(p);
	p->last++;
	p->unsent = true;
}

static void
send_all(void *to)
{
	struct pipeline *p = to;

	if (!p->unsent)
		return;
	p->unsent = false;
	if (PQpipelineSync(p->pg) != 1 || PQflush(p->pg) < 0)
		pg_fail(p);
}

static void
answer(struct pipeline *p, const PGresult *res)
{
	struct question *q = &p->asked[p->first++ % WAITING];
	struct ceiling_user u = {.id = q->id, .id_len = (int)strlen(q->id)};

	if (PQntuples(res) == 0) {
		ceiling_answer_user(q->conn, NULL);
		return;
	}
	u.email = PQgetvalue(res, 0, 0);
	u.email_len = PQgetlength(res, 0, 0);
	u.is_active = *PQgetvalue(res, 0, 1);
	u.is_superuser = *PQgetvalue(res, 0, 2);
	u.is_verified = *PQgetvalue(res, 0, 3);
	ceiling_answer_user(q->conn, &u);
}

/* A NULL stands behind the result of each question, none behind a sync. */
static void
take_results(void *to)
{
	struct pipeline *p = to;

	if (PQconsumeInput(p->pg) != 1)
		pg_fail(p);
	while (PQisBusy(p->pg) == 0) {
		PGresult *res = PQgetResult(p->pg);

		if (res == NULL) {
			if (p->first == p->last)
				return;
			continue;
		}
		if (PQresultStatus(res) == PGRES_TUPLES_OK)
			answer(p, res);
		else if (PQresultStatus(res) != PGRES_PIPELINE_SYNC)
			pg_fail(p);
		PQclear(res);
	}
}

int
main(int argc, char **argv)
{
	static struct pipeline pipeline;
	struct ceiling_service service = {
		.request = ask,
		.batch = send_all,
		.readable = take_results,
		.to = &pipeline,
	};
	int fd;

	if (argc != 4)
		return 64;
	fd = ceiling_listen(argv[1]);
	ceiling_fork(ceiling_number(argv[2]));
	pg_open(&pipeline, argv[3]);
	service.fd = PQsocket(pipeline.pg);
	ceiling_serve(fd, &service);
}
