#!/bin/sh
# Strangers judge a sealed PDF: poppler's pdfsig and qpdf on the file, openssl on
# the signature taken out of it. They parse foreign bytes and qpdf is known to
# take gigabytes for small bombs, so all run with limits.
# Debian packages: poppler-utils libnss3-tools qpdf openssl
# usage: pdf.sh FILE.pdf ROOT.pem [CONTENT CMS.der]
# CONTENT is what /ByteRange covers, CMS.der the signature in /Contents.
# Exit 0 if all are content; what they said is on standard output.
set -u
file=$1 root=$2
db=$(mktemp -d) && trap 'rm -rf "$db"' EXIT
ulimit -v 4000000
bad=0

# pdfsig needs a database of its own, else it trusts nobody and says little.
certutil -N -d "sql:$db" --empty-password &&
	certutil -A -n root -t "CT,C,C" -i "$root" -d "sql:$db" || exit 2
said=$(timeout 30 pdfsig -no-ocsp -nssdir "sql:$db" "$file" 2>&1)
echo "$said"
for want in 'Signature is Valid' 'Certificate is Trusted' 'ETSI.CAdES.detached' 'Total document signed'; do
	echo "$said" | grep -q "$want" || { echo "FAIL pdfsig: not '$want'"; bad=1; }
done

timeout 60 qpdf --check "$file" >"$db/qpdf" 2>&1 || { cat "$db/qpdf"; echo "FAIL qpdf"; bad=1; }

if [ $# -ge 4 ]; then
	timeout 30 openssl cms -verify -cades -binary -inform DER -in "$4" -content "$3" \
		-CAfile "$root" -purpose any -out /dev/null 2>&1 || { echo "FAIL openssl"; bad=1; }
fi
exit $bad
