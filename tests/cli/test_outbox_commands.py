"""The way of a submission on the command line, on a real SQLite database."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from intake.cli import main

EXAMPLE = Path(__file__).parents[1] / "sync" / "data" / "multi-race.answers.json"


def example(**changes: object) -> str:
    """The example as one line, under an id of its own."""
    return json.dumps({**json.loads(EXAMPLE.read_text("utf-8")), "id": str(uuid4()), **changes})


@pytest.fixture
def ready(site: Path) -> Path:
    assert main(["keys", "new"]) == 0
    assert main(["migrate"]) == 0
    return site


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    main(["submissions", "--json"])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_a_submission_is_queued_once(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["submit", str(EXAMPLE)]) == 0
    assert main(["submit", str(EXAMPLE)]) == 0
    assert [row["state"] for row in rows(capsys)] == ["queued"]


def test_a_known_id_with_other_content_is_a_fault(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["submit", str(EXAMPLE)])
    assert main(["submit", str(EXAMPLE), "--patient", "Patient/other"]) == 1
    assert "other content" in capsys.readouterr().err
    assert len(rows(capsys)) == 1


def test_a_bad_line_is_named_and_the_rest_goes_on(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [example(), "{ broken", example(clinic="nowhere"), example(surprise=1), example()]
    (ready / "many.ndjson").write_text("\n".join(lines), "utf-8")
    assert main(["submit", str(ready / "many.ndjson")]) == 1
    said = capsys.readouterr()
    assert [line.split(": ")[0].rsplit(":", 1)[1] for line in said.err.splitlines()] == ["2", "3", "4"]
    assert len(said.out.splitlines()) == 2
    assert len(rows(capsys)) == 2


def test_without_its_server_a_submission_waits_and_says_why(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["submit", str(EXAMPLE)])
    assert main(["worker", "--once"]) == 0
    [row] = rows(capsys)
    assert (row["state"], row["attempts"], row["words"]) == ("waiting", 1, "The server cannot be reached.")


def test_no_answer_shows_in_the_listing(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["submit", str(EXAMPLE)])
    capsys.readouterr()
    main(["submissions"])
    said = capsys.readouterr()
    assert "0d4a8f2c-6c1e-4c0a-9a53-1f7a3a1f5c11" in said.out
    assert not any(word in said.out + said.err for word in ("Alepo", "Mixteco", "2028-9", "Patient/"))


@pytest.mark.parametrize(
    ("done", "words"), [([], "intake keys new"), (["keys"], "intake migrate")], ids=["no key", "no schema"]
)
def test_what_is_missing_is_said(site: Path, capsys: pytest.CaptureFixture[str], done: list[str], words: str) -> None:
    if done:
        main(["keys", "new"])
    assert main(["submissions"]) == 1
    assert words in capsys.readouterr().err


def test_a_second_key_never_replaces_the_first(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["submit", str(EXAMPLE)])
    assert main(["keys", "new"]) == 1
    assert main(["keys", "rotate"]) == 0
    assert main(["worker", "--once"]) == 0
    assert rows(capsys)[0]["state"] == "waiting"


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fly"]) == 2
    assert "there is no command 'fly'" in capsys.readouterr().err


def test_every_command_takes_the_sites_folder(
    site: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path_factory.mktemp("other") / "none"))
    assert main(["keys", "new", "--config", str(site)]) == 0
    assert (site / "data" / "keys.json").exists()
    assert main(["migrate", "--config", str(site / "none")]) == 1
    assert "there is no such folder of configuration" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["migrate"], ["submissions"], ["worker", "--once"]])
def test_a_database_that_does_not_answer_is_said_without_its_password(
    ready: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    intake = ready / "intake.toml"
    url = 'database = "postgresql+psycopg://intake:s3cret@127.0.0.1:9/intake"\n'
    intake.write_text(url + intake.read_text("utf-8"), "utf-8")
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "The database does not answer" in said
    assert "s3cret" not in said
