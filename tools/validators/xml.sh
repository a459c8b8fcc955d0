#!/bin/sh
# A stranger checks the arithmetic of an XML signature: xmlsec1 on the references, the signature and the chain. It knows
# nothing of XAdES: levels are for EU DSS (judge.sh dss) to tell.
# Debian package: xmlsec1
# usage: xml.sh FILE.xml ROOT.pem [ISSUING.pem...]
# Exit 0 if it is content; what it said is on standard output.
set -u
file=$1 root=$2
shift 2
for ca; do
	set -- "$@" --untrusted-pem "$ca"
	shift
done
ulimit -v 4000000
timeout 30 xmlsec1 --verify --id-attr:Id 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties' \
	--enabled-key-data x509 --trusted-pem "$root" "$@" "$file" 2>&1
