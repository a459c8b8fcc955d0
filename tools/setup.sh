#!/bin/sh
# Installs the Debian packages that the tests want: a database, a browser, and the programs of others that judge our
# PDFs and certificates. As root it installs what is missing; anybody else is told. Takes no time when all is there.
set -eu

missing=
need() { # package, then a command that succeeds when it is there
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}

need gcc command -v gcc                                # go test -race
need libc6-dev test -e /usr/include/stdlib.h           # the same
need git command -v git
need openssl command -v openssl
need postgresql sh -c 'command -v initdb || ls /usr/lib/postgresql/*/bin/initdb'
need poppler-utils command -v pdfsig
need libnss3-tools command -v certutil                 # the trust that pdfsig looks up
need qpdf command -v qpdf
need xmlsec1 command -v xmlsec1
need default-jdk-headless command -v javac             # EU DSS, veraPDF
need maven command -v mvn                              # what builds them
need python3-venv python3 -c 'import venv, ensurepip'  # pyHanko
need nodejs command -v node                            # LibPDF, axe-core
need npm command -v npm                                # the same
need curl command -v curl                              # a client as the documentation shows it
need chromium sh -c 'command -v chromium || command -v chromium-browser || command -v google-chrome'
need fonts-liberation sh -c 'find /usr/share/fonts | grep -qi liberation' # else the browser draws boxes

judges=$(dirname "$0")/validators/setup.sh
[ -n "$missing" ] || exec "$judges"

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
	echo "The tests want these Debian packages, and without them skip what needs them:$missing" >&2
	# In CI a skipped test is a failed test, so it may as well stop here.
	[ "${CI:-}" != true ] || exit 1
	case $missing in
	*jdk* | *maven* | *venv* | *nodejs* | *npm*) exit 0 ;;
	*) exec "$judges" ;;
	esac
fi

echo "Installing for the tests:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
lock='-o DPkg::Lock::Timeout=300'
# shellcheck disable=SC2086 # lists of words
apt-get -qq $lock update || { sleep 5; apt-get -qq $lock update; }
# shellcheck disable=SC2086
apt-get -qq -y $lock install --no-install-recommends $missing </dev/null >&2
exec "$judges"
