"""`monalive verify` says only what it knows: clocks, servers, other tools' statements, cut files, folders of frames."""

from __future__ import annotations

import datetime
import io
import json
import shutil
import time
import zlib
from pathlib import Path

import cv2
import foreign_statements as foreign
import numpy as np
import pytest
from PIL import Image

from monalive.cli import main
from monalive.measuring.benchmark import sway
from monalive.media.image_io import load_image
from monalive.media.video_sinks import open_sink
from monalive.packaged_assets import sample_portrait_path
from monalive.trust import credential
from monalive.trust.content_credentials import ASSERTION, Statement, sign_bytes
from monalive.trust.credentials_reader import Condition
from monalive.trust.disclosure import Disclosure
from monalive.verification import Origin, State, verify

SERVER = "http://127.0.0.1:9/m.c2pa"
XMP = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    f'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{SERVER}"/></rdf:RDF></x:xmpmeta>'
    '<?xpacket end="w"?>'
)


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return cv2.resize(load_image(sample_portrait_path()), (256, 256), interpolation=cv2.INTER_AREA)


def write(path: Path, face: np.ndarray, disclosure: Disclosure | None = None) -> Path:
    with open_sink(path, 25, (256, 256), disclosure=disclosure) as sink:
        for index in range(1 if path.suffix in (".png", ".jpg") else 4):
            sink.write(sway(face, index))
    return path


def put(path: Path, content: bytes | bytearray) -> Path:
    path.write_bytes(content)
    return path


def test_what_we_write_is_confirmed_by_its_mark(tmp_path: Path, face: np.ndarray) -> None:
    found = verify(write(tmp_path / "a.png", face))
    assert (found.state, found.origin, found.but) == (State.VALID, Origin.CONFIRMED, "")
    assert found.as_dict()["origin"] == "monalive"


def test_after_the_certificates_time_a_file_is_valid_but(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    brief = credential._parsed(credential._made(start, datetime.timedelta(hours=1, seconds=4)))
    path = write(tmp_path / "a.png", face, Disclosure(credential=brief))
    changed = bytearray(path.read_bytes())
    changed[changed.rindex(b"IEND") - 40] ^= 1
    put(tmp_path / "changed.png", changed)
    time.sleep(5)  # the certificate ends meanwhile
    found = verify(path)
    assert found.state is State.VALID and found.origin is Origin.CONFIRMED
    assert found.credentials is not None and found.credentials.condition is Condition.OUT_OF_TIME
    assert "clock" in found.but and found.credentials.intact
    assert main(["verify", str(path)]) == 0
    assert "a.png: valid, but this machine's clock" in capsys.readouterr().out
    assert verify(tmp_path / "changed.png").state is State.TAMPERED


def test_credentials_on_a_server_are_not_checked(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(face).save(tmp_path / "remote.jpg", xmp=XMP.encode())
    found = verify(tmp_path / "remote.jpg")
    assert found.state is State.NOT_CHECKED and found.credentials is not None
    assert found.credentials.address == SERVER and found.as_dict()["credentials"]["condition"] == "on a server"
    assert main(["verify", str(tmp_path / "remote.jpg")]) == 8
    assert "not checked" in capsys.readouterr().out
    marked = load_image(write(tmp_path / "a.png", face, Disclosure(credentials=False)))
    Image.fromarray(marked).save(tmp_path / "marked.jpg", xmp=XMP.encode(), quality=95)
    found = verify(tmp_path / "marked.jpg")
    assert found.state is State.STRIPPED and SERVER in found.notes[0]


@pytest.mark.parametrize(
    "data",
    [[1, 2], "text\x1b[31m", None, 5, {"pixel_mark": "text", "model": [1]}, {"pixel_mark": {"id": 7}, "model": "m"}],
    ids=["list", "text", "null", "number", "odd values", "other values"],
)
def test_odd_statements_in_our_name_are_told_from_ours(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str], data: object
) -> None:
    content = foreign.sign(foreign.png(face), [foreign.CREATED, {"label": ASSERTION, "data": data}])
    path = put(tmp_path / "odd.png", content)
    found = verify(path)
    assert found.origin is not Origin.CONFIRMED
    if isinstance(data, dict):
        assert found.state is State.VALID and found.origin is Origin.CLAIMED and "only its own statement" in found.but
    else:
        assert found.state is State.NOT_OURS and "another tool" in found.notes[0]
    assert main(["verify", str(path)]) in (0, 5)
    assert main(["verify", "--json", str(path)]) in (0, 5)
    assert "\x1b" not in capsys.readouterr().out


def test_a_statement_that_anyone_signed_is_told_from_our_release(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same program, the same kind of certificate, a genuine photo: only the pixels know better."""
    facts = {"motion": "smile", "consent": "self", "pixel_mark": {"version": 1, "id": "0123abc"}}
    lent = sign_bytes(foreign.png(face), "image/png", Statement(facts), credential.local())
    path = put(tmp_path / "lent.png", lent)
    found = verify(path)
    assert (found.state, found.origin) == (State.VALID, Origin.CLAIMED)
    assert main(["verify", str(path)]) == 0
    assert "lent.png: valid, but only its own statement says that monalive made it" in capsys.readouterr().out
    assert main(["verify", "--json", str(path)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["origin"] == "claimed" and "only its own statement" in said["but"]


def test_escape_codes_and_line_breaks_are_printed_escaped(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"motion": "a\x1b[2J\nlie.png: valid", "consent": "\u202eb", "model": {"name": "\x9b31m", "version": "\r1"}}
    content = foreign.sign(
        foreign.png(face), [foreign.CREATED, {"label": ASSERTION, "data": facts}], tool="bad\x1b[0m\ntool"
    )
    other = foreign.sign(foreign.png(face), [foreign.CREATED], tool="bad\x1b[0m\n" + "tool" * 500)
    for name, signed in (("a.png", content), ("b.png", other)):
        main(["verify", str(put(tmp_path / name, signed))])
        out = capsys.readouterr().out
        assert not set(out) & set("\x1b\x9b\r\u202e") and "\nlie.png" not in out
        assert max(map(len, out.splitlines())) < 500
        assert r"\x1b[" in out


@pytest.mark.parametrize(("how", "words"), [("parentOf", "opened a file"), ("componentOf", "used a file")])
def test_our_statement_kept_by_another_tool_is_said(
    tmp_path: Path, face: np.ndarray, capsys: pytest.CaptureFixture[str], how: str, words: str
) -> None:
    ours = write(tmp_path / "ours.png", face, Disclosure(motion="nod")).read_bytes()
    action = json.loads(json.dumps(foreign.OPENED))
    if how == "componentOf":
        placed = {"action": "c2pa.placed", "parameters": {"ingredientIds": ["used"]}}
        action["data"]["actions"] = [*foreign.CREATED["data"]["actions"], placed]  # type: ignore[index]
    path = put(tmp_path / "edited.png", foreign.sign(foreign.png(255 - face), [action], used=ours, how=how))
    found = verify(path)
    assert found.state is State.EDITED and words in " ".join(found.notes)
    (origin,) = found.as_dict()["credentials"]["made_from"]
    assert origin["relationship"] == how and origin["intact"] and origin["monalive"]["motion"] == "nod"
    assert main(["verify", str(path)]) == 9
    out = capsys.readouterr().out
    assert "edited.png: edited" in out and "nod" in out
    spoilt = bytearray(path.read_bytes())
    spoilt[spoilt.rindex(b"IEND") - 40] ^= 1
    assert verify(put(tmp_path / "spoilt.png", spoilt)).state is State.TAMPERED


def test_our_file_changed_before_another_tool_took_it(tmp_path: Path, face: np.ndarray) -> None:
    ours = bytearray(write(tmp_path / "ours.png", face).read_bytes())
    ours[ours.rindex(b"IEND") - 40] ^= 1
    content = foreign.sign(foreign.png(255 - face), [foreign.OPENED], used=bytes(ours))
    found = verify(put(tmp_path / "edited.png", content))
    assert found.state is State.EDITED and "had been changed" in " ".join(found.notes)


def test_other_tools_files(tmp_path: Path, face: np.ndarray) -> None:
    signed = foreign.sign(foreign.png(face), [foreign.CREATED], tool="Some Camera")
    found = verify(put(tmp_path / "a.png", signed))
    assert found.state is State.NOT_OURS and "Some Camera" in found.notes[0] and found.origin is Origin.NONE
    changed = bytearray(signed)
    changed[changed.rindex(b"IEND") - 40] ^= 1
    found = verify(put(tmp_path / "b.png", changed))
    assert found.state is State.NOT_OURS and "do not match" in found.notes[0]
    nobodys = signed.replace(b"monalive", b"somebody")  # in the certificate
    found = verify(put(tmp_path / "c.png", _damaged(nobodys)))
    assert found.state is State.CANNOT_TELL and "cannot be read" in found.notes[0]
    assert main(["verify", str(tmp_path / "c.png")]) == 7


def test_statements_that_are_not_in_order(tmp_path: Path, face: np.ndarray) -> None:
    """Signature and content fit, yet the library objects: an action that lacks what it must have."""
    action = {"label": "c2pa.actions.v2", "data": {"actions": [{"action": "c2pa.created"}]}}
    found = verify(put(tmp_path / "a.png", foreign.sign(foreign.png(face), [action])))
    assert found.state is State.NOT_OURS and "not in order" in " ".join(found.notes)
    ours = {"label": ASSERTION, "data": {"motion": "nod"}}
    found = verify(put(tmp_path / "b.png", foreign.sign(foreign.png(face), [action, ours])))
    assert found.state is State.CANNOT_TELL and "unchanged since it was signed" in found.notes[0]


def test_our_mark_under_another_tools_signature(tmp_path: Path, face: np.ndarray) -> None:
    marked = load_image(write(tmp_path / "a.png", face, Disclosure(credentials=False)))
    found = verify(put(tmp_path / "b.png", foreign.sign(foreign.png(marked), [foreign.CREATED])))
    assert found.state is State.STRIPPED and found.origin is Origin.MARK and "credentials are gone" in found.notes[-1]


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg", "a.gif", "a.mp4"])
def test_cut_files_are_tampered(tmp_path: Path, face: np.ndarray, name: str) -> None:
    content = write(tmp_path / name, face).read_bytes()
    for length in (len(content) // 3, len(content) // 2, len(content) * 9 // 10, len(content) - 1):
        found = verify(put(tmp_path / f"cut{name[1:]}", content[:length]))
        assert found.state is State.TAMPERED, (length, found)


def test_a_cut_webp_of_somebody_else(tmp_path: Path, face: np.ndarray) -> None:
    frames = [Image.fromarray(np.roll(face, 8 * index, axis=1)) for index in range(4)]
    encoded = io.BytesIO()
    frames[0].save(encoded, "WEBP", save_all=True, append_images=frames[1:])
    found = verify(put(tmp_path / "a.webp", encoded.getvalue()[: len(encoded.getvalue()) * 3 // 4]))
    assert found.state is State.NOT_OURS and found.notes == ["The file is cut short."]
    with pytest.raises(ValueError, match="damaged or cut short"):
        verify(put(tmp_path / "b.webp", encoded.getvalue()[:100]))


def test_frames_carry_number_and_count(tmp_path: Path, face: np.ndarray) -> None:
    folder = write(tmp_path / "frames", face)
    facts = [verify(file).credentials.facts["frame"] for file in sorted(folder.iterdir())]  # type: ignore[union-attr,index]
    assert [one["number"] for one in facts] == [0, 1, 2, 3] and {one["count"] for one in facts} == {4}
    assert len({one["sequence"] for one in facts}) == 1


def _move(folder: Path, *names: str) -> None:
    """Gives frames new names all at once: the n-th file takes the n-th name; an empty one removes it."""
    kept = [file.read_bytes() for file in sorted(folder.iterdir())]
    for file in folder.iterdir():
        file.unlink()
    for content, name in zip(kept, names, strict=True):
        if name:
            (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("000000.png", "", "000002.png", "000003.png"), "1 of 4 frames are missing"),
        (("000000.png", "000001.png", "000002.png", ""), "number 3"),
        (("000003.png", "000002.png", "000001.png", "000000.png"), "not in the order"),
        (("", "000000.png", "000001.png", "000002.png"), "number 0"),
    ],
    ids=["missing", "last one missing", "reversed", "first one missing"],
)
def test_frames_not_all_there_or_in_another_order(
    tmp_path: Path, face: np.ndarray, names: tuple[str, ...], words: str
) -> None:
    folder = write(tmp_path / "frames", face)
    _move(folder, *names)
    found = verify(folder)
    assert found.state is State.TAMPERED and words in " ".join(found.notes)
    assert main(["verify", str(folder)]) == 3


def test_doubled_and_mixed_frames(tmp_path: Path, face: np.ndarray) -> None:
    folder, other = write(tmp_path / "frames", face), write(tmp_path / "other", face)
    shutil.copy(folder / "000001.png", folder / "000004.png")
    found = verify(folder)
    assert found.state is State.TAMPERED and "twice" in " ".join(found.notes)
    (folder / "000004.png").unlink()
    assert verify(folder).state is State.VALID
    shutil.copy(other / "000002.png", folder / "000002.png")
    found = verify(folder)
    assert found.state is State.TAMPERED and "mixed" in " ".join(found.notes)


def test_frames_by_other_names_and_of_older_versions(tmp_path: Path, face: np.ndarray) -> None:
    folder = write(tmp_path / "frames", face)
    _move(folder, "f_8.png", "f_9.png", "f_10.png", "f_11.png")
    assert verify(folder).state is State.VALID
    (tmp_path / "old").mkdir()
    signed = sign_bytes(foreign.png(face), "image/png", Statement({"motion": "nod"}), credential.local())
    for number in range(2):
        (tmp_path / "old" / f"{number:06d}.png").write_bytes(signed)
    found = verify(tmp_path / "old")
    assert found.state is State.VALID and "no numbers" in " ".join(found.notes)


def test_a_photo_with_somebodys_damaged_credentials_is_animated(
    tmp_path: Path, face: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    signed = foreign.sign(foreign.png(face), [foreign.CREATED])
    good, bad = put(tmp_path / "good.png", signed), put(tmp_path / "bad.png", _damaged(signed))
    path = write(tmp_path / "a.png", face, Disclosure(photos=[good]))
    assert not caplog.records and path.read_bytes().count(b"other tool") == 1
    path = write(tmp_path / "b.png", face, Disclosure(photos=[good, bad]))
    assert [record.levelname for record in caplog.records] == ["WARNING"] and "bad.png" in caplog.text
    found = verify(path)
    assert found.state is State.VALID and found.credentials is not None and found.credentials.facts is not None
    assert len(found.credentials.facts["photos"]) == 2 and path.read_bytes().count(b"other tool") == 1


def test_a_photo_whose_credentials_lie_on_a_server(
    tmp_path: Path, face: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    Image.fromarray(face).save(tmp_path / "remote.jpg", xmp=XMP.encode())
    path = write(tmp_path / "a.png", face, Disclosure(photos=[tmp_path / "remote.jpg"]))
    assert verify(path).state is State.VALID and "remote.jpg" in caplog.text


def _damaged(png: bytes) -> bytes:
    """A PNG whose credentials cannot be read, but whose chunks are whole."""
    at = png.index(b"caBX")
    length = int.from_bytes(png[at - 4 : at], "big")
    chunk = bytearray(png[at : at + 4 + length])
    chunk[300:350] = b"\xff" * 50
    return png[:at] + bytes(chunk) + zlib.crc32(bytes(chunk)).to_bytes(4, "big") + png[at + 8 + length :]
