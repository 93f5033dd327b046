"""`intake submissions retry`, `hold`, `discard` and `by-hand`, on a real SQLite database."""

import json
from pathlib import Path

import pytest

from intake.cli import main
from tests.support.command_site import EXAMPLE


def list_rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    main(["submissions", "--json"])
    listed: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return listed


def test_does_the_monitors_actions_on_the_command_line(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["submit", str(EXAMPLE)])
    [identity] = [str(row["id"]) for row in list_rows(capsys)]

    def read_states() -> list[object]:
        return [row["state"] for row in list_rows(capsys)]

    assert main(["submissions", "discard", identity]) == 1
    assert "cannot discard" in capsys.readouterr().err
    assert main(["submissions", "hold", identity]) == 0
    assert read_states() == ["held"]
    assert main(["submissions", "retry", identity, "nothing"]) == 1
    assert read_states() == ["queued"]
    main(["submissions", "hold", identity])
    assert main(["submissions", "by-hand", identity]) == 0
    main(["submissions", "hold", identity])
    assert main(["submissions", "discard", identity]) == 0
    assert read_states() == ["discarded"]
