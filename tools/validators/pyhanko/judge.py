"""Judges signed PDFs with pyHanko by the rules of ETSI EN 319 102-1, without a network: what a file does not bring with
it is not there. Reads a path a line and answers each with one line of JSON.

usage: judge.py [-at RFC3339] ANCHORS.pem... < PATHS

It is what `pyhanko sign adesverify --trust-replace --trust ANCHORS.pem` does, for many files in one process. At a time in
the future nothing can bring fresh proof for the last time stamp: pyHanko then takes it that somebody goes on renewing,
and tells whether what the file holds today will be enough.
"""

import argparse
import asyncio
import datetime
import json
import logging
import sys
import time

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import ades_lta_validation, simulate_future_ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import SimpleTrustManager


def specification(anchors):
    """Trusts the anchors and nobody else; every other certificate needs proof that it was not revoked."""
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=anchors),
        revinfo_policy=CertRevTrustPolicy(
            REQUIRE_REVINFO,
            freshness=None,
            freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
        ),
    )
    return PdfSignatureValidationSpec(
        signature_validation_spec=SignatureValidationSpec(
            cert_validation_policy=policy,
            revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
            local_knowledge=LocalKnowledge(),
        )
    )


def judge(embedded, spec, at):
    now = datetime.datetime.now(datetime.timezone.utc)
    if at is None:
        return ades_lta_validation(embedded, spec)
    if at > now:
        return simulate_future_ades_lta_validation(embedded, spec, at, now)
    return ades_lta_validation(embedded, spec, ValidationTimingInfo(at, at, point_in_time_validation=True))


def signature(embedded, spec, at):
    result = asyncio.run(judge(embedded, spec, at))
    indication = result.ades_subindic
    status = result.api_status
    found = {
        "name": embedded.field_name,
        "indication": str(indication.status.name),
        "sub": "" if indication.status.name == "PASSED" else str(indication),
        "time": result.best_signature_time.isoformat() if result.best_signature_time else "",
        # When all is well at the present time, it still says that looking into the past brought nothing better.
        "messages": [result.failure_msg] if result.failure_msg and indication.status.name != "PASSED" else [],
    }
    if status is not None:
        found |= {
            "by": embedded.signer_cert.subject.human_friendly,
            "valid": status.bottom_line,
            "coverage": status.coverage.name,
            "modifications": status.modification_level.name if status.modification_level is not None else "",
            "certification": bool(status.docmdp_ok),
        }
    diff = embedded.diff_result
    if isinstance(diff, Exception):
        found["messages"].append(f"difference: {diff}")
    return found


def verdict(path, spec, at):
    with open(path, "rb") as file:
        reader = PdfFileReader(file)
        # Two kinds of cross-references in one file are refused by its strict mode and judged by the other, which is for
        # them alone, because it is lenient in other ways too.
        if reader.xrefs.hybrid_xrefs_present:
            reader = PdfFileReader(file, strict=False)
        return {
            "signatures": [signature(s, spec, at) for s in reader.embedded_regular_signatures],
            "timestamps": [{"name": s.field_name} for s in reader.embedded_timestamp_signatures],
        }


def line(path, spec, at):
    start = time.monotonic()
    found = {"judge": "pyhanko", "file": path}
    try:
        found |= verdict(path, spec, at)
    except Exception as e:  # a damaged file must not end the list
        found["error"] = f"{type(e).__name__}: {e}"
    return json.dumps(found | {"ms": round((time.monotonic() - start) * 1000)})


def main():
    args = argparse.ArgumentParser()
    args.add_argument("-at", type=datetime.datetime.fromisoformat)
    args.add_argument("anchors", nargs="+")
    args = args.parse_args()
    logging.disable(logging.CRITICAL)  # what matters is in the verdicts
    spec = specification(list(load_certs_from_pemder(args.anchors)))
    for path in sys.stdin:
        print(line(path.rstrip("\n"), spec, args.at), flush=True)


main()
