#!/bin/sh
# Strangers judge a sealed PDF: poppler's pdfsig and qpdf on the file, openssl on
# the signatures taken out of it. They parse foreign bytes and qpdf is known to
# take gigabytes for small bombs, so all run with limits.
# Debian packages: poppler-utils libnss3-tools qpdf openssl
# usage: pdf.sh [--total|--grown] FILE.pdf ROOT.pem [CONTENT CMS.der]...
# CONTENT is what /ByteRange covers, CMS.der the signature in /Contents. With
# --grown something may follow the last signature, as proofs and document
# time-stamps do; else it must cover the whole file. pdfsig 22.12 cannot judge
# document time-stamps: it calls them unknown and not verified.
# Exit 0 if all are content; what they said is on standard output.
set -u
total='Total document signed'
case $1 in
--grown) total='ocument signed' && shift ;;
--total) shift ;;
esac
file=$1 root=$2
shift 2
db=$(mktemp -d) && trap 'rm -rf "$db"' EXIT
ulimit -v 4000000
bad=0

# pdfsig needs a database of its own, else it trusts nobody and says little.
certutil -N -d "sql:$db" --empty-password &&
	certutil -A -n root -t "CT,C,C" -i "$root" -d "sql:$db" || exit 2
said=$(timeout 30 pdfsig -no-ocsp -nssdir "sql:$db" "$file" 2>&1)
echo "$said"
for want in 'Signature is Valid' 'Certificate is Trusted' 'ETSI.CAdES.detached' "$total"; do
	echo "$said" | grep -q "$want" || { echo "FAIL pdfsig: not '$want'"; bad=1; }
done
echo "$said" | grep -q 'Signature is Invalid\|Digest Mismatch\|Document has been modified' && { echo "FAIL pdfsig"; bad=1; }
if [ $# -gt 0 ] && [ "$(echo "$said" | grep -c 'Signature is Valid')" -ne $(($# / 2)) ]; then
	echo "FAIL pdfsig: not $(($# / 2)) valid signatures"
	bad=1
fi

timeout 60 qpdf --check "$file" >"$db/qpdf" 2>&1 || { cat "$db/qpdf"; echo "FAIL qpdf"; bad=1; }

while [ $# -ge 2 ]; do
	timeout 30 openssl cms -verify -cades -binary -inform DER -in "$2" -content "$1" \
		-CAfile "$root" -purpose any -out /dev/null 2>&1 || { echo "FAIL openssl"; bad=1; }
	shift 2
done
exit $bad
