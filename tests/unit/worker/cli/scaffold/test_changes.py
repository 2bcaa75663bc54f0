"""Files are made, edited and deleted all together, or not at all."""

from pathlib import Path

import pytest

from worker.cli.scaffold.changes import Changes


def tree(root: Path) -> dict[str, str]:
    """Return what is there: the files with their texts, and the folders."""
    return {
        str(path.relative_to(root)): path.read_text() if path.is_file() else "folder"
        for path in root.rglob("*")
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "gone.py").write_text("gone")
    (tmp_path / "list.py").write_text("before")
    (tmp_path / "list.py").chmod(0o640)
    return tmp_path


def test_files_are_created_edited_and_deleted(root):
    Changes(root, {"new/deep/file.py": "new", "list.py": "after", "old/gone.py": None}).make()
    assert tree(root) == {
        "new": "folder",
        "new/deep": "folder",
        "new/deep/file.py": "new",
        "list.py": "after",
    }


def test_a_file_that_is_edited_keeps_its_rights(root):
    Changes(root, {"list.py": "after"}).make()
    assert (root / "list.py").stat().st_mode & 0o777 == 0o640


def test_a_folder_goes_with_its_last_file_and_what_python_has_compiled(root):
    (root / "old" / "__pycache__").mkdir()
    (root / "old" / "__pycache__" / "gone.pyc").write_text("")
    Changes(root, {"old/gone.py": None}).make()
    assert not (root / "old").exists()


def test_a_folder_in_which_something_else_is_stays(root):
    (root / "old" / "mine.txt").write_text("mine")
    Changes(root, {"old/gone.py": None}).make()
    assert tree(root / "old") == {"mine.txt": "mine"}


def test_where_one_change_fails_none_is_left(root):
    before = tree(root)
    (root / "blocked").write_text("no folder")
    changes = {
        "new/deep/file.py": "new",
        "list.py": "after",
        "old/gone.py": None,
        "blocked/file.py": "cannot be",
    }
    with pytest.raises(OSError, match="blocked"):
        Changes(root, changes).make()
    assert tree(root) == before | {"blocked": "no folder"}


def test_what_will_be_done_is_shown_a_line_each(root, capsys):
    Changes(root, {"new.py": "new", "list.py": "after", "old/gone.py": None}).show()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["create", "new.py"],
        ["edit", "list.py"],
        ["delete", "old/gone.py"],
    ]
