"""A signing credential that is of no use is named, kept aside, and replaced; one of one's own is refused at once."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from monalive.cli import main
from monalive.trust import credential
from monalive.trust.credential import Credential

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def _mixed() -> str:
    """A key and the certificate of another one."""
    key, chain = credential._split(credential._made())[0], credential._split(credential._made())[1]
    return key + chain


USELESS = {
    "garbage": (b"garbage", "is damaged"),
    "bytes": (b"\xff\xfe\x00", "is damaged"),
    "empty": (b"", "is damaged"),
    "no certificate": (credential._split(credential._made())[0].encode(), "is damaged"),
    "cut": (credential._made().encode()[:400], "is damaged"),
    "another key": (_mixed().encode(), "does not belong to its certificate"),
    "not valid yet": (credential._made(NOW + DAY).encode(), "not valid yet"),
    "over": (credential._made(NOW - 3 * DAY, DAY).encode(), "runs out"),
    "soon over": (credential._made(NOW - DAY, 20 * DAY).encode(), "runs out"),
}


@pytest.mark.parametrize("kind", USELESS)
def test_a_useless_one_is_named_kept_aside_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    monkeypatch.setenv("MONALIVE_HOME", str(tmp_path))
    content, words = USELESS[kind]
    path = tmp_path / "credential.pem"
    path.write_bytes(content)
    made = credential.local()
    assert (tmp_path / "credential.old").read_bytes() == content
    assert len(caplog.records) == 1 and str(path) in caplog.text
    assert words in caplog.text and "credential.old" in caplog.text
    assert credential.local() == made and len(caplog.records) == 1
    credential._require_own_key(made)
    with made.signer():
        pass
    path.write_bytes(content)
    assert credential.local() != made
    assert (tmp_path / "credential.old1").read_bytes() == content  # the first one kept is still there


@pytest.mark.parametrize("kind", ["cut", "another key", "not valid yet", "over"])
def test_ones_own_is_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = tmp_path / "own.pem"
    path.write_bytes(USELESS[kind][0])
    with pytest.raises(ValueError, match=r"own\.pem"):
        Credential.from_pem(path)
    photo = tmp_path / "none.jpg"
    assert main(["animate", str(photo), "--motion", "nod", "-o", "a.mp4", "--credential", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "own.pem" in said and not list(tmp_path.glob("*.old"))


def test_a_key_behind_a_password_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key, chain = credential._split(credential._made())
    loaded = serialization.load_pem_private_key(key.encode(), None)
    locked = loaded.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    (tmp_path / "own.pem").write_text(locked.decode() + chain)
    with pytest.raises(ValueError, match=r"own\.pem.*cannot be read"):
        Credential.from_pem(tmp_path / "own.pem")
