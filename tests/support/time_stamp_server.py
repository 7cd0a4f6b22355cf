"""A time-stamp server (RFC 3161) on this machine, made with the program openssl."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

_SETTINGS: Final = """
[req]
distinguished_name = name
prompt = no
[name]
CN = test time stamps
O = test
[issuer]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
serial = serial
signer_cert = cert.pem
signer_key = key.pem
certs = issuer.pem
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256,sha384,sha512
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
_NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "settings.cnf")


@contextmanager
def time_stamp_server(folder: Path) -> Iterator[str]:
    """Its address; keys and settings are kept in `folder`."""

    def openssl(*arguments: str) -> bytes:
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder).stdout

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (folder / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            answer = openssl("ts", "-reply", "-config", "settings.cnf", "-section", "server", "-queryfile", "query")
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None: ...

    (folder / "settings.cnf").write_text(_SETTINGS)
    (folder / "serial").write_text("01\n")
    openssl("req", "-x509", *_NEW_KEY, "-keyout", "ca.pem", "-out", "issuer.pem", "-extensions", "issuer")
    openssl("req", *_NEW_KEY, "-keyout", "key.pem", "-out", "request.pem")
    issuer = ("-CA", "issuer.pem", "-CAkey", "ca.pem", "-CAcreateserial")
    extensions = ("-extfile", "settings.cnf", "-extensions", "stamps")
    openssl("x509", "-req", "-in", "request.pem", *issuer, "-out", "cert.pem", *extensions)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
