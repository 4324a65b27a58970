#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the migrations of a folder as C source to standard output:
#	sh build-aux/sql-embed.sh SQLDIR > migrations.c
# SQLDIR holds one folder a database; its name stands in the table below.
# Comment lines and empty lines are left out.
set -eu
LC_ALL=C
export LC_ALL

dir=${1:?usage: sql-embed.sh SQLDIR}

# embed DRIVER FOLDER: one row for each file, in the order of the numbers.
embed()
{
	expected=1
	for file in "$dir/$2"/[0-9][0-9][0-9][0-9]_*.sql; do
		base=${file##*/}
		base=${base%.sql}
		number=$(expr "${base%%_*}" + 0)
		if [ "$number" -ne "$expected" ]; then
			echo "sql-embed.sh: $file: expected number $expected" >&2
			exit 1
		fi
		expected=$((expected + 1))
		printf '\t{\n\t\t.driver = "%s",\n\t\t.version = %d,\n' \
			"$1" "$number"
		printf '\t\t.name = "%s",\n\t\t.sql =\n' "${base#*_}"
		sed -e '/^[[:space:]]*--/d' -e '/^[[:space:]]*$/d' \
			-e 's/\\/\\\\/g' -e 's/"/\\"/g' \
			-e 's/	/\\t/g' \
			-e 's/^/			"/' -e 's/$/\\n"/' "$file"
		printf '\t\t\t"",\n\t},\n'
	done
}

cat <<'END'
/* SPDX-License-Identifier: MIT */
/* Made from the sql folder by build-aux/sql-embed.sh: change that. */
#include "db/migrate.h"

const struct migration migrations[] = {
END
embed postgresql pg
embed sqlite sqlite
cat <<'END'
};

const size_t migrations_count = sizeof(migrations) / sizeof(migrations[0]);
END
