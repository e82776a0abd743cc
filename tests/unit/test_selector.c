/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config/selector: what is a label selector and what is not.
 */
#include <config.h>

#include "config/selector.h"

#include "support.h"

static void test_good(void **state)
{
	static const char *const texts[] = {
		"",
		"  ",
		"app",
		"!app",
		"! app",
		"app=nginx",
		"app==nginx",
		"app!=nginx",
		"app = nginx , tier = front",
		"app.kubernetes.io/name=traefik",
		"app=",
		"env in (prod,test)",
		"env in(prod)",
		"env notin (prod, test),app",
		"env in (,prod)",
		"size>3",
		"size < 3",
		"in in (in)",
		"notin notin (notin)",
		"a=b,!c,d!=e,f in (g),h>1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct error err = { 0 };

		assert_ok(selector_check(texts[i], &err), &err);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "=nginx", "expected a label key at '=nginx'" },
		{ "app=nginx,", "expected a label key at the end" },
		{ ",app", "expected a label key at ',app'" },
		{ "a,,b", "expected a label key" },
		{ "app nginx", "expected ',' or the end at 'nginx'" },
		{ "app=nginx tier=x", "at 'tier=x'" },
		{ "app=a=b", "at '=b'" },
		{ "env in prod", "expected '('" },
		{ "env in (prod", "expected ',' or ')' at the end" },
		{ "env in (a b)", "expected ',' or ')' at 'b)'" },
		{ "env in (a))", "at ')'" },
		{ "!", "expected a label key at the end" },
		{ "!=x", "expected a label key" },
		{ "size>", "expected a number at the end" },
		{ "app=\"x\"", "at '\"x\"'" },
		{ "app=b\xc3\xbc", "at '\xc3\xbc'" },
		{ "a;b", "at ';b'" },
		{ "a\nb", "expected ',' or the end" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };
		int r = selector_check(rows[i].text, &err);

		assert_row(r < 0, rows[i].text);
		assert_error(r, &err, ERROR_INVALID, rows[i].part);
		assert_error(r, &err, ERROR_INVALID, "label selector '");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
