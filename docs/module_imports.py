"""The imports among the three packages, read from their sources; nothing is imported for it.

A node is a folder of a package ("monalive.faces") or a module at its root ("monalive.bundle").
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
# From the lowest: each may import those before it.
PACKAGES: Final[Mapping[str, str]] = {
    "monalive": "sdk/monalive",
    "monalive_distill": "distill/monalive_distill",
    "monalive_export": "export/monalive_export",
}


@dataclass(frozen=True)
class Import:
    """One import statement.

    Attributes:
        importer: the module it stands in, as "monalive.faces.crop".
        imported: what it imports: a module of the packages, or any other by the name that is written there.
        file: where it stands, from the repository's root.
        line: counted from 1.
    """

    importer: str
    imported: str
    file: Path
    line: int

    @property
    def nodes(self) -> tuple[str, str]:
        """The nodes of importer and imported."""
        return node_of(self.importer), node_of(self.imported)

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.imported}"


def node_of(module: str) -> str:
    """The folder or the root module that a module belongs to."""
    return ".".join(module.split(".")[:2])


def package_of(module: str) -> str:
    """The package that a module or a node belongs to."""
    return module.partition(".")[0]


def read_modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the packages: its name to its file."""
    modules = {}
    for folder in PACKAGES.values():
        for file in sorted((root / folder).rglob("*.py")):
            parts = file.relative_to((root / folder).parent).with_suffix("").parts
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return modules


def read_imports(root: Path = ROOT) -> list[Import]:
    """Every import in the packages: those inside functions and those for type checkers alone as well.

    Args:
        root: of the repository.
    """
    modules = read_modules(root)
    found = (
        Import(name, _module(imported, modules), file.relative_to(root), line)
        for name, file in modules.items()
        for imported, line in _written(file, name)
    )
    return list(dict.fromkeys(found))  # several names out of one module are one import


def _written(file: Path, module: str) -> Iterator[tuple[str, int]]:
    """Names that a file imports, "package.module.name" for names out of a module, and the lines."""
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for statement in ast.walk(ast.parse(file.read_text())):
        if isinstance(statement, ast.Import):
            yield from ((alias.name, statement.lineno) for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            above = package[: len(package) - statement.level + 1] if statement.level else []
            source = ".".join([*above, *([statement.module] if statement.module else [])])
            yield from ((f"{source}.{alias.name}", statement.lineno) for alias in statement.names)


def _module(name: str, modules: Mapping[str, Path]) -> str:
    """The module that a name is in, where it is in one of ours."""
    found = name
    while found and found not in modules:
        found = found.rpartition(".")[0]
    return found or name


def edges(imports: Iterable[Import]) -> dict[str, set[str]]:
    """Every node that imports, to the nodes of ours that it imports; a node's imports of itself are left out."""
    found: dict[str, set[str]] = {}
    for one in imports:
        importer, imported = one.nodes
        if importer != imported and package_of(imported) in PACKAGES:
            found.setdefault(importer, set()).add(imported)
    return found


def in_circles(imports: Iterable[Import]) -> list[Import]:
    """The imports from which a way of imports leads back to the node they stand in."""
    imports = list(imports)
    ways = edges(imports)
    leads_to = {node: reachable(node, ways) for node in ways}
    return [
        one
        for one in imports
        if one.nodes[0] != one.nodes[1] and one.nodes[0] in leads_to.get(one.nodes[1], frozenset())
    ]


def reachable(node: str, ways: Mapping[str, Iterable[str]]) -> set[str]:
    """Every node that a node leads to, by one step or several."""
    found: set[str] = set()
    waiting = list(ways.get(node, ()))
    while waiting:
        reached = waiting.pop()
        if reached not in found:
            found.add(reached)
            waiting += ways.get(reached, ())
    return found
