#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the texts of mails in a folder as C source to standard output:
#	sh build-aux/mail-embed.sh MAILDIR > mail_defaults.c
# MAILDIR holds one folder a language, with one file a mail.
set -eu
LC_ALL=C
export LC_ALL

dir=${1:?usage: mail-embed.sh MAILDIR}

cat <<'END_OF_HEAD'
/* SPDX-License-Identifier: MIT */
/* Made from the mail folder by build-aux/mail-embed.sh: change that. */
#include "core/mail_shelf.h"

const struct mail_default mail_defaults[] = {
END_OF_HEAD
for file in "$dir"/*/*.txt; do
	language=${file%/*}
	name=${file##*/}
	printf '\t{\n\t\t.language = "%s",\n\t\t.name = "%s",\n\t\t.text =\n' \
		"${language##*/}" "${name%.txt}"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' \
		-e 's/^/			"/' -e 's/$/\\n"/' "$file"
	printf '\t\t\t"",\n\t},\n'
done
cat <<'END_OF_TAIL'
};

const size_t mail_default_count = countof(mail_defaults);
END_OF_TAIL
