/* SPDX-License-Identifier: MIT */
#include "db/pg_copy.h"

#include <stdlib.h>
#include <string.h>

#include "db/pg_words.h"

const char *
pg_copy_of(struct arena *mem, const char *insert)
{
	static const char into[] = "INSERT INTO ";
	const char *end = strstr(insert, " VALUES (");

	/* Another statement is our mistake. */
	if (strncmp(insert, into, strlen(into)) != 0 || end == NULL)
		abort();
	insert += strlen(into);
	return arena_printf(mem, "COPY %.*s FROM STDIN", (int)(end - insert),
			    insert);
}

/* What ends a value or a row, and what begins an escape. */
static void
copy_text(struct buf *out, const char *text)
{
	static const char special[] = "\\\t\n\r";

	for (;;) {
		size_t plain = strcspn(text, special);

		buf_add(out, text, plain);
		text += plain;
		if (*text == '\0')
			return;
		buf_char(out, '\\');
		buf_char(out, *text == '\t'   ? 't'
			      : *text == '\n' ? 'n'
			      : *text == '\r' ? 'r'
					      : '\\');
		text++;
	}
}

void
pg_copy_rows(struct arena *mem, const struct db_value *values, size_t count,
	     size_t rows, struct buf *out)
{
	buf_init(out, mem, rows * count * 32 + 1);
	for (size_t i = 0; i < rows * count; i++) {
		const char *text = pg_value_text(mem, &values[i]);

		if (text != NULL)
			copy_text(out, text);
		else
			buf_text(out, "\\N");
		buf_char(out, (i + 1) % count == 0 ? '\n' : '\t');
	}
}
