/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include <errno.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/fcgi_peek.h"

#define DRAIN_BYTES ((size_t)1024 * 1024)
#define EXIT_LATE 75
/* It gets connections that have been looked at, and accepts none. */
#define NO_DOOR (-1)

/* What signal handlers can reach. */
static volatile sig_atomic_t stopping;
static volatile sig_atomic_t running;

static void
stop_note(int number)
{
	(void)number;
	stopping = 1;
	FCGX_ShutdownPending();
}

/* While a request arrives, a late one only has its read interrupted; one that
 * takes too long to answer ends the process, which its manager replaces. */
static void
alarm_act(int number)
{
	(void)number;
	if (running)
		_exit(EXIT_LATE);
}

static bool
handler_set(int number, void (*handler)(int))
{
	/* Without SA_RESTART, so that reads come back. */
	struct sigaction action = {.sa_handler = handler};

	return sigaction(number, &action, NULL) == 0;
}

/* First after `seconds`, then each second: the first may come just before
 * the read that it should interrupt. 0 ends it. */
static void
alarm_set(int64_t seconds)
{
	const struct itimerval timer = {
		.it_value = {.tv_sec = (time_t)seconds},
		.it_interval = {.tv_sec = seconds > 0 ? 1 : 0},
	};

	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

static bool
signals_open(sigset_t *unblocked)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGUSR1);
	return handler_set(SIGTERM, stop_note) &&
	       handler_set(SIGINT, stop_note) &&
	       handler_set(SIGUSR1, stop_note) &&
	       handler_set(SIGALRM, alarm_act) &&
	       handler_set(SIGPIPE, SIG_IGN) &&
	       sigprocmask(SIG_BLOCK, &set, unblocked) == 0;
}

/* Sleeps until somebody connects. Signals come through only here, so that
 * none is lost between looking at `stopping` and sleeping. */
static bool
connection_wait(const sigset_t *unblocked)
{
	struct pollfd door = {.fd = STDIN_FILENO, .events = POLLIN};

	while (!stopping) {
		if (ppoll(&door, 1, NULL, unblocked) > 0)
			return true;
		if (errno != EINTR)
			return false;
	}
	return false;
}

/* One byte more than told is asked for: a longer body is refused. */
static size_t
body_read(FCGX_Stream *in, char *body, size_t length)
{
	size_t got = 0;

	while (got < length + 1) {
		size_t left = length + 1 - got;
		int n = FCGX_GetStr(body + got,
				    left > 65536 ? 65536 : (int)left, in);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

static void
body_drain(FCGX_Stream *in)
{
	char waste[16384];
	size_t drained = 0;
	int n;

	while (drained < DRAIN_BYTES &&
	       (n = FCGX_GetStr(waste, sizeof(waste), in)) > 0)
		drained += (size_t)n;
}

static void
answer_write(FCGX_Stream *out, const struct buf *wire)
{
	size_t sent = 0;

	while (sent < wire->len) {
		size_t left = wire->len - sent;
		int n = FCGX_PutStr(wire->data + sent,
				    left > 65536 ? 65536 : (int)left, out);

		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

/* The alarm is set: the body has the rest of the time for arriving. */
static void
request_serve(const struct gate_service *service, FCGX_Request *fcgi,
	      int64_t arrived)
{
	const struct config *conf = service->conf;
	struct arena *mem = service->mem;
	struct gate_pair *pairs =
		arena_array(mem, GATE_PAIRS_LIMIT, sizeof(*pairs));
	size_t count, length;
	bool whole = gate_environment(mem, fcgi->envp, pairs, &count);
	enum gate_role role = fcgi->role == FCGI_AUTHORIZER ? GATE_AUTHORIZER
							    : GATE_RESPONDER;
	const char *told = role == GATE_RESPONDER
				   ? FCGX_GetParam("CONTENT_LENGTH", fcgi->envp)
				   : NULL;
	enum err e = gate_body_length(told, conf->server.body_limit, &length);
	bool untold =
		role == GATE_RESPONDER && gate_body_is_untold(pairs, count);
	struct req rq;
	struct resp rs;
	struct buf wire;
	char *body;

	if (untold)
		length = (size_t)conf->server.body_limit;
	body = arena_alloc(mem, length + 2);
	/* No web server need end the body of what it asks an Authorizer. */
	if (e == OK && role == GATE_RESPONDER)
		length = body_read(fcgi->in, body, length);
	if (untold)
		gate_body_tell(mem, pairs, count, length);
	alarm_set(0);
	gate_request(&rq, service, pairs, count,
		     (struct gate_body){body, length}, role, arrived);
	if (!whole || fcgi->role == FCGI_FILTER)
		rq.refused = ERR_BAD_REQUEST;
	resp_init(&rs, mem);
	running = 1;
	alarm_set(conf->server.request_limit);
	service->serve(service->worker, &rq, &rs);
	running = 0;
	alarm_set(conf->server.arrival_limit);
	buf_init(&wire, mem, 4096);
	resp_write(&rs, &wire);
	answer_write(fcgi->out, &wire);
	if (rq.refused != OK && role == GATE_RESPONDER)
		body_drain(fcgi->in);
}

/* libfcgi goes on with a connection that it believes to have kept. */
static void
connection_serve(const struct gate_service *service, FCGX_Request *fcgi, int fd,
		 int64_t arrived)
{
	fcgi->ipcFd = fd;
	fcgi->keepConnection = 1;
	/* A reader that failed leaves an environment that is cut off; an
	 * administrator's demand may have been in the missing part. */
	if (FCGX_Accept_r(fcgi) == 0 && FCGX_GetError(fcgi->in) == 0)
		request_serve(service, fcgi, arrived);
	/* Only the door is waited at: nobody would hear what comes next on a
	 * kept connection. */
	fcgi->keepConnection = 0;
	FCGX_Finish_r(fcgi);
}

static void
request_take(const struct gate_service *service, FCGX_Request *fcgi)
{
	int64_t limit = service->conf->server.arrival_limit;
	int64_t arrived = clock_monotonic();
	int fd = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	alarm_set(limit);
	if (fcgi_peek(fd, service->mem, arrived + limit * 1000))
		connection_serve(service, fcgi, fd, arrived);
	else
		(void)close(fd);
	alarm_set(0);
	arena_reset(service->mem);
}

bool
gate_is_fastcgi(void)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening,
			  &size) == 0 &&
	       listening != 0;
}

int
gate_libfcgi(const struct gate_service *service)
{
	FCGX_Request fcgi;
	sigset_t unblocked;
	int flags = fcntl(STDIN_FILENO, F_GETFL);

	/* Another process at the same socket may be faster. */
	if (flags < 0 || fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    !signals_open(&unblocked) || FCGX_Init() != 0 ||
	    FCGX_InitRequest(&fcgi, NO_DOOR, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
		log_event(LEVEL_ERROR, log_is("worker_failed"),
			  log_text("error", strerror(errno)));
		return 1;
	}
	while (connection_wait(&unblocked))
		request_take(service, &fcgi);
	FCGX_Free(&fcgi, 1);
	return 0;
}
