"""The examples of README.md and docs/ run as they stand, and what the pages point at is there."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import fastipc

ROOT = Path(__file__).resolve().parents[1]
PAGES = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if page.exists()]
NO_TEST = "<!-- no-test -->"
OUTPUT = {"console", "text"}  # languages that show what a program printed: nothing to run


class Block(NamedTuple):
    language: str
    line: int  # of its first line of text, from 1
    text: str
    marked: bool  # NO_TEST stands before it


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    found: list[Block] = []
    language, start, marked = "", 0, False
    inside = False
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        fence = re.match(r"```(\S*)", line)
        if inside and fence:
            found.append(Block(language, start, "\n".join(lines[start - 1 : number - 1]) + "\n", marked))
            inside, marked = False, False
        elif fence:
            inside, language, start = True, fence[1], number + 1
        elif not inside and line.strip():
            marked = line.strip() == NO_TEST
    assert not inside, f"{page.name}:{start}: a block without its end"
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_run(page, tmp_path, monkeypatch):
    """The Python blocks of one page, one after the other in one namespace, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for block in blocks(page):
        assert block.language in OUTPUT or not block.marked, f"{page.name}:{block.line}: only output may go untested"
        if block.language == "python":
            source = "\n" * (block.line - 1) + block.text  # so that a traceback names the line of the page
            exec(compile(source, page, "exec", dont_inherit=True), namespace)
    for value in namespace.values():
        if isinstance(value, fastipc.Kernel):
            value.verify()
            value.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} points at {target}"


def test_make_targets_in_the_docs_exist():
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert named <= targets, f"{page.name} names {named - targets}"


def test_ci_runs_what_the_readme_says():
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_page_is_reached():
    """Each page of docs/ is linked from the README or from another page."""
    linked = set()
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            linked.add((page.parent / target).resolve())
    assert [page.name for page in PAGES[1:] if page not in linked] == []
