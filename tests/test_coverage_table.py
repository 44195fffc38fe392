"""The table of what of Linux is here: its page is up to date, and each symbol and test that it names is there."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools" / "coverage_table.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("coverage_table", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date_and_names_what_is_there():
    checked = subprocess.run([sys.executable, str(TOOL), "--check"], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


WRONG = [
    (("linux/pipe.pyx:pipe_fly", "oracle: pipe-vectors", "full"), "no such name there"),
    (("linux/pipes.pyx:pipe_read", "oracle: pipe-vectors", "full"), "no such file"),
    (("linux/pipe.pyx:pipe_read", "oracle: pipe-vector", "full"), "no such test"),
    (("linux/pipe.pyx:pipe_read", "test_pipes.py::test_nothing", "full"), "no such test"),
    (("linux/pipe.pyx:pipe_read", "oracle: pipe-vectors", "partial"), "is none of full"),
    (("linux/pipe.pyx:pipe_read", "oracle: pipe-vectors", "done"), "is none of full"),
    (("", "oracle: pipe-vectors", "full"), "needs a symbol and a test"),
    (("linux/pipe.pyx:pipe_read", "", "partial: half"), "needs a symbol and a test"),
    (("linux/pipe.pyx:pipe_read", "", "open"), "neither a symbol nor a test"),
]


@pytest.mark.parametrize(("row", "message"), WRONG)
def test_what_is_wrong_is_found(tool, row, message):
    found = tool.problems({"pipes": [tool.Row("pipe_read", "fs/pipe.c", "bytes", *row)]})
    assert len(found) == 1
    assert message in found[0]


def test_a_name_has_one_row(tool):
    row = tool.Row("pipe_read, pipe_write", "fs/pipe.c", "bytes", "", "", "open")
    other = row._replace(linux="pipe_write")
    assert tool.problems({"pipes": [row], "more": [other]}) == ["pipe_write has 2 rows"]
    assert tool.problems({"pipes": [row]}) == []


def test_the_page_shows_every_row(tool):
    subjects = tool.load()
    lines = tool.page(subjects).splitlines()
    rows = [row for rows in subjects.values() for row in rows]
    assert len(rows) > 150
    for row in rows:
        assert any(f"| {row.seen} |" in line and line.endswith(f" {row.status} |") for line in lines)
