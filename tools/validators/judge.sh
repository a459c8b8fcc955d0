#!/bin/sh
# Strangers judge signed files, without a network: EU DSS (PDF and XML) or pyHanko (PDF). Reads a path a line and answers
# each with one line of JSON; one process judges the whole list. Exit 3: the judge was not built (tools/validators/setup.sh).
# usage: judge.sh dss|pyhanko [-at 2035-01-01T00:00:00Z] ANCHOR.pem... <PATHS
# EU DSS with -objects does not compare pages as pictures.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/where.sh"
judge=$1
shift
case $judge in
dss)
	[ -d "$dss" ] || { echo "EU DSS is not built: make setup" >&2; exit 3; }
	exec java -Xmx1500m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true \
		-Dorg.slf4j.simpleLogger.defaultLogLevel=off -cp "$dss/judge.jar:$dss/lib/*" Judge "$@"
	;;
pyhanko)
	[ -d "$pyhanko" ] || { echo "pyHanko is not built: make setup" >&2; exit 3; }
	exec "$pyhanko/bin/python" "$here/pyhanko/judge.py" "$@"
	;;
verapdf) # PDF/A: judge.sh verapdf FILE.pdf... prints PASS or FAIL with the clauses for each
	[ -d "$verapdf" ] || { echo "veraPDF is not built: make setup" >&2; exit 3; }
	java -Xmx1000m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true -cp "$verapdf/lib/*" \
		org.verapdf.apps.GreenfieldCliWrapper --flavour 3b --format text -v "$@" || [ $? = 1 ] # 1: not all are
	exit 0
	;;
sample) # makes signed files: judge.sh sample IN.pdf FOLDER
	[ -d "$pyhanko" ] || { echo "pyHanko is not built: make setup" >&2; exit 3; }
	exec "$pyhanko/bin/python" "$here/pyhanko/sample.py" "$@"
	;;
axe) # prints the script that judges the page it runs in
	[ -d "$axe" ] || { echo "axe-core is not there: make setup" >&2; exit 3; }
	exec cat "$axe/node_modules/axe-core/axe.min.js"
	;;
dkim) # verifies the signatures of a mail: judge.sh dkim RECORDS.json <MAIL prints one line of JSON
	[ -d "$dkimpy" ] || { echo "dkimpy is not built: make setup" >&2; exit 3; }
	exec "$dkimpy/bin/python" "$here/dkimpy/judge.py" "$@"
	;;
libpdf) # signs a file: judge.sh libpdf IN.pdf KEY.p12 OUT.pdf
	[ -d "$libpdf" ] || { echo "LibPDF is not built: make setup" >&2; exit 3; }
	exec node "$libpdf/sign.mjs" "$@"
	;;
esac
echo "judge.sh: no judge $judge" >&2
exit 2
