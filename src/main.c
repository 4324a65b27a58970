/* SPDX-License-Identifier: MIT */
/*
 * Which command runs. Started by a web server the program finds out by
 * itself what it is: CGI when GATEWAY_INTERFACE is set, FastCGI when
 * descriptor 0 is a listening socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef STATIC_PROGRAM
#include <nss.h>
#endif

#include "base/attr.h"
#include "base/identity.h"
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/home_place.h"
#include "cmd/usage.h"
#include "gate/gate.h"

/* A program that is one file has no other place than its own. */
#ifdef STATIC_PROGRAM
#define HAS_PLACE false
#else
#define HAS_PLACE true
#endif

static bool
is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && *value != '\0';
}

static void
configuration_choose(struct invocation *in)
{
	if (is_set("FASTCGI_USERS_CONFIG"))
		in->config_path = getenv("FASTCGI_USERS_CONFIG");
	else
		in->config_path = HAS_PLACE && !is_set(HOME_VARIABLE)
					  ? CONFIG_FILE
					  : NULL;
}

/*
 * A silent name server holds a request up for two seconds, not ten. By the
 * environment, since glibc reads that again whenever resolv.conf changes, and
 * reads neither again once a program has changed its settings itself.
 */
static void
limit_name_servers(void)
{
	(void)setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
}

#ifdef STATIC_PROGRAM

/* What a system trusts, where the systems keep it. */
static const char *const authorities[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Gentoo */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora and its relatives */
	"/etc/ssl/ca-bundle.pem",             /* openSUSE */
	"/etc/ssl/cert.pem",                  /* Alpine */
};

/*
 * On any machine, without a library of it: glibc is to load no modules that
 * look names up, nor OpenSSL those of the system's configuration, since they
 * would be made for another glibc.
 */
static void
stand_alone(void)
{
	static const char *const kinds[] = {"passwd", "group", "services"};

	(void)__nss_configure_lookup("hosts", "files dns");
	for (size_t i = 0; i < countof(kinds); i++)
		(void)__nss_configure_lookup(kinds[i], "files");
	(void)setenv("OPENSSL_CONF", "/dev/null", 0);
	for (size_t i = 0; i < countof(authorities); i++)
		if (access(authorities[i], R_OK) == 0) {
			(void)setenv("SSL_CERT_FILE", authorities[i], 0);
			return;
		}
}

#else

static void
stand_alone(void)
{
}

#endif

/*
 * A descriptor below 3 that nobody gave us, as FastCGI's are, would be that of
 * the next file or socket, and what is meant for people would go there. Input
 * and output that are not there fail; a log that is not there is nobody's.
 */
static bool
complete_descriptors(void)
{
	static const int how[] = {O_WRONLY, O_RDONLY, O_RDWR};

	for (int fd = 0; fd < (int)countof(how); fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", how[fd]) != fd)
			return false;
	return true;
}

static int
overview(FILE *to, int status)
{
	usage_overview(to);
	return fflush(to) != 0 ? EX_IOERR : status;
}

static int
run_command(struct invocation *in)
{
	const struct usage_command *c = usage_command_named(in->argv[0]);

	if (c == NULL)
		return command_fail(EX_USAGE,
				    "there is no command \"%s\"; try --help",
				    in->argv[0]);
	if (usage_helps(in))
		return fflush(stdout) != 0 ? EX_IOERR : EX_OK;
	return usage_judge(in) == OK ? c->run(in) : EX_USAGE;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct invocation in = {.config_path = NULL};
	int option;

	configuration_choose(&in);
	if (!complete_descriptors())
		return EX_OSERR;
	limit_name_servers();
	stand_alone();
	/* Before any secret is read. */
	if (!identity_seal())
		return command_fail(EX_OSERR, "cannot seal the process: %s",
				    strerror(errno));
	/* What a query string puts among the arguments is not for us. */
	if (getenv("GATEWAY_INTERFACE") != NULL)
		return command_cgi(&in);
	while ((option = getopt_long(argc, argv, "+c:h", options, NULL)) !=
	       -1) {
		if (option == 'h')
			return overview(stdout, EX_OK);
		if (option == 'V')
			return command_version(&in);
		if (option != 'c')
			return overview(stderr, EX_USAGE);
		in.config_path = optarg;
	}
	in.program = argv[0];
	in.argc = argc - optind;
	in.argv = argv + optind;
	if (in.argc == 0 && gate_is_fastcgi())
		return command_fastcgi(&in);
	if (in.argc == 0)
		return overview(stderr, EX_USAGE);
	optind = 0;
	return run_command(&in);
}
