/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the kernel and the environment. What escape sequences a terminal has is
 * not looked up: those in use here are understood by all that are not dumb.
 */
#include <config.h>

#include "report/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_redraws(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) == 1 && (term == NULL || strcmp(term, "dumb") != 0);
}

bool terminal_has_colour(int fd)
{
	const char *no_color = getenv("NO_COLOR");

	return (no_color == NULL || no_color[0] == '\0') &&
	       getenv("TERM") != NULL && terminal_redraws(fd);
}

size_t terminal_columns(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
