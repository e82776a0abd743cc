/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the terminal behind a descriptor can do, if it is one.
 */
#ifndef CEM_REPORT_TERMINAL_H
#define CEM_REPORT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a line on it can be drawn anew: on every terminal but one that calls
 * itself dumb ($TERM). */
bool terminal_redraws(int fd);

/* Whether it shows colours, and the user wants them: $TERM is set, and
 * $NO_COLOR is not, or is empty (no-color.org). */
bool terminal_has_colour(int fd);

/* Its width; 0 if it is none, or does not tell. */
size_t terminal_columns(int fd);

#endif
