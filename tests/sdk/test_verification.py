"""Content Credentials and `monalive verify`: valid, tampered, stripped, not ours; and nothing personal in them."""

from __future__ import annotations

import io
import json
import logging
import os
import stat
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from monalive.cli import main
from monalive.measuring.benchmark import sway
from monalive.media.image_io import load_image, save_image
from monalive.media.video_sinks import open_sink
from monalive.packaged_assets import sample_portrait_path
from monalive.trust import consent, credential
from monalive.trust.consent import Consent
from monalive.trust.credential import Credential
from monalive.trust.credentials_reader import read_credentials
from monalive.trust.disclosure import Disclosure
from monalive.trust.mark_code import MarkMessage
from monalive.trust.mark_search import search_mark
from monalive.trust.pixel_mark import LOSSLESS, LOSSY, PixelMark
from monalive.trust.provenance import DIGITAL_SOURCE_TYPE
from monalive.verification import State, _verdict, verify

NAMES = ["a.mp4", "a.m4v", "a.gif", "a.webp", "a.png", "a.jpg", "frames"]
MODEL = {"name": "test networks", "version": "9.8.7", "sha256": "0" * 64}


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return cv2.resize(load_image(sample_portrait_path()), (256, 256), interpolation=cv2.INTER_AREA)


@pytest.fixture
def photo(tmp_path: Path, face: np.ndarray) -> Path:
    save_image(tmp_path / "anna at home.jpg", face)
    return tmp_path / "anna at home.jpg"


def write(path: Path, face: np.ndarray, disclosure: Disclosure | None = None) -> Path:
    with open_sink(path, 25, (256, 256), disclosure=disclosure) as sink:
        for index in range(1 if path.suffix in (".png", ".jpg") else 4):
            sink.write(sway(face, index))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_verifies(tmp_path: Path, face: np.ndarray, photo: Path, name: str) -> None:
    said = Disclosure(consent=Consent.GIVEN, motion="smile", model=MODEL, photos=[photo])
    found = verify(write(tmp_path / name, face, said))
    assert found.state is State.VALID
    assert found.credentials is not None and found.mark is not None
    facts = found.credentials.facts
    assert facts is not None
    assert (facts["motion"], facts["consent"], facts["model"]) == ("smile", "given", MODEL)
    assert facts["pixel_mark"]["id"] == found.mark.message.id_text
    assert len(facts["photos"][0]["sha256"]) == 64
    assert found.credentials.source_type == DIGITAL_SOURCE_TYPE
    assert not found.credentials.trusted and not found.credentials.problems


def test_webm_has_its_credentials_beside_it(tmp_path: Path, face: np.ndarray, photo: Path) -> None:
    path = write(tmp_path / "a.webm", face, Disclosure(motion="nod", photos=[photo]))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.c2pa", "a.webm", photo.name]
    found = verify(path)
    assert found.state is State.VALID
    assert found.credentials is not None and found.mark is not None and found.credentials.facts is not None
    assert found.credentials.facts["motion"] == "nod" and found.credentials.source_type == DIGITAL_SOURCE_TYPE
    assert found.credentials.facts["pixel_mark"]["id"] == found.mark.message.id_text

    (tmp_path / "a.c2pa").rename(tmp_path / "kept.c2pa")
    found = verify(path)
    assert found.state is State.STRIPPED
    assert found.mark is not None and "none beside it" in " ".join(found.notes)
    (tmp_path / "a.c2pa").write_bytes(b"garbage")
    assert verify(path).state is State.TAMPERED
    (tmp_path / "kept.c2pa").replace(tmp_path / "a.c2pa")
    path.write_bytes(path.read_bytes() + b"\0")
    assert verify(path).state is State.TAMPERED


def test_credentials_beside_a_webm_go_with_it(tmp_path: Path, face: np.ndarray) -> None:
    path = write(tmp_path / "a.webm", face)
    first = (tmp_path / "a.c2pa").read_bytes()
    with pytest.raises(RuntimeError), open_sink(path, 25, (256, 256)) as sink:
        sink.write(face)
        raise RuntimeError
    assert (tmp_path / "a.c2pa").read_bytes() == first and verify(path).state is State.VALID
    assert verify(write(path, face)).state is State.VALID and (tmp_path / "a.c2pa").read_bytes() != first
    assert verify(write(path, face, Disclosure(credentials=False))).state is State.STRIPPED
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.webm"]


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.jpg", "a.gif", "a.webp"])
def test_a_changed_byte_is_found(tmp_path: Path, face: np.ndarray, name: str) -> None:
    path = write(tmp_path / name, face)
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4] ^= 1
    path.write_bytes(content)
    credentials = read_credentials(path, {"mp4": "video/mp4", "jpg": "image/jpeg"}.get(name[2:], f"image/{name[2:]}"))
    assert credentials is not None and not credentials.intact
    assert verify(path).state is State.TAMPERED


def test_credentials_of_another_file_are_found(tmp_path: Path, face: np.ndarray) -> None:
    """Signing again is easy for anyone who has the program; the pixels keep the first id."""
    first = load_image(write(tmp_path / "first.png", face))
    second = write(tmp_path / "second.png", face)
    said = read_credentials(second, "image/png")
    assert said is not None and said.facts is not None
    from monalive.trust.content_credentials import Statement, sign_bytes

    encoded = io.BytesIO()
    Image.fromarray(first).save(encoded, "PNG")
    forged = sign_bytes(encoded.getvalue(), "image/png", Statement(said.facts), credential.local())
    (tmp_path / "forged.png").write_bytes(forged)
    found = verify(tmp_path / "forged.png")
    assert found.credentials is not None and found.credentials.intact
    assert found.state is State.TAMPERED


def test_a_new_encoding_strips_the_credentials_and_keeps_the_mark(tmp_path: Path, face: np.ndarray) -> None:
    image = load_image(write(tmp_path / "a.jpg", face))
    Image.fromarray(image).save(tmp_path / "posted.jpg", quality=75)
    found = verify(tmp_path / "posted.jpg")
    assert found.state is State.STRIPPED
    assert found.credentials is None and found.mark is not None


def test_one_frame_of_a_folder_changed(tmp_path: Path, face: np.ndarray) -> None:
    folder = write(tmp_path / "frames", face)
    content = bytearray((folder / "000002.png").read_bytes())
    content[-100] ^= 1
    (folder / "000002.png").write_bytes(content)
    assert read_credentials(folder / "000002.png", "image/png").intact is False  # type: ignore[union-attr]
    assert verify(folder).state is State.TAMPERED
    Image.fromarray(face).save(folder / "000002.png")
    assert verify(folder).state is State.TAMPERED  # the others say that it was signed


def test_what_is_not_ours(tmp_path: Path, face: np.ndarray) -> None:
    save_image(tmp_path / "plain.png", face)
    assert verify(tmp_path / "plain.png").state is State.NOT_OURS
    plain = Disclosure(credentials=False, pixel_mark=False)
    assert verify(write(tmp_path / "plain.mp4", face, plain)).state is State.NOT_OURS


def test_the_command_prints_both_layers_and_ends_with_the_verdict(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.png", face, Disclosure(motion="nod", model=MODEL, consent=Consent.ARTWORK))
    assert main(["verify", str(path)]) == 0
    out = capsys.readouterr().out
    assert all(text in out for text in ("a.png: valid", "intact", "test networks 9.8.7", "nod", "artwork", "mark"))
    assert main(["verify", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["state"] == "valid" and said["mark"]["id"] == said["credentials"]["monalive"]["pixel_mark"]["id"]
    Image.open(path).convert("RGB").save(tmp_path / "b.png")
    assert main(["verify", str(tmp_path / "b.png")]) == 4
    Image.fromarray(face).save(tmp_path / "c.png")
    assert main(["verify", str(tmp_path / "c.png")]) == 5
    content = bytearray(path.read_bytes())
    content[content.rindex(b"IEND") - 40] ^= 1
    (tmp_path / "d.png").write_bytes(content)
    assert main(["verify", str(tmp_path / "d.png")]) == 3
    capsys.readouterr()
    (tmp_path / "text.mp4").write_text("not a video" * 100)
    for name in ("text.mp4", "none.mp4"):
        assert main(["verify", str(tmp_path / name)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def _damaged(folder: Path, face: np.ndarray) -> dict[str, int]:
    """Files that are not what their names say, and the exit code that each is to get."""
    (folder / "text.jpg").write_text("not a picture\n")
    (folder / "text.mp4").write_text("not a video" * 100)
    (folder / "empty.png").touch()
    (folder / "zeros.mp4").write_bytes(bytes(100_000))
    (folder / "header.webm").write_bytes(b"\x1aE\xdf\xa3" + bytes(500))
    (folder / "folder").mkdir()
    for name in ("plain.png", "plain.jpg"):
        save_image(folder / name, face)
        (folder / f"half-{name}").write_bytes((folder / name).read_bytes()[:9000])
    signed = write(folder / "signed.png", face).read_bytes()
    (folder / "half-signed.png").write_bytes(signed[: len(signed) // 2])
    codes = dict.fromkeys(("text.jpg", "text.mp4", "empty.png", "zeros.mp4", "header.webm", "folder", "none.gif"), 2)
    return codes | {"half-plain.png": 2, "half-plain.jpg": 2, "half-signed.png": 3}


def test_files_that_cannot_be_read_get_one_clear_line(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in _damaged(tmp_path, face).items():
        assert main(["verify", str(tmp_path / name)]) == code, name
        said = capsys.readouterr()
        assert said.err.count("\n") == (code == 2), said.err
        assert name in (said.err if code == 2 else said.out)

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    assert main(["verify", str(tmp_path / "text.mp4")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_nothing_personal_is_written(tmp_path: Path, face: np.ndarray, photo: Path) -> None:
    path = write(tmp_path / "a.mp4", face, Disclosure(photos=[photo]))
    content = path.read_bytes().lower()
    for secret in (b"anna", b"at home", str(tmp_path).encode().lower()):
        assert secret not in content
    assert b"\xff\xd8\xff" not in content  # no thumbnail of the photo


def test_the_local_credential_is_private_kept_and_nameless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONALIVE_HOME", str(tmp_path / "settings"))
    first = credential.local()
    path = tmp_path / "settings" / "credential.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert credential.local() == first
    assert list(path.parent.iterdir()) == [path]
    path.chmod(0o644)  # copied by a careless backup
    assert credential.local() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(first)
    path.write_text("garbage")
    assert credential.local() != first


def test_two_processes_that_make_a_credential_agree(tmp_path: Path) -> None:
    program = "from monalive.trust import credential; print(hash(credential.local().chain))"
    settings = {"MONALIVE_HOME": str(tmp_path), "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    runs = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env={**os.environ, **settings})
        for _ in range(3)
    ]
    assert len({run.communicate(timeout=60)[0] for run in runs}) == 1


def test_a_home_that_cannot_be_written(
    tmp_path: Path, face: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")  # also stops the root user
    monkeypatch.setenv("MONALIVE_HOME", str(tmp_path / "home"))
    credential._for_this_process.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert verify(write(tmp_path / "a.png", face)).state is State.VALID
        assert verify(write(tmp_path / "b.png", face)).state is State.VALID
    assert caplog.text.count("cannot be kept") == 1


def test_a_credential_of_ones_own(tmp_path: Path, face: np.ndarray) -> None:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    (tmp_path / "own.pem").write_text(credential._made())
    own = Credential.from_pem(tmp_path / "own.pem")
    assert own.key is not None
    key: Any = serialization.load_pem_private_key(own.key.encode(), None)

    def sign(content: bytes) -> bytes:
        r, s = utils.decode_dss_signature(key.sign(content, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    for chosen in (own, Credential.from_callback(sign, tmp_path / "own.pem")):
        found = verify(write(tmp_path / "a.jpg", face, Disclosure(credential=chosen)))
        assert found.state is State.VALID

    def refuse(content: bytes) -> bytes:
        raise PermissionError("the card was pulled out")

    broken = Credential.from_callback(refuse, tmp_path / "own.pem")
    with pytest.raises(ValueError, match="signed"):
        write(tmp_path / "b.jpg", face, Disclosure(credential=broken))
    with pytest.raises(ValueError, match="signed"):
        write(tmp_path / "b.mp4", face, Disclosure(credential=broken))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "own.pem"]


def test_credentials_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(ValueError, match=r"text\.pem"):
        Credential.from_pem(tmp_path / "text.pem")
    with pytest.raises(FileNotFoundError, match=r"none\.pem"):
        Credential.from_pem(tmp_path / "none.pem")
    with pytest.raises(FileNotFoundError, match=r"none\.pem"):
        Credential.from_callback(bytes, tmp_path / "none.pem")
    with pytest.raises(ValueError, match="md5"):
        Credential("BEGIN CERTIFICATE", "md5", "key")
    with pytest.raises(ValueError, match="either"):
        Credential("BEGIN CERTIFICATE")
    with pytest.raises(ValueError, match="cannot be used"):
        Credential("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "es256", "key").signer()


def test_unsigned_is_still_marked_and_says_so(tmp_path: Path, face: np.ndarray) -> None:
    found = verify(write(tmp_path / "a.png", face, Disclosure(credentials=False)))
    assert found.state is State.STRIPPED and found.mark is not None


def test_the_badge_is_in_the_corner_and_nowhere_else(tmp_path: Path) -> None:
    grey = np.full((200, 300, 3), 128, np.uint8)
    for name, size in (("a.png", (300, 200)), ("b.png", (20, 16))):
        with open_sink(tmp_path / name, 25, size, disclosure=Disclosure(badge=True, pixel_mark=False)) as sink:
            sink.write(np.ascontiguousarray(grey[: size[1], : size[0]]))
    changed = (load_image(tmp_path / "a.png") != 128).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert rows[0] > 170 and columns[0] > 260 and rows[-1] < 199 and columns[-1] < 299
    assert load_image(tmp_path / "a.png").min() < 70 and load_image(tmp_path / "a.png").max() > 180


def test_the_notice_is_said_once_and_not_when_consent_is_stated(caplog: pytest.LogCaptureFixture) -> None:
    with consent.held_back():
        consent._said = False
        with caplog.at_level(logging.WARNING):
            consent.say_once(Consent.SELF)
            assert not caplog.records
            consent.say_once(None)
            consent.say_once(None)
        assert [record.message for record in caplog.records] == [consent.NOTICE]
    with pytest.raises(ValueError, match="'artwork'"):
        consent.stated_consent("sure")


def test_a_photo_with_damaged_credentials_is_animated_all_the_same(
    tmp_path: Path, face: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    signed = write(tmp_path / "signed.png", face).read_bytes()
    at = signed.index(b"caBX")
    length = int.from_bytes(signed[at - 4 : at], "big")
    chunk = bytearray(signed[at : at + 4 + length])
    chunk[300:350] = b"\xff" * 50
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(signed[:at] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + signed[at + 8 + length :])
    for name in ("a.mp4", "a.png", "a.webm"):
        with caplog.at_level(logging.WARNING):
            found = verify(write(tmp_path / name, face, Disclosure(photos=[damaged])))
        assert found.state is State.VALID and found.credentials is not None and found.credentials.facts is not None
        assert len(found.credentials.facts["photos"][0]["sha256"]) == 64
        assert [line for line in caplog.messages if "cannot be read and are not passed on" in line]
        caplog.clear()


def test_a_mark_copied_to_another_picture_is_told(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the original at hand a mark is easily taken from an output and put on anything."""
    mark = PixelMark(MarkMessage(0x1234), (256, 256), None, LOSSLESS)
    pattern = 2.0 * (mark.apply(face).astype(float) - face)
    other = np.clip(255 - 0.6 * face.astype(float) + pattern, 0, 255).astype(np.uint8)
    Image.fromarray(other).save(tmp_path / "copied.png")
    found = verify(tmp_path / "copied.png")
    assert found.state is State.COPIED
    assert found.as_dict()["mark"]["belongs"] is False
    assert main(["verify", str(tmp_path / "copied.png")]) == 6
    said = capsys.readouterr().out
    assert "made for another picture" in said
    assert "made with monalive" not in said.lower()


def test_a_mark_without_enough_of_its_picture_is_one_like_ours(tmp_path: Path, face: np.ndarray) -> None:
    marked = PixelMark(MarkMessage(0x1234), (256, 256), None, LOSSY).apply(face)
    seen = search_mark([marked])
    assert seen is not None
    for likeness, shown, belongs, words in (
        (3.5, 1.0, True, "Made with monalive, but"),
        (2.2, 1.0, None, "a mark like ours"),
        (0.5, 0.4, None, "a mark like ours"),
        (0.5, 1.0, False, "made for another picture"),
        (None, 0.0, None, "a mark like ours"),
    ):
        mark = replace(seen, likeness=likeness, shown=shown)
        assert mark.belongs is belongs
        verdict = _verdict(None, mark, "image/png", cut=False, unreadable=False)
        assert verdict.state is (State.COPIED if belongs is False else State.STRIPPED)
        assert words in verdict.notes[0]
        assert belongs or "made with monalive" not in verdict.notes[0].lower()
