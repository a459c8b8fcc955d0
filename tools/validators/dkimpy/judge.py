"""Verifies every DKIM signature of a mail with dkimpy, without a network: records stand in for the DNS.

usage: judge.py RECORDS.json <MAIL
RECORDS.json maps names to texts of TXT records. Prints a JSON list, for each signature from the top on its domain, selector, algorithm,
signed fields and whether it is valid.
"""
import json
import sys

import dkim

with open(sys.argv[1], encoding="utf-8") as f:
    records = json.load(f)
mail = sys.stdin.buffer.read()


def lookup(name, timeout=5):
    return records.get(name.decode().rstrip("."), "").encode() or None


verdicts = []
for i, (name, value) in enumerate(h for h in dkim.rfc822_parse(mail)[0] if h[0].lower() == b"dkim-signature"):
    d = dkim.DKIM(mail)
    try:
        valid, why = d.verify(idx=i, dnsfunc=lookup), ""
    except dkim.DKIMException as e:
        valid, why = False, str(e)
    fields = {k.decode(): v.decode() for k, v in dkim.util.parse_tag_value(value).items()}
    verdicts.append(
        {
            "domain": fields["d"],
            "selector": fields["s"],
            "algorithm": fields["a"],
            "fields": [n.strip().lower() for n in fields["h"].split(":")],
            "valid": valid,
            "why": why,
        }
    )
print(json.dumps(verdicts))
