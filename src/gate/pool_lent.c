/* SPDX-License-Identifier: MIT */
#include "gate/pool_lent.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "gate/pool_door.h"

#define FIRST 3 /* the first descriptor that is handed over */
#define MOST 64
#define ADDRESS_MAX 300

union address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_storage room;
};

/* As the configuration has it: a path, or ADDRESS:PORT. */
static bool
address_write(int fd, char out[ADDRESS_MAX])
{
	union address at = {0};
	socklen_t len = sizeof(at);
	char host[200], port[16];
	const char *form = "%s:%s";

	if (getsockname(fd, &at.any, &len) < 0)
		return false;
	if (at.any.sa_family == AF_UNIX) {
		(void)snprintf(out, ADDRESS_MAX, "%.*s",
			       (int)sizeof(at.local.sun_path),
			       at.local.sun_path);
		return true;
	}
	if (at.any.sa_family == AF_INET6)
		form = "[%s]:%s";
	errno = EAFNOSUPPORT;
	if (getnameinfo(&at.any, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	(void)snprintf(out, ADDRESS_MAX, form, host, port);
	return true;
}

static bool
lent_take(struct supervisor *s, int fd, const char *name)
{
	char address[ADDRESS_MAX];
	struct door *d;

	if (!address_write(fd, address))
		return false;
	d = door_take(fd, address, name, NULL);
	if (d == NULL)
		return false;
	d->next = s->doors;
	s->doors = d;
	return true;
}

/* How many there are for us. */
static int64_t
lent_count(void)
{
	const char *whose = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	int64_t pid, number;

	if (whose == NULL || count == NULL ||
	    !text_number(whose, 1, INT64_MAX, &pid) || pid != getpid() ||
	    !text_number(count, 1, MOST, &number))
		return 0;
	return number;
}

bool
lent_open(struct supervisor *s)
{
	const char *given = getenv("LISTEN_FDNAMES");
	int64_t count = lent_count();
	char *names = strdup(given != NULL ? given : "");
	char *at = names;
	bool done = names != NULL;

	for (int i = 0; i < count && done; i++) {
		const char *name = strsep(&at, ":");

		done = lent_take(s, FIRST + i, name != NULL ? name : "");
	}
	free(names);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return done;
}

void
lent_check(const struct supervisor *s)
{
	for (const struct door *d = s->doors; d != NULL; d = d->next) {
		if (d->lent != NULL && !d->wanted)
			log_event(LEVEL_WARNING, log_is("socket_unused"),
				  log_text("name", d->lent),
				  log_text("address", d->address));
	}
}
