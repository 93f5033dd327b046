"""Submit says thank you only while the key that encrypts the answers is on disk."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select

from intake.store.crypto import create_keys
from intake.store.tables import submissions
from tests.support.journeys import read_only_submission, skip_to_check
from tests.support.patients import PatientSession
from tests.support.sites import TestSite


def count_submissions(site: TestSite) -> int:
    with site.database.read() as tx:
        return tx.connection.execute(select(func.count()).select_from(submissions)).scalar_one()


@pytest.mark.parametrize("replaced", [False, True])
def test_submit_without_the_key_file_keeps_the_draft_and_thanks_for_nothing(
    pages: TestSite, tmp_path: Path, replaced: bool
) -> None:
    pages.expect_visit("1")
    person = PatientSession(pages)
    person.reach_first_question()
    skip_to_check(person)
    key_file = pages.settings.key_file
    backup = shutil.move(key_file, tmp_path / "backup.json")
    if replaced:
        create_keys(key_file)
    person.send_form(form="/send")
    assert (person.page.status_code, person.heading) == (503, "One moment, please")
    assert count_submissions(pages) == 0

    shutil.copy2(backup, key_file)
    person.open_page("/check")
    person.send_form(form="/send")
    assert person.path == "/done"
    assert read_only_submission(pages).patient == "Patient/1"
