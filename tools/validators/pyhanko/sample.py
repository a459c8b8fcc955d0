"""Makes the signed PDFs that our validation is judged by: pyHanko signs with keys of its own, at a time stamping authority
of its own, and keeps the proof of all certificates.

usage: sample.py IN.pdf FOLDER
Leaves FOLDER/{b,t,lt,lta,approval}.pdf, tampered.pdf, and root.pem.
"""

import asyncio
import datetime
import io
import pathlib
import sys

from asn1crypto import crl, keys, x509
from cryptography import x509 as cx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


class Authority:
    """Issues certificates and one empty revocation list."""

    def __init__(self, name, issuer=None):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer or self
        self.name = cx.Name([cx.NameAttribute(NameOID.COUNTRY_NAME, "IS"), cx.NameAttribute(NameOID.COMMON_NAME, name)])
        self.cert = self.issuer.issue(self.name, self.key.public_key(), [
            (cx.BasicConstraints(True, None), True),
            (usage(key_cert_sign=True, crl_sign=True), True),
        ])

    def issue(self, name, public, extensions, days=7300):
        builder = (
            cx.CertificateBuilder()
            .subject_name(name).issuer_name(self.name).public_key(public).serial_number(cx.random_serial_number())
            .not_valid_before(NOW - DAY).not_valid_after(NOW + days * DAY)
            .add_extension(cx.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(cx.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
            .add_extension(cx.CRLDistributionPoints([cx.DistributionPoint([cx.UniformResourceIdentifier("http://127.0.0.1:9/crl")], None, None, None)]), False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def crl(self):
        made = (
            cx.CertificateRevocationListBuilder().issuer_name(self.name).last_update(NOW).next_update(NOW + 7 * DAY)
            .add_extension(cx.CRLNumber(1), False)
            .add_extension(cx.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
            .sign(self.key, hashes.SHA256())
        )
        return crl.CertificateList.load(made.public_bytes(serialization.Encoding.DER))


def usage(**on):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return cx.KeyUsage(**{n: on.get(n, False) for n in names})


def named(name):
    return cx.Name([cx.NameAttribute(NameOID.COUNTRY_NAME, "IS"), cx.NameAttribute(NameOID.COMMON_NAME, name)])


def plain(cert):
    return x509.Certificate.load(cert.public_bytes(serialization.Encoding.DER))


def private(key):
    return keys.PrivateKeyInfo.load(key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def sign(pdf, signer, stamper, context, **meta):
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    meta = signers.PdfSignatureMetadata(subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256", validation_context=context, **meta)
    out = asyncio.run(signers.PdfSigner(meta, signer, timestamper=stamper).async_sign_pdf(writer))
    return out.getvalue()


def main():
    source, folder = pathlib.Path(sys.argv[1]).read_bytes(), pathlib.Path(sys.argv[2])
    root = Authority("pyHanko Sample Root")
    issuing = Authority("pyHanko Sample Issuing CA", root)
    seal = ec.generate_private_key(ec.SECP256R1())
    seal_cert = issuing.issue(named("pyHanko Sample Seal"), seal.public_key(), [(usage(digital_signature=True, content_commitment=True), True)], days=365)
    tsa = rsa.generate_private_key(65537, 3072)  # its time stamper knows no other keys
    tsa_cert = issuing.issue(named("pyHanko Sample TSA"), tsa.public_key(), [
        (usage(digital_signature=True), True),
        (cx.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
    ])
    chain = SimpleCertificateStore.from_certs([plain(issuing.cert), plain(root.cert)])
    signer = signers.SimpleSigner(plain(seal_cert), private(seal), chain)
    stamper = DummyTimeStamper(plain(tsa_cert), private(tsa), chain)

    def context():
        return ValidationContext(trust_roots=[plain(root.cert)], other_certs=[plain(issuing.cert)], crls=[root.crl(), issuing.crl()], allow_fetching=False, revocation_mode="require")

    lt = {"embed_validation_info": True}
    made = {
        "b": sign(source, signer, None, None, field_name="Sig1"),
        "t": sign(source, signer, stamper, None, field_name="Sig1"),
        "lt": sign(source, signer, stamper, context(), field_name="Sig1", **lt),
        "lta": sign(source, signer, stamper, context(), field_name="Sig1", certify=True, docmdp_permissions=fields.MDPPerm.FILL_FORMS, use_pades_lta=True, **lt),
    }
    made["approval"] = sign(made["t"], signer, stamper, context(), field_name="Sig2", use_pades_lta=True, **lt)
    at = made["lta"].index(b"/MediaBox")
    made["tampered"] = made["lta"][:at] + made["lta"][at:].replace(b"/MediaBox", b"/MediaBux", 1)
    for name, pdf in made.items():
        (folder / f"{name}.pdf").write_bytes(pdf)
    (folder / "root.pem").write_bytes(root.cert.public_bytes(serialization.Encoding.PEM))


main()
