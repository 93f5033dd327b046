"""`intake submit` and `submissions`, on a real SQLite database."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from intake.cli import main
from intake.cli.site import open_current_database
from intake.settings import load_settings
from intake.store.outbox import delivery_steps, leases
from intake.store.outbox.undo_records import UndoRecord, WriteTarget
from tests.support.command_site import EXAMPLE, example_line


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    main(["submissions", "--json"])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_queues_a_submission_once(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", str(EXAMPLE)]) == 0
    assert main(["submit", str(EXAMPLE)]) == 0
    assert [row["state"] for row in rows(capsys)] == ["queued"]


def test_refuses_a_known_id_with_other_content(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["submit", str(EXAMPLE)])
    assert main(["submit", str(EXAMPLE), "--patient", "Patient/other"]) == 1
    assert "other content" in capsys.readouterr().err
    assert len(rows(capsys)) == 1


def test_names_a_bad_line_and_stores_the_rest(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        example_line(),
        "{ broken",
        example_line(clinic="nowhere"),
        example_line(surprise=1),
        example_line(),
    ]
    (ready / "many.ndjson").write_text("\n".join(lines), "utf-8")
    assert main(["submit", str(ready / "many.ndjson")]) == 1
    said = capsys.readouterr()
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in said.err.splitlines()] == [
        "2",
        "3",
        "4",
    ]
    assert len(said.out.splitlines()) == 2
    assert len(rows(capsys)) == 2


RACE = {"state": "answered", "choices": ["2028-9"]}


def answers(**said: object) -> dict[str, object]:
    return {
        "answers": {
            "race-ethnicity": RACE,
            **{key.replace("_", "-"): each for key, each in said.items()},
        }
    }


def written(words: str) -> dict[str, object]:
    return answers(spoken_language={"state": "answered", "write_ins": {"own-words": words}})


SECRET = "Xoxocotla"
BAD: dict[str, dict[str, object]] = {
    "answers.spoken-language.write_ins[0]: 10000 characters, at most 2000": written("x" * 10_000),
    "answers.spoken-language.write_ins[0]: has a control character": written(f"{SECRET}\x1b[31m"),
    "answers.spoken-language.write_ins[0]: is empty": written("   "),
    "answers.spoken-language.write_ins[0]: has no visible character": written("\u200b"),
    "answers.race-ethnicity.choices: a choice is named twice": answers(
        race_ethnicity={"state": "answered", "choices": ["2028-9", "2028-9"]}
    ),
    "answers.race-ethnicity.choices[1]: is no choice": answers(
        race_ethnicity={"state": "answered", "choices": ["2028-9", SECRET]}
    ),
    "answers.race-ethnicity: state 'declined' goes with no choices": answers(
        race_ethnicity={**RACE, "state": "declined"}
    ),
    "answers.race-ethnicity: an answered question has choices": answers(
        race_ethnicity={"state": "answered"}
    ),
    "answers.race-ethnicity.write_ins[0]: this question has no such line": answers(
        race_ethnicity={**RACE, "write_ins": {"2047-9": SECRET}}
    ),
    "answers.shoe-size: question set spd15-2024 has no such question": answers(shoe_size=RACE),
    "answers.interpreter.choices: exactly one": answers(
        interpreter={"state": "answered", "choices": ["yes", "no"]}
    ),
    "Invalid value - at `$.answers[...].state`": answers(race_ethnicity={"state": SECRET}),
    "question_set: 'omb-1977' is not among": {"question_set": "omb-1977"},
    "question_set_version: spd15-2024 is of version 1.1.0 here": {"question_set_version": "0.9.0"},
    "clinic: 'nowhere' is not among": {"clinic": "nowhere"},
    "patient: a relative reference is needed": {"patient": "../metadata"},
    "patient: Patient/123 or Patient?identifier=": {"patient": "Patient?name=Lopez"},
    "encounter: a relative reference is needed": {"encounter": "Encounter/1?_format=xml"},
    "entered_by: a relative reference is needed, such as Practitioner/123": {"entered_by": "Kim"},
    "entered_by: goes with the channel staff or paper": {"entered_by": "Practitioner/9"},
    "locale: a language tag is needed": {"locale": "Spanish, please"},
    "answered_at: a time with an offset": {"answered_at": "2026-11-23T10:00:00"},
    "answered_at: the offset has whole minutes and lies between -14:00 and": {
        "answered_at": "2026-11-23T10:00:00+15:00"
    },
    "answered_at: the offset has whole minutes": {"answered_at": "2026-11-23T10:00:00-14:01"},
    "answered_at: the year lies between 1900 and": {"answered_at": "1899-12-31T23:59:59Z"},
    "answered_at: the year lies between 1900": {"answered_at": "9999-12-31T23:59:59-14:00"},
    "answered_at: the year lies between": {"answered_at": "0001-01-01T00:00:00+14:00"},
    "Invalid RFC3339 encoded datetime - at `$.answered_at`": {
        "answered_at": "2026-11-23T10:00:60Z"
    },
    "patient: the birth date lies between 1900 and the day of the answers": {
        "patient": "Patient?identifier=urn:mrn%7C4711&birthdate=1899-05-17"
    },
    "patient: the birth date lies between 1900 and the day": {
        "patient": "Patient?identifier=urn:mrn%7C4711&birthdate=2026-11-24"
    },
    "answered_at: lies in the future": {"answered_at": "2126-11-23T10:00:00Z"},
    "Invalid UUID": {"id": "7"},
    "notice: 1 to 80 characters": {"notice": ""},
}


@pytest.mark.parametrize("words", BAD)
def test_names_bad_input_by_place_and_never_quotes_it(
    ready: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    (ready / "bad.ndjson").write_text(f"{example_line()}\n{example_line(**BAD[words])}\n", "utf-8")
    assert main(["submit", str(ready / "bad.ndjson")]) == 1
    said = capsys.readouterr()
    assert f"bad.ndjson:2: {words}" in said.err
    assert SECRET not in said.err
    assert len(said.err.splitlines()) == len(said.out.splitlines()) == 1
    assert len(rows(capsys)) == 1


def test_refuses_two_choices_that_exclude_each_other(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = {"ethnicity": {"state": "answered", "choices": ["2186-5", "2148-5"]}}
    (ready / "bad.json").write_text(example_line(question_set="omb-1997", answers=both), "utf-8")
    assert main(["submit", str(ready / "bad.json")]) == 1
    assert (
        "answers.ethnicity.choices: two choices that contradict each other"
        in capsys.readouterr().err
    )


def test_reads_one_object_over_many_lines_or_one_per_line(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ready / "pretty.json").write_text(json.dumps(json.loads(example_line()), indent=4), "utf-8")
    (ready / "marked.json").write_text("\ufeff" + example_line(), "utf-8")
    (ready / "many.ndjson").write_text(f"\n{example_line()}\r\n\n{example_line()}", "utf-8")
    files = [str(ready / name) for name in ("pretty.json", "marked.json", "many.ndjson")]
    assert main(["submit", *files]) == 0
    assert len(rows(capsys)) == 4


def test_stores_good_files_beside_missing_and_broken_ones(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ready / "broken.json").write_text('{\n"id": \n', "utf-8")
    (ready / "utf16.json").write_text(example_line(), "utf-16")
    (ready / "good.json").write_text(example_line(), "utf-8")
    names = ["missing.json", "broken.json", "utf16.json", "", "good.json"]
    assert main(["submit", *(str(ready / name) for name in names)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert "missing.json: cannot be read: No such file" in said[0]
    assert [line.rsplit("/", 1)[1].split(":")[0] for line in said[:3]] == [
        "missing.json",
        "broken.json",
        "utf16.json",
    ]
    assert len(said) == 4
    assert len(rows(capsys)) == 1


def test_explains_a_database_that_cannot_be_opened(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (ready / "data" / "intake.sqlite3").unlink()
    (ready / "data" / "intake.sqlite3").mkdir()
    assert main(["submissions"]) == 1
    assert "Does data_dir exist, and can this user write to it?" in capsys.readouterr().err


def test_keeps_a_submission_waiting_without_its_server(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["submit", str(EXAMPLE)])
    assert main(["worker", "--once"]) == 0
    [row] = rows(capsys)
    assert (row["state"], row["attempts"], row["words"]) == (
        "waiting",
        1,
        "The server cannot be reached.",
    )


def test_lists_no_answers(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["submit", str(EXAMPLE)])
    capsys.readouterr()
    main(["submissions"])
    said = capsys.readouterr()
    assert "0d4a8f2c-6c1e-4c0a-9a53-1f7a3a1f5c11" in said.out
    assert not any(
        word in said.out + said.err for word in ("Alepo", "Mixteco", "2028-9", "Patient/")
    )


@pytest.mark.parametrize(
    ("done", "words"),
    [([], "intake keys new"), (["keys"], "intake migrate")],
    ids=["no key", "no schema"],
)
def test_names_the_command_that_is_missing(
    site: Path, capsys: pytest.CaptureFixture[str], done: list[str], words: str
) -> None:
    if done:
        main(["keys", "new"])
    assert main(["submissions"]) == 1
    assert words in capsys.readouterr().err


def test_never_replaces_the_first_key(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["submit", str(EXAMPLE)])
    assert main(["keys", "new"]) == 1
    assert main(["keys", "rotate"]) == 0
    assert main(["worker", "--once"]) == 0
    assert rows(capsys)[0]["state"] == "waiting"


def test_exits_2_for_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fly"]) == 2
    assert "there is no command 'fly'" in capsys.readouterr().err


def test_accepts_the_config_option_for_every_command(
    site: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path_factory.mktemp("other") / "none"))
    assert main(["keys", "new", "--config", str(site)]) == 0
    assert (site / "data" / "keys.json").exists()
    assert main(["migrate", "--config", str(site / "none")]) == 1
    assert "there is no such folder of configuration" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["migrate"], ["submissions"], ["worker", "--once"]])
def test_explains_a_silent_database_without_its_password(
    ready: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    intake = ready / "intake.toml"
    url = 'database = "postgresql+psycopg://intake:s3cret@127.0.0.1:9/intake"\n'
    intake.write_text(url + intake.read_text("utf-8"), "utf-8")
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "The database does not answer" in said
    assert "s3cret" not in said


def test_undoes_only_by_complete_id_and_after_delivery(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["submit", str(EXAMPLE)])
    [row] = rows(capsys)
    assert main(["submissions", "undo", str(row["id"])]) == 1
    assert "has not finished sending" in capsys.readouterr().err
    assert main(["submissions", "undo", "nothing"]) == 1
    assert "There is no submission 'nothing'" in capsys.readouterr().err
    settings = load_settings()
    with open_current_database(settings) as database, database.write() as tx:
        [claimed] = leases.acquire_leases(tx, "main", limit=1, lease=timedelta(minutes=5))
        delivery_steps.record_sending(
            tx, claimed, UndoRecord(WriteTarget("Patient/1", "1"), "{}"), timedelta(minutes=5)
        )
        delivery_steps.mark_verified(tx, claimed)
    assert [main(["submissions", "undo", str(row["id"])]) for _ in range(2)] == [0, 0]
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "The worker undoes it now.",
        "It is undone already, or its undo is in progress.",
    ]
    [row] = rows(capsys)
    assert (row["state"], row["undoing"]) == ("queued", True)
