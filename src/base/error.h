/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, in words for the user and as a code for the program.
 *
 * A function that can fail takes `struct error *err` last (never NULL, on the
 * caller's stack, zeroed) and returns 0 or the negative code that it set. A
 * caller may put context in front of the message, never replace it. Nobody
 * but the pipeline logs it, once. Never put a secret into a message.
 */
#ifndef CEM_BASE_ERROR_H
#define CEM_BASE_ERROR_H

enum error_code {
	ERROR_NONE,
	ERROR_MEMORY,	    /* an allocation failed */
	ERROR_SYSTEM,	    /* a system call failed for another reason */
	ERROR_USAGE,	    /* command line or configuration: exit status 2 */
	ERROR_INVALID,	    /* an input is malformed */
	ERROR_TOO_LARGE,    /* an input is past its limit */
	ERROR_BUSY,	    /* another run holds the lock */
	ERROR_UNREACHABLE,  /* the API cannot be reached */
	ERROR_TIMEOUT,	    /* the API did not answer in time */
	ERROR_TLS,	    /* the API server's identity, or TLS with it */
	ERROR_UNAUTHORIZED, /* the API does not know this credential */
	ERROR_FORBIDDEN,    /* the API knows it and says no */
	ERROR_NOT_FOUND,    /* the API does not have it */
	ERROR_SERVER,	    /* the API failed */
	ERROR_INTERRUPTED,  /* a termination signal */
};

#define ERROR_MESSAGE_MAX 1024 /* bytes, with the NUL; longer ones are cut */

struct error {
	enum error_code code;
	char message[ERROR_MESSAGE_MAX]; /* one line, valid UTF-8, no period */
};

/* Sets code and message; control characters (a message may quote what a
 * server said) become spaces. Returns -code. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts context in front of the message ("context: message"). Returns -code. */
int error_prefix(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The error of a failed allocation. Returns -ERROR_MEMORY. */
int error_memory(struct error *err);

#endif
