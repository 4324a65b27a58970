/* SPDX-License-Identifier: MIT */
#include "cmd/home_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"

#define SECRET_BYTES 36 /* 48 characters */
#define SETUP_BYTES 24  /* 32 characters: a person copies it */

/* Where the web server would send files from here, it is told not to. */
static const char deny[] = "<IfModule mod_authz_core.c>\n"
			   "\tRequire all denied\n"
			   "</IfModule>\n"
			   "<IfModule !mod_authz_core.c>\n"
			   "\tOrder deny,allow\n"
			   "\tDeny from all\n"
			   "</IfModule>\n";

static const char configuration[] =
	"# FastCGI Users, as the first request made it. What is changed here "
	"counts from\n"
	"# the next request on; tables and columns that are missing are made "
	"then. All\n"
	"# settings, each with a comment: fastcgi-users.cgi check --defaults\n"
	"# ${FASTCGI_USERS_HOME} is this folder. Keep it from others "
	"(chmod 700).\n"
	"\n"
	"database {\n"
	"\turl = \"sqlite:${FASTCGI_USERS_HOME}/users.db\"\n"
	"\t# Or PostgreSQL, where the host offers it:\n"
	"\t#url = \"postgresql://USER:PASSWORD@HOST/DATABASE\"\n"
	"}\n"
	"\n"
	"# Not asking the table what its ids are saves some time. Users of "
	"FastAPI Users\n"
	"# with numbers for ids: integer.\n"
	"users {\n"
	"\tid = uuid\n"
	"}\n"
	"\n"
	"secrets {\n"
	"\tjwt_file = \"${FASTCGI_USERS_HOME}/jwt.secret\"\n"
	"\treset_file = \"${FASTCGI_USERS_HOME}/reset.secret\"\n"
	"\tverify_file = \"${FASTCGI_USERS_HOME}/verify.secret\"\n"
	"\tstate_file = \"${FASTCGI_USERS_HOME}/state.secret\"\n"
	"\t# What /setup asks for, while there is no superuser. Gone "
	"afterwards.\n"
	"\tsetup_file = \"${FASTCGI_USERS_HOME}/setup.secret\"\n"
	"}\n"
	"\n"
	"server {\n"
	"\trun_dir = \"${FASTCGI_USERS_HOME}/run\"\n"
	"}\n"
	"\n"
	"# Mail, which cron has sent: fastcgi-users.cgi courier --once\n"
	"#mail {\n"
	"#\turl = \"sendmail:/usr/sbin/sendmail\"\n"
	"#\t#url = \"smtp://mail.example.org:587\"\n"
	"#\t#user = \"accounts\"\n"
	"#\t#password_file = \"${FASTCGI_USERS_HOME}/mail.secret\"\n"
	"#\tfrom = \"accounts@example.org\"\n"
	"#\t# What stands before /sign-in where that page is shown.\n"
	"#\tbase_url = "
	"\"https://www.example.org/cgi-bin/fastcgi-users.cgi\"\n"
	"#}\n"
	"\n"
	"# A host that allows a program little memory: a quarter of the "
	"default.\n"
	"#password {\n"
	"#\tmemory_kib = 16384\n"
	"#\tpasses = 12\n"
	"#}\n";

struct secret_file {
	const char *name;
	size_t bytes;
};

static const struct secret_file secret_files[] = {
	{"jwt.secret", SECRET_BYTES},    {"reset.secret", SECRET_BYTES},
	{"verify.secret", SECRET_BYTES}, {"state.secret", SECRET_BYTES},
	{"setup.secret", SETUP_BYTES},
};

static bool
write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	for (size_t sent = 0; sent < len;) {
		ssize_t n = write(fd, text + sent, len - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

bool
home_file_write(int folder, const char *name, const char *text, mode_t mode)
{
	char half[64];
	bool done;
	int fd;

	(void)snprintf(half, sizeof(half), "%s.half", name);
	/* Left by one that was ended on its way. */
	(void)unlinkat(folder, half, 0);
	fd = openat(folder, half,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return false;
	done = write_all(fd, text) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	done = close(fd) == 0 && done;
	if (done && renameat(folder, half, folder, name) == 0)
		return fsync(folder) == 0;
	/* What it was stays in errno. */
	int why = errno;

	(void)unlinkat(folder, half, 0);
	errno = why;
	return false;
}

static bool
is_there(int folder, const char *name)
{
	return faccessat(folder, name, F_OK, 0) == 0;
}

static bool
secret_make(struct arena *mem, int folder, const struct secret_file *s)
{
	unsigned char bytes[SECRET_BYTES];

	if (is_there(folder, s->name))
		return true;
	crypto_random(bytes, s->bytes);
	return home_file_write(
		folder, s->name,
		arena_printf(mem, "%s\n",
			     crypto_base64url(mem, bytes, s->bytes)),
		0600);
}

const char *
home_files_make(struct arena *mem, int folder)
{
	if (!is_there(folder, ".htaccess") &&
	    !home_file_write(folder, ".htaccess", deny, 0644))
		return ".htaccess";
	if (mkdirat(folder, "run", 0700) < 0 && errno != EEXIST)
		return "run";
	if (is_there(folder, HOME_CONFIG))
		return NULL;
	for (size_t i = 0; i < countof(secret_files); i++)
		if (!secret_make(mem, folder, &secret_files[i]))
			return secret_files[i].name;
	return home_file_write(folder, HOME_CONFIG, configuration, 0600)
		       ? NULL
		       : HOME_CONFIG;
}
