"""`monalive ui --lan`: a link lets one device in, everything goes over TLS, and nobody else gets anything."""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from monalive.cli.main import main
from monalive.ui.lan import Lan, lan_address
from monalive.ui.server import PageServer
from monalive.ui.services import Request

HOST = "127.0.0.1"


def _size(request: Request) -> tuple[str, bytes]:
    return "text/plain", str(request.file.stat().st_size).encode()


@pytest.fixture
def links() -> list[str]:
    return []


@pytest.fixture
def server(links: list[str]) -> Iterator[PageServer]:
    lan = Lan(HOST, lambda: links.append(made.url))
    with PageServer({"/": ("text/html", lambda: b"the page")}, 0, {"/size": _size}, lan) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def _ask(
    server: PageServer, path: str, cookie: str = "", method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(HOST, server.server_address[1], timeout=30, context=context)
    connection.request(method, path, body, {**({"Cookie": cookie} if cookie else {}), **headers})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def _let_in(server: PageServer) -> str:
    response, _ = _ask(server, server.url.removeprefix(server.origin))
    assert response.status == 303 and response.headers["Location"] == "/"
    cookie = response.headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    return cookie.split(";")[0]


def test_a_link_lets_one_device_in(server: PageServer, links: list[str]) -> None:
    link = server.url
    cookie = _let_in(server)
    assert _ask(server, "/", cookie)[1] == b"the page"
    assert _ask(server, "/")[0].status == 403  # another device
    assert _ask(server, link.removeprefix(server.origin))[0].status == 403  # the same link once more
    assert links == [server.url] != [link]
    assert _ask(server, "/", _let_in(server))[1] == b"the page"  # the new link is for another device
    assert _ask(server, "/", cookie)[1] == b"the page"  # and the first one stays


@pytest.mark.parametrize("cookie", ["", "monalive=", "monalive=guess", "other=x", "monalive", '"', "monalive=\x7f"])
def test_nobody_else_gets_anything(server: PageServer, cookie: str) -> None:
    _let_in(server)
    for path in ("/", "/size", "/wrongkey22", "/%00"):
        response, content = _ask(server, path, cookie)
        assert response.status == 403 and b"the page" not in content
    refused = _ask(server, "/size", cookie, "POST", b"four", Origin=server.origin)[0]
    assert refused.status == 403


def test_looking_at_a_links_headers_does_not_use_it_up(server: PageServer) -> None:
    assert _ask(server, server.url.removeprefix(server.origin), method="HEAD")[0].status == 403
    _let_in(server)


def test_services_are_for_the_page_alone(server: PageServer) -> None:
    cookie = _let_in(server)
    assert _ask(server, "/size", cookie, "POST", b"four", Origin=server.origin)[1] == b"4"
    for origin in ("http" + server.origin.removeprefix("https"), "https://evil.example", ""):
        assert _ask(server, "/size", cookie, "POST", b"four", Origin=origin)[0].status == 403


def test_the_certificate_is_for_this_address_and_has_the_fingerprint(server: PageServer) -> None:
    pem = ssl.get_server_certificate((HOST, server.server_address[1]))
    der = ssl.PEM_cert_to_DER_cert(pem)
    context = ssl.create_default_context(cadata=pem)
    with (
        socket.create_connection((HOST, server.server_address[1])) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as secured,  # raises if the name or a date is wrong
    ):
        assert secured.version() in ("TLSv1.2", "TLSv1.3")
    assert server.lan is not None
    digest = hashlib.sha256(der).hexdigest().upper()
    assert server.lan.fingerprint == ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def test_who_speaks_no_tls_or_nothing_holds_nobody_up(server: PageServer, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection((HOST, server.server_address[1])) as silent:
        with socket.create_connection((HOST, server.server_address[1])) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            plain.settimeout(10)
            assert b"the page" not in plain.recv(1000)
        assert _ask(server, "/", _let_in(server))[1] == b"the page"
        assert silent.fileno() >= 0
    assert "Traceback" not in capsys.readouterr().err


def test_no_network_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Nowhere(socket.socket):
        def connect(self, address: object) -> None:
            raise OSError("unreachable")

    monkeypatch.setattr("monalive.ui.lan.socket.socket", Nowhere)
    with pytest.raises(OSError, match="not connected to a network"):
        lan_address()
    monkeypatch.setattr("monalive.ui.content.page_routes", lambda bundle: {})
    assert main(["ui", "--lan"]) == 2
    said = capsys.readouterr().err
    assert "--lan" in said and said.count("\n") == 1
