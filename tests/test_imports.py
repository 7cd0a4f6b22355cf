"""Imports point one way, export -> distill -> sdk, without circles; and the SDK does without PyTorch."""

from __future__ import annotations

from pathlib import Path

import pytest
from module_imports import PACKAGES, Import, in_circles, package_of, read_imports, read_modules


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    return read_imports()


def _lines(found: list[Import]) -> str:
    return "\n".join(map(str, found))


def test_every_package_is_read(imports: list[Import]) -> None:
    importing = {package_of(one.importer) for one in imports}
    assert importing == set(PACKAGES)
    assert len(read_modules()) > 200


def test_packages_import_only_those_below(imports: list[Import]) -> None:
    order = list(PACKAGES)
    upwards = [
        one
        for one in imports
        if package_of(one.imported) in PACKAGES
        and order.index(package_of(one.imported)) > order.index(package_of(one.importer))
    ]
    assert not upwards, f"imports may only point export -> distill -> sdk:\n{_lines(upwards)}"


def test_no_circle_between_folders(imports: list[Import]) -> None:
    circles = in_circles(imports)
    assert not circles, f"imports between folders that lead back to where they start:\n{_lines(circles)}"


def test_the_sdk_never_imports_pytorch(imports: list[Import]) -> None:
    found = [one for one in imports if package_of(one.importer) == "monalive" and package_of(one.imported) == "torch"]
    assert not found, f"the SDK runs without PyTorch:\n{_lines(found)}"


def _write(root: Path, texts: dict[str, str]) -> list[Import]:
    for name, text in texts.items():
        path = root / "sdk" / "monalive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_imports(root)


def test_a_circle_is_named_with_file_and_line(tmp_path: Path) -> None:
    texts = {
        "faces/crop.py": "import numpy\n\nfrom monalive.media import image_io\n",
        "media/image_io.py": "def load() -> None:\n    from ..trust.mark import MARK\n",
        "trust/mark.py": "import monalive.faces.crop\nfrom monalive.version import VERSION\n",
        "version.py": "VERSION = 1\n",
    }
    assert [str(one) for one in in_circles(_write(tmp_path, texts))] == [
        "sdk/monalive/faces/crop.py:3 imports monalive.media.image_io",
        "sdk/monalive/media/image_io.py:2 imports monalive.trust.mark",
        "sdk/monalive/trust/mark.py:1 imports monalive.faces.crop",
    ]


def test_imports_inside_a_folder_are_no_circle(tmp_path: Path) -> None:
    texts = {"faces/crop.py": "from . import tracker\n", "faces/tracker.py": "from monalive.faces import crop\n"}
    imports = _write(tmp_path, texts)
    assert [one.imported for one in imports] == ["monalive.faces.tracker", "monalive.faces.crop"]
    assert in_circles(imports) == []
