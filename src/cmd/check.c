/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/slots.h"
#include "cmd/command.h"
#include "cmd/database.h"
#include "core/event.h"
#include "core/reset.h"
#include "core/strategy.h"
#include "core/verify.h"
#include "db/migrate.h"
#include "remote/redis.h"
#include "store/outbox.h"
#include "store/user.h"
#include "store/user_columns.h"
#include "store/user_table.h"

/* A clock that is behind a file of ours by more is wrong. */
#define CLOCK_SLACK 86400

/* What one check says: good news on standard output, a fault, which the
 * check has told already, by its outcome. */
struct examination {
	const struct config *conf;
	struct database database;
	bool was_root; /* until now: the folder run_dir is root's, then */
};

static enum err
check_database(struct examination *x)
{
	enum err e = db_ping(x->database.db);

	if (e != OK) {
		(void)command_fail(0, "database: %s",
				   db_complaint(x->database.db));
		return e;
	}
	(void)printf("ok: the database answers (%s)\n",
		     db_driver(x->database.db));
	return OK;
}

static enum err
check_schema(struct examination *x)
{
	struct migrate_state state = {0};
	struct user_columns columns = {0};
	const char *why = NULL;
	enum err e =
		migrate_state(x->database.db, x->database.mem, &state, &why);

	if (e == OK)
		e = user_table_check(x->database.db, x->database.mem, &why);
	if (e == OK)
		e = user_columns_find(x->database.db, x->database.mem, &columns,
				      &why);
	if (e != OK) {
		(void)command_fail(0, "schema: %s", why);
		return e;
	}
	if (state.pending_count > 0) {
		(void)command_fail(0,
				   "schema: %zu migration%s pending; run "
				   "fastcgi-users migrate",
				   state.pending_count,
				   state.pending_count == 1 ? " is" : "s are");
		return ERR_CONFIGURATION;
	}
	if (columns.count > 0) {
		(void)command_fail(0,
				   "schema: the table of users lacks the "
				   "column \"%s\"%s of the configured fields; "
				   "run fastcgi-users migrate",
				   columns.missing[0].name,
				   columns.count > 1 ? " and others" : "");
		return ERR_CONFIGURATION;
	}
	(void)printf("ok: the schema is up to date (version %lld)\n",
		     (long long)state.version);
	return OK;
}

static enum err
check_clock(struct examination *x)
{
	struct stat st;

	if (x->conf->path == NULL || stat(x->conf->path, &st) != 0)
		return OK;
	if ((int64_t)st.st_mtime > clock_now() + CLOCK_SLACK) {
		(void)command_fail(0,
				   "clock: %s is from the future, or the clock "
				   "is behind; tokens would expire wrongly",
				   x->conf->path);
		return ERR_CONFIGURATION;
	}
	(void)printf("ok: the clock says %s\n",
		     clock_text(x->database.mem, clock_now()));
	return OK;
}

/* Others who may do what `bits` (of S_IRWXO) say to the file. */
static bool
others_may(const char *path, unsigned bits)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & bits) != 0;
}

static enum err
check_permissions(struct examination *x)
{
	const struct config *conf = x->conf;
	const char *writable =
		x->was_root ? arena_printf(x->database.mem, "%s/" SLOTS_FILE,
					   conf->server.run_dir)
			    : conf->server.run_dir;

	if (conf->holds_secrets && others_may(conf->path, S_IROTH)) {
		(void)command_fail(0,
				   "permissions: %s gives database.url or "
				   "secrets, and everybody may read it; chmod "
				   "640 it",
				   conf->path);
		return ERR_CONFIGURATION;
	}
	if (access(writable, W_OK) != 0) {
		(void)command_fail(0,
				   "permissions: %s is not there or may not be "
				   "written",
				   writable);
		return ERR_CONFIGURATION;
	}
	(void)puts("ok: permissions");
	return OK;
}

static enum err
check_file(struct examination *x)
{
	const char *path = db_file(x->database.db);

	if (path == NULL || !others_may(path, S_IROTH | S_IWOTH))
		return OK;
	(void)command_fail(0,
			   "permissions: %s holds the users, and everybody "
			   "may read or write it; chmod 600 it",
			   path);
	return ERR_CONFIGURATION;
}

static enum err
check_redis(struct examination *x)
{
	static const struct redis_command ping = {{"PING"}};
	struct redis_reply reply;
	struct redis *redis;
	enum err e;

	if (!strategy_is_used(x->conf, &strategy_redis))
		return OK;
	e = redis_open(x->conf, &redis);
	if (e == OK)
		e = redis_run(redis, x->database.mem, &ping, 1, &reply);
	redis_close(redis);
	if (e != OK) {
		(void)command_fail(0,
				   "redis: %s; is it running, and are address "
				   "and password in redis.url right?",
				   err_sentence(e));
		return e;
	}
	(void)puts("ok: the Redis server answers");
	return OK;
}

/* None of this is a fault, but somebody should know. */
static enum err
check_outbox(struct examination *x)
{
	int64_t dead = 0;
	int64_t waiting = 0;
	bool is_there = false;

	/* Without its tables the schema has said so. */
	if (db_has_table(x->database.db, x->database.mem, "fcu_outbox",
			 &is_there) != OK ||
	    !is_there ||
	    outbox_count(x->database.db, x->database.mem, OUTBOX_DEAD, &dead) !=
		    OK ||
	    outbox_count(x->database.db, x->database.mem, OUTBOX_WAITING,
			 &waiting) != OK)
		return OK;
	if (dead > 0)
		(void)command_fail(0,
				   "warning: %lld events could not be "
				   "delivered; see fastcgi-users outbox list "
				   "--state dead",
				   (long long)dead);
	(void)printf("ok: the outbox (%lld waiting, %lld dead)\n",
		     (long long)waiting, (long long)dead);
	return OK;
}

struct router {
	const char *name;
	const char *paths;
	enum event event;
	bool (*is_on)(const struct config *conf);
};

static const struct router routers[] = {
	{"reset", "forgot-password and reset-password",
	 EVENT_AFTER_FORGOT_PASSWORD, reset_is_on},
	{"verify", "request-verify-token and verify",
	 EVENT_AFTER_REQUEST_VERIFY, verify_is_on},
};

/* A router without a secret is not there; one whose tokens nobody gets is of
 * no use. */
static enum err
check_routers(struct examination *x)
{
	struct event_plan *plan = NULL;
	const char *why;

	if (event_plan_open(x->conf, &plan, &why) != OK)
		return OK;
	for (size_t i = 0; i < countof(routers); i++) {
		const struct router *r = &routers[i];

		if (!r->is_on(x->conf) && *x->conf->mail.url != '\0')
			(void)command_fail(0,
					   "warning: there is mail, but %s are "
					   "off: put a secret into "
					   "secrets.%s_file, and have "
					   "routes.%s be true",
					   r->paths, r->name, r->name);
		else if (!r->is_on(x->conf))
			(void)printf("ok: %s are off: there is no "
				     "secrets.%s, or routes.%s is false\n",
				     r->paths, r->name, r->name);
		else if ((plan->wanted & EVENT_BIT(r->event)) == 0)
			(void)command_fail(0,
					   "warning: nobody is told of %s, so "
					   "no token for %s is ever sent: set "
					   "mail.url, or name that event in a "
					   "hook or a webhook",
					   event_name(r->event), r->paths);
		else
			(void)printf("ok: %s\n", r->paths);
	}
	event_plan_close(plan);
	return OK;
}

/* One that is more than the id, which is told. */
static bool
trust_is_vain(const struct text_list *told, const char *kind, const char *where)
{
	for (size_t i = 0; i < told->count; i++) {
		if (strcmp(strchr(told->items[i], '='), "=id") == 0)
			continue;
		(void)command_fail(0,
				   "warning: guard.trust_signature is of no "
				   "use%s, since the %s %s makes every "
				   "request read the user",
				   where, kind, told->items[i]);
		return true;
	}
	return false;
}

/* Believing signatures has a price, which is paid only where it helps. */
static enum err
check_guard(struct examination *x)
{
	const struct config *conf = x->conf;

	if (!conf->guard.enabled || !conf->guard.trust_signature)
		return OK;
	if (trust_is_vain(&conf->guard.headers, "header", "") ||
	    trust_is_vain(&conf->guard.variables, "variable",
			  " to an Authorizer"))
		return OK;
	(void)printf("ok: %s/check believes signed tokens until they expire, "
		     "even those that were ended\n",
		     conf->routes.auth);
	return OK;
}

static enum err
check_keys(struct examination *x)
{
	TRY(command_check_keys(x->conf));
	if (*x->conf->keys.file != '\0')
		(void)puts("ok: the signing keys");
	return OK;
}

static enum err (*const checks[])(struct examination *x) = {
	check_permissions, check_file,  check_clock,  check_database,
	check_schema,      check_redis, check_outbox, check_routers,
	check_guard,       check_keys,
};

/* Every check has its say; the first failure decides the exit status. */
static enum err
examine(const struct config *conf, bool was_root)
{
	struct examination x = {.conf = conf, .was_root = was_root};
	enum err first = database_open(conf, false, &x.database);

	/* What goes wrong is told here, in sentences. */
	log_set_level(LEVEL_ERROR);
	(void)puts("ok: the configuration");
	for (size_t i = 0; x.database.db != NULL && i < countof(checks); i++) {
		enum err e = checks[i](&x);

		if (first == OK)
			first = e;
	}
	database_close(&x.database);
	return first;
}

static void
show_setting(void *to, const char *section, const char *name, const char *value)
{
	(void)to;
	(void)printf("%s.%s = %s\n", section, name, value);
}

static int
print_defaults(void)
{
	struct arena *mem = arena_open(0, (size_t)1 << 24);
	struct buf out;
	int status;

	buf_init(&out, mem, 4096);
	config_print_defaults(&out);
	status = fputs(out.data, stdout) < 0 ? EX_IOERR : EX_OK;
	arena_close(mem);
	return status;
}

int
command_check(const struct invocation *in)
{
	const char *option = in->argc == 2 ? in->argv[1] : "";
	struct config *conf = NULL;
	enum err e;

	if (strcmp(option, "--defaults") == 0)
		return print_defaults();
	if (in->argc > 1 && strcmp(option, "--dump") != 0)
		return command_fail(EX_USAGE,
				    "check takes --dump or --defaults");
	e = command_configure(in->config_path, &conf);
	if (e == OK && *option != '\0') {
		config_dump(conf, show_setting, NULL);
	} else if (e == OK) {
		bool was_root = geteuid() == 0 && *conf->server.user != '\0';

		e = command_become(conf);
		if (e == OK)
			e = examine(conf, was_root);
	}
	config_free(conf);
	return command_status(e);
}
