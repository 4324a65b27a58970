#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the files of the pages as C source to standard output:
#	sh build-aux/pages-embed.sh WWWDIR > page_data.c
# WWWDIR/pages holds style and script, WWWDIR/pages/text one file a language,
# in which each line is "key = text". A language that lacks a key of English,
# or has one that English has not, ends it.
set -eu
LC_ALL=C
export LC_ALL

dir=${1:?usage: pages-embed.sh WWWDIR}/pages
keys() {
	sed -n 's/^\([a-z][a-z0-9_.]*\) = ..*/\1/p' "$1" | sort
}

quoted() {
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' "$@"
}

english=$(keys "$dir/text/en.txt")

cat <<'END_OF_HEAD'
/* SPDX-License-Identifier: MIT */
/* Made from the folder www/pages by build-aux/pages-embed.sh: change that. */
#include "api/page_data.h"

END_OF_HEAD
languages=
for file in "$dir"/text/*.txt; do
	language=${file##*/}
	language=${language%.txt}
	[ "$(keys "$file")" = "$english" ] || {
		echo "$file: not the keys of en.txt, each once:" >&2
		keys "$file" >"${TMPDIR:-/tmp}/pages-keys.$$"
		printf '%s\n' "$english" |
			diff - "${TMPDIR:-/tmp}/pages-keys.$$" >&2 || :
		rm -f "${TMPDIR:-/tmp}/pages-keys.$$"
		exit 1
	}
	languages="$languages $language"
	printf 'static const struct page_text texts_%s[] = {\n' "$language"
	grep '^[a-z][a-z0-9_.]* = ..*' "$file" | sort -t ' ' -k 1,1 | quoted |
		sed -e 's/^\([^ ]*\) = \(.*\)$/	{"\1", "\2"},/'
	printf '};\n\n'
done
echo 'const struct page_language page_languages[] = {'
for language in $languages; do
	printf '\t{"%s", texts_%s, countof(texts_%s)},\n' \
		"$language" "$language" "$language"
done
cat <<'END_OF_MIDDLE'
};

const size_t page_language_count = countof(page_languages);

END_OF_MIDDLE
files=$(cd "$dir" && ls -- *.css *.js *.svg)
for name in $files; do
	printf 'static const unsigned char bytes_%s[] = {\n' \
		"$(printf %s "$name" | tr '.-' __)"
	od -A n -v -t u1 "$dir/$name" | sed -e 's/  *\([0-9]*\)/\1,/g' -e 's/^/	/'
	printf '};\n\n'
done
echo 'const struct page_file page_files[] = {'
for name in $files; do
	case $name in
	*.css) type='text/css; charset=utf-8' ;;
	*.js) type='text/javascript; charset=utf-8' ;;
	*.svg) type='image/svg+xml' ;;
	esac
	sum=$(cksum <"$dir/$name")
	array=bytes_$(printf %s "$name" | tr '.-' __)
	printf '\t{"%s", "%s", "%s", %s, sizeof(%s)},\n' \
		"$name" "$type" "${sum%% *}" "$array" "$array"
done
cat <<'END_OF_TAIL'
};

const size_t page_file_count = countof(page_files);
END_OF_TAIL
