"""The server behind `monalive ui`: what it serves, with which headers, and what it refuses."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from monalive import Bundle, Motion, builtin_motions
from monalive.cli.main import main
from monalive.ui.content import page_routes
from monalive.ui.hand_driver import SLIDERS, hand_driver
from monalive.ui.server import PageServer


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built page in miniature."""
    folder = tmp_path_factory.mktemp("static")
    for name in ("index.html", "main.js", "worker.js", "style.css", "wasm/runtime.wasm"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    return folder


@pytest.fixture(scope="module")
def server(static: Path) -> Iterator[PageServer]:
    with PageServer(page_routes(static=static), port=0) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def _get(
    server: PageServer, path: str, host: str = "localhost", method: str = "GET"
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
    connection.request(method, path, headers={"Host": f"{host}:{server.server_address[1]}"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def test_page_is_isolated_and_closed_to_the_outside(server: PageServer) -> None:
    response, content = _get(server, "/")
    assert response.status == 200 and content == b"content of index.html"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/main.js", "text/javascript; charset=utf-8"),
        ("/wasm/runtime.wasm", "application/wasm"),
        ("/sample.jpg", "image/jpeg"),
    ],
)
def test_media_types(server: PageServer, path: str, kind: str) -> None:
    response, content = _get(server, path)
    assert response.status == 200 and response.headers["Content-Type"] == kind and content


def test_models_and_motions_are_those_of_the_sdk(server: PageServer, tmp_path: Path) -> None:
    (tmp_path / "got.bundle").write_bytes(_get(server, "/models/default.bundle")[1])
    assert Bundle.load(tmp_path / "got.bundle").sha256 == Bundle.load().sha256
    names = json.loads(_get(server, "/motions.json")[1])
    assert tuple(names) == builtin_motions.names()
    (tmp_path / "got.motion").write_bytes(_get(server, "/motions/wink.motion")[1])
    got, own = Motion.load(tmp_path / "got.motion"), builtin_motions.load("wink")
    assert np.abs(got.landmarks - own.landmarks).max() < 0.02
    assert {"tracker_detector", "tracker_landmarks"} <= set(Bundle.load().parts)  # the page has no other tracker


@pytest.mark.parametrize(
    "path", ["/nothing", "/../pyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/wasm/"]
)
def test_nothing_else_is_served(server: PageServer, path: str) -> None:
    assert _get(server, path)[0].status == 404


def test_head_sends_no_body(server: PageServer) -> None:
    response, content = _get(server, "/main.js", method="HEAD")
    assert response.status == 200 and not content and int(response.headers["Content-Length"]) > 0


def test_another_sites_name_is_refused(server: PageServer) -> None:
    assert _get(server, "/models/default.bundle", host="evil.example")[0].status == 403


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/", "[bad", 403),
        ("/", "[::1", 403),
        ("/", "localhost:port", 200),
        ("//[bad", "localhost", 404),
        ("*", "localhost", 404),
    ],
)
def test_requests_that_are_no_addresses(
    server: PageServer, capfd: pytest.CaptureFixture[str], path: str, host: str, status: int
) -> None:
    for method in ("GET", "POST"):
        with socket.create_connection(("127.0.0.1", server.server_address[1])) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode())
            connection.settimeout(10)
            answer = connection.recv(100).decode()
            assert answer.startswith(f"HTTP/1.1 {403 if method == 'POST' else status}"), answer
    assert "Traceback" not in capfd.readouterr().err


def test_hand_driver_moves_what_its_sliders_say() -> None:
    driver = hand_driver()
    rest = np.reshape(driver["rest"], (478, 3))
    moved = {name: np.reshape(values, (478, 3)) for name, values in driver["sliders"].items()}
    assert set(moved) == set(SLIDERS) and np.isfinite(rest).all()
    assert moved["mouth"][17, 1] > 5 > abs(moved["mouth"][10, 1])  # the lower lip goes down, the forehead stays
    assert moved["eyes"][159, 1] > 2  # the upper lid goes down
    assert moved["brows"][105, 1] < -2
    assert moved["smile"][61, 0] < 0 < moved["smile"][291, 0]  # the mouth's corners go apart


def test_page_not_built(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monalive.ui.content.STATIC", tmp_path)
    with pytest.raises(FileNotFoundError, match="make web"):
        page_routes(static=tmp_path)


def test_port_in_use(static: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    routes = page_routes(static=static)
    monkeypatch.setattr("monalive.ui.content.page_routes", lambda bundle: routes)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["ui", "--no-browser", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"port {port}" in said and "--port" in said and said.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--port", "70000"], ["--bundle", "nowhere.bundle"]])
def test_bad_arguments_are_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ui", "--no-browser", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
