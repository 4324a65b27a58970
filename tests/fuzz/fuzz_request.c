/* SPDX-License-Identifier: MIT */
/*
 * gate/env.c: lines of NAME=value until an empty one, then the body. What is
 * not refused keeps the promises of http/request.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "gate/gate.h"

#define PAIRS_MAX 64
#define BODY_LIMIT 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Takes `text` apart; leaves it at the empty line, or at the end. */
static size_t
pairs_read(char **text, const char *end, struct gate_pair pairs[PAIRS_MAX])
{
	size_t count = 0;

	while (*text < end && **text != '\n' && count < PAIRS_MAX) {
		char *line = *text;
		size_t len = strcspn(line, "\n");
		char *equals = memchr(line, '=', len);

		*text = line + len < end ? line + len + 1 : line + len;
		line[len] = '\0';
		if (equals == NULL)
			continue;
		*equals = '\0';
		pairs[count++] = (struct gate_pair){line, equals + 1};
	}
	return count;
}

static void
check_path(const char *path)
{
	must(path[0] == '/' && text_is_utf8(path, strlen(path)));
	for (const char *p = path; *p != '\0'; p++)
		must((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void
check(const struct req *rq)
{
	must(rq->method_name != NULL && rq->mount != NULL && rq->path != NULL &&
	     rq->query != NULL && rq->request_id != NULL &&
	     rq->remote_address != NULL && rq->body != NULL);
	must(strlen(rq->request_id) >= 1 && strlen(rq->request_id) <= 64);
	must(rq->content_type == NULL || *rq->content_type != '\0');
	must(rq->body[rq->body_len] == '\0');
	if (rq->refused != OK)
		return;
	check_path(rq->path);
	must(rq->body_len <= BODY_LIMIT);
	must(*rq->method_name != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config conf = {0};
	struct gate_service service = {.conf = &conf};
	struct gate_pair pairs[PAIRS_MAX];
	struct req rq;
	char *text, *body;
	size_t count;

	service.mem = arena_open(65536, (size_t)1 << 24);
	conf.server.prefix = size % 2 == 0 ? "/account" : "";
	conf.server.body_limit = BODY_LIMIT;
	conf.server.trust_request_id = size % 3 == 0;
	text = arena_copy(service.mem, data, size);
	body = text;
	count = pairs_read(&body, text + size, pairs);
	if (body < text + size)
		body++;
	gate_request(&rq, &service, pairs, count,
		     (struct gate_body){body, (size_t)(text + size - body)},
		     size % 5 == 0 ? GATE_AUTHORIZER : GATE_RESPONDER, 1);
	check(&rq);
	arena_close(service.mem);
	return 0;
}
