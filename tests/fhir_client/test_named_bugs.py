"""Each bug that other products shipped (fhir_client/MAPPING.md) has a test that names it."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
# The name of a test says the behaviour that holds. Where that is not the bug's own name, it stands
# beside the bug.
BUGS = {
    "race as top-level valueCoding without text": "",
    "ethnicity under the race URL": "",
    "Hispanic exported as a race": "test_maps_hispanic_to_ethnicity_and_not_to_race",
    "declined mapped to an unbound code": "",
    "declined accepted by the server and silently not stored": (
        "test_a_declined_answer_that_the_server_drops_is_seen"
    ),
    "missing turned into 'Not Hispanic'": (
        "test_infers_not_hispanic_only_if_the_site_switches_it_on"
    ),
    "Asian and Hispanic collapsed to Hispanic": "test_keeps_asian_beside_hispanic",
    "two preferred true languages": "",
    "412 swallowed": "test_a_stale_etag_is_a_version_conflict",
    "If-Match ignored": "test_a_server_that_ignores_if_match_is_seen",
    "conditional create racing itself into two resources": (
        "test_two_senders_at_once_leave_one_effect"
    ),
    "whole-resource overwrite losing a phone number": "",
    "extension array replaced losing birth sex": "",
    "retry after a time-out duplicating": "test_a_retry_after_a_time_out_duplicates_nothing",
    "timestamp of the last good sync advancing on failure": (
        "test_a_failure_does_not_move_the_time_of_the_last_success"
    ),
}


def name_test(bug: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bug).lower()
    return BUGS[bug] or "test_" + "_".join(re.findall(r"[a-z0-9]+", words))


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_of_the_field_has_a_test_of_its_name(bug: str) -> None:
    defined = re.compile(rf"^def {name_test(bug)}\(", re.MULTILINE)
    files = [
        path.name for path in TESTS.rglob("test_*.py") if defined.search(path.read_text("utf-8"))
    ]
    assert len(files) == 1, f"{name_test(bug)} is in {files or 'no file'}"
