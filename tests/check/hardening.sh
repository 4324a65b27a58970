#!/bin/sh
# SPDX-License-Identifier: MIT
# The program is built so that an error in it is hard to make use of.
set -eu

program=${builddir:-.}/fastcgi-users
if [ "${READELF:=readelf}" = none ]; then
	echo "readelf is missing: the program was not looked at"
	exit 77
fi
if [ -n "${sanitizers-}" ]; then
	echo "a build with sanitizers is not hardened"
	exit 77
fi

bad=0
fault() {
	echo "fastcgi-users: $*"
	bad=1
}

header=$("$READELF" -hW "$program")
segments=$("$READELF" -lW "$program")
dynamic=$("$READELF" -dW "$program")
symbols=$("$READELF" -W --dyn-syms "$program")

case $header in *"Type: "*DYN*) ;; *) fault "is not position independent" ;; esac
case $segments in *GNU_RELRO*) ;; *) fault "has no RELRO segment" ;; esac
case $dynamic in
*BIND_NOW* | *"Flags: NOW"*) ;;
*) fault "is not bound at start (-z now)" ;;
esac
case $dynamic in *TEXTREL*) fault "has text relocations" ;; esac
case $dynamic in
*RPATH* | *RUNPATH*) fault "has a library path built in" ;;
esac
echo "$segments" | grep -q 'GNU_STACK.* RW  *0x' ||
	fault "has an executable stack"
if echo "$segments" | grep '^ *LOAD' | grep -q ' RWE '; then
	fault "has memory that is both writable and executable"
fi
case $symbols in
*__stack_chk_fail*) ;;
*) fault "has no stack protector" ;;
esac
echo "$symbols" | grep -q '__[a-z]*_chk@' || fault "is not fortified"
for name in strcpy strcat sprintf vsprintf gets strtok system popen; do
	if echo "$symbols" | grep -q " UND $name@"; then
		fault "calls $name"
	fi
done
exit $bad
