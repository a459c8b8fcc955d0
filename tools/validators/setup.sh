#!/bin/sh
# Builds the judges: EU DSS and veraPDF (Maven), pyHanko and dkimpy (virtual environments) and axe-core (npm), which judges pages, and LibPDF
# (npm), which signs what we judge, into the user's cache. Takes no time when all are there. Wants javac, mvn, python3 with venv, node and npm, which tools/setup.sh installs, and the package registries.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/where.sh"
mkdir -p "$cache"
bad=0

# build NAME FOLDER COMMAND... fills a new folder and moves it into place, so that a half one is never taken for whole.
build() {
	name=$1 folder=$2
	shift 2
	[ ! -d "$folder" ] || return 0
	echo "Building the judge $name in $cache" >&2
	work=$(mktemp -d "$cache/.new-XXXXXX")
	if "$@" "$work" >"$work.log" 2>&1; then
		mv -T "$work" "$folder" 2>/dev/null || [ -d "$folder" ] || bad=1 # somebody else may have been quicker
	else
		tail -n 20 "$work.log" >&2
		echo "The judge $name could not be built, and tests that ask it are not run." >&2
		bad=1
	fi
	rm -rf "$work" "$work.log"
}

with_maven() {
	cp -r "$here/dss/pom.xml" "$here/dss/src" "$1"
	(cd "$1" && { mvn -q -B package || { sleep 5 && mvn -q -B package; }; }) &&
		mv "$1/target/judge.jar" "$1/target/lib" "$1" && rm -rf "$1/target" "$1/src"
}

with_maven_alone() {
	cp "$here/verapdf/pom.xml" "$1"
	(cd "$1" && { fetch || { sleep 5 && fetch; }; })
}

fetch() { mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib; }

with_pip() {
	python3 -m venv "$2" &&
		{ try_pip "$1" "$2" || { sleep 5 && try_pip "$1" "$2"; }; }
}

try_pip() { "$2/bin/python" -m pip install -q --no-input --disable-pip-version-check --no-deps -r "$here/$1/requirements.txt"; }

# Nothing of what is installed runs then: only the libraries are wanted.
with_npm() {
	cp "$here/$1/"* "$2" && (cd "$2" && { try_npm || { sleep 5 && try_npm; }; })
}

try_npm() { npm ci --ignore-scripts --no-audit --no-fund --silent; }

build "EU DSS" "$dss" with_maven
build veraPDF "$verapdf" with_maven_alone
build pyHanko "$pyhanko" with_pip pyhanko
build dkimpy "$dkimpy" with_pip dkimpy
build axe-core "$axe" with_npm axe
build LibPDF "$libpdf" with_npm libpdf

[ $bad = 0 ] || [ "${CI:-}" != true ] || exit 1
