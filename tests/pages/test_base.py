"""The base of the pages: calm errors, headers, health."""

from tests.sites import TestSite


def test_an_unknown_page_is_calm_and_safe(pages: TestSite) -> None:
    answer = pages.client().get("/no-such-page")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in answer.headers


def test_behind_https_the_browser_is_told_to_stay_there(secure_pages: TestSite) -> None:
    assert "max-age" in secure_pages.client().get("/nowhere", base_url="https://localhost").headers["Strict-Transport-Security"]


def test_health(pages: TestSite) -> None:
    client = pages.client()
    assert client.get("/alive").status_code == 204
    assert client.get("/ready").text == "ready\n"
