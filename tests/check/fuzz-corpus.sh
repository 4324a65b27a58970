#!/bin/sh
# SPDX-License-Identifier: MIT
# Every fuzz target still survives every input that was ever kept.
set -eu

srcdir=${srcdir:-.}
bad=0
for program in ${fuzz_programs-}; do
	name=${program##*/fuzz_}
	corpus=$srcdir/tests/fuzz/corpus/$name
	if [ ! -d "$corpus" ]; then
		echo "tests/fuzz/corpus/$name is missing"
		bad=1
		continue
	fi
	printf '%s: ' "$name"
	"${builddir:-.}/$program" "$corpus" || bad=1
done
exit $bad
