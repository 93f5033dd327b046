"""The base of the pages: calm errors, headers, health checks, static files."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from intake.settings import SettingsError
from intake.shipped import CONFIG
from tests.support.patients import PatientSession
from tests.support.sites import TestSite, make_site


def test_an_unknown_address_gets_a_calm_page_with_safe_headers(pages: TestSite) -> None:
    response = pages.open_client().get("/no-such-page")
    assert response.status_code == 404
    assert "There is no such page" in response.text
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in response.headers


def test_sends_hsts_over_https(secure_pages: TestSite) -> None:
    assert (
        "max-age"
        in secure_pages.open_client()
        .get("/nowhere", base_url="https://localhost")
        .headers["Strict-Transport-Security"]
    )


def test_reports_alive_and_ready(pages: TestSite) -> None:
    client = pages.open_client()
    assert client.get("/alive").status_code == 204
    assert client.get("/ready").text == "ready\n"


def test_does_not_offer_an_incomplete_language(
    template: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(CONFIG / "questions", tmp_path / "questions")
    site_file = tmp_path / "questions" / "spd15-2024.toml"
    site_file.write_text(
        site_file.read_text("utf-8").replace('label = "Asian"', 'label = "Asian or so"'), "utf-8"
    )
    with pytest.raises(SettingsError, match="none of them is whole"):
        make_site(template, tmp_path, languages=("es",))
    shutil.rmtree(tmp_path / "data")
    site = make_site(template, tmp_path)
    person = PatientSession(site)
    person.pair_tablet()
    assert [button.to_text().strip() for button in person.document.query(".languages button")] == [
        "English"
    ]
    assert "es is not offered" in caplog.text
    site.database.close()


@pytest.mark.parametrize("page", ["/", "/staff/sign-in"])
def test_caches_an_asset_forever_under_its_versioned_address(pages: TestSite, page: str) -> None:
    client = pages.open_client()
    addresses = re.findall(
        r'(?:href|src)="((?:/staff)?/static/[^"]+)"', client.get(page, follow_redirects=True).text
    )
    assert len(addresses) >= 4
    for address in addresses:
        with client.get(address) as response:
            assert "immutable" in response.headers["Cache-Control"], address
            assert hashlib.sha256(response.data).hexdigest().startswith(address.partition("?v=")[2])


def test_does_not_cache_an_asset_without_its_version(pages: TestSite) -> None:
    with pages.open_client().get("/static/pages/look.css") as response:
        assert "immutable" not in response.headers["Cache-Control"]
