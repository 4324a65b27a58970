/* SPDX-License-Identifier: MIT */
/* A CGI program that does nothing but answer. */
#include <unistd.h>

static const char answer[] = "Content-Type: application/json\r\n\r\n"
			     "{\"hello\":true}";

int
main(void)
{
	return write(STDOUT_FILENO, answer, sizeof(answer) - 1) < 0;
}
