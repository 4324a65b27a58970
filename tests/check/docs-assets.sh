#!/bin/sh
# SPDX-License-Identifier: MIT
# What npm fetches is taken only when it is what was pinned.
set -eu

script=${srcdir:-.}/build-aux/docs-assets.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Stands in for npm: answers `npm pack PACKAGE@VERSION` with an archive.
mkdir "$work/bin" "$work/www" "$work/package"
cat >"$work/bin/npm" <<'END'
#!/bin/sh
[ "$1" = pack ] || exit 1
for package; do :; done
tar -czf "$(echo "$package" | tr @ -).tgz" -C "$NPM_FILES" package
END
chmod 755 "$work/bin/npm"
echo "alert(1)" >"$work/package/swagger-ui-bundle.js"

bad=0
fault() {
	echo "docs-assets.sh $*"
	bad=1
}

if said=$(NPM_FILES=$work PATH=$work/bin:$PATH sh "$script" "$work/www" 2>&1)
then
	fault "took an archive that is not the pinned one"
fi
case $said in
*"is not what it was"*) ;;
*) fault "did not say that the archive was another: $said" ;;
esac
[ -z "$(ls "$work/www")" ] || fault "wrote files all the same"

mkdir "$work/tools"
for tool in mktemp rm; do
	ln -s "$(command -v $tool)" "$work/tools/$tool"
done
if said=$(PATH=$work/tools /bin/sh "$script" "$work/www" 2>&1); then
	fault "needs no npm"
fi
case $said in
*"install the package npm"*) ;;
*) fault "did not say what is missing: $said" ;;
esac
exit $bad
