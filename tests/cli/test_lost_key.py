"""`intake keys new` makes no foreign key for a database that another key encrypted."""

import shutil
from pathlib import Path

import pytest

from intake.cli import main
from tests.support.command_site import EXAMPLE


def test_refuses_a_new_key_beside_encrypted_rows(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["submit", str(EXAMPLE)]) == 0
    key_file = next((ready / "data").glob("*key*.json"))
    backup = shutil.move(key_file, ready / "backup.json")
    capsys.readouterr()

    assert main(["keys", "new"]) == 1
    message = capsys.readouterr().err
    assert str(key_file) in message
    assert "intake.sqlite3" in message
    assert "Restore" in message
    assert not key_file.exists()

    shutil.move(backup, key_file)
    assert main(["submissions"]) == 0


def test_makes_a_new_key_beside_an_empty_database(site: Path) -> None:
    assert main(["migrate"]) == 0
    assert main(["keys", "new"]) == 0


def test_makes_no_database(site: Path) -> None:
    assert main(["keys", "new"]) == 0
    assert not list((site / "data").glob("*.sqlite3"))
