"""`intake users`, `devices` and `links`: no password in an argument, no secret twice."""

import csv
import errno
import io
import json
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.cli import main
from intake.cli.site import open_current_database
from intake.clock import system_clock
from intake.settings import load_settings
from intake.store import audit, devices, links, users, visits
from intake.store.outbox.enqueue import store_submission
from intake.store.tables import links as links_table
from intake.store.visits import MatchState, Visit, visit_id
from tests.support.outbox_steps import make_submission


def actions() -> list[tuple[str, str]]:
    with open_current_database(load_settings()) as database, database.read() as tx:
        return [(entry.who, entry.action) for entry in audit.recent_entries(tx)]


def test_adds_a_user_with_a_one_time_sign_in(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["users", "add", "ana", "--role", "desk", "--role", "it"]) == 0
    address = capsys.readouterr().out.strip()
    assert address.startswith("http://localhost/staff/once/")
    with open_current_database(load_settings()) as database, database.write() as tx:
        found = users.redeem_one_time_token(tx, address.rpartition("/")[2])
    assert found is not None
    assert (found.name, found.roles, found.has_password) == (
        "ana",
        frozenset({"desk", "it"}),
        False,
    )
    assert actions() == [("command line", "once-made"), ("command line", "user-added")]


def test_reads_a_password_from_standard_input(
    ready: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert main(["users", "add", "ana", "--role", "desk", "--password"]) == 0
    assert capsys.readouterr().out == ""
    with open_current_database(load_settings()) as database, database.read() as tx:
        assert users.check_password(tx, "ana", "correct horse battery") is not None
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["users", "add", "bo", "--role", "desk", "--password"]) == 1
    assert "at least 12 characters" in capsys.readouterr().err


def test_an_account_names_a_practitioner(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["users", "add", "ana", "--role", "desk"])
    assert main(["users", "practitioner", "ana", "Practitioner/9"]) == 0
    assert listed_practitioners(capsys) == ["Practitioner/9"]
    assert main(["users", "practitioner", "ana", "Ana Lopez"]) == 1
    assert "such as Practitioner/123" in capsys.readouterr().err
    assert main(["users", "practitioner", "ana"]) == 0
    assert listed_practitioners(capsys) == [None]


def listed_practitioners(capsys: pytest.CaptureFixture[str]) -> list[str | None]:
    capsys.readouterr()
    main(["users", "list", "--json"])
    return [user.get("practitioner") for user in json.loads(capsys.readouterr().out)]


def test_lists_disables_and_enables_users(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["users", "add", "ana", "--role", "desk"])
    assert main(["users", "disable", "ana"]) == 0
    capsys.readouterr()
    main(["users", "list", "--json"])
    assert json.loads(capsys.readouterr().out) == [
        {"name": "ana", "roles": ["desk"], "state": "disabled"}
    ]
    assert main(["users", "once", "ana"]) == 1
    assert "is disabled" in capsys.readouterr().err
    assert main(["users", "enable", "ana"]) == 0
    assert main(["users", "once", "ana"]) == 0
    capsys.readouterr()
    main(["users", "list"])
    assert capsys.readouterr().out.split() == ["ana", "no-password", "desk"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["users", "once", "nobody"], "there is no user 'nobody'"),
        (["users", "disable", "nobody"], "there is no user 'nobody'"),
        (["users", "add", " ", "--role", "it"], "a name of 1 to 80 characters"),
        (["devices", "revoke", "nothing"], "there is no tablet 'nothing'"),
    ],
)
def test_names_an_unknown_user_or_tablet(
    ready: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(words) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["devices", "pair", "--label", "y"], ["links", "create", "--date", "2026-11-24"]]
)
def test_exits_2_for_an_unknown_clinic(
    ready: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main([*words, "--clinic", "x"]) == 2
    assert "'x' is not among riverside" in capsys.readouterr().err


def test_creates_nothing_without_a_public_url(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ready / "intake.toml"
    file.write_text(file.read_text("utf-8").replace('public_url = "http://localhost"', ""), "utf-8")
    for words in (
        ["users", "add", "ana", "--role", "it"],
        ["devices", "pair", "--clinic", "riverside", "--label", "Door"],
        ["links", "create", "--date", "2026-11-24"],
    ):
        assert main(words) == 1
        assert "public_url" in capsys.readouterr().err
    with open_current_database(load_settings()) as database, database.read() as tx:
        assert (users.list_users(tx), devices.list_devices(tx)) == ((), ())


def test_pairs_lists_and_revokes_a_tablet(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "pair", "--clinic", "riverside", "--label", "Front door"]) == 0
    said = capsys.readouterr()
    assert "Open http://localhost/pair on the tablet" in said.err
    with open_current_database(load_settings()) as database, database.write() as tx:
        assert devices.pair_device(tx, said.out.strip()) is not None
    main(["devices", "list", "--json"])
    [device] = json.loads(capsys.readouterr().out)
    assert (device["label"], device["state"], device["clinic"]) == (
        "Front door",
        "paired",
        "riverside",
    )
    assert main(["devices", "revoke", device["id"]]) == 0
    main(["devices", "list", "--clinic", "riverside"])
    assert "revoked" in capsys.readouterr().out


def expect(
    key: str,
    starts_at: datetime,
    born: date | None = date(1980, 5, 17),
    name: str = "Ana Lopez",
    sought: MatchState | None = None,
) -> Visit:
    """Expect a visit at Riverside."""
    visit = Visit(
        id=visit_id("main", f"Appointment/{key}"),
        clinic="riverside",
        server="main",
        patient=f"Patient/{key}",
        starts_at=starts_at,
        name=name,
        birth_date=born,
        initials="AL",
        appointment=f"Appointment/{key}",
        record_number="MRN-1",
        match_state=sought,
    )
    with open_current_database(load_settings()) as database, database.write() as tx:
        visits.save_visit(tx, visit)
        visits.record_fetch(tx, "riverside", [], tx.now, tx.now)
    return visit


def today() -> str:
    """Today's date at Riverside."""
    return (
        system_clock().astimezone(load_settings().clinics["riverside"].time_zone).date().isoformat()
    )


def test_creates_links_for_the_days_visits(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zone = load_settings().clinics["riverside"].time_zone
    noon = datetime.now(zone).replace(hour=12, minute=0, second=0, microsecond=0)
    expect("mine", noon, name="=Ana")
    expect("tomorrow", noon + timedelta(days=1))
    expect("no-date", noon, born=None)
    expect("asked-before", noon)
    expect("let-in-by-the-desk", noon, sought=MatchState.NEW)
    answered = expect("answered", noon)
    with open_current_database(load_settings()) as database, database.write() as tx:
        store_submission(tx, make_submission(), "main", answered.id)
        store_submission(
            tx, make_submission("Patient/asked-before"), "main", again=noon + timedelta(days=300)
        )
    assert main(["links", "create", "--date", noon.date().isoformat()]) == 0
    said = capsys.readouterr()
    assert "riverside: 1 links" in said.err
    assert "3 left out" in said.err
    [line] = csv.DictReader(io.StringIO(said.out))
    assert (line["appointment"], line["name"]) == ("Appointment/mine", "'=Ana")
    assert line["starts_at"] == noon.isoformat(timespec="minutes")
    assert line["link"].startswith("http://localhost/l/")
    assert not any(
        word in line["link"].lower()
        for word in ("ana", "race", "health", "patient", "clinic", "mrn")
    )
    with open_current_database(load_settings()) as database, database.read() as tx:
        link = links.find_link(tx, line["link"].rpartition("/")[2])
    assert link is not None
    assert link.visit is not None
    assert link.visit.id == visit_id("main", "Appointment/mine")
    # It ends with the visit's day, which comes before the seven days that a link may last.
    assert link.expires_at == (noon.replace(hour=0) + timedelta(days=1)).astimezone(UTC)


def test_writes_a_private_file_and_never_overwrites_one(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expect("1", system_clock())
    file = ready / "links.csv"
    day = today()
    assert main(["links", "create", "--date", day, "--csv", str(file)]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert main(["links", "create", "--date", day, "--csv", str(file)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert file.read_bytes() == before


class Slow(io.StringIO):
    """A standard output that blocks: a writer that waits for it must not lock the database."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self.database = database

    def write(self, words: str) -> int:
        with closing(sqlite3.connect(self.database, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
        return super().write(words)


def test_leaves_the_database_free_while_it_writes_links(
    ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect("1", system_clock())
    out = Slow(ready / "data" / "intake.sqlite3")
    monkeypatch.setattr("sys.stdout", out)
    assert main(["links", "create", "--date", today()]) == 0
    assert len(out.getvalue().splitlines()) == 2


class Full(io.StringIO):
    """A disk with room for the heading alone."""

    def write(self, words: str) -> int:
        if self.getvalue():
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(words)


def test_revokes_links_that_could_not_be_written(
    ready: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expect("1", system_clock())
    monkeypatch.setattr("sys.stdout", Full())
    assert main(["links", "create", "--date", today()]) == 1
    assert "the 1 new links are revoked; run the command again" in capsys.readouterr().err
    with open_current_database(load_settings()) as database, database.read() as tx:
        assert [
            row.revoked_at is not None for row in tx.connection.execute(select(links_table))
        ] == [True]
    assert actions()[0] == ("command line", "links-revoked")


def test_reports_a_schedule_that_was_never_fetched(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["links", "create", "--date", "2026-11-24"]) == 1
    assert "was never fetched" in capsys.readouterr().err


def test_exits_2_for_a_bad_day(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["links", "create", "--date", "24.11.2026"])
    assert ended.value.code == 2
    assert "is no day such as 2026-11-24" in capsys.readouterr().err
