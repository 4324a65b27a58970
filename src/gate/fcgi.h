/* SPDX-License-Identifier: MIT */
/*
 * A worker: many kept connections from a web server, one request run at a
 * time. Complete requests wait in the order of their arrival.
 */
#ifndef FCGI_H
#define FCGI_H

#include <stddef.h>
#include <sys/resource.h>

#include "base/attr.h"
#include "gate/gate.h"
#include "gate/handover.h"
#include "gate/score.h"

/* Descriptors besides the connections: databases, logs, libraries. */
#define FCGI_OTHER_FILES ((rlim_t)128)

/* How many of the wanted connections there is room for when a process may
 * have so many files; where that is little, half of them. At least one. */
size_t fcgi_connections(size_t wanted, rlim_t files);

/* Where a worker stands; made by the pool (gate/pool.h). */
struct fcgi_post {
	int listen_fd;  /* non-blocking; closed when told to stop or retire */
	unsigned roles; /* those that are taken, as bits 1 << GATE_…; 0: all */
	struct handover handover; /* .send -1: none */
	int wake_fd;              /* eventfd of the supervisor; -1: none */
	struct score *score;      /* NULL: none */
};

/*
 * Serves until told to stop, and returns the exit status. Enters the sandbox
 * first when the configuration says so: whatever has to be opened is open.
 *
 * SIGTERM: what has arrived, or has begun to, is answered, then the end.
 * SIGUSR1 (a successor is ready): accepts nothing more, gives each
 * connection to the other workers as soon as it is between two requests, and
 * ends with the last one.
 */
int gate_fcgi_serve(const struct gate_service *service,
		    const struct fcgi_post *post) NODISCARD NONNULL(1, 2);

#endif
