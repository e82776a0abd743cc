/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY header (haproxy's proxy-protocol.txt, 2.1 and 2.2), and sending and
 * receiving for probe/starttls.
 */
#include <config.h>

#include "probe/preface.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "probe/starttls.h"

struct preface {
	const uint8_t *output; /* what is left to be sent */
	size_t output_size;
	bool is_answer;	   /* it is the dialogue's, not the header */
	bool has_dialogue; /* there is one, and it has begun */
	enum starttls_protocol protocol;
	const char *detail;
	struct starttls dialogue;
};

/* The address of whoever connects is not passed on: it is our own. */
static const uint8_t header_v1[] = "PROXY UNKNOWN\r\n";
static const uint8_t header_v2[] = {
	0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
	0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, /* the signature */
	0x20,				    /* version 2, LOCAL */
	0x00, 0x00, 0x00,		    /* no address */
};

int preface_new(const struct job_config *job, struct preface **ret_preface,
		struct error *err)
{
	struct preface *p;

	*ret_preface = NULL;
	if (job->proxy_protocol == PROXY_PROTOCOL_NONE &&
	    job->starttls == STARTTLS_NONE)
		return 0;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return error_memory(err);
	p->protocol = job->starttls;
	switch (job->proxy_protocol) {
	case PROXY_PROTOCOL_NONE:
		break;
	case PROXY_PROTOCOL_V1:
		p->output = header_v1;
		p->output_size = sizeof(header_v1) - 1;
		break;
	case PROXY_PROTOCOL_V2:
		p->output = header_v2;
		p->output_size = sizeof(header_v2);
		break;
	}
	*ret_preface = p;
	return 0;
}

void preface_free(struct preface *preface)
{
	free(preface);
}

static enum preface_want fail(struct preface *p, const char *detail)
{
	p->detail = detail;
	return PREFACE_FAILED;
}

/* Sends what is to be sent: DONE if all of it is. */
static enum preface_want send_output(struct preface *p, int fd)
{
	while (p->output_size > 0) {
		ssize_t sent =
			send(fd, p->output, p->output_size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN)
			return PREFACE_WRITE;
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return fail(p, strerror(errno));
		p->output += sent;
		p->output_size -= (size_t)sent;
	}
	if (p->is_answer)
		starttls_sent(&p->dialogue);
	p->is_answer = false;
	return PREFACE_DONE;
}

/* Hands on what the server says: DONE if that was something. */
static enum preface_want receive(struct preface *p, int fd)
{
	uint8_t bytes[1024];
	ssize_t got;

	do {
		got = recv(fd, bytes, sizeof(bytes), 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return PREFACE_READ;
	if (got < 0)
		return fail(p, strerror(errno));
	if (got == 0)
		return fail(p, "the server closed the connection");
	starttls_received(&p->dialogue, bytes, (size_t)got);
	return PREFACE_DONE;
}

/* One exchange of the dialogue; DONE if there was one. */
static enum preface_want exchange(struct preface *p, int fd)
{
	switch (starttls_next(&p->dialogue)) {
	case STARTTLS_SEND:
		p->output = starttls_output(&p->dialogue, &p->output_size);
		p->is_answer = true;
		return send_output(p, fd);
	case STARTTLS_RECEIVE:
		return receive(p, fd);
	case STARTTLS_READY:
		break;
	case STARTTLS_FAILED:
		return fail(p, starttls_detail(&p->dialogue));
	}
	return PREFACE_DONE;
}

enum preface_want preface_step(struct preface *p, int fd)
{
	enum preface_want want = send_output(p, fd);

	if (want != PREFACE_DONE || p->protocol == STARTTLS_NONE)
		return want;
	if (!p->has_dialogue)
		starttls_begin(&p->dialogue, p->protocol);
	p->has_dialogue = true;
	while (want == PREFACE_DONE &&
	       starttls_next(&p->dialogue) != STARTTLS_READY)
		want = exchange(p, fd);
	return want;
}

const char *preface_detail(const struct preface *preface)
{
	return preface->detail == NULL ? "no answer" : preface->detail;
}
