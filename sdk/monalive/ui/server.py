"""The server of the page: on this machine only, with the headers that let WASM use threads."""

from __future__ import annotations

import errno
import logging
import tempfile
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final
from urllib.parse import parse_qsl, urlsplit

from monalive.ui.content import Routes
from monalive.ui.services import Request, Service, Services

log = logging.getLogger(__name__)

ADDRESS: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8765
LARGEST_UPLOAD: Final = 2 << 30  # bytes
_BLOCK: Final = 1 << 20
_OWN_NAMES: Final = ("127.0.0.1", "localhost")
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

    Raises:
        OSError: the port cannot be used, with the reason and what to do.
    """

    daemon_threads = True
    # On Windows two servers could else listen on one port.
    allow_reuse_address = True

    def __init__(self, routes: Routes, port: int = DEFAULT_PORT, services: Services = MappingProxyType({})) -> None:
        self.routes = routes
        self.services = services
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            reason = {
                errno.EADDRINUSE: "another program uses it",
                errno.EACCES: "you may not use it (ports below 1024 are the system's)",
            }.get(error.errno or 0, str(error))
            raise OSError(f"the page cannot be served on port {port}: {reason}; choose another with --port") from error

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{_OWN_NAMES[1]}:{self.server_address[1]}/"


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
        service = self.server.services.get(urlsplit(self.path).path)
        length = self.headers.get("Content-Length", "")
        if not self._is_own_name() or origin != f"http://{host}":
            self._refuse(HTTPStatus.FORBIDDEN, "only the page itself may ask for this")
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
            return HTTPStatus.OK, *service(Request(file, dict(parse_qsl(urlsplit(self.path).query))))
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
        return urlsplit(f"//{self.headers.get('Host', '')}").hostname in _OWN_NAMES

    def _answer(self, *, with_body: bool) -> None:
        if not self._is_own_name():
            self._send(HTTPStatus.FORBIDDEN, "text/plain", b"This page is served to this machine only.\n", with_body)
            return
        route = self.server.routes.get(urlsplit(self.path).path)
        if route is None:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"There is nothing here.\n", with_body)
            return
        kind, content = route
        self._send(HTTPStatus.OK, kind, content(), with_body)

    def _send(self, status: HTTPStatus, kind: str, content: bytes, with_body: bool) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind + ("; charset=utf-8" if kind.startswith("text/") else ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)
