/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/pem: good, broken and mistaken files.
 */
#include <config.h>

#include "probe/pem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs.h"
#include "support.h"

/* What a file is made of. */
enum part {
	END,
	CERTIFICATE,
	KEY,
	ENCRYPTED_KEY,
	TRADITIONAL, /* a key of OpenSSL's, encrypted as it used to be */
	PARAMETERS,  /* that OpenSSL writes in front of an EC key */
	TEXT,
	HALF_CERTIFICATE,
	HALF_KEY,
	BROKEN_CERTIFICATE, /* PEM, but no DER */
	DER_CERTIFICATE,
};

#define BEGIN(label) "-----BEGIN " label "-----\n"
#define FINISH(label) "-----END " label "-----\n"

static const char *const texts[] = {
	[TRADITIONAL] = BEGIN(
		"RSA PRIVATE KEY") "Proc-Type: 4,ENCRYPTED\n"
				   "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
				   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" FINISH(
					   "RSA PRIVATE KEY"),
	[PARAMETERS] = BEGIN("EC PARAMETERS") "BggqhkjOPQMBBw==\n" FINISH(
		"EC PARAMETERS"),
	[TEXT] = "# what follows is ours\n",
	[HALF_CERTIFICATE] = BEGIN("CERTIFICATE") "MIIBdzCCAR2gAwIBAgIB\n",
	[HALF_KEY] = BEGIN("PRIVATE KEY") "MIGHAgEAMBMGByqGSM49\n",
	[BROKEN_CERTIFICATE] =
		BEGIN("CERTIFICATE") "AAAA\n" FINISH("CERTIFICATE"),
};

struct files {
	char *directory;
	struct test_cert cert;
};

static int files_setup(void **state)
{
	struct files *f = test_calloc(1, sizeof(*f));

	f->directory = temp_dir_make();
	f->cert = test_cert_make(&(struct test_cert_spec){ .cn = "a" });
	*state = f;
	return 0;
}

static int files_teardown(void **state)
{
	struct files *f = *state;

	test_cert_free(&f->cert);
	temp_dir_remove(f->directory);
	test_free(f);
	return 0;
}

static void append(const char *path, const void *bytes, size_t size)
{
	FILE *out = fopen(path, "ae");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

/* Its path, to be freed. */
static char *make_file(const struct files *f, const enum part *parts)
{
	char *path = path_join(f->directory, "a.pem");

	write_file(path, "");
	for (; *parts != END; parts++) {
		if (*parts == CERTIFICATE)
			test_cert_write(path, &f->cert, 1);
		else if (*parts == KEY || *parts == ENCRYPTED_KEY)
			test_cert_write_key(path, &f->cert,
					    *parts == KEY ? NULL : "secret");
		else if (*parts == DER_CERTIFICATE)
			append(path, f->cert.der.data, f->cert.der.size);
		else
			append(path, texts[*parts], strlen(texts[*parts]));
	}
	return path;
}

/* The message begins with the path, and is one line. */
static void assert_message(const struct error *err, const char *path,
			   const char *part)
{
	assert_memory_equal(err->message, path, strlen(path));
	assert_memory_equal(err->message + strlen(path), ": ", 2);
	if (strstr(err->message, part) == NULL)
		print_error("%s: no '%s'\n", err->message, part);
	assert_non_null(strstr(err->message, part));
	assert_null(strchr(err->message, '\n'));
	assert_null(strstr(err->message, "secret"));
}

static void test_certificates(void **state)
{
	static const struct {
		enum part parts[4];
		unsigned int count;
		const char *message;
	} rows[] = {
		{ { CERTIFICATE }, 1, NULL },
		{ { CERTIFICATE, TEXT, CERTIFICATE }, 2, NULL },
		{ { KEY, CERTIFICATE }, 1, NULL },
		{ { CERTIFICATE, KEY }, 1, NULL },
		{ { END }, 0, "holds no certificate in PEM form" },
		{ { TEXT }, 0, "holds no certificate in PEM form" },
		{ { KEY }, 0, "holds no certificate in PEM form" },
		{ { DER_CERTIFICATE }, 0, "holds no certificate in PEM form" },
		{ { HALF_CERTIFICATE }, 0, "holds a certificate that cannot" },
		{ { BROKEN_CERTIFICATE },
		  0,
		  "holds a certificate that cannot" },
		/* One that is not used might have been the one. */
		{ { CERTIFICATE, BROKEN_CERTIFICATE },
		  0,
		  "holds a certificate that cannot be read (" },
		{ { CERTIFICATE, HALF_CERTIFICATE },
		  0,
		  "holds a certificate that cannot be read (" },
		{ { BROKEN_CERTIFICATE, CERTIFICATE },
		  0,
		  "holds a certificate that cannot be read (" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *path = make_file(*state, rows[i].parts);
		gnutls_x509_crt_t *crts = NULL;
		unsigned int count = 0;
		struct error err = { 0 };
		int r = pem_read_certificates(path, &crts, &count, &err);

		if (rows[i].message == NULL) {
			assert_ok(r, &err);
		} else {
			assert_error(r, &err, ERROR_USAGE, rows[i].message);
			assert_message(&err, path, rows[i].message);
			assert_null(crts);
		}
		assert_int_equal(count, rows[i].count);
		pem_free_certificates(crts, count);
		free(path);
	}
}

static void test_key(void **state)
{
	static const struct {
		enum part parts[4];
		const char *message;
	} rows[] = {
		{ { KEY }, NULL },
		{ { TEXT, KEY, KEY }, NULL },
		{ { CERTIFICATE, KEY }, NULL },
		{ { KEY, CERTIFICATE }, NULL },
		{ { PARAMETERS, KEY }, NULL },
		{ { END }, "holds no private key in PEM form" },
		{ { TEXT }, "holds no private key in PEM form" },
		{ { CERTIFICATE }, "holds no private key in PEM form" },
		{ { DER_CERTIFICATE }, "holds no private key in PEM form" },
		{ { HALF_KEY }, "holds a private key that cannot be read (" },
		{ { ENCRYPTED_KEY }, "the key is encrypted" },
		{ { CERTIFICATE, ENCRYPTED_KEY }, "the key is encrypted" },
		{ { TRADITIONAL }, "the key is encrypted" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *path = make_file(*state, rows[i].parts);
		gnutls_x509_privkey_t key = NULL;
		struct error err = { 0 };
		int r = pem_read_key(path, &key, &err);

		if (rows[i].message == NULL) {
			assert_ok(r, &err);
			assert_non_null(key);
			gnutls_x509_privkey_deinit(key);
		} else {
			assert_error(r, &err, ERROR_USAGE, rows[i].message);
			assert_message(&err, path, rows[i].message);
			assert_null(key);
		}
		free(path);
	}
}

static void test_algorithms(void **state)
{
	static const struct test_cert_spec specs[] = {
		{ .key = GNUTLS_PK_RSA, .bits = 2048 },
		{ .key = GNUTLS_PK_ECDSA },
		{ .key = GNUTLS_PK_EDDSA_ED25519,
		  .bits = 256,
		  .digest = GNUTLS_DIG_SHA512 },
	};
	const struct files *f = *state;

	for (size_t i = 0; i < COUNT_OF(specs); i++) {
		struct test_cert cert = test_cert_make(&specs[i]);
		char *path = path_join(f->directory, "a.key");
		gnutls_x509_privkey_t key = NULL;
		struct error err = { 0 };

		(void)unlink(path);
		test_cert_write_key(path, &cert, NULL);
		assert_ok(pem_read_key(path, &key, &err), &err);
		assert_int_equal(gnutls_x509_privkey_get_pk_algorithm(key),
				 specs[i].key);
		gnutls_x509_privkey_deinit(key);
		test_cert_free(&cert);
		free(path);
	}
}

static void test_no_file(void **state)
{
	const struct files *f = *state;
	char *missing = path_join(f->directory, "missing");
	const struct {
		const char *path, *message;
	} rows[] = {
		{ missing, "No such file" },
		{ f->directory, "not a file" },
		{ "/dev/zero", "not a file" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		gnutls_x509_crt_t *crts = NULL;
		gnutls_x509_privkey_t key = NULL;
		unsigned int count = 0;
		struct error err = { 0 };

		assert_error(pem_read_certificates(rows[i].path, &crts, &count,
						   &err),
			     &err, ERROR_USAGE, rows[i].message);
		assert_message(&err, rows[i].path, rows[i].message);
		err = (struct error){ 0 };
		assert_error(pem_read_key(rows[i].path, &key, &err), &err,
			     ERROR_USAGE, rows[i].message);
		assert_message(&err, rows[i].path, rows[i].message);
	}
	free(missing);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_certificates),
		TEST(test_key),
		TEST(test_algorithms),
		TEST(test_no_file),
	};

	return cmocka_run_group_tests_name("pem", tests, NULL, NULL);
}
