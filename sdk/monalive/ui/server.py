"""The server of the page: for this machine, or for devices let in, with the headers that let WASM use threads."""

from __future__ import annotations

import errno
import logging
import sys
import tempfile
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from monalive.ui.content import Routes
from monalive.ui.lan import Lan
from monalive.ui.services import Request, Service, Services

log = logging.getLogger(__name__)

ADDRESS: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8765
LARGEST_UPLOAD: Final = 2 << 30  # bytes
_BLOCK: Final = 1 << 20
_OWN_NAMES: Final = ("127.0.0.1", "localhost")
_SLOWEST: Final = 60.0  # seconds that a device may leave a request or its answer waiting
_HEADERS: Final = {
    # Both together isolate the page, without which browsers give WASM no threads.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The page loads nothing from anywhere else, and can send the photo nowhere.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "img-src 'self' blob: data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class PageServer(ThreadingHTTPServer):
    """Serves `routes` and `services`; `serve_forever` as any server of the standard library, `url` says where.

    Args:
        routes: see `content.page_routes`.
        port: 0 for any that is free.
        services: see `services.page_services`; only the page itself may call them.
        lan: for devices in the same network that have a link; None: for this machine alone.

    Raises:
        OSError: the port cannot be used, with the reason and what to do.
    """

    daemon_threads = True
    # On Windows two servers could else listen on one port.
    allow_reuse_address = True

    def __init__(
        self,
        routes: Routes,
        port: int = DEFAULT_PORT,
        services: Services = MappingProxyType({}),
        lan: Lan | None = None,
    ) -> None:
        self.routes = routes
        self.services = services
        self.lan = lan
        try:
            super().__init__((ADDRESS if lan is None else lan.address, port), _Handler)
        except OSError as error:
            reason = {
                errno.EADDRINUSE: "another program uses it",
                errno.EACCES: "permission is missing (ports below 1024 belong to the system)",
            }.get(error.errno or 0, str(error))
            raise OSError(f"the page cannot be served on port {port}: {reason}; choose another with --port") from error

    @property
    def own_names(self) -> tuple[str, ...]:
        """What the page may be asked for by."""
        return _OWN_NAMES if self.lan is None else (self.lan.address,)

    @property
    def origin(self) -> str:
        """Scheme, name and port of the page's address, the last of `own_names` being its name."""
        return f"{'http' if self.lan is None else 'https'}://{self.own_names[-1]}:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """The page's address; with a `lan`, one that lets one device in."""
        return f"{self.origin}/{'' if self.lan is None else self.lan.key}"

    def get_request(self) -> tuple[Any, Any]:
        """As the base class; what comes is not waited for here, so that nobody holds up others."""
        connection, client = super().get_request()
        connection.settimeout(_SLOWEST)
        return (connection if self.lan is None else self.lan.secured(connection)), client

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Devices go away, or speak no TLS: that is no fault of the page's."""
        if isinstance(sys.exception(), OSError):
            log.debug("a connection ended", exc_info=True)
        else:
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "monalive"
    sys_version = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_POST(self) -> None:
        self.close_connection = True  # what is refused is not read
        origin, host = self.headers.get("Origin"), self.headers.get("Host", "")
        service = self.server.services.get(self._address.path)
        length = self.headers.get("Content-Length", "")
        scheme = "http" if self.server.lan is None else "https"
        if not self._is_own_name() or not self._is_let_in() or origin != f"{scheme}://{host}":
            self._refuse(HTTPStatus.FORBIDDEN, "only the page itself may request this")
        elif service is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        elif not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "the length of the file is not given")
        elif int(length) > LARGEST_UPLOAD:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the file is larger than 2 GB")
        else:
            self._serve(service, int(length))

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are nobody's business."""

    def _serve(self, service: Service, length: int) -> None:
        with tempfile.TemporaryDirectory(prefix="monalive-") as folder:
            file = Path(folder) / "file"
            with file.open("wb") as target:
                if not self._receive(target, length):
                    return  # the page went away
            answer = self._answer_of(service, file)
        self._send(*answer, with_body=True)

    def _answer_of(self, service: Service, file: Path) -> tuple[HTTPStatus, str, bytes]:
        try:
            return HTTPStatus.OK, *service(Request(file, dict(parse_qsl(self._address.query))))
        except (OSError, ValueError) as error:
            reason = str(error).replace(str(file), "the file")  # it has no name here
            return HTTPStatus.UNPROCESSABLE_ENTITY, "text/plain", reason.encode()
        except Exception:
            log.exception("the page's request failed")
            reason = "something went wrong; see where monalive ui runs"
            return HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", reason.encode()

    def _receive(self, target: BinaryIO, length: int) -> bool:
        """Whether all of it came."""
        while length and (block := self.rfile.read(min(length, _BLOCK))):
            target.write(block)
            length -= len(block)
        return not length

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._send(status, "text/plain", reason.encode(), True)

    def _is_own_name(self) -> bool:
        """Another site's name that points here (DNS rebinding) must not read anything."""
        return _split(f"//{self.headers.get('Host', '')}").hostname in self.server.own_names

    def _is_let_in(self) -> bool:
        return self.server.lan is None or self.server.lan.knows(self.headers.get("Cookie", ""))

    @property
    def _address(self) -> SplitResult:
        return _split(self.path)

    def _answer(self, *, with_body: bool) -> None:
        if not self._is_own_name():
            self._send(HTTPStatus.FORBIDDEN, "text/plain", b"This page is not served under this name.\n", with_body)
            return
        if not self._is_let_in():
            self._let_in(with_body=with_body)
            return
        route = self.server.routes.get(self._address.path)
        if route is None:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"There is nothing here.\n", with_body)
            return
        kind, content = route
        self._send(HTTPStatus.OK, kind, content(), with_body)

    def _let_in(self, *, with_body: bool) -> None:
        """Lets in whoever has the key, if it was asked for with its page (not only its headers)."""
        lan = self.server.lan
        cookie = lan.let_in(self._address.path.removeprefix("/")) if lan is not None and with_body else None
        if cookie is None:
            words = b"This link has been used, or never was one. monalive ui prints a new link each time one is used.\n"
            self._send(HTTPStatus.FORBIDDEN, "text/plain", words, with_body)
        else:
            self._send(HTTPStatus.SEE_OTHER, "text/plain", b"", with_body, {"Set-Cookie": cookie, "Location": "/"})

    def _send(
        self,
        status: HTTPStatus,
        kind: str,
        content: bytes,
        with_body: bool,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.send_response(status)
        for name, value in (*_HEADERS.items(), *headers.items()):
            self.send_header(name, value)
        self.send_header("Content-Type", kind + ("; charset=utf-8" if kind.startswith("text/") else ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)


def _split(address: str) -> SplitResult:
    """Its parts; none, if it is no address."""
    try:
        parts = urlsplit(address)
        _ = parts.hostname
    except ValueError:
        return urlsplit("")
    return parts
