# SPDX-License-Identifier: MIT
# What ./start and ./check share: installing what is missing, and building.
# Sourced with the working directory at the top of the tree.

PATH=$PATH:/usr/sbin:/sbin
build_packages='gcc libc6-dev make autoconf automake m4 perl pkg-config
	libfcgi-dev libpq-dev libsqlite3-dev libargon2-dev libsodium-dev
	libcjson-dev libconfuse-dev libunistring-dev libssl-dev
	libcrypt-dev libseccomp-dev libhiredis-dev libcurl4-openssl-dev
	libc-ares-dev'
run_packages='nginx python3 ca-certificates'

fail() {
	echo "$name: $*" >&2
	exit 1
}

# as_root COMMAND...
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# missing_packages PACKAGE...: those that are not there. A tool that was
# installed in another way counts as its package.
missing_packages() {
	there=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" \
		2>/dev/null | sed -n 's/ installed$//p')
	for package; do
		case "
$there
" in *"
$package
"*) continue ;; esac
		case $package in
		gcc | make | autoconf | automake | m4 | perl | pkg-config | \
			nginx | python3 | curl | valgrind | mandoc | \
			chromium | npm)
			command -v "$package" >/dev/null && continue ;;
		esac
		printf '%s ' "$package"
	done
}

# need_packages PACKAGE...: installs what is missing; asks nobody when nothing
# is. What comes with a service is installed, not started.
need_packages() {
	command -v dpkg-query >/dev/null || return 0
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null ||
		fail "these packages are missing: $missing"
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
		fail "as root, run: apt-get install $missing"
	echo "$name: installing $missing" >&2
	# shellcheck disable=SC2016,SC2086
	as_root flock /etc/apt sh -c '
		policy=/usr/sbin/policy-rc.d
		if [ ! -e $policy ]; then
			trap "rm -f $policy" EXIT
			trap "exit 1" HUP INT TERM
			printf "#!/bin/sh\nexit 101\n" >$policy
			chmod 755 $policy
		fi
		DEBIAN_FRONTEND=noninteractive
		export DEBIAN_FRONTEND
		apt-get -qq update &&
		apt-get -qq -o DPkg::Lock::Timeout=600 install -y \
			--no-install-recommends "$@" >&2' sh $missing ||
		fail "apt-get could not install: $missing"
}

# build_in FOLDER CONFIGURE-ARGUMENT...: the program in a folder in this one.
# Costs next to nothing when it is built already.
build_in() {
	folder=$1
	shift
	case $PWD in
	*[\\\"\#\$\&\'\`\;]*)
		fail "cannot be built in a folder with such a name: $PWD"
		;;
	esac
	[ ! -e config.status ] ||
		fail "this tree is configured itself: run make distclean first"
	mkdir -p "$folder"
	exec 9>.build.lock
	flock 9
	if [ ! -x configure ] || [ ! -f Makefile.in ] ||
		[ configure.ac -nt configure ]; then
		echo "$name: preparing the build" >&2
		autoreconf -fi >"$folder/autoreconf.log" 2>&1 || {
			cat "$folder/autoreconf.log" >&2
			fail "autoreconf failed"
		}
		touch configure
	fi
	if [ ! -f "$folder/Makefile" ] ||
		[ "$(cat "$folder/configured" 2>/dev/null)" != "$*" ]; then
		echo "$name: configuring" >&2
		# By a relative path: configure takes no other with a space in it.
		(cd "$folder" && ../configure -q "$@" >&2) ||
			fail "configure failed; $folder/config.log tells more"
		echo "$*" >"$folder/configured"
	fi
	[ -x "$folder/fastcgi-users" ] || echo "$name: building" >&2
	make -s -C "$folder" -j"$(nproc)" >"$folder/build.log" 2>&1 || {
		cat "$folder/build.log" >&2
		fail "the build failed"
	}
	exec 9>&-
}
