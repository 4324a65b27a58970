/* SPDX-License-Identifier: MIT */
/* A CGI program that connects to PostgreSQL (the environment says where), asks
 * for the user whom the query names, answers and ends. */
#include "ceiling.h"

#include <stdio.h>
#include <stdlib.h>

#include <libpq-fe.h>

int
main(void)
{
	PGconn *pg = PQconnectdb("");
	const char *id = getenv("QUERY_STRING");
	PGresult *res =
		PQexecParams(pg, CEILING_SELECT, 1, NULL, &id, NULL, NULL, 0);

	if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) != 1)
		ceiling_fail(PQerrorMessage(pg));
	printf("Content-Type: application/json\r\n\r\n"
	       "{\"id\":\"%s\",\"email\":\"%s\",\"is_active\":\"%s\","
	       "\"is_superuser\":\"%s\",\"is_verified\":\"%s\"}",
	       id, PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1),
	       PQgetvalue(res, 0, 2), PQgetvalue(res, 0, 3));
	/* The end of the process ends the connection, too. */
	return fflush(stdout);
}
