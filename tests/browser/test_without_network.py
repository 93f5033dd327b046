"""A tablet without a network: no way out leads to the browser's own error page."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import find_axe_violations, ignore_lost_network
from tests.browser.conftest import LiveSite, OpenPage
from tests.browser.walker import Walker

OFFLINE = "You are offline."


@pytest.fixture
def question(walker: Walker) -> Page:
    """A tablet's first question."""
    walker.reach_first_question()
    return walker.page


@pytest.mark.parametrize("way", [".top a:has-text('Back')", ".top a[data-keep]", ".actions .go"])
def test_every_way_out_waits_and_goes_on_by_itself(
    question: Page, open_page: OpenPage, way: str
) -> None:
    question.fill("#own-words", "Hmoob")
    question.context.set_offline(True)
    question.click(way)
    expect(question.locator("#offline")).to_be_visible()
    assert OFFLINE in question.inner_text("#offline")
    assert find_axe_violations(question) == []
    assert question.input_value("#own-words") == "Hmoob"
    with question.expect_navigation():
        question.context.set_offline(False)
    assert not question.url.partition("?")[0].endswith("/question/race-ethnicity")
    ignore_lost_network(open_page)


def test_start_over_in_help_waits_too(question: Page, open_page: OpenPage) -> None:
    question.click(".help summary")
    question.context.set_offline(True)
    question.click(".help .apart a")
    expect(question.locator("#offline")).to_be_visible()
    with question.expect_navigation():
        question.context.set_offline(False)
    expect(question.locator("h1")).to_have_text("Start over?")
    ignore_lost_network(open_page)


def test_a_change_of_language_or_look_keeps_what_was_typed(walker: Walker) -> None:
    walker.reach_first_question()
    walker.tick_cards("2028-9")
    walker.page.fill("#own-words", "Hmoob")
    with walker.page.expect_navigation():
        walker.page.click(".top a[data-keep]")
    walker.press_button('button[value="es"]')
    assert walker.page.input_value("#own-words") == "Hmoob"
    walker.page.fill("#own-words", "Hmoob Dawb")
    walker.page.click(".help summary")
    walker.press_button('button[name="size"][value="large"]')
    assert walker.page.input_value("#own-words") == "Hmoob Dawb"
    expect(walker.page.locator('[id="c-2028-9"]')).to_be_checked()


@pytest.fixture
def kept(live: LiveSite, open_page: OpenPage) -> Walker:
    """A patient at a paired tablet that keeps the offline pages."""
    live.site.expect_visit("1")
    patient = Walker(open_page(worker=True), live.url)
    patient.pair_tablet(live.site.create_pairing_code())
    wait_for_worker(patient.page)
    return patient


def wait_for_worker(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    page.wait_for_function("navigator.serviceWorker.controller")


def test_a_tablet_keeps_an_offline_page_per_language_and_nothing_else(
    kept: Walker, live: LiveSite
) -> None:
    stored = kept.page.evaluate(
        """async () => {
          const names = await caches.keys();
          const caches_ = await Promise.all(names.map(name => caches.open(name)));
          const requests = (await Promise.all(caches_.map(cache => cache.keys()))).flat();
          const texts = await Promise.all(requests.map(async request =>
            (await (await caches.match(request)).text())));
          return requests.map((request, index) =>
            [new URL(request.url).pathname, texts[index]]);
        }"""
    )
    paths = {path for path, _ in stored}
    languages = {f"/offline/{tag}" for tag in live.site.app.extensions["intake"].languages}
    assert paths - languages == {
        "/offline",
        "/static/pages/look.css",
        "/static/pages/icon.svg",
        "/static/patient/patient.css",
        "/static/patient/patient.js",
    }
    assert languages <= paths
    assert not any("Riverside" in text or "csrf" in text for _, text in stored)
    storage = kept.page.evaluate("[localStorage.length, sessionStorage.length]")
    assert storage == [0, 0]


def test_a_reload_without_a_server_shows_the_offline_page_and_recovers(
    kept: Walker, live: LiveSite, open_page: OpenPage
) -> None:
    kept.reach_first_question("es")
    kept.page.reload()
    url = kept.page.url
    # A router's closed door is what a tablet meets; Chromium's own switch spares workers.
    kept.page.context.route("**/*", lambda route: route.abort())
    kept.page.context.set_offline(True)
    kept.page.goto(url)
    expect(kept.page.locator("h1")).to_contain_text("No hay conexión.")
    assert find_axe_violations(kept.page) == []
    with kept.page.expect_navigation(timeout=15_000):
        kept.page.context.unroute_all()
        kept.page.context.set_offline(False)
    assert kept.page.url == url
    open_page.complaints.clear()


def test_the_offline_page_speaks_every_offered_language(
    live: LiveSite, open_page: OpenPage
) -> None:
    page = open_page()
    page.goto(f"{live.url}/offline")
    languages = page.locator("main [lang]").evaluate_all("nodes => nodes.map(node => node.lang)")
    assert {"en", *languages} == set(live.site.app.extensions["intake"].languages)


def test_the_manifest_shows_the_tablet_on_the_full_screen(walker: Walker) -> None:
    manifest = walker.page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then(r => r.json())"
    )
    assert (manifest["display"], manifest["start_url"]) == ("fullscreen", "/")
    assert "health" not in str(manifest).lower()
