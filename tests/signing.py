"""Signs pictures as makers of images do: C2PA manifests by a certificate that is made on the spot, and that nobody trusts."""

import io
import json
from datetime import UTC, datetime, timedelta

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_PEM = serialization.Encoding.PEM


def signed(picture: bytes, kind: str = "image/png", by: str = "A maker of images", source_type: str = TRAINED) -> bytes:
    """The picture with a mark."""
    action = {"action": "c2pa.created", "digitalSourceType": source_type}
    manifest = {
        "claim_generator_info": [{"name": "a-model", "version": "1"}], "format": kind, "title": "a picture",
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }  # fmt: skip
    certificates, key = _chain(by)
    target = io.BytesIO()
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", certificates, key, None))
    with c2pa.Builder(json.dumps(manifest)) as builder:
        builder.sign(signer, kind, io.BytesIO(picture), target)
    return target.getvalue()


def _chain(organisation: str) -> tuple[bytes, bytes]:
    """(certificates from the signer's to the root's, key of the signer), PEM."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("A root", "A root", root_key, root_key, is_root=True)
    own = _certificate(organisation, "A root", key, root_key, is_root=False)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return own.public_bytes(_PEM) + root.public_bytes(_PEM), private


def _certificate(
    of: str, by: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *, is_root: bool
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_root, crl_sign=is_root, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(of))
        .issuer_name(_name(by))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not is_root:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(signer, hashes.SHA256())


def _name(organisation: str) -> x509.Name:
    names = {
        NameOID.COUNTRY_NAME: "IE",
        NameOID.ORGANIZATION_NAME: organisation,
        NameOID.COMMON_NAME: f"{organisation}, 1",
    }
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in names.items()])
