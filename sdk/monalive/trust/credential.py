"""What Content Credentials are signed with: a key and certificate of one's own, or one made here on first use."""

from __future__ import annotations

import datetime
import logging
import os
import secrets
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monalive.atomic_file import unfinished_name

if TYPE_CHECKING:
    from c2pa import Signer
    from cryptography.x509 import Certificate

log = logging.getLogger(__name__)

ALGORITHMS: Final = ("es256", "es384", "es512", "ps256", "ps384", "ps512", "ed25519")
HOME_VARIABLE: Final = "MONALIVE_HOME"
_FILE: Final = "credential.pem"
_LASTS: Final = datetime.timedelta(days=3650)
_RENEW_BEFORE: Final = datetime.timedelta(days=30)


@dataclass(frozen=True)
class Credential:
    """Something to sign with. Made by `from_pem`, `from_callback` or `local`.

    Attributes:
        chain: certificates, PEM, the signer's own first.
        algorithm: one of `ALGORITHMS`.
        key: private key, PEM (PKCS 8); None where `sign` is given.
        sign: takes the bytes to sign and returns the signature (for ECDSA: r and s, one after the other).
    """

    chain: str
    algorithm: str = "es256"
    key: str | None = field(default=None, repr=False)
    sign: Callable[[bytes], bytes] | None = None

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"the algorithm {self.algorithm!r} is none of {', '.join(ALGORITHMS)}")
        if (self.key is None) == (self.sign is None):
            raise ValueError("a credential needs either a private key or a function that signs")
        if "BEGIN CERTIFICATE" not in self.chain:
            raise ValueError("a credential needs certificates in PEM form, the signer's own first")

    @classmethod
    def from_pem(cls, path: str | Path, algorithm: str = "es256") -> Credential:
        """A private key and its certificates from one PEM file.

        Args:
            path: the PEM file; the signer's own certificate comes first.
            algorithm: the C2PA name of the signature's algorithm, such as `es256` or `ps256`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it does not hold both, the key is not that of the first certificate, or the certificate does
                not hold today.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no credential at {path}")
        text = path.read_text(errors="replace")
        if "PRIVATE KEY" not in text or "BEGIN CERTIFICATE" not in text:
            raise ValueError(f"{path} must hold a private key and its certificates, both in PEM form")
        key, chain = _split(text)
        try:
            credential = cls(chain, algorithm, key)
            _require_own_key(credential)
            _require_valid_today(credential)
        except ValueError as error:
            raise ValueError(f"{path} cannot be used: {error}") from error
        return credential

    @classmethod
    def from_callback(
        cls, sign: Callable[[bytes], bytes], chain_path: str | Path, algorithm: str = "es256"
    ) -> Credential:
        """A key that stays where it is, in a security module or a signing service.

        Args:
            sign: returns the signature of the bytes that it gets.
            chain_path: PEM file of the certificates, the signer's own first.
            algorithm: the C2PA name of the signature's algorithm, such as `es256` or `ps256`.

        Raises:
            FileNotFoundError, ValueError: as for `from_pem`.
        """
        if not Path(chain_path).is_file():
            raise FileNotFoundError(f"there are no certificates at {chain_path}")
        return cls(_split(Path(chain_path).read_text(errors="replace"))[1], algorithm, sign=sign)

    def signer(self, timestamp_url: str | None = None) -> Signer:
        """A signer of the C2PA library.

        Args:
            timestamp_url: of a server (RFC 3161) that is asked, when something is signed, to confirm the time.

        Raises:
            ValueError: the key and certificates cannot be used.
        """
        import c2pa

        kind = getattr(c2pa.C2paSigningAlg, self.algorithm.upper())
        try:
            if self.sign is not None:
                return c2pa.Signer.from_callback(self.sign, kind, self.chain, timestamp_url)
            assert self.key is not None
            address = None if timestamp_url is None else timestamp_url.encode()
            return c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(
                    alg=kind, sign_cert=self.chain.encode(), private_key=self.key.encode(), ta_url=address
                )
            )
        except c2pa.C2paError as error:
            raise ValueError(f"the credential cannot be used for signing: {error}") from error


def local() -> Credential:
    """This user's own credential, made on first use and kept with mode 600.

    It names no person. Others see that a file is unchanged since it was signed, not who signed it: for that, use a
    credential of an authority that they trust. Where it cannot be kept (a read-only home), it is made for this process
    alone, and a warning says so.
    """
    path = credential_path()
    try:
        return _kept(path)
    except OSError as error:
        return _for_this_process(str(path), error.strerror or str(error))


@cache
def _for_this_process(path: str, reason: str) -> Credential:
    log.warning("the signing credential cannot be kept at %s (%s): this run signs with a temporary one", path, reason)
    return _parsed(_made())


def credential_path() -> Path:
    """Where this user's own credential is kept; it need not exist yet."""
    return config_folder() / _FILE


def config_folder() -> Path:
    """Where this user's settings of this program are: MONALIVE_HOME, or the system's place for such."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "monalive"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "monalive"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "monalive"


def _kept(path: Path) -> Credential:
    for _ in range(3):
        try:
            _make_private(path)
            credential = _parsed(path.read_text())
            flaw = _flaw_in_time(credential)
            if not flaw:
                return credential
        except FileNotFoundError:
            flaw = ""
        except ValueError as error:
            flaw = f"is damaged ({error})"
        if flaw:
            aside = _set_aside(path)
            log.warning("the signing credential at %s %s: it is kept as %s, and a new one made", path, flaw, aside.name)
        _write(path, _made())
    raise OSError(f"{path} cannot be kept")


def _set_aside(path: Path) -> Path:
    """Renames a file that is of no use to a name that nothing has; of two processes the second finds it gone."""
    aside = next(name for name in (path.with_suffix(f".old{number or ''}") for number in count()) if not name.exists())
    with suppress(FileNotFoundError):
        path.rename(aside)
    return aside


def _make_private(path: Path) -> None:
    mode = path.stat().st_mode
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        path.chmod(0o600)


def _write(path: Path, text: str) -> None:
    """Appears whole; of two processes that make one at the same time, the first one's is kept."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = unfinished_name(path)
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        try:
            os.link(unfinished, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _parsed(text: str) -> Credential:
    key, chain = _split(text)
    if not key:
        raise ValueError("there is no private key in it")
    credential = Credential(chain, "es256", key)
    _require_own_key(credential)
    return credential


def _require_own_key(credential: Credential) -> None:
    """Raises ValueError unless the first certificate is that of the private key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    assert credential.key is not None
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        key = serialization.load_pem_private_key(credential.key.encode(), None).public_key()
        own = key.public_bytes(*form) == _certificate(credential).public_key().public_bytes(*form)
    except (UnsupportedAlgorithm, TypeError) as error:  # TypeError: a key behind a password
        raise ValueError(f"its private key or certificate cannot be read ({error})") from error
    if not own:
        raise ValueError("its private key does not belong to its certificate")


def _certificate(credential: Credential) -> Certificate:
    from cryptography import x509

    return x509.load_pem_x509_certificate(credential.chain.encode())


def _require_valid_today(credential: Credential) -> None:
    certificate = _certificate(credential)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not start <= datetime.datetime.now(datetime.UTC) <= end:
        raise ValueError(f"its certificate is valid from {start:%Y-%m-%d} to {end:%Y-%m-%d}, which is not today")


def _flaw_in_time(credential: Credential) -> str:
    """What is wrong with the certificate's time by this machine's clock; empty if nothing."""
    now, certificate = datetime.datetime.now(datetime.UTC), _certificate(credential)
    if now < certificate.not_valid_before_utc:
        return "is not valid yet by this machine's clock"
    return "runs out" if certificate.not_valid_after_utc - now < _RENEW_BEFORE else ""


def _split(text: str) -> tuple[str, str]:
    """A PEM file's private key and its certificates."""
    blocks, block = [], ""
    for line in text.splitlines():
        if line.startswith("-----BEGIN"):
            block = ""
        block += line.strip() + "\n"
        if line.startswith("-----END"):
            blocks.append(block)
    key = "".join(block for block in blocks if "PRIVATE KEY" in block.splitlines()[0])
    return key, "".join(block for block in blocks if "CERTIFICATE" in block.splitlines()[0])


def _made(start: datetime.datetime | None = None, lasts: datetime.timedelta = _LASTS) -> str:
    """A new key and certificate, and the certificate that issued it (its key is thrown away), as PEM.

    They hold from `start`, by default an hour ago, for clocks that differ a little.

    The C2PA rules ask for an issued end-entity certificate with a purpose; a self-signed one is refused.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(role: str) -> x509.Name:
        number = secrets.token_hex(4)  # two users' certificates differ in name, neither names anybody
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "monalive (local, not verified by anyone)"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"monalive {role} {number}"),
            ]
        )

    start = start or datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    issuer_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer_name = named("local issuer")
    issuer_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())

    def certificate(subject: x509.Name, public_key: ec.EllipticCurvePublicKey, issues: bool) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + lasts)
            .add_extension(x509.BasicConstraints(ca=issues, path_length=None), critical=True)
            .add_extension(_key_usage(issues), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(issuer_identifier, critical=False)
        )
        if not issues:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(purpose, critical=True)
        return builder.sign(issuer_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    parts = [
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate(named("local signer"), key.public_key(), False).public_bytes(pem),
        certificate(issuer_name, issuer_key.public_key(), True).public_bytes(pem),
    ]
    return b"".join(parts).decode()


def _key_usage(issues: bool):  # type: ignore[no-untyped-def]
    from cryptography import x509

    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    usage = dict.fromkeys((*names, "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    usage |= {"key_cert_sign": True, "crl_sign": True} if issues else {"digital_signature": True}
    return x509.KeyUsage(**usage)
