/* SPDX-License-Identifier: MIT */
/* select_pg SOCKET PROCESSES CONNINFO: a user by primary key from PostgreSQL,
 * one prepared statement a request, waited for. */
#include "ceiling.h"

#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

static PGconn *
pg_open(const char *conninfo)
{
	PGconn *pg = PQconnectdb(conninfo);

	if (PQstatus(pg) != CONNECTION_OK ||
	    PQresultStatus(PQprepare(pg, "u", CEILING_SELECT, 1, NULL)) !=
		    PGRES_COMMAND_OK)
		ceiling_fail(PQerrorMessage(pg));
	return pg;
}

static void
select_user(void *to, struct ceiling_conn *c, const char *id, int id_len)
{
	char text[64];
	const char *value = text;
	struct ceiling_user u = {.id = id, .id_len = id_len};
	PGresult *res;

	if (id_len >= (int)sizeof(text))
		id_len = 0;
	memcpy(text, id, (size_t)id_len);
	text[id_len] = '\0';
	res = PQexecPrepared(to, "u", 1, &value, NULL, NULL, 1);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		ceiling_fail(PQresultErrorMessage(res));
	if (PQntuples(res) == 0) {
		ceiling_answer_user(c, NULL);
	} else {
		u.email = PQgetvalue(res, 0, 0);
		u.email_len = PQgetlength(res, 0, 0);
		u.is_active = *PQgetvalue(res, 0, 1);
		u.is_superuser = *PQgetvalue(res, 0, 2);
		u.is_verified = *PQgetvalue(res, 0, 3);
		ceiling_answer_user(c, &u);
	}
	PQclear(res);
}

int
main(int argc, char **argv)
{
	struct ceiling_service service = {.request = select_user};
	int fd;

	if (argc != 4)
		return 64;
	fd = ceiling_listen(argv[1]);
	ceiling_fork(ceiling_number(argv[2]));
	service.to = pg_open(argv[3]);
	ceiling_serve(fd, &service);
}
