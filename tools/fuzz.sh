#!/bin/sh
# Runs every fuzz target for a while: tools/fuzz.sh 30s [AT-ONCE]. Several at once have one worker each, which is how
# 20 s for each of them fit into `make test`. New inputs are not made small: for those of some kilobytes, as PDFs are, that
# takes up to a minute each, in which nothing else is tried (measured: 12 runs in 5 s with it, 10,000 a second without).
set -eu

one() { # TIME WORKERS FILE TARGET
	dir=$(dirname "$3")
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	good=true
	${GO:-go} test -run '^$' -fuzz "^$4\$" -fuzztime "$1" -fuzzminimizetime 0x ${2:+-parallel "$2"} "$dir" >"$log" 2>&1 || good=false
	if $good; then
		echo "== $4 in $dir, $1: $(grep '^fuzz: elapsed' "$log" | tail -n 1)"
		return
	fi
	# Before Go 1.27 the end of the time itself may be reported as a failure, without an input that fails
	# (golang/go#75804). Anything else is one.
	if ! grep -q 'Failing input written' "$log" && grep -q '^ *context deadline exceeded$' "$log"; then
		echo "== $4 in $dir, $1: only the time ran out, which is no failure"
		return
	fi
	echo "== $4 in $dir, $1: FAILED"
	cat "$log"
	exit 255 # xargs starts no other
}

if [ "$1" = --one ]; then
	shift
	one "$@"
	exit
fi

time=${1:-30s} at_once=${2:-1}
workers=
[ "$at_once" = 1 ] || workers=1
find . -name '*_test.go' -not -path './tools/*' | sort | while read -r file; do
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file" | while read -r target; do
		printf '%s\n%s\n' "$file" "$target"
	done
done | xargs -P "$at_once" -n 2 "$0" --one "$time" "$workers"
