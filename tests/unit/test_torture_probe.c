/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failing allocations (torture.h): what probes need, and a whole probe.
 */
#include <config.h>

#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "certs.h"
#include "one_pair.h"
#include "probe/certificate_cache.h"
#include "probe/preface.h"
#include "support.h"
#include "torture.h"

/* A leaf and its issuer, looked up for a domain. */
struct look_up {
	struct test_cert leaf, issuer;
	struct trust_store store;
	gnutls_datum_t staple;
};

static int look_up(void *data, struct error *err)
{
	const struct look_up *l = data;
	static char name[] = "a.example";
	static const struct domain domain = { name, name, false };
	const gnutls_datum_t presented[] = { l->leaf.der, l->issuer.der };
	struct chain chain = {
		.certificates = { { l->leaf.der.data, l->leaf.der.size },
				  { l->issuer.der.data, l->issuer.der.size } },
		.count = 2,
	};
	struct certificate_cache cache = { 0 };
	struct certificate_verdict verdict;
	const struct ocsp_facts *staple;
	int r = certificate_cache_look_up(&cache, &chain, &l->store, &domain,
					  &verdict, err);

	if (r == 0)
		r = certificate_cache_look_up_staple(&cache, verdict.chain,
						     presented, 2, &l->staple,
						     &staple, err);
	/* The names of issuers may be missing without an error. */
	if (r == 0 && cache.subjects == NULL)
		r = error_memory(err);
	certificate_cache_release(&cache);
	return r;
}

static void test_certificate_cache(void **state)
{
	static unsigned char no_response[] = "x";
	struct look_up l = {
		.leaf = test_cert_make(&(struct test_cert_spec){
			.cn = "a", .dns = { "a.example" } }),
		.issuer = test_cert_make(&(struct test_cert_spec){ .cn = "b" }),
		.staple = { no_response, 1 },
	};

	struct test_cert root =
		test_cert_make(&(struct test_cert_spec){ .cn = "c" });

	(void)state;
	test_cert_sign(&l.issuer, &root);
	test_cert_sign(&l.leaf, &l.issuer);
	torture(look_up, &l);
	test_cert_free(&root);
	test_cert_free(&l.leaf);
	test_cert_free(&l.issuer);
}

/* --- What a probe needs --------------------------------------------------- */

static int set_up(void *data, struct error *err)
{
	struct probe_setup setup;
	int r = probe_setup_init(&setup, data, err);

	if (r == 0)
		probe_setup_release(&setup);
	return r;
}

/* CA file and client certificate are read into buffers of ours. */
static void test_setup(void **state)
{
	struct test_cert cert =
		test_cert_make(&(struct test_cert_spec){ .cn = "a" });
	char *certificate = path_join(*state, "cert.pem");
	char *key = path_join(*state, "key.pem");
	struct job_config jobs[] = {
		{ .verify = true,
		  .ca_file = certificate,
		  .client_certificate = certificate,
		  .client_key = key },
		{ .verify = false },
	};
	struct config config = { .jobs = { .items = jobs, .count = 2 } };
	gnutls_datum_t pem;

	assert_int_equal(
		gnutls_x509_crt_export2(cert.crt, GNUTLS_X509_FMT_PEM, &pem),
		0);
	write_file(certificate, (const char *)pem.data);
	gnutls_free(pem.data);
	assert_int_equal(gnutls_x509_privkey_export2(cert.key,
						     GNUTLS_X509_FMT_PEM, &pem),
			 0);
	write_file(key, (const char *)pem.data);
	gnutls_free(pem.data);
	torture(set_up, &config);
	test_cert_free(&cert);
	free(certificate);
	free(key);
}

static int begin_preface(void *data, struct error *err)
{
	struct preface *preface = data;
	const struct job_config job = { .starttls = STARTTLS_SMTP };
	int r = preface_new(&job, &preface, err);

	if (r < 0)
		assert_null(preface);
	else
		preface_free(preface);
	return r;
}

static void test_preface(void **state)
{
	(void)state;
	torture(begin_preface, NULL);
}

static const char proxy_v1[] = "PROXY UNKNOWN\r\n";
static const struct server_line proxy_header[] = {
	{ proxy_v1, sizeof(proxy_v1) - 1, NULL, 0 },
	{ NULL, 0, NULL, 0 },
};

/* Without memory a probe has a result as well. */
static int probe(void *data, struct error *err)
{
	struct one_pair *p = data;

	one_pair_open(p, p->server.port);
	one_pair_go_on(p, CONNECTION_CLOSED, 0);
	connection_close(&p->c);
	session_facts_set_release(&p->sessions);
	certificate_cache_release(&p->cache);
	if (!p->c.result.success) {
		assert_int_equal(p->c.result.reason, REASON_HANDSHAKE_ERROR);
		assert_null(p->c.result.certificate);
	} else if (p->c.result.session != NULL ||
		   p->job.handshake == HANDSHAKE_CERTIFICATE) {
		return 0;
	}
	return error_memory(err);
}

static void test_connection(void **state)
{
	void *fixture;
	struct one_pair *p;

	(void)state;
	assert_int_equal(one_pair_setup(&fixture), 0);
	p = fixture;
	p->job.proxy_protocol = PROXY_PROTOCOL_V1;
	assert_true(server_start_as(
		&p->server, &(struct server_spec){ .cert = &p->cert,
						   .preface = proxy_header }));
	torture(probe, p);
	p->job.handshake = HANDSHAKE_CERTIFICATE;
	torture(probe, p);
	server_stop(&p->server);
	(void)one_pair_teardown(&fixture);
}

/* The same, of one that ends while the server is silent. */
static int give_up(void *data, struct error *err)
{
	struct one_pair *p = data;

	one_pair_open(p, p->server.port);
	while (p->c.state == CONNECTION_CONNECTING)
		(void)connection_step(&p->c);
	connection_time_out(&p->c);
	connection_close(&p->c);
	return p->c.result.reason == REASON_STARTTLS_FAILED ? 0 :
							      error_memory(err);
}

static void test_dialogue_that_is_given_up(void **state)
{
	void *fixture;
	struct one_pair *p;

	(void)state;
	assert_int_equal(one_pair_setup(&fixture), 0);
	p = fixture;
	p->job.starttls = STARTTLS_SMTP;
	assert_true(server_start(&p->server, SERVER_SILENT, false, NULL, NULL));
	torture(give_up, p);
	server_stop(&p->server);
	(void)one_pair_teardown(&fixture);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_certificate_cache),
		TEST(test_setup),
		TEST(test_preface),
		TEST(test_connection),
		TEST(test_dialogue_that_is_given_up),
	};

	return cmocka_run_group_tests_name("torture_probe", tests, NULL, NULL);
}
