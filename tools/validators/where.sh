# Where the judges live: beside the user's other caches, a folder for each content of what they are made from, so that a
# change builds anew and two checkouts share. Sourced by setup.sh and judge.sh, with $here set.
# shellcheck shell=sh
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/innsigli/validators
of() { cat "$@" | cksum | cut -d ' ' -f 1; }
dss=$cache/dss-$(of "$here/dss/pom.xml" "$here/dss/src/main/java/Judge.java")
verapdf=$cache/verapdf-$(of "$here/verapdf/pom.xml")
pyhanko=$cache/pyhanko-$(of "$here/pyhanko/requirements.txt")
dkimpy=$cache/dkimpy-$(of "$here/dkimpy/requirements.txt")
axe=$cache/axe-$(of "$here/axe/package-lock.json")
libpdf=$cache/libpdf-$(of "$here/libpdf/package-lock.json" "$here/libpdf/sign.mjs")
