"""The base of the pages: calm errors, headers, health."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from intake.settings import SettingsError
from intake.shipped import CONFIG
from tests.support.patients import PatientSession
from tests.support.sites import TestSite, make_site


def test_an_unknown_page_is_calm_and_safe(pages: TestSite) -> None:
    answer = pages.open_client().get("/no-such-page")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in answer.headers


def test_behind_https_the_browser_is_told_to_stay_there(secure_pages: TestSite) -> None:
    assert (
        "max-age"
        in secure_pages.open_client()
        .get("/nowhere", base_url="https://localhost")
        .headers["Strict-Transport-Security"]
    )


def test_health(pages: TestSite) -> None:
    client = pages.open_client()
    assert client.get("/alive").status_code == 204
    assert client.get("/ready").text == "ready\n"


def test_a_language_that_is_not_whole_is_not_offered(
    template: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(CONFIG / "questions", tmp_path / "questions")
    own = tmp_path / "questions" / "spd15-2024.toml"
    own.write_text(
        own.read_text("utf-8").replace('label = "Asian"', 'label = "Asian or so"'), "utf-8"
    )
    with pytest.raises(SettingsError, match="none of them is whole"):
        make_site(template, tmp_path, languages=("es",))
    shutil.rmtree(tmp_path / "data")
    site = make_site(template, tmp_path)
    person = PatientSession(site)
    person.pair_tablet()
    assert [each.to_text().strip() for each in person.document.query(".tongues button")] == [
        "English"
    ]
    assert "es is not offered" in caplog.text
    site.database.close()


@pytest.mark.parametrize("page", ["/", "/staff/sign-in"])
def test_an_asset_is_kept_for_ever_under_an_address_that_changes_with_it(
    pages: TestSite, page: str
) -> None:
    client = pages.open_client()
    addresses = re.findall(
        r'(?:href|src)="((?:/staff)?/static/[^"]+)"', client.get(page, follow_redirects=True).text
    )
    assert len(addresses) >= 4
    for address in addresses:
        with client.get(address) as answer:
            assert "immutable" in answer.headers["Cache-Control"], address
            assert hashlib.sha256(answer.data).hexdigest().startswith(address.partition("?v=")[2])


def test_an_asset_without_its_version_is_asked_for_again(pages: TestSite) -> None:
    with pages.open_client().get("/static/pages/look.css") as answer:
        assert "immutable" not in answer.headers["Cache-Control"]
