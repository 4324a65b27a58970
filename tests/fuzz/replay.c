/* SPDX-License-Identifier: MIT */
/*
 * Feeds files, and all files of folders, to a fuzz target once each. Stands
 * in for libFuzzer's main(), so that the corpora are a test of every build.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
replay_failed(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return false;
}

/* A block of exactly the input's size, so that a sanitizer sees its end. */
static bool
replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size > 0 ? size : 1);
	bool is_read = file != NULL && data != NULL &&
		       fread(data, 1, size, file) == size;

	if (!is_read)
		(void)replay_failed(path);
	else
		(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
	if (file != NULL)
		(void)fclose(file);
	return is_read;
}

static bool replay(const char *path, size_t *count);

static bool
replay_folder(const char *path, size_t *count)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	bool is_good = true;

	if (folder == NULL)
		return replay_failed(path);
	while (is_good && (entry = readdir(folder)) != NULL) {
		char *inner = NULL;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&inner, "%s/%s", path, entry->d_name) < 0)
			abort();
		is_good = replay(inner, count);
		free(inner);
	}
	(void)closedir(folder);
	return is_good;
}

static bool
replay(const char *path, size_t *count)
{
	struct stat about;

	if (stat(path, &about) != 0)
		return replay_failed(path);
	if (S_ISDIR(about.st_mode))
		return replay_folder(path, count);
	(*count)++;
	return replay_file(path, (size_t)about.st_size);
}

int
main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++)
		if (!replay(argv[i], &count))
			return 1;
	if (count == 0) {
		fprintf(stderr, "usage: %s file-or-folder…\n", argv[0]);
		return 2;
	}
	printf("%zu inputs\n", count);
	return 0;
}
