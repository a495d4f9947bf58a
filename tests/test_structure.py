"""The house rules that a linter does not know."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
LINE_CAP = 400
SOURCES = sorted(
    [*ROOT.glob("ollama_chat_tui/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/*.py")]
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_the_cap(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LINE_CAP, f"{path.name} has {lines} lines: what should it not know?"


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = grimp.build_graph("ollama_chat_tui", exclude_type_checking_imports=True)
    circles = [
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if graph.find_shortest_chain(imported, importer)
    ]
    assert circles == []
