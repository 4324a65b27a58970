/* SPDX-License-Identifier: MIT */
/* select_sqlite SOCKET PROCESSES FILE: a user by primary key from an SQLite
 * database in WAL mode, which others may write to. */
#include "ceiling.h"

#include <sqlite3.h>

static sqlite3_stmt *
sqlite_open(const char *path)
{
	sqlite3 *db;
	sqlite3_stmt *statement;

	if (sqlite3_open_v2(path, &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, CEILING_SELECT, -1, &statement, NULL) !=
		    SQLITE_OK)
		ceiling_fail(path);
	return statement;
}

static void
select_user(void *to, struct ceiling_conn *c, const char *id, int id_len)
{
	sqlite3_stmt *s = to;
	struct ceiling_user u = {.id = id, .id_len = id_len};
	int code;

	(void)sqlite3_bind_text(s, 1, id, id_len, SQLITE_STATIC);
	code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		u.email = (const char *)sqlite3_column_text(s, 0);
		u.email_len = sqlite3_column_bytes(s, 0);
		u.is_active = sqlite3_column_int(s, 1);
		u.is_superuser = sqlite3_column_int(s, 2);
		u.is_verified = sqlite3_column_int(s, 3);
		ceiling_answer_user(c, &u);
	} else if (code == SQLITE_DONE) {
		ceiling_answer_user(c, NULL);
	} else {
		ceiling_fail(sqlite3_errstr(code));
	}
	(void)sqlite3_reset(s);
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
	service.to = sqlite_open(argv[3]);
	ceiling_serve(fd, &service);
}
