"""The page for devices in the same network: a link that lets one of them in, and TLS with a certificate made here."""

from __future__ import annotations

import datetime
import hmac
import ipaddress
import secrets
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final

_KEY_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another when typed
_KEY_LENGTH: Final = 10  # 49 bits
_COOKIE: Final = "monalive"
_VALID: Final = datetime.timedelta(days=7)
# Addresses for documentation: asking how one would get there sends nothing.
_ELSEWHERE: Final = (("192.0.2.1", 9), ("198.51.100.1", 9))


def lan_address() -> str:
    """This machine's address in its network, as "192.168.1.5".

    Raises:
        OSError: it is in no network.
    """
    for place in _ELSEWHERE:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(place)
            except OSError:
                continue
            address = str(probe.getsockname()[0])
            if not ipaddress.ip_address(address).is_loopback:
                return address
    raise OSError("this machine is not connected to a network; connect it, or leave out --lan")


class Lan:
    """Who is let in, and the certificate.

    Args:
        address: of this machine in the network.
        new_link: called when a device was let in: the key before is used up, there is a new one.

    Attributes:
        key: lets one device in, then there is another.
        fingerprint: SHA-256 of the certificate, as browsers show it.
    """

    def __init__(self, address: str, new_link: Callable[[], None] = lambda: None) -> None:
        self.address = address
        self.key = _new_key()
        self._new_link = new_link
        self._let_in: set[str] = set()
        self._lock = threading.Lock()
        self._context, self.fingerprint = _certified(address)

    def secured(self, connection: socket.socket) -> ssl.SSLSocket:
        """A connection with TLS; hands are shaken when it is first read from."""
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def let_in(self, key: str) -> str | None:
        """A cookie for the device that has the key, None if it is another one; the key is used up."""
        with self._lock:
            if not hmac.compare_digest(key.encode(), self.key.encode()):
                return None
            self.key = _new_key()
            token = secrets.token_urlsafe(24)
            self._let_in.add(token)
        self._new_link()
        return f"{_COOKIE}={token}; Secure; HttpOnly; SameSite=Strict; Path=/"

    def knows(self, cookies: str) -> bool:
        """Whether a request's cookies are of a device that was let in."""
        try:
            cookie = SimpleCookie(cookies).get(_COOKIE)
        except CookieError:
            return False
        return cookie is not None and cookie.value in self._let_in


def _new_key() -> str:
    return "".join(secrets.choice(_KEY_LETTERS) for _ in range(_KEY_LENGTH))


def _certified(address: str) -> tuple[ssl.SSLContext, str]:
    """TLS with a new certificate for an address, whose key is kept nowhere, and the certificate's fingerprint."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "monalive ui on this network")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # a phone's clock may be behind
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="monalive-") as folder:  # the standard library reads files only
        both = Path(folder) / "certificate.pem"
        both.touch(mode=0o600)
        both.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(both)
    return context, certificate.fingerprint(hashes.SHA256()).hex(":").upper()
