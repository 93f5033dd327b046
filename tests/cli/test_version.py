"""`intake --version`: the version, the commit and the database schema."""

import re

import pytest

from intake.cli import main
from intake.store.database import HEAD_REVISION


@pytest.mark.parametrize("word", ["--version", "-V", "version"])
def test_prints_version_commit_and_schema(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert main([word]) == 0
    pattern = rf"intake \d+\.\d+\S*, commit (?:[0-9a-f]{{12}}|unknown), schema {HEAD_REVISION}\n"
    assert re.fullmatch(pattern, capsys.readouterr().out)
