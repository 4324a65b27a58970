#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd finds no fault in the units, and little that a worker taken over
# could do with the pool's.
set -eu

export LC_ALL=C SYSTEMD_COLORS=0
command -v systemd-analyze >/dev/null || {
	echo "skipped: systemd-analyze is missing"
	exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
for unit in "$srcdir"/etc/systemd/*.service "$srcdir"/etc/systemd/*.socket; do
	sed "s|=/usr/sbin/fastcgi-users|=$builddir/fastcgi-users|" "$unit" \
		>"$folder/${unit##*/}"
done

said=$(systemd-analyze verify --man=no "$folder"/* 2>&1 |
	grep "$folder\|fastcgi-users" || :)
if [ -n "$said" ]; then
	echo "$said"
	exit 1
fi
# Without it no worker could enter the sandbox of its own, nor serve.
grep -q '^SystemCallFilter=.*\<seccomp\>' "$folder/fastcgi-users.service" || {
	echo "fastcgi-users.service: seccomp is not allowed"
	exit 1
}
# In tenths: less than 2.0.
systemd-analyze security --no-pager --offline=true --threshold=19 \
	"$folder/fastcgi-users.service" >"$folder/report" || {
	cat "$folder/report"
	exit 1
}
grep "Overall exposure level" "$folder/report"
