/* SPDX-License-Identifier: MIT */
#include "remote/redis.h"

#include "base/log.h"

#ifdef HAVE_HIREDIS

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/redis_url.h"

/* Milliseconds without another try after the first failure; each further one
 * doubles them. */
#define PAUSE_FIRST 100
#define PAUSE_LAST 1600

struct redis {
	struct arena *mem; /* the address lives here */
	struct redis_url url;
	struct timeval limit;
	redisContext *conn;   /* NULL: none */
	int64_t pause;        /* milliseconds; 0: the last try went well */
	int64_t paused_until; /* clock_monotonic milliseconds */
};

enum err
redis_open(const struct config *conf, struct redis **out)
{
	struct redis *r = calloc(1, sizeof(*r));
	int64_t limit = conf->redis.time_limit;

	*out = NULL;
	if (r == NULL)
		return ERR_INTERNAL;
	r->mem = arena_open(0, (size_t)64 * 1024);
	if (redis_url_read(r->mem, conf->redis.url, &r->url) != NULL) {
		redis_close(r);
		return ERR_CONFIGURATION;
	}
	r->limit.tv_sec = limit / 1000;
	r->limit.tv_usec = limit % 1000 * 1000;
	*out = r;
	return OK;
}

static void
disconnect(struct redis *r)
{
	if (r->conn != NULL)
		redisFree(r->conn);
	r->conn = NULL;
}

void
redis_close(struct redis *r)
{
	if (r == NULL)
		return;
	disconnect(r);
	arena_close(r->mem);
	free(r);
}

/* False when the connection is of no more use. */
static bool
command_send(struct redis *r, const struct redis_command *command)
{
	const char *words[REDIS_WORDS];
	size_t lengths[REDIS_WORDS];
	int count = 0;

	while (count < REDIS_WORDS && command->words[count] != NULL) {
		words[count] = command->words[count];
		lengths[count] = strlen(words[count]);
		count++;
	}
	return redisAppendCommandArgv(r->conn, count, words, lengths) ==
	       REDIS_OK;
}

/* A text with a NUL inside is nothing that we wrote. */
static bool
reply_take(const redisReply *reply, struct arena *mem, struct redis_reply *out)
{
	*out = (struct redis_reply){0};
	switch (reply->type) {
	case REDIS_REPLY_STRING:
		if (memchr(reply->str, '\0', (size_t)reply->len) == NULL)
			out->text =
				arena_copy(mem, reply->str, (size_t)reply->len);
		return true;
	case REDIS_REPLY_INTEGER:
		out->number = reply->integer;
		return true;
	case REDIS_REPLY_NIL:
	case REDIS_REPLY_STATUS:
		return true;
	default:
		return false;
	}
}

static const char lost[] = "lost";

/* NULL when all went well, else what did not, in a word. */
static const char *
commands_run(struct redis *r, struct arena *mem,
	     const struct redis_command *commands, size_t count,
	     struct redis_reply *replies)
{
	const char *fault = NULL;

	for (size_t i = 0; i < count; i++)
		if (!command_send(r, &commands[i]))
			return lost;
	for (size_t i = 0; i < count; i++) {
		void *reply = NULL;

		errno = 0;
		if (redisGetReply(r->conn, &reply) != REDIS_OK)
			return errno == EAGAIN ? "late" : lost;
		if (!reply_take(reply, mem, &replies[i]))
			fault = "refused";
		freeReplyObject(reply);
	}
	return fault;
}

/* Says who we are, and which database we want. */
static const char *
greet(struct redis *r, struct arena *mem)
{
	const struct redis_url *u = &r->url;
	struct redis_command commands[2] = {0};
	struct redis_reply replies[2];
	size_t count = 0;

	if (u->password != NULL && u->user != NULL)
		commands[count++] =
			(struct redis_command){{"AUTH", u->user, u->password}};
	else if (u->password != NULL)
		commands[count++] =
			(struct redis_command){{"AUTH", u->password}};
	if (u->database > 0)
		commands[count++] = (struct redis_command){
			{"SELECT",
			 arena_printf(mem, "%lld", (long long)u->database)}};
	return commands_run(r, mem, commands, count, replies);
}

static const char *
connect_to(struct redis *r, struct arena *mem)
{
	if (r->url.path != NULL)
		r->conn = redisConnectUnixWithTimeout(r->url.path, r->limit);
	else
		r->conn = redisConnectWithTimeout(r->url.host, (int)r->url.port,
						  r->limit);
	if (r->conn == NULL)
		return "no_memory";
	if (r->conn->err != 0)
		return "not_reached";
	if (redisSetTimeout(r->conn, r->limit) != REDIS_OK)
		return "no_time_limit";
	return greet(r, mem);
}

static const char *
run_once(struct redis *r, struct arena *mem,
	 const struct redis_command *commands, size_t count,
	 struct redis_reply *replies)
{
	const char *fault = r->conn == NULL ? connect_to(r, mem) : NULL;

	if (fault == NULL)
		fault = commands_run(r, mem, commands, count, replies);
	if (fault != NULL)
		disconnect(r);
	return fault;
}

/* Whoever is down is asked again after a pause only. */
static enum err
note(struct redis *r, const char *fault)
{
	if (fault == NULL && r->pause > 0)
		log_event(LEVEL_INFO, log_is("redis_back"));
	if (fault == NULL) {
		r->pause = 0;
		return OK;
	}
	if (r->pause == 0)
		log_event(LEVEL_WARNING, log_is("redis_down"),
			  log_text("reason", fault));
	r->pause = r->pause == 0               ? PAUSE_FIRST
		   : r->pause * 2 > PAUSE_LAST ? PAUSE_LAST
					       : r->pause * 2;
	r->paused_until = clock_monotonic() + r->pause;
	return ERR_REDIS_DOWN;
}

enum err
redis_run(struct redis *r, struct arena *mem,
	  const struct redis_command *commands, size_t count,
	  struct redis_reply *replies)
{
	bool was_connected = r->conn != NULL;
	const char *fault;

	if (r->pause > 0 && clock_monotonic() < r->paused_until)
		return ERR_REDIS_DOWN;
	fault = run_once(r, mem, commands, count, replies);
	/* A server that was started again has closed what we had; one that is
	 * late is not asked twice. */
	if (fault != NULL && was_connected && fault == lost)
		fault = run_once(r, mem, commands, count, replies);
	return note(r, fault);
}

#else

/* The configuration refuses the strategy, so nobody comes here. */
enum err
redis_open(const struct config *conf, struct redis **out)
{
	(void)conf;
	*out = NULL;
	return ERR_CONFIGURATION;
}

void
redis_close(struct redis *r)
{
	(void)r;
}

enum err
redis_run(struct redis *r, struct arena *mem,
	  const struct redis_command *commands, size_t count,
	  struct redis_reply *replies)
{
	(void)r;
	(void)mem;
	(void)commands;
	(void)count;
	(void)replies;
	return ERR_REDIS_DOWN;
}

#endif
