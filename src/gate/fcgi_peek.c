/* SPDX-License-Identifier: MIT */
#include "gate/fcgi_peek.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/clock.h"
#include "gate/fcgi_record.h"

/* Headers of records, questions and padding stand between the variables. */
#define PEEK_LIMIT (FCGI_PARAMS_LIMIT + (size_t)16 * 1024)
#define PEEK_FIRST ((size_t)16 * 1024)
/* Milliseconds between two looks at a request that has not come whole. */
#define PAUSE_MAX 16

enum verdict { REFUSED, UNDECIDED, WHOLE };

/* From its start each time: what was seen is still there. */
static enum verdict
bytes_judge(const unsigned char *bytes, size_t len)
{
	struct fcgi_limits limits = {.connections = 1};
	struct fcgi_reader reader;
	enum verdict verdict = UNDECIDED;

	fcgi_reader_init(&reader, &limits);
	fcgi_reader_feed(&reader, bytes, len);
	if (reader.phase == FCGI_BROKEN || reader.ending)
		verdict = REFUSED;
	else if (reader.phase != FCGI_WAITING && reader.phase != FCGI_NAMING)
		verdict = WHOLE;
	fcgi_reader_free(&reader);
	return verdict;
}

static bool
has_gone(int fd)
{
	struct pollfd other = {.fd = fd, .events = POLLRDHUP};

	return poll(&other, 1, 0) > 0;
}

/* Anything that is there wakes a poll, so there is none for more of it. */
static void
pause_for_more(int *milliseconds)
{
	(void)poll(NULL, 0, *milliseconds);
	if (*milliseconds < PAUSE_MAX)
		*milliseconds *= 2;
}

bool
fcgi_peek(int fd, struct arena *mem, int64_t until)
{
	size_t room = PEEK_FIRST, seen = 0;
	unsigned char *bytes = arena_alloc(mem, room);
	enum verdict verdict = UNDECIDED;
	int milliseconds = 1;

	while (verdict == UNDECIDED && clock_monotonic() < until) {
		/* Asked first: what was sent before is seen behind it. */
		bool gone = has_gone(fd);
		ssize_t n = recv(fd, bytes, room, MSG_PEEK | MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n > 0 && (size_t)n > seen) {
			seen = (size_t)n;
			verdict = bytes_judge(bytes, seen);
		}
		if (verdict != UNDECIDED)
			break;
		if (seen == PEEK_LIMIT || (gone && seen < room))
			return false;
		if (seen == room) {
			room = PEEK_LIMIT;
			bytes = arena_alloc(mem, room);
		} else {
			pause_for_more(&milliseconds);
		}
	}
	return verdict == WHOLE;
}
