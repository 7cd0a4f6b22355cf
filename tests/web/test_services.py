"""What the page may ask of this machine: signing a recording, checking a file; and who may ask."""

from __future__ import annotations

import http.client
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from monalive.media.image_io import load_image
from monalive.media.video_sinks import open_sink
from monalive.packaged_assets import sample_portrait_path
from monalive.trust.disclosure import Disclosure
from monalive.ui import server as page_server
from monalive.ui.server import PageServer
from monalive.ui.services import CREDENTIALS_TYPE, page_services
from monalive.verification import Origin, State, verify

PHOTO = "ab" * 32


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer({}, 0, page_services()) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marked videos as browsers record them: WebM, and MP4 in fragments with our box at the end."""
    folder = tmp_path_factory.mktemp("recordings")
    face = cv2.resize(load_image(sample_portrait_path()), (256, 256), interpolation=cv2.INTER_AREA)
    unsigned = Disclosure(credentials=False)
    for name in ("a.webm", "a.gif", "whole.mp4"):
        with open_sink(folder / name, 25, (256, 256), disclosure=unsigned) as sink:
            for index in range(6):
                sink.write(np.roll(face, index, axis=1))
    with (
        av.open(str(folder / "whole.mp4")) as source,
        av.open(str(folder / "a.mp4"), "w", options={"movflags": "frag_keyframe+empty_moov"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with (folder / "a.mp4").open("ab") as file:
        file.write((28).to_bytes(4, "big") + b"uuid" + b"monalive-ai-made" + b"text")
    return folder


def _post(server: PageServer, path: str, body: bytes, **headers: str) -> tuple[int, str, bytes]:
    host = f"localhost:{server.server_address[1]}"
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    connection.request("POST", path, body, {"Host": host, "Origin": f"http://{host}", **headers})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers["Content-Type"], content


def _require_said(path: Path) -> None:
    found = verify(path)
    assert found.state is State.VALID and found.origin is Origin.CONFIRMED and found.credentials is not None
    facts = found.credentials.facts
    assert facts is not None and facts["model"]["sha256"]
    assert (facts["motion"], facts["consent"], facts["badge"]) == ("smile", "artwork", True)
    assert facts["photos"] == [{"sha256": PHOTO}]


@pytest.mark.parametrize(("name", "media_type"), [("a.mp4", "video/mp4"), ("a.gif", "image/gif")])
def test_mp4_and_gif_are_signed_inside(
    server: PageServer, recordings: Path, tmp_path: Path, name: str, media_type: str
) -> None:
    query = f"/sign?consent=artwork&motion=smile&badge=1&photo={PHOTO}"
    status, kind, content = _post(server, query, (recordings / name).read_bytes())
    assert (status, kind) == (200, media_type)
    (tmp_path / name).write_bytes(content)
    _require_said(tmp_path / name)
    with av.open(str(tmp_path / name)) as video:
        assert len(list(video.decode(video=0))) == 6


def test_speech_is_signed_as_such_and_with_consent_alone(server: PageServer, recordings: Path, tmp_path: Path) -> None:
    video = (recordings / "a.mp4").read_bytes()
    status, _, content = _post(server, "/sign?speech=1&badge=1", video)
    assert status != 200 and b"consent" in content
    status, _, content = _post(server, "/sign?speech=1&badge=1&consent=self", video)
    (tmp_path / "a.mp4").write_bytes(content)
    credentials = verify(tmp_path / "a.mp4").credentials
    assert status == 200 and credentials is not None and credentials.facts is not None
    assert credentials.facts["lips_driven_by_sound"] is True


def test_a_webm_is_signed_beside_itself(server: PageServer, recordings: Path, tmp_path: Path) -> None:
    query = f"/sign?consent=artwork&motion=smile&badge=1&photo={PHOTO}"
    recorded = (recordings / "a.webm").read_bytes()
    status, kind, content = _post(server, query, recorded)
    assert (status, kind) == (200, CREDENTIALS_TYPE)
    (tmp_path / "signed.webm").write_bytes(recorded)
    (tmp_path / "signed.c2pa").write_bytes(content)
    _require_said(tmp_path / "signed.webm")


@pytest.mark.parametrize(
    ("motion", "recorded"),
    [
        ("camera", "a camera"),
        ("by%20hand", "by hand"),
        ("video", "a video"),
        ("anna%20at%20home", "a .motion file"),
        ("", "a .motion file"),
    ],
)
def test_no_file_names_are_signed(
    server: PageServer, recordings: Path, tmp_path: Path, motion: str, recorded: str
) -> None:
    status, _, content = _post(server, f"/sign?motion={motion}", (recordings / "a.mp4").read_bytes())
    (tmp_path / "a.mp4").write_bytes(content)
    credentials = verify(tmp_path / "a.mp4").credentials
    assert status == 200 and credentials is not None and credentials.facts is not None
    assert credentials.facts["motion"] == recorded and credentials.facts["consent"] is None
    assert b"anna" not in content


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/sign", b"not a video", "only videos"),
        ("/sign", b"", "only videos"),
        ("/sign", b"\x1aE\xdf\xa3" + bytes(100), "the file is not a video"),
        ("/sign?consent=sure", None, "consent"),
        ("/sign?photo=../../etc/passwd", None, "sha256"),
        ("/check", b"not a picture", "not a video that can be read"),
        ("/check?beside=99", b"short", "length"),
        ("/check?beside=-1", b"short", "length"),
    ],
)
def test_what_cannot_be_done_is_said(
    server: PageServer, recordings: Path, path: str, body: bytes | None, words: str
) -> None:
    status, kind, content = _post(server, path, (recordings / "a.mp4").read_bytes() if body is None else body)
    text = content.decode()
    assert status == 422 and kind.startswith("text/plain") and words in text
    assert "\n" not in text and "/tmp" not in text


def test_files_are_checked(server: PageServer, recordings: Path, tmp_path: Path) -> None:
    def check(body: bytes, beside: bytes = b"") -> dict[str, Any]:
        status, kind, content = _post(server, f"/check?beside={len(beside)}", body + beside)
        assert (status, kind) == (200, "application/json")
        found: dict[str, Any] = json.loads(content)
        return found

    recorded = (recordings / "a.webm").read_bytes()
    assert check(recorded)["state"] == "stripped"
    credentials = _post(server, "/sign?motion=nod", recorded)[2]
    found = check(recorded, credentials)
    assert (found["state"], found["origin"], found["credentials"]["monalive"]["motion"]) == ("valid", "monalive", "nod")
    assert check(recorded + b"\0", credentials)["state"] == "tampered"
    plain = io.BytesIO()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(plain, "PNG")
    assert check(plain.getvalue())["state"] == "not ours"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Origin": "http://localhost:1"},
    ],
)
def test_other_sites_may_not_ask(server: PageServer, recordings: Path, headers: dict[str, str]) -> None:
    assert _post(server, "/sign", (recordings / "a.mp4").read_bytes(), **headers)[0] == 403


def test_requests_that_are_no_requests(server: PageServer, recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _post(server, "/nothing", b"x")[0] == 404
    assert _post(server, "/sign", b"x", **{"Content-Length": "many"})[0] == 411
    assert _post(server, "/sign", b"x", **{"Content-Length": "-5"})[0] == 411
    monkeypatch.setattr(page_server, "LARGEST_UPLOAD", 10)
    assert _post(server, "/sign", b"x" * 11)[0] == 413


def test_nothing_is_left_behind(
    server: PageServer, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for path, body in (("/sign", (recordings / "a.mp4").read_bytes()), ("/check", b"not a picture")):
        _post(server, path, body)
    assert not list(tmp_path.iterdir())
