/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: opens the sockets, keeps the workers alive, replaces them
 * on HUP. It reads nothing from the network and opens no database.
 *
 * Events it logs:
 *   pool_started    the supervisor runs (pid)
 *   socket_opened   a pool can be reached (pool, address)
 *   socket_failed   it cannot (pool, address, error)
 *   socket_closed   its address is no longer configured (address)
 *   worker_started  (pool, pid)
 *   worker_ready    it serves (pool, pid)
 *   pool_ready      all workers that were asked for serve
 *   worker_retiring a successor serves (pool, pid)
 *   worker_killed   it took too long (pool, pid, reason: request, start,
 *                   drain or retirement) or does not look at what comes
 *                   (silent)
 *   worker_exited   (pool, pid, status or signal, requests); a warning unless
 *                   it was told to
 *   pool_reloading  a good configuration was read, its workers are starting
 *   pool_reloaded   they serve
 *   reload_refused  the new configuration changes nothing (error:
 *                   configuration, user, run_dir or socket), or no longer
 *                   does, since none of its workers could start (workers)
 *   connections_capped fewer connections than configured, since the system
 *                   lets a process have few files (connections, files)
 *   pool_replacing  on USR2: a new supervisor starts (pid)
 *   pool_replaced   it serves, and is in charge; our workers hand over (pid)
 *   replace_refused it ended, or was late; we go on (error, status or signal)
 *   socket_unused   a service manager's that no pool wants (name, address)
 *   pool_stopping   on TERM, INT or QUIT
 *   pool_stopped    the end
 *   pool_failed     it could not start (error; file: what it could not make,
 *                   or that of another one that runs, with pid)
 * and in a worker: worker_failed (error), sandbox_skipped, sandbox_missing.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "gate/fcgi.h"

/* Workers behind one socket. */
struct pool_group {
	const char *name;
	const char *address; /* a path with a slash in it, or ADDRESS:PORT;
			      * NULL: they serve no socket */
	unsigned mode;       /* of a unix socket: 0660 */
	int backlog;
	size_t workers;
	int64_t request_limit; /* seconds; 0: the plan's */
	unsigned roles;        /* as in struct fcgi_post */
	const char *require;   /* as in struct gate_service */
	bool may_gain;         /* a program that they start may have more
				* privileges than they: a setgid sendmail */
};

/* What a configuration asks for. Times in seconds. */
struct pool_plan {
	const char *run_dir; /* for the process file */
	const char *user;    /* "" or NULL: nobody else */
	const char *group;   /* "" or NULL: the user's */
	int64_t request_limit;
	int64_t drain_limit;
	int64_t idle_limit;
	size_t connections; /* of one worker */
	const struct pool_group *groups;
	size_t count;
	const void *setup; /* the caller's own, for its workers */
};

/* What a worker is told. */
struct pool_worker {
	const struct pool_plan *plan;
	const struct pool_group *group;
	struct fcgi_post post; /* for gate_fcgi_serve */
};

struct pool_calls {
	/* Reads the configuration anew; NULL when it is bad, which has been
	 * logged. NULL: HUP changes nothing. */
	struct pool_plan *(*reload)(void *to);
	/* The plan is needed no longer. */
	void (*release)(void *to, struct pool_plan *plan);
	/* Runs in a worker, unprivileged already; returns its exit status.
	 * Opens what it needs, then calls gate_fcgi_serve; of a group without
	 * a socket: works until SIGTERM, which is blocked. */
	int (*worker_main)(void *to, const struct pool_worker *w);
	void *to;
	/* What USR2 runs to have a new supervisor, its name first; ends with
	 * NULL. NULL: USR2 changes nothing. */
	char *const *command;
};

/* Runs until TERM, INT or QUIT; takes the plan over. Exit status. */
int pool_run(struct pool_plan *plan, const struct pool_calls *calls)
	NODISCARD NONNULL(1, 2);

enum pool_replaced {
	POOL_REPLACED,
	POOL_KEPT,   /* the new one could not start, the old one goes on */
	POOL_MISSING /* nothing runs that we may tell; errno */
};

/*
 * Tells the pool whose process file is in run_dir to start the program anew
 * and to leave to it, and waits until that is so, or is not to be. Called by
 * root it becomes the file's owner, for good.
 */
enum pool_replaced pool_replace(const char *run_dir) NODISCARD NONNULL(1);

#endif
