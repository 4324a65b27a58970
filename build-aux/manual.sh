#!/bin/sh
# Makes a manual page from its template: a line "@settings@", "@routes@" or
# "@problems@" is replaced by the list made from that table.
#   manual.sh SRCDIR TEMPLATE > PAGE
set -eu

srcdir=$1
template=$2

table() {
	case $1 in
	settings) echo "$srcdir/src/base/config.def" ;;
	routes) echo "$srcdir/src/api/routes.def" ;;
	problems) echo "$srcdir/src/base/problems.def" ;;
	esac
}

while IFS= read -r line; do
	case $line in
	@settings@ | @routes@ | @problems@)
		list=${line#@}
		list=${list%@}
		LC_ALL=C.UTF-8 awk -v list="$list" \
			-f "$srcdir/build-aux/manual-tables.awk" "$(table "$list")"
		;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$template"
