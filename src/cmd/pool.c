/* SPDX-License-Identifier: MIT */
#include "gate/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/courier_process.h"
#include "cmd/worker.h"
#include "gate/fcgi.h"
#include "gate/sandbox.h"

/* A plan with the configuration that its texts are borrowed from. */
struct configured_plan {
	struct pool_plan plan; /* first: the supervisor hands back this */
	struct config *conf;
	struct pool_group *groups;
};

static unsigned
octal_mode(const char *text)
{
	unsigned mode = 0;

	for (; *text >= '0' && *text <= '7'; text++)
		mode = mode * 8 + (unsigned)(*text - '0');
	return mode;
}

static unsigned
roles_of(const struct pool_settings *p)
{
	if (strcmp(p->role, "authorizer") == 0)
		return 1U << GATE_AUTHORIZER;
	return strcmp(p->role, "responder") == 0 ? 1U << GATE_RESPONDER : 0;
}

static struct pool_group
group_of(const struct pool_settings *p)
{
	return (struct pool_group){
		.name = p->title,
		.address = p->socket,
		.mode = octal_mode(p->mode),
		.backlog = (int)p->backlog,
		.workers = (size_t)p->workers,
		.roles = roles_of(p),
		.require = p->require,
	};
}

/* Without a socket: it serves the outbox. */
static struct pool_group
courier_group(const struct config *conf)
{
	return (struct pool_group){
		.name = "courier",
		.workers = (size_t)conf->courier.processes,
		.request_limit = conf->courier.lease,
		.may_gain = true,
	};
}

/* Takes the configuration over. */
static struct pool_plan *
plan_new(struct config *conf)
{
	struct configured_plan *c = calloc(1, sizeof(*c));
	size_t count = conf->pool_count;

	if (c == NULL)
		abort();
	c->conf = conf;
	c->groups = calloc(count + 1, sizeof(*c->groups));
	if (c->groups == NULL)
		abort();
	for (size_t i = 0; i < conf->pool_count; i++)
		c->groups[i] = group_of(&conf->pool[i]);
	if (conf->courier.processes > 0 && courier_is_needed(conf))
		c->groups[count++] = courier_group(conf);
	c->plan = (struct pool_plan){
		.run_dir = conf->server.run_dir,
		.user = conf->server.user,
		.group = conf->server.group,
		.request_limit = conf->server.request_limit,
		.drain_limit = conf->server.drain_limit,
		.idle_limit = conf->server.idle_limit,
		.connections = (size_t)conf->server.connections_per_worker,
		.groups = c->groups,
		.count = count,
		.setup = conf,
	};
	return &c->plan;
}

static void
plan_release(void *to, struct pool_plan *plan)
{
	struct configured_plan *c = (struct configured_plan *)plan;

	(void)to;
	config_free(c->conf);
	free(c->groups);
	free(c);
}

/* Requests are not root's business, unless somebody says so. */
static enum err
check_user(const struct config *conf)
{
	if (geteuid() != 0 || *conf->server.user != '\0')
		return command_check_identity(conf);
	(void)command_fail(0, "started by root, the pool needs server.user, "
			      "whom its workers run as");
	return ERR_CONFIGURATION;
}

/* Said once, instead of by each worker that ends. */
static enum err
check_sandbox(const struct config *conf)
{
	if (!conf->server.sandbox || sandbox_is_possible())
		return OK;
	(void)command_fail(0, "this kernel cannot restrict workers to the "
			      "system calls they need (seccomp): take one "
			      "that can, or go without by server.sandbox = "
			      "false");
	return ERR_CONFIGURATION;
}

static enum err
configure(const struct invocation *in, struct config **out)
{
	enum err e = command_configure(in->config_path, out);

	if (e == OK)
		e = check_user(*out);
	if (e == OK)
		e = command_check_keys(*out);
	if (e == OK)
		e = check_sandbox(*out);
	if (e != OK) {
		config_free(*out);
		*out = NULL;
	}
	return e;
}

static struct pool_plan *
plan_reload(void *to)
{
	const struct invocation *in = to;
	struct config *conf = NULL;

	if (configure(in, &conf) != OK)
		return NULL;
	command_set_log(conf);
	return plan_new(conf);
}

static int
worker_main(void *to, const struct pool_worker *post)
{
	const struct config *conf = post->plan->setup;
	struct gate_service service;
	struct worker *w = NULL;
	int number;
	int status;

	(void)to;
	command_set_log(conf);
	if (post->group->address == NULL)
		return courier_run(conf, post->post.score, false, &number);
	if (worker_open(conf, WORKER_REQUESTS, &w) != OK)
		return EX_CONFIG;
	service = worker_service(w);
	service.require = post->group->require;
	status = gate_fcgi_serve(&service, &post->post);
	worker_close(w);
	return status;
}

/* The program runs again as it was called, so the configuration is read
 * where it was. */
static int
serve(const struct invocation *in)
{
	struct invocation copy = *in;
	const char *const command[] = {in->program, "-c", in->config_path,
				       in->argv[0], NULL};
	const char *const at_home[] = {in->program, in->argv[0], NULL};
	struct pool_calls calls = {
		.reload = plan_reload,
		.release = plan_release,
		.worker_main = worker_main,
		.to = &copy,
		.command = (char *const *)(intptr_t)(in->config_path != NULL
							     ? command
							     : at_home),
	};
	struct config *conf = NULL;

	if (configure(in, &conf) != OK)
		return EX_CONFIG;
	command_set_log(conf);
	return pool_run(plan_new(conf), &calls);
}

/* Has the pool that runs replaced, and waits for what comes of it. */
static int
replace(const struct invocation *in)
{
	struct config *conf = NULL;
	enum pool_replaced outcome;
	int status;

	if (command_configure(in->config_path, &conf) != OK) {
		config_free(conf);
		return EX_CONFIG;
	}
	outcome = pool_replace(conf->server.run_dir);
	switch (outcome) {
	case POOL_REPLACED:
		status = EX_OK;
		break;
	case POOL_KEPT:
		status = command_fail(
			EX_SOFTWARE, "the new pool could not start, so the old "
				     "one goes on; its log says why");
		break;
	case POOL_MISSING:
		status = command_fail(EX_UNAVAILABLE,
				      "no pool can be told: %s: %s",
				      conf->server.run_dir, strerror(errno));
		break;
	}
	config_free(conf);
	return status;
}

int
command_pool(const struct invocation *in)
{
	if (in->argc == 2 && strcmp(in->argv[1], "--replace") == 0)
		return replace(in);
	if (in->argc > 1)
		return command_fail(EX_USAGE,
				    "pool takes no arguments but --replace");
	return serve(in);
}
