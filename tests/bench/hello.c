/* SPDX-License-Identifier: MIT */
/* hello SOCKET PROCESSES: says the same to everybody. What the way from nginx
 * to a program and back costs at least. */
#include "ceiling.h"

#include <string.h>

static const char text[] = "{\"hello\":true}";

static void
say_hello(void *to, struct ceiling_conn *c, const char *id, int id_len)
{
	(void)to;
	(void)id;
	(void)id_len;
	ceiling_answer(c, text, sizeof(text) - 1);
}

int
main(int argc, char **argv)
{
	const struct ceiling_service service = {.request = say_hello};
	int fd;

	if (argc != 3)
		return 64;
	fd = ceiling_listen(argv[1]);
	ceiling_fork(ceiling_number(argv[2]));
	ceiling_serve(fd, &service);
}
