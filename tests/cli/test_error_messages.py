"""Commands name a site's faults and wrong usage in sentences, never with a traceback."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from intake.cli import main
from intake.cli.site import open_current_database
from intake.settings import load_settings
from intake.store import devices
from intake.store.crypto import load_keys


@pytest.mark.parametrize("command", [["migrate"], ["submissions"], ["worker", "--once"], ["check"]])
def test_leaves_a_newer_schema_alone(
    ready: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    engine = create_engine(load_settings().database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    assert main(command) == 1
    said = capsys.readouterr()
    assert "made by a newer version of intake: it has schema 9999" in said.out + said.err


@pytest.mark.parametrize("command", [["migrate"], ["submissions"]])
@pytest.mark.parametrize("whole", [False, True])
def test_explains_a_file_that_is_no_database(
    ready: Path, capsys: pytest.CaptureFixture[str], command: list[str], *, whole: bool
) -> None:
    file = ready / "data" / "intake.sqlite3"
    file.write_bytes(
        b"no database at all\n" * 100 if whole else file.read_bytes()[:4096] + b"\xff" * 40_960
    )
    assert main(command) == 1
    words, way_out = capsys.readouterr().err.splitlines()
    assert words.startswith("The database cannot be used: ")
    assert "how to restore a backup" in way_out


@pytest.mark.parametrize(
    "command", [["submissions", "worklist"], ["links", "create", "--date", "2026-11-24"]]
)
def test_names_a_missing_folder(
    ready: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    file = ready / "nowhere" / "out.csv"
    assert main([*command, "--csv", str(file)]) == 1
    assert capsys.readouterr().err == f"{file}: No such file or directory\n"


@pytest.mark.parametrize("command", [["keys", "new"], ["migrate"]])
def test_names_a_data_folder_that_is_a_file(
    site: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    (site / "data").write_text("", "utf-8")
    assert main(command) == 1
    assert capsys.readouterr().err == f"{site / 'data'}: File exists\n"


def test_keeps_an_existing_key(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (ready / "data" / "keys.json").read_bytes()
    assert main(["keys", "new"]) == 1
    assert "there is a key already, which decrypts what is stored" in capsys.readouterr().err
    assert (ready / "data" / "keys.json").read_bytes() == before


def test_ignores_the_remains_of_a_crashed_key_creation(ready: Path) -> None:
    for name in ("keys.new", "keys.json.new"):
        (ready / "data" / name).write_text("{", "utf-8")
    assert main(["keys", "rotate"]) == 0
    assert len(load_keys(load_settings().key_file).file.keys) == 2
    assert load_settings().key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["web", "--port", "99999"], "a port is a number from 0 to 65535"),
        (["web", "--port=-5"], "a port is a number from 0 to 65535"),
        (["serve", "--port", "http"], "a port is a number from 0 to 65535"),
        (
            ["submissions", "--limit", "100000000000000000000"],
            "a number from 0 to 2147483647 is needed",
        ),
        (["submissions", "--limit=-1"], "a number from 0 to 2147483647 is needed"),
        (
            ["devices", "pair", "--clinic", "riverside", "--label", " "],
            "say in 1 to 80 characters where the tablet stands",
        ),
        (
            ["devices", "pair", "--clinic", "riverside", "--label", "x" * 81],
            "say in 1 to 80 characters",
        ),
    ],
)
def test_exits_2_for_a_bad_argument(
    ready: Path, capsys: pytest.CaptureFixture[str], command: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
    with open_current_database(load_settings()) as database, database.read() as tx:
        assert devices.list_devices(tx) == ()


def test_exits_2_for_a_bad_host(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["web", "--port", "0", "--host", "no host"]) == 2
    assert "--host: 'no host' is no address to listen on" in capsys.readouterr().err


@pytest.mark.parametrize("source", [["--search"], ["--from", "."]])
def test_exits_2_for_a_period_before_all_charts(
    ready: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    source: list[str],
) -> None:
    monkeypatch.chdir(ready)
    for kind in ("Patient", "Encounter"):
        (ready / f"{kind}.ndjson").write_text("", "utf-8")
    assert main(["report", *source, "--period", "0001"]) == 2
    assert "'0001' is not a period" in capsys.readouterr().err
