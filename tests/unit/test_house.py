"""The house rules that a machine can check: sizes, names, words and links."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import ROOT, name, tracked, tracked_files

MOST_LINES_IN_A_FILE = 400
MOST_LINES_IN_A_FUNCTION = 40
MOST_LINES_IN_THE_README = 150

# Machine-made, or someone else's text: neither is ours to word.
UNREAD_FILES = {"uv.lock", "LICENSE"}
FORBIDDEN = {
    "the host of a package registry": re.compile(
        r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org"
    ),
    "a path of one developer's machine": re.compile(r"(?<![\w.~])/(work|root|home)/\w"),
}
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_no_file_is_too_long() -> None:
    lengths = {name(path): len(lines(path)) for path in tracked(".py")}

    assert {k: n for k, n in lengths.items() if n > MOST_LINES_IN_A_FILE} == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{name(path)}:{function.lineno} {function.name}": body_length(function)
        for path in tracked(".py")
        for function in functions(path)
    }

    assert {k: n for k, n in lengths.items() if n > MOST_LINES_IN_A_FUNCTION} == {}


def test_tests_are_no_package() -> None:
    inits = [name(path) for path in tracked("__init__.py")]

    assert [init for init in inits if init.startswith("tests/")] == []


def test_names_of_test_files_are_unique() -> None:
    names = [path.name for path in tracked(".py") if path.name.startswith("test_")]

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    found = {
        name(path): match.group()
        for path in tracked_files()
        if path.name not in UNREAD_FILES
        if (match := FORBIDDEN[what].search(path.read_text(errors="ignore")))
    }

    assert found == {}


def test_readme_fits_in_a_few_screens() -> None:
    assert len(lines(ROOT / "README.md")) <= MOST_LINES_IN_THE_README


def test_every_relative_link_leads_somewhere() -> None:
    broken = [
        f"{name(path)}: {target}"
        for path in tracked(".md")
        for target in LINK.findall(path.read_text())
        if "://" not in target and not (path.parent / target).exists()
    ]

    assert broken == []


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def body_length(function: Function) -> int:
    """Lines from `def` to the end, the docstring and decorators not counted."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return total
    docstring = function.body[0]
    return total - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)
