/* SPDX-License-Identifier: MIT */
/* Files, and what the machine allows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/slots.h"
#include "base/text.h"
#include "cmd/examination.h"
#include "core/ctx.h"
#include "core/password.h"
#include "gate/fcgi.h"

/* Others who may do what `bits` (of S_IRWXO) say to the file. */
static bool
others_may(const char *path, unsigned bits)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & bits) != 0;
}

/* What of run_dir must be ours to write. The folder stays root's where root
 * starts the program; where not, a file in it may be of somebody who did. */
static const char *
written_in_run_dir(const struct examination *x)
{
	const char *folder = x->conf->server.run_dir;
	const char *slots =
		arena_printf(x->database.mem, "%s/" SLOTS_FILE, folder);

	return x->was_root || access(slots, F_OK) == 0 ? slots : folder;
}

void
check_permissions(struct examination *x)
{
	const struct config *conf = x->conf;
	const char *writable = written_in_run_dir(x);

	if (conf->holds_secrets && others_may(conf->path, S_IROTH))
		examination_fault(x, ERR_CONFIGURATION, "permissions",
				  "%s gives database.url or secrets, and "
				  "everybody may read it; chmod 640 it",
				  conf->path);
	else if (conf->path != NULL && others_may(conf->path, S_IWOTH))
		examination_fault(x, ERR_CONFIGURATION, "permissions",
				  "everybody may write %s; chmod 640 it",
				  conf->path);
	else if (access(writable, W_OK) != 0)
		examination_fault(x, ERR_CONFIGURATION, "permissions",
				  "%s is not there or may not be written; make "
				  "it, and give it to server.user",
				  writable);
	else
		examination_good(x, "permissions", "permissions");
}

void
check_file(struct examination *x)
{
	const char *path = db_file(x->database.db);
	static const char *const parts[] = {"", "-wal", "-shm"};

	for (size_t i = 0; path != NULL && i < countof(parts); i++) {
		const char *part =
			arena_printf(x->database.mem, "%s%s", path, parts[i]);

		if (others_may(part, S_IROTH | S_IWOTH))
			examination_fault(x, ERR_CONFIGURATION, "permissions",
					  "%s holds the users, and everybody "
					  "may read or write it; chmod 600 it",
					  part);
		else if (access(part, R_OK | W_OK) != 0 && errno != ENOENT)
			examination_fault(x, ERR_CONFIGURATION, "permissions",
					  "%s may not be read and written; "
					  "give it to server.user, and chmod "
					  "600 it",
					  part);
	}
}

/* Whoever may write to a folder can put another file in the place of any,
 * unless it is sticky. */
static void
judge_folder(struct examination *x, const char *path)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	const char *folder;
	struct stat st;

	if (slash == NULL || slash == path)
		return;
	folder = arena_copy(x->database.mem, path, (size_t)(slash - path));
	if (stat(folder, &st) == 0 && (st.st_mode & S_IWOTH) != 0 &&
	    (st.st_mode & S_ISVTX) == 0)
		examination_fault(x, ERR_CONFIGURATION, "permissions",
				  "everybody may replace %s, since they may "
				  "write to its folder; chmod o-w %s",
				  path, folder);
}

static void
judge_folders(struct examination *x, const struct text_list *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		judge_folder(x, paths->items[i]);
}

/* Files that sections with a name have of their own. */
static void
judge_sections(struct examination *x)
{
	const struct config *conf = x->conf;

	for (size_t i = 0; i < conf->backend_count; i++) {
		judge_folder(x, conf->backend[i].secret_file);
		judge_folders(x, &conf->backend[i].key_file);
		judge_folders(x, &conf->backend[i].public_key_file);
	}
	for (size_t i = 0; i < conf->provider_count; i++)
		judge_folder(x, conf->provider[i].client_secret_file);
	for (size_t i = 0; i < conf->webhook_count; i++)
		judge_folder(x, conf->webhook[i].secret_file);
}

void
check_secret_folders(struct examination *x)
{
	const struct secrets_settings *s = &x->conf->secrets;
	const char *const files[] = {
		x->conf->path,
		db_file(x->database.db),
		s->jwt_file,
		s->reset_file,
		s->verify_file,
		s->state_file,
		s->provider_tokens_file,
		s->setup_file,
		x->conf->mail.password_file,
		x->conf->keys.file,
	};

	for (size_t i = 0; i < countof(files); i++)
		judge_folder(x, files[i]);
	judge_sections(x);
}

/* Who may connect may say whom a request is from, and what it demands. */
void
check_sockets(struct examination *x)
{
	for (size_t i = 0; i < x->conf->pool_count; i++) {
		const struct pool_settings *p = &x->conf->pool[i];
		size_t len = strlen(p->mode);
		struct stat st;

		if (strchr(p->socket, '/') == NULL) {
			if (!text_starts(p->socket, "127.") &&
			    !text_starts(p->socket, "[::1]") &&
			    !text_starts(p->socket, "localhost:"))
				examination_warn(
					x, "sockets",
					"pool %s listens at %s, where other "
					"machines may say who a client is; let "
					"a firewall admit the web server alone",
					p->title, p->socket);
			continue;
		}
		if (len > 0 && strchr("2367", p->mode[len - 1]) != NULL)
			examination_warn(x, "sockets",
					 "every process here may speak to pool "
					 "%s, for any client; set its mode to "
					 "0660, and server.group to the web "
					 "server's group",
					 p->title);
		else if (lstat(p->socket, &st) == 0 &&
			 (st.st_mode & S_IWOTH) != 0)
			examination_warn(x, "sockets",
					 "every process here may speak to %s; "
					 "chmod o-w it",
					 p->socket);
	}
}

/* As whom the courier and the workers run: this process has become him. */
void
check_programs(struct examination *x)
{
	static const char sendmail[] = "sendmail:";
	const char *mail = x->conf->mail.url;

	for (size_t i = 0; i < x->conf->hook_count; i++)
		if (access(x->conf->hook[i].program, X_OK) != 0)
			examination_fault(
				x, ERR_CONFIGURATION, "programs",
				"the program of hook %s cannot be run by the "
				"pool's user: %s; chmod a+rx it and what leads "
				"to it",
				x->conf->hook[i].title,
				x->conf->hook[i].program);
	if (text_starts(mail, sendmail) &&
	    access(mail + sizeof(sendmail) - 1, X_OK) != 0)
		examination_fault(x, ERR_CONFIGURATION, "programs",
				  "mail.url names %s, which cannot be run; "
				  "install it, or name another way",
				  mail + sizeof(sendmail) - 1);
}

/* KiB that this process may have at all: the machine's, or its cgroup's. */
static int64_t
memory_there(void)
{
	int64_t pages = sysconf(_SC_PHYS_PAGES);
	int64_t size = sysconf(_SC_PAGESIZE);
	int64_t most = pages > 0 && size > 0 ? pages * (size / 1024) : -1;
	FILE *f = fopen("/sys/fs/cgroup/memory.max", "re");
	char line[64] = "";
	int64_t limit;

	if (f == NULL)
		return most;
	if (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (text_number(line, 0, INT64_MAX, &limit) &&
		    (most < 0 || limit / 1024 < most))
			most = limit / 1024;
	}
	(void)fclose(f);
	return most;
}

/* KiB of all hashes that may be computed at once. */
static int64_t
memory_wanted(const struct examination *x)
{
	return x->conf->password.max_parallel * x->conf->password.memory_kib;
}

void
check_memory(struct examination *x)
{
	const struct password_settings *p = &x->conf->password;
	int64_t wanted = memory_wanted(x);
	int64_t there = memory_there();

	if (there < 0 || wanted <= there / 2)
		return;
	if (wanted > there)
		examination_fault(x, ERR_CONFIGURATION, "memory",
				  "%lld hashes at once take %lld MiB, and "
				  "there are %lld; lower password.max_parallel "
				  "or password.memory_kib",
				  (long long)p->max_parallel,
				  (long long)wanted / 1024,
				  (long long)there / 1024);
	else
		examination_warn(x, "memory",
				 "%lld hashes at once take %lld of %lld MiB; "
				 "lower password.max_parallel or "
				 "password.memory_kib",
				 (long long)p->max_parallel,
				 (long long)wanted / 1024,
				 (long long)there / 1024);
}

/* A whole queue of them must fit into the time that requests wait. What does
 * not fit into memory is not tried. */
void
check_hashing(struct examination *x)
{
	const struct password_settings *p = &x->conf->password;
	struct ctx cx = {
		.conf = x->conf,
		.mem = x->database.mem,
		.hash_deadline = clock_monotonic() + p->wait_limit * 1000,
	};
	int64_t there = memory_there();
	int64_t took = clock_monotonic();
	enum err e;

	if (there >= 0 && memory_wanted(x) > there)
		return;
	e = hasher_open(x->conf, &cx.hasher);
	if (e == OK)
		e = password_pretend(&cx, "a password that nobody has");
	took = clock_monotonic() - took;
	hasher_close(cx.hasher);
	if (e != ERR_LOGIN_BAD_CREDENTIALS)
		examination_fault(x, e, "hashing",
				  "no password can be hashed: %s; lower "
				  "password.memory_kib, or try again when "
				  "there is less to do",
				  err_sentence(e));
	else if (took * 4 > p->wait_limit * 1000)
		examination_warn(x, "hashing",
				 "one password hash takes %lld ms, and "
				 "requests wait no longer than %lld s for "
				 "theirs; lower password.memory_kib or "
				 "password.passes",
				 (long long)took, (long long)p->wait_limit);
	else
		examination_good(x, "hashing", "a password hash takes %lld ms",
				 (long long)took);
}

void
check_descriptors(struct examination *x)
{
	size_t wanted = (size_t)x->conf->server.connections_per_worker;
	struct rlimit files;
	size_t room;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	room = fcgi_connections(wanted, files.rlim_max);
	if (room < wanted)
		examination_warn(
			x, "descriptors",
			"a process may have %llu files, which is enough for "
			"%zu of %zu connections a worker; raise that (ulimit "
			"-n, LimitNOFILE=) or lower "
			"server.connections_per_worker",
			(unsigned long long)files.rlim_max, room, wanted);
}

void
check_sandbox(struct examination *x)
{
	if (!x->conf->server.sandbox)
		examination_warn(x, "sandbox",
				 "workers may use every system call; set "
				 "server.sandbox = true");
	else if (access("/proc/sys/kernel/seccomp/actions_avail", F_OK) != 0 &&
		 access("/proc/sys/kernel", F_OK) == 0)
		examination_warn(x, "sandbox",
				 "this kernel has no seccomp, so workers may "
				 "use every system call; take one that has it "
				 "(CONFIG_SECCOMP_FILTER)");
}
