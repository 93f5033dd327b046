"""`intake check`: names each fault with its remedy, as text and as JSON."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from intake.cli import main
from intake.cli.site import open_current_database
from intake.settings import load_settings
from intake.store import servers
from intake.store.crypto import create_keys, load_keys
from intake.store.database import open_database
from tests.support.site_check import checked, rewrite, said

EXAMPLE = Path(__file__).parents[1] / "support" / "data" / "multi-race.answers.json"


def test_finds_only_the_unreachable_server_wrong(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["submit", str(EXAMPLE)])
    told = checked(capsys)
    wrong = {about for about, found in told.items() if "wrong" in found.values()}
    assert wrong == {"server main"}
    assert told["server main"] == {
        "whether its worker runs: none has looked for submissions yet": "not known",
        "http://127.0.0.1:9/fhir: The server cannot be reached.": "wrong",
    }
    assert set(told["clinic riverside"].values()) == {"not known"}
    assert told["key"]["it decrypts the oldest and the newest submission"] == "good"
    assert told["database"].keys() >= {
        open_database(
            "sqlite://", load_keys(load_settings().key_file), lambda: datetime.now(UTC)
        ).durability
    }


def test_prints_the_same_findings_as_text_and_json(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = checked(capsys)
    assert main(["check"]) == 1
    words = capsys.readouterr().out
    assert all(
        each in words
        for found in told.values()
        for each in found
        if not each.startswith(("it is 20", str(ready)))
    )
    assert "→ Is it running, and does the network let this machine reach it?" in words
    counts = [list(found.values()) for found in told.values()]
    flat = [verdict for each in counts for verdict in each]
    assert words.splitlines()[-1] == ", ".join(
        f"{flat.count(verdict)} {verdict}"
        for verdict in ("good", "wrong", "unreviewed", "not known")
    )


def test_names_every_configuration_fault(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "clinics.toml").write_text("[riverside]\nname = 7\ntime_zone = 'Mars'\n", "utf-8")
    rewrite(site, languages=[], colour="blue")
    told = checked(capsys)
    assert len(told["configuration"]) >= 4
    assert set(told["configuration"].values()) == {"wrong"}
    assert set(told["everything else"].values()) == {"not known"}


@pytest.mark.parametrize(
    ("keys", "verdict", "words"),
    [
        ({"public_url": ""}, "wrong", "public_url: found nothing; allowed: the address"),
        (
            {"public_url": "http://clinic.example"},
            "wrong",
            "allowed: https; plain http is",
        ),
        (
            {"public_url": "https://clinic.example", "trusted_proxies": 1},
            "good",
            "told by 1 trusted proxy",
        ),
        ({"public_url": "https://clinic.example"}, "not known", "trusted_proxies is 0"),
    ],
)
def test_judges_the_public_url_and_proxies(
    ready: Path, capsys: pytest.CaptureFixture[str], keys: dict[str, Any], verdict: str, words: str
) -> None:
    rewrite(ready, **keys)
    assert any(
        words in each and verdict == found for each, found in checked(capsys)["pages"].items()
    )


def test_calls_the_database_unknown_without_a_key(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = checked(capsys)
    assert "there is no key file yet" in said(told["key"])
    assert set(told["database"].values()) == {"not known"}
    assert not (site / "data").exists()


def test_calls_a_draft_of_a_language_unreviewed(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(ready, languages=["en", "es"])
    verdicts = {words[:2]: verdict for words, verdict in checked(capsys)["languages"].items()}
    assert verdicts == {"en": "good", "es": "unreviewed"}


def test_finds_no_site_in_the_shipped_examples(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INTAKE_CONFIG", raising=False)
    assert "There is no site yet" in said(checked(capsys)["configuration"])


def test_names_files_in_the_folder_that_nothing_reads(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ready / "tokens.txt").write_text("", "utf-8")
    assert "not known: what these are for, as nothing reads them: tokens.txt" in said(
        checked(capsys)["configuration"]
    )


def test_reports_a_key_that_other_users_can_read(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ready / "data" / "keys.json").chmod(0o644)
    assert "wrong: " in said(told := checked(capsys)["key"])
    assert "others can read the key" in said(told)


def test_reports_a_key_that_decrypts_nothing(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["submit", str(EXAMPLE)])
    (ready / "data" / "keys.json").unlink()
    create_keys(ready / "data" / "keys.json")
    assert "wrong: it does not decrypt what is stored" in said(checked(capsys)["key"])


def test_does_not_create_a_missing_database(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = ready / "data" / "intake.sqlite3"
    database.unlink()
    assert "there is none yet" in said(checked(capsys)["database"])
    assert not database.exists()


def test_reports_the_schema_of_another_version(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = create_engine(load_settings().database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    assert "wrong: " in said(told := checked(capsys)["database"])
    assert "has schema 9999, and this version works with" in said(told)


def test_reports_since_when_and_why_a_server_is_paused(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings()
    database = open_database(
        settings.database_url,
        load_keys(settings.key_file),
        lambda: datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    )
    with database.write() as tx:
        servers.pause_server(
            tx,
            "main",
            until=tx.now + timedelta(minutes=1),
            reason="http-401",
            words="The server answered 401.",
        )
    database.close()
    assert "the worker has paused it since 2026-11-24 09:30 UTC: The server answered 401." in said(
        checked(capsys)["server main"]
    )


def test_reports_until_when_the_worker_waits_for_a_server(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_current_database(load_settings()) as database, database.write() as tx:
        servers.back_off(tx, "main", until=(until := tx.now + timedelta(days=1, minutes=1)))
    words = (
        "when it answers again: it asked for time, and the worker waits until "
        f"{until:%Y-%m-%d %H:%M} UTC"
    )
    assert checked(capsys)["server main"][words] == "not known"
    assert main(["submissions"]) == 0
    assert "main asked for time: the worker continues in 1 d" in capsys.readouterr().err


def test_reports_submissions_of_a_renamed_server_table(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["submit", str(EXAMPLE)])
    for name in ("intake.toml", "clinics.toml"):
        text = (
            (ready / name)
            .read_text("utf-8")
            .replace("servers.main", "servers.ehr")
            .replace('"main"', '"ehr"')
        )
        (ready / name).write_text(text, "utf-8")
    told = checked(capsys)
    words = (
        "submissions waiting or held for it: 1; "
        "intake.toml has no such table, so none of them is sent"
    )
    assert told["server main"] == {words: "wrong"}
    assert "server ehr" in told


def test_reports_a_clock_that_was_set_back(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["submit", str(EXAMPLE)])
    engine = create_engine(load_settings().database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE submissions SET queued_at = queued_at + 3600000000"))
    engine.dispose()
    assert "wrong: the newest submission was stored in the future" in said(checked(capsys)["clock"])


def test_reports_a_full_disk(
    ready: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(ready))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12 - 10**8, 10**8))
    assert "0.1 GiB free" in said(checked(capsys)["disk"])
    assert "wrong" in checked(capsys)["disk"].values()


@pytest.mark.parametrize("by", [-180, 180])
def test_reports_whether_a_worker_runs(
    ready: Path, capsys: pytest.CaptureFixture[str], by: int
) -> None:
    # A worker seen in the future was seen before the clock was set back.
    main(["worker", "--once"])
    assert "good: a worker looks for submissions" in said(checked(capsys)["server main"])
    engine = create_engine(load_settings().database_url)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE servers SET worker_seen = worker_seen + :by"), {"by": by * 1_000_000}
        )
    engine.dispose()
    assert "wrong: no worker has looked for submissions since" in said(
        checked(capsys)["server main"]
    )
