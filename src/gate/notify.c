/* SPDX-License-Identifier: MIT */
#include "gate/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

/* Signs of life for each time that one must not be missing. */
#define SIGNS 3

/* A path, or with @ in front the name of an abstract socket. 0: neither. */
static socklen_t
address_of(const char *name, struct sockaddr_un *out)
{
	size_t len = name != NULL ? strlen(name) : 0;

	if (len < 2 || len >= sizeof(out->sun_path) ||
	    (*name != '/' && *name != '@'))
		return 0;
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path, name, len);
	if (*name == '@')
		out->sun_path[0] = '\0';
	else
		len++;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void
notify_send(const char *format, ...)
{
	struct sockaddr_un to;
	socklen_t room = address_of(getenv("NOTIFY_SOCKET"), &to);
	char text[256];
	va_list args;
	int fd, len;

	if (room == 0)
		return;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Who does not listen is told at the next change. */
	if (fd < 0 || len < 0 || (size_t)len >= sizeof(text) ||
	    sendto(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT,
		   (const struct sockaddr *)&to, room) < 0)
		log_event(LEVEL_DEBUG, log_is("manager_not_told"));
	if (fd >= 0)
		(void)close(fd);
}

void
notify_reloading(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	notify_send("RELOADING=1\nMONOTONIC_USEC=%lld",
		    (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

void
notify_open(struct notifier *n, bool heir)
{
	const char *time = getenv("WATCHDOG_USEC");
	const char *whose = getenv("WATCHDOG_PID");
	int64_t microseconds, pid;

	*n = (struct notifier){0};
	if (time == NULL || !text_number(time, 1, INT64_MAX, &microseconds))
		return;
	if (!heir && whose != NULL &&
	    (!text_number(whose, 1, INT64_MAX, &pid) || pid != getpid()))
		return;
	n->pause = microseconds / 1000 / SIGNS;
	if (n->pause == 0)
		n->pause = 1;
}

void
notify_alive(struct notifier *n, int64_t now)
{
	if (n->pause == 0 || now < n->next)
		return;
	n->next = now + n->pause;
	notify_send("WATCHDOG=1");
}
