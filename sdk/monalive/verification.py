"""Reads what a file says of itself: what `monalive verify` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from monalive.media.file_samples import media_type, sample_frames
from monalive.media.regular_file import require_file
from monalive.trust.content_credentials import DETACHED_TYPES, SIDECAR_SUFFIX
from monalive.trust.credentials_reader import Condition, ReadCredentials, read_credentials
from monalive.trust.mark_code import CHANCE_OF_MISTAKE
from monalive.trust.mark_reader import FoundMark
from monalive.trust.mark_search import search_mark


class State(Enum):
    """The verdict on a file."""

    VALID = "valid"  # our credentials, and the file is as it was signed
    TAMPERED = "tampered"  # credentials that do not fit the file, or not its pixel mark
    STRIPPED = "stripped"  # our pixel mark, but no credentials of ours
    COPIED = "copied"  # our pixel mark on a picture that it was not made for, and no credentials of ours
    NOT_OURS = "not ours"  # neither
    CANNOT_TELL = "cannot tell"  # credentials that cannot be read or checked
    NOT_CHECKED = "not checked"  # credentials that lie on a server, which is not asked
    EDITED = "edited"  # credentials of another tool that was given a file of ours


class Origin(Enum):
    """What says that monalive made a file."""

    CONFIRMED = "monalive"  # statement and pixel mark agree, or the signer is on a trust list
    CLAIMED = "claimed"  # a statement alone, validly signed: anyone can sign one
    MARK = "mark"  # the pixel mark alone
    NONE = "none"


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        state: the verdict.
        credentials: Content Credentials, None where there are none.
        mark: the pixel mark, None where none was found.
        notes: what a person should know about the verdict.
        origin: what says that monalive made it.
        but: what a *valid* leaves open, in words that follow "valid, but"; empty where it leaves nothing open.
    """

    state: State
    credentials: ReadCredentials | None
    mark: FoundMark | None
    notes: Sequence[str]
    origin: Origin = Origin.NONE
    but: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        credentials, mark = self.credentials, self.mark
        return {
            "state": self.state.value,
            "but": self.but,
            "origin": self.origin.value,
            "credentials": None
            if credentials is None
            else {
                "intact": credentials.intact,
                "condition": credentials.condition.value,
                "problems": list(credentials.problems),
                "signer": credentials.signer,
                "trusted": credentials.trusted,
                "generator": credentials.generator,
                "time": credentials.time,
                "source_type": credentials.source_type,
                "address": credentials.address,
                "monalive": credentials.facts,
                "made_from": [
                    {"monalive": origin.facts, "relationship": origin.relationship, "intact": origin.intact}
                    for origin in credentials.origins
                ],
            },
            "mark": None
            if mark is None
            else {
                "id": mark.message.id_text,
                "release": mark.message.release,
                "belongs": mark.belongs,
                "mirrored": mark.mirrored,
                "tile_pixels": round(mark.tile_pixels, 2),
                "chance_of_mistake": CHANCE_OF_MISTAKE,
            },
            "notes": list(self.notes),
        }


def verify(path: str | Path) -> Verification:
    """Looks for Content Credentials and the pixel mark in a picture, a video, or a folder of frames.

    Args:
        path: the file, or the folder of PNG frames.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is neither a picture nor a video, or damaged beyond reading.
    """
    path = Path(path)
    if not path.is_dir():
        require_file(path, "file")
    files = frames_of(path) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"there are no PNG frames in the folder {path}")
    kind = media_type(files[0])
    read = [read_credentials(file, kind) for file in files] if kind else [None]
    credentials = _worst(read)
    mark, cut, unreadable = None, False, False
    try:
        samples = sample_frames(files)
        mark, cut = search_mark(samples.frames), samples.cut
    except ValueError:
        if credentials is None or credentials.intact:
            raise
        unreadable = True  # so badly tampered with that there are no pictures left to look at
    found = _verdict(credentials, mark, kind, cut=cut, unreadable=unreadable)
    return _with_order(found, read) if path.is_dir() else found


def find_mark_of(path: Path) -> FoundMark | None:
    """The pixel mark of one file.

    Raises:
        ValueError: there is no picture in it that can be read.
        OSError: it cannot be read.
    """
    return search_mark(sample_frames([path]).frames)


def frames_of(folder: Path) -> list[Path]:
    """A folder's PNG files in the order of their names, in which 10 comes after 9."""
    return sorted(folder.glob("*.png"), key=lambda file: (len(file.stem), file.stem))


def _verdict(
    credentials: ReadCredentials | None, mark: FoundMark | None, kind: str, *, cut: bool, unreadable: bool
) -> Verification:
    if credentials is None:
        if mark is None:
            return Verification(State.NOT_OURS, None, None, ["The file is cut short."] if cut else [])
        if cut and mark.belongs is not False:
            ours = "our mark" if mark.belongs else "a mark like ours"
            note = f"The file is cut short: what is left carries {ours}, and no credentials."
            return Verification(State.TAMPERED, None, mark, [note], Origin.MARK)
        return _by_mark(None, mark, [_missing(kind)])
    match credentials.condition:
        case Condition.ON_A_SERVER:
            return _on_a_server(credentials, mark)
        case Condition.UNREADABLE if mark is None and not credentials.names_us and not unreadable:
            note = "It has Content Credentials that cannot be read, so it is unknown who signed it."
            return Verification(State.CANNOT_TELL, credentials, None, [note])
        case Condition.UNREADABLE | Condition.CHANGED:
            return _changed(credentials, mark)
    if credentials.facts is not None:
        return _ours(credentials, mark)
    return _of_another_tool(credentials, mark)


def _on_a_server(credentials: ReadCredentials, mark: FoundMark | None) -> Verification:
    note = f"Its Content Credentials lie at {credentials.address}; no server is asked, so they were not checked."
    if mark is None:
        return Verification(State.NOT_CHECKED, credentials, None, [note])
    return _by_mark(credentials, mark, [note])


def _by_mark(credentials: ReadCredentials | None, mark: FoundMark, notes: Sequence[str]) -> Verification:
    """The verdict where the pixel mark alone speaks of monalive; `notes` if it was made for this picture."""
    if mark.belongs:
        return Verification(State.STRIPPED, credentials, mark, notes, Origin.MARK)
    if mark.belongs is None:
        note = "It carries a mark like ours; it cannot be checked whether the mark was made for this picture."
        return Verification(State.STRIPPED, credentials, mark, [note], Origin.MARK)
    note = "It carries a mark of ours that was made for another picture: copied, or this picture was changed a lot."
    return Verification(State.COPIED, credentials, mark, [note])


def _fits(mark: FoundMark) -> bool:
    """Whether the mark was made for this picture; marks of version 1 do not say."""
    return bool(mark.belongs) or mark.message.picture is None


def _changed(credentials: ReadCredentials, mark: FoundMark | None) -> Verification:
    note = "The credentials do not match the file: it was changed after it was signed."
    # What cannot be read any more may have been ours.
    ours = mark is not None or credentials.facts is not None or bool(credentials.origins)
    if ours or credentials.condition is Condition.UNREADABLE:
        origin = Origin.MARK if mark is not None else Origin.NONE
        return Verification(State.TAMPERED, credentials, mark, [note], origin)
    if credentials.signer:
        return Verification(State.NOT_OURS, credentials, None, [f"{note} They are another tool's."])
    note = "It has Content Credentials that do not match it, and their signature cannot be read."
    return Verification(State.CANNOT_TELL, credentials, None, [note])


def _ours(credentials: ReadCredentials, mark: FoundMark | None) -> Verification:
    said = credentials.mark_id
    if mark is not None and said is not None and mark.message.id_text != said:
        note = "The id in the pixels differs from the one in the credentials: one of them was added later."
        return Verification(State.TAMPERED, credentials, mark, [note], Origin.MARK)
    agree = mark is not None and said is not None and _fits(mark)
    origin = Origin.CONFIRMED if agree or credentials.trusted else Origin.CLAIMED
    notes = []
    if mark is None and said is not None:
        notes.append("The pixel mark named in the credentials was not found. The file itself is unchanged.")
    if not credentials.trusted:
        notes.append("The signer is on no trust list: the file is as it was signed, but anyone may have signed it.")
    if credentials.condition is Condition.FLAWED:
        notes.insert(0, "The content is unchanged since it was signed, but the credentials have errors.")
        return Verification(State.CANNOT_TELL, credentials, mark, notes, origin)
    buts = []
    if credentials.condition is Condition.OUT_OF_TIME:
        buts.append("this machine's clock is outside the time of the signer's certificate")
        notes.append(
            "Nothing was changed. Check the clock; if it is right, the signer's certificate is not valid today."
        )
    if origin is Origin.CLAIMED:
        buts.append("only its own statement says that monalive made it")
    return Verification(State.VALID, credentials, mark, notes, origin, "; ".join(buts))


def _of_another_tool(credentials: ReadCredentials, mark: FoundMark | None) -> Verification:
    tool = credentials.generator or "an unnamed tool"
    notes = [f"It has Content Credentials of another tool: {tool}."]
    if credentials.condition is Condition.FLAWED:
        notes.append("They are not in order.")
    if credentials.origins:
        opened = any(origin.relationship == "parentOf" for origin in credentials.origins)
        what = "opened a file of monalive and changed it" if opened else "used a file of monalive in it"
        notes.append(f"According to them, this tool {what}; they keep what monalive stated about that file.")
        if not all(origin.intact for origin in credentials.origins):
            notes.append("That file had been changed since monalive signed it.")
        origin = Origin.CONFIRMED if mark is not None and _fits(mark) else Origin.CLAIMED
        return Verification(State.EDITED, credentials, mark, notes, origin)
    if mark is not None:
        notes.append("The pixels carry our mark: it was made with monalive, and monalive's credentials are gone.")
        return _by_mark(credentials, mark, notes)
    return Verification(State.NOT_OURS, credentials, None, notes)


def _missing(kind: str) -> str:
    if kind in DETACHED_TYPES:
        return (
            "Made with monalive; this format cannot hold Content Credentials, and there are none beside it "
            f"(a file of the same name that ends in {SIDECAR_SUFFIX})."
        )
    if kind:
        return "Made with monalive, but its credentials are gone."
    return "Made with monalive; this format cannot hold Content Credentials."


def _worst(found: Sequence[ReadCredentials | None]) -> ReadCredentials | None:
    """Of a folder's frames: damaged ones first, then missing ones."""
    broken = next((one for one in found if one is not None and not one.intact), None)
    return broken or (None if None in found else found[0])


def _with_order(found: Verification, frames: Sequence[ReadCredentials | None]) -> Verification:
    """The verdict on a folder: frames that are each as they were signed may still be missing or in another order."""
    places = [_Place.of(one) for one in frames]
    if found.state is State.TAMPERED or not any(frames):
        return found
    if any(places):
        state, more = State.TAMPERED, list(_disorder(places))
    else:
        state, more = found.state, ["Its frames carry no numbers: it is unknown whether some are missing."]
    return replace(found, state=state, notes=[*found.notes, *more]) if more else found


@dataclass(frozen=True)
class _Place:
    """Where a frame stands in its folder, as it was signed."""

    sequence: str
    number: int
    count: int

    @classmethod
    def of(cls, credentials: ReadCredentials | None) -> _Place | None:
        facts = None if credentials is None else credentials.facts
        said = (facts or {}).get("frame")
        if not isinstance(said, dict):
            return None
        sequence, number, count = (said.get(name) for name in ("sequence", "number", "count"))
        if not (isinstance(sequence, str) and isinstance(number, int) and isinstance(count, int)):
            return None
        return cls(sequence, number, count)


def _disorder(places: Sequence[_Place | None]) -> Iterator[str]:
    if None in places or len({(place.sequence, place.count) for place in places if place}) > 1:
        yield "Frames of several outputs are mixed, or some have lost their credentials."
        return
    numbers = [place.number for place in places if place]
    count = next(place.count for place in places if place)
    missing = sorted(set(range(count)) - set(numbers))
    if missing:
        yield f"{len(missing)} of {count} frames are missing (the first is number {missing[0]})."
    if len(set(numbers)) < len(numbers):
        yield f"{len(numbers) - len(set(numbers))} frames appear twice."
    if numbers != sorted(numbers):
        yield "The frames are not in the order in which they were written."
