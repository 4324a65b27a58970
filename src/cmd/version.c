/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sysexits.h>

#include "cmd/command.h"

int
command_version(const struct invocation *in)
{
	if (in->argc > 1)
		return command_fail(EX_USAGE, "version takes no arguments");
	(void)printf("%s\n", PACKAGE_STRING);
	return EX_OK;
}
