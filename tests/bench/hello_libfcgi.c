/* SPDX-License-Identifier: MIT */
/* hello_libfcgi SOCKET PROCESSES: the same by libfcgi, which serves one
 * connection at a time; so the web server must not keep any. */
#include "ceiling.h"

#include <fcntl.h>

#include <fcgiapp.h>

static void
serve(int listen_fd)
{
	FCGX_Request rq;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&rq, listen_fd, 0) != 0)
		ceiling_fail("libfcgi");
	while (FCGX_Accept_r(&rq) >= 0)
		(void)FCGX_PutS("Content-Type: application/json\r\n\r\n"
				"{\"hello\":true}",
				rq.out);
}

int
main(int argc, char **argv)
{
	int fd;

	if (argc != 3)
		return 64;
	fd = ceiling_listen(argv[1]);
	/* It waits in accept. */
	if (fcntl(fd, F_SETFL, 0) != 0)
		ceiling_fail("fcntl");
	ceiling_fork(ceiling_number(argv[2]));
	serve(fd);
	return 0;
}
