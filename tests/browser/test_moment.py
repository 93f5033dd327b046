"""The "one moment" page in a real browser sends the form again by itself."""

import pytest
from playwright.sync_api import expect
from sqlalchemy.exc import OperationalError

from intake.store.database import Database
from tests.browser.conftest import OpenPage
from tests.browser.walker import Walker


def test_sends_the_form_again_by_itself(
    walker: Walker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker.reach_first_question()
    walker.tick_cards("2028-9")
    walker.page.fill("#own-words", "Hmoob")

    def fail(_database: Database) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", fail)
        walker.press_button()
        assert walker.heading == "One moment, please"
        with walker.page.expect_navigation():
            pass
        assert walker.heading == "One moment, please"
    expect(walker.page.locator("h1")).to_have_text(
        "Would you like to tell us more?", timeout=15_000
    )
    walker.page.goto(f"{walker.url}/question/race-ethnicity")
    assert walker.page.input_value("#own-words") == "Hmoob"
    open_page.complaints = [text for text in open_page.complaints if "503" not in text]
