"""Each bug that the field has shipped (FHIR.md, section 7) has a test of its name."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
BUGS = (
    "race as top-level valueCoding without text",
    "ethnicity under the race URL",
    "Hispanic exported as a race",
    "declined mapped to an unbound code",
    "declined accepted by the server and silently not stored",
    "missing turned into 'Not Hispanic'",
    "Asian and Hispanic collapsed to Hispanic",
    "two preferred true languages",
    "412 swallowed",
    "If-Match ignored",
    "conditional create racing itself into two resources",
    "whole-resource overwrite losing a phone number",
    "extension array replaced losing birth sex",
    "retry after a time-out duplicating",
    "timestamp of the last good sync advancing on failure",
)


def name_test(bug: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bug).lower()
    return "test_" + "_".join(re.findall(r"[a-z0-9]+", words))


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_of_the_field_has_a_test_of_its_name(bug: str) -> None:
    defined = re.compile(rf"^def {name_test(bug)}\(", re.MULTILINE)
    files = [
        path.name for path in TESTS.rglob("test_*.py") if defined.search(path.read_text("utf-8"))
    ]
    assert len(files) == 1, f"{name_test(bug)} is in {files or 'no file'}"
