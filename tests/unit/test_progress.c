/* SPDX-License-Identifier: MIT */
#include "cmd/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static void
a_line_says_what_can_be_said(void **state)
{
	static const struct {
		struct progress p;
		int64_t elapsed;
		size_t width;
		const char *line;
	} cases[] = {
		{{"export", PROGRESS_USERS, 0, 0, 0, 0, 0, 0},
		 0,
		 79,
		 "export: 0 users"},
		{{"export", PROGRESS_USERS, 0, 5000, 0, 0, 0, 0},
		 2000,
		 79,
		 "export: 5000 users, 2500/s"},
		{{"export", PROGRESS_USERS, 10000, 5000, 0, 0, 0, 0},
		 2000,
		 79,
		 "export: [============>           ]  50%  "
		 "5000 of 10000 users, 2500/s, 0:03 left"},
		{{"import", PROGRESS_BYTES, 2000000, 500000, 0, 0, 0, 0},
		 499,
		 60,
		 "import: [======>                  ]  25%  500.0 kB of 2.0 MB"},
		{{"import", PROGRESS_BYTES, 7200000000000, 1000000000, 0, 0, 0,
		  0},
		 1000,
		 66,
		 "import: 1.0 GB of 7.2 TB, 1.0 GB/s, 2:00:00 left"},
		{{"0007_limits", PROGRESS_STEPS, 8, 4, 0, 0, 0, 0},
		 60000,
		 50,
		 "0007_limits: [========>       ]  50%  4 of 8 steps"},
		{{"import", PROGRESS_BYTES, 100, 100, 0, 0, 0, 0},
		 1000,
		 79,
		 "import: [=======================================] 100%  "
		 "100 B of 100 B, 100 B/s"},
		/* More than was thought. */
		{{"import", PROGRESS_BYTES, 100, 120, 0, 0, 0, 0},
		 100,
		 79,
		 "import: [========================================] 100%  "
		 "120 B of 100 B"},
		/* No room for a bar, and then for nothing. */
		{{"import", PROGRESS_BYTES, 100, 50, 0, 0, 0, 0},
		 100,
		 24,
		 "import: 50 B of 100 B"},
		{{"import", PROGRESS_BYTES, 100, 50, 0, 0, 0, 0},
		 100,
		 9,
		 "import: 5"},
		{{"import", PROGRESS_BYTES, 100, 50, 0, 0, 0, 0}, 100, 1, "i"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char line[PROGRESS_WIDTH + 1];

		progress_line(&cases[i].p, cases[i].elapsed, cases[i].width,
			      line);
		assert_string_equal(line, cases[i].line);
		assert_true(strlen(line) <= cases[i].width);
	}
}

static void
no_line_is_longer_than_its_terminal(void **state)
{
	struct progress p = {
		.what = "a name that is longer than anybody would want it to be",
		.unit = PROGRESS_BYTES,
		.total = INT64_MAX,
		.done = INT64_MAX / 3,
	};
	char line[PROGRESS_WIDTH + 1];

	(void)state;
	for (size_t width = 1; width <= 300; width++) {
		progress_line(&p, 1, width, line);
		assert_true(strlen(line) <= width);
		progress_line(&p, INT64_MAX / 2, width, line);
		assert_true(strlen(line) <= width);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_what_can_be_said),
		cmocka_unit_test(no_line_is_longer_than_its_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
