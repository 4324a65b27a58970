#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the libraries of the static program, in the folder static/ of a build:
#   static.sh SOURCES [postgresql]
# Run it in the build folder; `make static` does. What Debian ships as an
# archive is linked as it is. The rest is built from Debian's source packages,
# of which apt checks the signatures, with a configuration of its own in here:
# the machine's stays as it is.
#
#   libcjson    has no archive in Debian
#   libcurl     Debian's wants eight libraries more; here HTTP and SMTP, names
#               by c-ares
#   libpq       Debian's wants Kerberos and LDAP, of which there are no
#               archives; here without
#   libsodium   Debian's archive, with other inner names: some are libargon2's
set -eu

name="make static"
sources=$1
with_postgresql=${2-}
# shellcheck source=build-aux/house.sh
. "$sources/build-aux/house.sh"

top=$PWD/static
stage=$top/lib
cflags='-O2 -ffunction-sections -fdata-sections -fstack-protector-strong'
log=$top/log
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# private_apt COMMAND...: an apt-get or apt-cache that keeps all it knows here.
private_apt() {
	command=$1
	shift
	"$command" -qq -o Dir::State="$top/apt" -o Dir::Cache="$top/apt" \
		-o Dir::State::status=/dev/null \
		-o Dir::Etc::sourcelist="$top/apt/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o APT::Sandbox::User=root \
		-o Acquire::Retries=2 -o Acquire::http::Timeout=60 "$@"
}

# no_sources SENTENCE: tells ./check too that it is not the program's fault.
no_sources() {
	touch "$top/no-sources"
	fail "$1; $log tells more"
}

# The sources from where the machine takes its packages.
source_list() {
	from=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) main' \
		'Created-By: Packages' | grep debian | sort -u)
	if [ -z "$from" ]; then
		release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
		from="http://deb.debian.org/debian/ $release main
http://deb.debian.org/debian/ $release-updates main
http://deb.debian.org/debian-security/ $release-security main"
	fi
	echo "$from" | sed "s|^|deb-src [signed-by=$keyring] |"
}

apt_update() {
	[ ! -e "$top/apt/updated" ] || return 0
	mkdir -p "$top/apt/lists/partial" "$top/apt/archives/partial"
	source_list >"$top/apt/sources.list"
	private_apt apt-get update >>"$log" 2>&1 ||
		no_sources "no sources of Debian can be had"
	touch "$top/apt/updated"
}

# fetch PACKAGE: its source in static/PACKAGE. A mirror may not have the newest
# yet.
fetch() {
	rm -rf "${top:?}/$1"
	mkdir -p "$top/fetched"
	for version in $(private_apt apt-cache showsrc "$1" |
		sed -n 's/^Version: //p' | sort -Vru); do
		(cd "$top/fetched" && private_apt apt-get --download-only \
			source "$1=$version") >>"$log" 2>&1 || continue
		dpkg-source --no-check --no-copy -x \
			"$top/fetched/${1}_${version#*:}.dsc" "$top/$1" \
			>>"$log" 2>&1 && return 0
	done
	no_sources "the source of $1 cannot be had"
}

make_cjson() {
	cd "$top/cjson"
	${CC:-gcc} $cflags -c cJSON.c
	ar rcs "$stage/libcjson.a" cJSON.o
}

make_curl() {
	cd "$top/curl"
	off=
	for feature in ldap ldaps rtsp dict telnet tftp pop3 imap smb gopher \
		mqtt ftp file manual ntlm cookies alt-svc hsts unix-sockets \
		symbol-hiding; do
		off="$off --disable-$feature"
	done
	for library in zlib brotli zstd libpsl nghttp2 libidn2 librtmp \
		libssh2 gssapi libgsasl ca-bundle ca-path; do
		off="$off --without-$library"
	done
	./configure -q --disable-shared --enable-static --with-openssl \
		--enable-ares --with-ca-fallback $off CFLAGS="$cflags"
	make -s -j"$(nproc)" -C lib libcurl.la
	cp lib/.libs/libcurl.a "$stage"
}

make_pq() {
	cd "$top/$postgresql"
	./configure -q --with-openssl --without-readline --without-zlib \
		--without-icu --without-gssapi --without-ldap CFLAGS="$cflags"
	make -s -j"$(nproc)" -C src/interfaces/libpq all-static-lib
	rm -f "$stage/libpq.a"
	printf '%s\n' "create $stage/libpq.a" \
		"addlib src/interfaces/libpq/libpq.a" \
		"addlib src/common/libpgcommon.a" \
		"addlib src/port/libpgport.a" save end | ar -M
}

make_sodium() {
	archive=$(${CC:-gcc} -print-file-name=libsodium.a)
	nm -g --defined-only "$archive" | awk '
		NF == 3 && $3 !~ /^(sodium|crypto|randombytes)(_|$)/ {
			print $3, "sodium_inner_" $3
		}' | sort -u >"$top/sodium.names"
	objcopy --redefine-syms="$top/sodium.names" "$archive" \
		"$stage/libsodium.a"
}

# begin NAME [SOURCE-PACKAGE]: makes a library once, beside the others.
begin() {
	[ ! -e "$stage/$1.made" ] || return 0
	wanted="$wanted $1"
	[ -z "${2-}" ] || fetch "$2"
	echo "$name: building $1" >&2
	{
		"make_$1"
		touch "$stage/$1.made"
	} >"$log.$1" 2>&1 &
}

# shellcheck disable=SC2086
need_packages $build_packages dpkg-dev zlib1g-dev binutils
mkdir -p "$stage"
exec 9>"$top/lock"
flock 9
rm -f "$top/no-sources"
# PostgreSQL asks how deep it is in a make, and makes less when it is.
unset MAKELEVEL MAKEFLAGS MFLAGS
wanted=
begin sodium
if [ ! -e "$stage/cjson.made" ] || [ ! -e "$stage/curl.made" ] ||
	{ [ "$with_postgresql" ] && [ ! -e "$stage/pq.made" ]; }; then
	apt_update
fi
begin cjson cjson
begin curl curl
if [ "$with_postgresql" ]; then
	postgresql=$(dpkg-query -W -f '${source:Package}' libpq-dev)
	begin pq "$postgresql"
fi
wait
for library in $wanted; do
	[ -e "$stage/$library.made" ] || {
		tail -n 20 "$log.$library" >&2
		fail "$library cannot be built; $log.$library tells more"
	}
done
