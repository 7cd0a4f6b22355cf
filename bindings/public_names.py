"""Reads the public names of the four APIs out of their sources and writes the table in bindings/README.md.

    PYTHONPATH=sdk python bindings/public_names.py            # writes the table
    PYTHONPATH=sdk python bindings/public_names.py --check    # exit code 1 if it is out of date

Names that differ only in the platform's way of writing (`animate_for_video`, `animateForVideo`) share a row.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
README: Final = HERE / "README.md"
BEGIN, END = "<!-- names: begin (bindings/public_names.py) -->", "<!-- names: end -->"
PLATFORMS: Final = ("Python", "Swift", "Kotlin", "TypeScript")
# Names for the same thing that the platforms' customs keep apart, by what they are called in Python.
SAME: Final = {
    "portrait_crop": "SquareCrop.forPortrait",
    "portraitCrop": "SquareCrop.forPortrait",
    "Consent.NOTICE": "Consent.notice",
    "CONSENTS": "Consent",
    "REGIONS": "Region",
    "Consent.SELF": "Consent.selfPortrait",
    "Picture": "RgbImage",
    "Picture.data": "RgbImage.rgb",
    "is_black_and_white": "RgbImage.isBlackAndWhite",
    "isBlackAndWhite": "RgbImage.isBlackAndWhite",
    "ModelAbout": "Bundle.about",
    "ModelBundle": "Bundle",
    "Motion.size": "Motion.count",
    "Motion.length": "Motion.count",
    "Runtime": "NetworkRuntime",
    "ValueError": "MonaliveError.valueError",
    "RuntimeError": "MonaliveError.runtimeError",
    "Motion.imageSize": "Motion.imageWidth",
    "Motion.image_size": "Motion.imageWidth",
    "PhotoAnimatorOptions.bundle": "PhotoAnimatorOptions.bundlePath",
    "PhotoAnimatorOptions.tracker": "PhotoAnimatorOptions.trackers",
}


def python_names() -> set[str]:
    """`monalive.__all__`, and the members of those classes; fields of dataclasses and of enumerations among them."""
    import monalive
    from monalive.speech.lips_network import LipsNetwork

    named = {name: getattr(monalive, name) for name in monalive.__all__ if name != "__version__"}
    named |= {"LipsNetwork": LipsNetwork}
    names = set(named)
    for name, item in named.items():
        if inspect.isclass(item):
            members = {member for member in vars(item) if not member.startswith("_")}
            if dataclasses.is_dataclass(item):
                members |= {field.name for field in dataclasses.fields(item)}
            if issubclass(item, enum.Enum):
                members = {member.name for member in item}
            names |= {f"{name}.{member}" for member in members}
    return names


def kotlin_names(folder: Path = HERE / "kotlin") -> set[str]:
    """Declarations that are neither private nor internal, and their members; a companion's members are the class's."""
    names: set[str] = set()
    for path in sorted(folder.glob("*/src/main/**/*.kt")):
        owner: str | None = None
        hidden_from: int | None = None
        for line in path.read_text().splitlines():
            depth = len(line) - len(line.lstrip())
            if (
                hidden_from is not None
                and line.strip()
                and depth <= hidden_from
                and not line.lstrip().startswith((")", "}"))
            ):
                hidden_from = None
            if hidden_from is not None or not line.strip():
                continue
            if re.match(r"\s*(@\w+\s+)*(private|internal)\b", line):
                hidden_from = depth if line.rstrip().endswith(("{", "(")) else None
                owner = None if depth == 0 else owner
                continue
            declared = re.match(
                r"\s*(?:@\w+ )*(?:const |override |abstract |sealed |data |enum |fun (?=interface)|lateinit )*"
                r"(class|interface|object|fun|val|var|typealias) (?:[A-Z]\w*\.)?(\w+)",
                line,
            )
            if declared is None or ("override " in line and declared[2] != "close") or "companion" in line:
                names |= _kotlin_values(line, owner)
                continue
            kind, name = declared.groups()
            if depth == 0:
                owner = name if kind in ("class", "interface", "object") else None
                names.add(name)
                names |= {f"{name}.{field}" for field in re.findall(r"[(,]\s*val (\w+):", line)} if owner else set()
                if owner and "enum class" in line and "{" in line:
                    inside = line.split("{", 1)[1]
                    names |= {f"{name}.{value}" for value in re.findall(r"\b([A-Z_]{3,})\b", inside)}
            elif owner and (depth == 4 or (depth == 8 and _is_companion_member(path, line))):
                names.add(f"{owner}.{name}")
    return names


def _kotlin_values(line: str, owner: str | None) -> set[str]:
    """Values of an enumeration, one a line."""
    value = re.match(r"    ([A-Z_]{3,})(\(|,|$)", line)
    return {f"{owner}.{value[1]}"} if owner and value else set()


def _is_companion_member(path: Path, line: str) -> bool:
    text = path.read_text()
    before = text[: text.index(line)]
    start = before.rfind("\n    companion object {")
    return start >= 0 and "\n    }" not in before[start + 1 :]


def swift_names(folder: Path = HERE / "swift") -> set[str]:
    """Declarations that are `public`, members of public protocols, and cases of public enumerations."""
    names: set[str] = set()
    for path in sorted(folder.glob("Sources/**/*.swift")):
        owner, open_to_all = "", False
        for line in path.read_text().splitlines():
            top = re.match(
                r"(public )?(?:final |indirect )*(struct|class|enum|protocol|extension|typealias|func|let) (\w+)", line
            )
            if top:
                public, kind, name = top.groups()
                owner = name if kind in ("struct", "class", "enum", "protocol", "extension") else ""
                open_to_all = bool(public) and kind in ("protocol", "enum")
                if public and kind != "extension":
                    names.add(name)
                continue
            member = re.match(
                r"    (public )?(?:private\(set\) )?(?:static |final |mutating )*(?:func|var|let|case) (.*)", line
            )
            if member and owner and (member[1] or open_to_all) and " private " not in line:
                case = re.match(r"    (?:public )?case ", line)
                parts = re.split(r", (?=[a-z]\w*(?:$|:| =|,|\())", member[2]) if case or "let " in line else [member[2]]
                found = (re.match(r"`?(\w+)", part) for part in parts)
                names |= {f"{owner}.{match[1]}" for match in found if match}
    return names


def typescript_names(folder: Path = HERE / "web" / "src") -> set[str]:
    """What index.ts exports, and the members of those classes and interfaces."""
    index = (folder / "index.ts").read_text()
    exported = {
        name.replace("type ", "").strip()
        for block in re.findall(r"export (?:type )?\{([^}]*)\}", index)
        for name in block.split(",")
    }
    names = {name for name in exported if name}
    for path in sorted(folder.glob("*.ts")):
        owner: str | None = None
        for line in path.read_text().splitlines():
            top = re.match(r"export (?:abstract )?(class|interface|type|const|function|async function) (\w+)", line)
            if top or line.startswith("}"):
                owner = top[2] if top and top[1] in ("class", "interface") and top[2] in exported else None
                continue
            member = re.match(r"  (?:static |async |readonly |get )*(\w+)\??(?:<.*>)?(?:\(|:)", line)
            hidden = re.match(r"  (?:private|protected|#|constructor|//|\*|return|if|for|this)", line)
            if owner and member and not hidden:
                names.add(f"{owner}.{member[1]}")
            if owner and line.startswith("  constructor("):
                names |= {f"{owner}.{field}" for field in re.findall(r"[(,]\s*readonly (\w+)", line)}
    return names


def key(name: str) -> str:
    """What names of the same thing have in common."""
    name = SAME.get(name, name)
    owner, dot, member = name.partition(".")
    name = SAME.get(owner, owner) + dot + member if dot else name
    return name.replace("_", "").lower()


def rows(columns: Iterable[set[str]]) -> list[tuple[str, ...]]:
    """A row of names for everything that any platform has, sorted; "" where a platform lacks it.

    Members of a type that one platform alone has are left out: there is nothing that they could drift from.
    """
    tables = []
    for names in columns:
        table: dict[str, str] = {}
        for name in sorted(names):
            table[key(name)] = f"{table[key(name)]}, {name}" if key(name) in table else name
        tables.append(table)

    def shared(name: str) -> bool:
        owner, _, member = name.partition(".")
        return not member or sum(owner in table for table in tables) > 1

    wanted = sorted({name for table in tables for name in table if shared(name)})
    return [tuple(table.get(name, "") for table in tables) for name in wanted]


def table() -> str:
    lines = ["| " + " | ".join(PLATFORMS) + " |", "|" + "---|" * len(PLATFORMS)]
    for row in rows((python_names(), swift_names(), kotlin_names(), typescript_names())):
        cells = (", ".join(f"`{name}`" for name in cell.split(", ")) if cell else "—" for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    text = README.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    new = f"{before}{BEGIN}\n{table()}\n{END}{after}"
    if "--check" in sys.argv:
        return int(new != text)
    README.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
