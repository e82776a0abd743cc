/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses the command line and leaves the rest to the pipeline.
 */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/x509.h"
#include "config/options.h"
#include "monitor.h"

static int print_and_exit(void (*print)(FILE *out))
{
	print(stdout);
	return fflush(stdout) == 0 ? EXIT_RAN : EXIT_FAILED;
}

static void print_version(FILE *out)
{
	(void)fputs("certificate-expiry-monitor " PACKAGE_VERSION "\n", out);
}

static int run(int argc, char **argv)
{
	struct options options = { 0 };
	struct error err = { 0 };
	int status;

	if (options_parse(argc, argv, &options, &err) < 0) {
		log_error("%s", err.message);
		return EXIT_USAGE;
	}
	if (options.action == ACTION_HELP)
		status = print_and_exit(options_print_help);
	else if (options.action == ACTION_VERSION)
		status = print_and_exit(print_version);
	else
		status = (int)monitor_run(&options);
	options_free(&options);
	return status;
}

/* What is opened later must not become standard output; and what is written to
 * one that was closed must fail. */
static void open_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	int status = EXIT_FAILED;

	open_standard_descriptors();
	/* A reader that went away, or a limit on the size of files, is a failed
	 * write, not the end. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (x509_init(&err) < 0)
		log_error("%s", err.message);
	else
		status = run(argc, argv);
	x509_release();
	return status;
}
