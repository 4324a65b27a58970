#!/bin/sh
# SPDX-License-Identifier: MIT
# The layout of the C sources is what clang-format makes of them.
set -eu

cd "${srcdir:-.}"
if [ "${CLANG_FORMAT:=clang-format-14}" = none ] ||
	! "$CLANG_FORMAT" --version | grep -q 'version 14\.'; then
	echo "clang-format 14 is missing: the layout was not checked"
	exit 77
fi
find src tests -name '*.[ch]' ! -path src/db/migrations.c |
	sort | xargs "$CLANG_FORMAT" --dry-run -Werror
