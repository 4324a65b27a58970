/* SPDX-License-Identifier: MIT */
/* The configuration file: any bytes are taken or refused with a sentence. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
environment(const char *name)
{
	if (strcmp(name, "FASTCGI_USERS_JWT_SECRET") == 0)
		return "qWv8u3Lr0TzXk5Yb7NcEo2Hd9SgJ4mPa";
	if (strcmp(name, "FASTCGI_USERS_DATABASE_URL") == 0)
		return "sqlite:x";
	return NULL;
}

static void
complain(void *to, const char *sentence)
{
	size_t *count = to;

	(*count)++;
	if (*sentence == '\0' || strchr(sentence, '\n') != NULL)
		abort();
}

static void
show(void *to, const char *section, const char *name, const char *value)
{
	buf_printf(to, "%s.%s = %s\n", section, name, value);
}

static void
judge(const char *path)
{
	size_t complaints = 0;
	struct config_source from = {path, environment, complain, &complaints};
	struct config *conf;
	struct buf dump;

	if (config_load(&from, &conf) != OK) {
		if (complaints == 0 || conf != NULL)
			abort();
		return;
	}
	if (complaints > 0)
		abort();
	buf_init(&dump, conf->mem, 4096);
	config_dump(conf, show, &dump);
	config_free(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[64];

	log_set_level(LEVEL_ERROR);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	judge(path);
	(void)close(fd);
	return 0;
}
