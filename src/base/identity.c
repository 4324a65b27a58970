/* SPDX-License-Identifier: MIT */
#include "base/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_given(const char *name)
{
	return name != NULL && *name != '\0';
}

bool
identity_find(const char *user, const char *group, struct identity *out)
{
	const struct passwd *pw = NULL;
	const struct group *gr = NULL;

	*out = (struct identity){NULL, IDENTITY_SAME, IDENTITY_SAME};
	if (geteuid() != 0)
		user = NULL;
	if (is_given(user))
		pw = getpwnam(user);
	if (is_given(group))
		gr = getgrnam(group);
	if ((is_given(user) && pw == NULL) || (is_given(group) && gr == NULL)) {
		errno = EINVAL;
		return false;
	}
	if (pw != NULL)
		*out = (struct identity){user, pw->pw_uid, pw->pw_gid};
	if (gr != NULL)
		out->group = gr->gr_gid;
	return true;
}

bool
identity_seal(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 &&
	       prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static bool
become(const struct identity *id)
{
	if (geteuid() != 0)
		return true;
	if (id->group != IDENTITY_SAME && setgid(id->group) < 0)
		return false;
	if (id->user == IDENTITY_SAME || id->user == 0)
		return true;
	if (initgroups(id->name, id->group) < 0 ||
	    setresgid(id->group, id->group, id->group) < 0 ||
	    setresuid(id->user, id->user, id->user) < 0)
		return false;
	errno = EPERM;
	return getuid() == id->user && geteuid() == id->user &&
	       getgid() == id->group && setuid(0) < 0;
}

bool
identity_take(const struct identity *id)
{
	return become(id) && identity_seal();
}

bool
identity_make_folder(const struct identity *id, const char *path)
{
	if (mkdir(path, 0755) < 0)
		return errno == EEXIST;
	/* Whatever the umask: others must reach what is theirs in there. */
	if (id->user != IDENTITY_SAME)
		return chmod(path, 0755) == 0;
	return chown(path, id->user, id->group) == 0;
}
