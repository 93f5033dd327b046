"""`intake check` judges where answers are stored, even before there is a key."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.site_check import checked, rewrite, said


@pytest.mark.parametrize(
    ("keys", "about", "words"),
    [
        ({"data_dir": "clinics.toml/data"}, "disk", "clinics.toml is a file"),
        ({"database": "sqlite:////dev/null/x.sqlite3"}, "database", "/dev/null is a file"),
        ({"database": "postgresql://db/x"}, "configuration", "did you mean postgresql+psycopg://"),
        ({"database": "mysql://root:hunter2@db/x"}, "configuration", 'found "mysql://…@db/x"'),
        ({"database": "postgresql+psycopg://x@h:p/x"}, "configuration", "database: found"),
        (
            {"database": "postgresql+psycopg://x@127.0.0.1:9/x"},
            "database",
            "127.0.0.1:9/x does not answer",
        ),
    ],
)
def test_judges_where_data_goes_before_there_is_a_key(
    site: Path, capsys: pytest.CaptureFixture[str], keys: dict[str, Any], about: str, words: str
) -> None:
    rewrite(site, **keys)
    findings = checked(capsys)[about]
    [(finding, verdict)] = [item for item in findings.items() if words in item[0]]
    assert verdict == "wrong"
    assert "hunter2" not in finding


@pytest.mark.parametrize(
    ("database", "words"),
    [
        ("postgresql+psycopg://intake:s3cret@127.0.0.1:9/intake", "does not answer"),
    ],
)
def test_reports_a_silent_database_without_its_password(
    ready: Path, capsys: pytest.CaptureFixture[str], database: str, words: str
) -> None:
    rewrite(ready, database=database)
    told = checked(capsys)
    assert f"wrong: {database.replace('s3cret', '***')}" in said(told["database"])
    assert words in said(told["database"])
    assert "s3cret" not in str(told)
