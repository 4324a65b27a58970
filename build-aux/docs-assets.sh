#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches the files of /docs and /redoc from the npm registry into a folder:
#   docs-assets.sh FOLDER
# The packages are pinned by version and by the checksum of what is fetched;
# one that differs stops this before a file is written.
set -eu

folder=$1

# package, version, SHA-256 of its archive
packages="\
swagger-ui-dist 5.35.0 1b8e891893404ea4c3558b6a87e2a3e494e7eedba41168c2ece5800a391a6ea6
redoc 2.5.4 44922df4d0eb45c1b066c09ec251e6bd9bd7ded16bc69e87613337b9d911a56e"

# package, file in it, our name for it
files="\
swagger-ui-dist swagger-ui-bundle.js swagger-ui-bundle.js
swagger-ui-dist swagger-ui.css swagger-ui.css
swagger-ui-dist oauth2-redirect.js oauth2-redirect.js
swagger-ui-dist favicon-32x32.png favicon-32x32.png
swagger-ui-dist LICENSE swagger-ui.LICENSE
swagger-ui-dist NOTICE swagger-ui.NOTICE
redoc bundles/redoc.standalone.js redoc.standalone.js
redoc LICENSE redoc.LICENSE"

command -v npm >/dev/null || {
	echo "docs-assets: npm is missing: install the package npm" >&2
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

echo "$packages" | while read -r package version sum; do
	archive=$work/$package-$version.tgz
	# Away from any package.json, and without a line of anybody's scripts.
	(cd "$work" && npm pack --silent --ignore-scripts \
		"$package@$version" >/dev/null)
	echo "$sum  $archive" | sha256sum --check --quiet || {
		echo "docs-assets: $package $version is not what it was" >&2
		exit 1
	}
	mkdir "$work/$package"
	tar -xzf "$archive" -C "$work/$package" --strip-components=1 \
		--no-same-owner
done

mkdir -p "$folder"
echo "$files" | while read -r package file name; do
	install -m 644 "$work/$package/$file" "$folder/$name"
done
