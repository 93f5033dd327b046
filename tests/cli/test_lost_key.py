"""`intake keys new` makes no foreign key for a database that another key encrypted."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from intake.cli import main
from intake.store.crypto import create_keys, read_site_id
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


def find_key_file(site: Path) -> Path:
    return next((site / "data").glob("*key*.json"))


def test_an_emptied_database_is_not_migrated_into_a_blank_site(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = ready / "data" / "intake.sqlite3"
    backup = shutil.copy2(database, ready / "backup.sqlite3")
    for empty in (False, True):
        database.unlink()
        if empty:
            database.touch()
        assert main(["migrate"]) == 1
        message = capsys.readouterr().err
        assert str(find_key_file(ready)) in message
        assert "intake.sqlite3" in message
        shutil.copy2(backup, database)
    assert main(["migrate"]) == 0


def test_another_key_file_stops_every_start(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file = find_key_file(ready)
    backup = shutil.move(key_file, ready / "backup.json")
    create_keys(key_file)
    for command in (["migrate"], ["web", "--port", "0"], ["worker", "--once"]):
        assert main(command) == 1
        assert str(key_file) in capsys.readouterr().err
    shutil.copy2(backup, key_file)
    assert main(["worker", "--once"]) == 0


def test_older_files_get_their_values_at_the_first_start(ready: Path) -> None:
    assert main(["submit", str(EXAMPLE)]) == 0
    key_file = find_key_file(ready)
    site_id = read_site_id(key_file)
    with closing(sqlite3.connect(ready / "data" / "intake.sqlite3")) as connection:
        connection.execute("DROP TABLE site_values")
        connection.execute("UPDATE alembic_version SET version_num = '0006'")
        connection.commit()
    content = json.loads(key_file.read_text("utf-8"))
    del content["site"]
    key_file.write_text(json.dumps(content), "utf-8")

    assert main(["migrate"]) == 0
    assert read_site_id(key_file) not in (None, site_id)
    assert main(["keys", "rotate"]) == 0
    assert main(["submissions"]) == 0
