"""The demo in a real browser: pair a tablet, answer, read the chart, look at the staff pages."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from intake.demo.personas import KIOSK_CLINIC
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.walker import Walker
from tests.support.demo_process import DemoProcess, run_demo

pytestmark = pytest.mark.server
INTAKE = (sys.executable, "-m", "intake")


def run_command(running: DemoProcess, *words: str) -> str:
    """Run a command on the demo's site and return its output."""
    environment = {**os.environ, "INTAKE_CONFIG": str(running.site_folder)}
    return subprocess.run(
        (*INTAKE, *words), env=environment, capture_output=True, text=True, check=False
    ).stdout


def submission_states(running: DemoProcess) -> list[str]:
    return [record["state"] for record in json.loads(run_command(running, "submissions", "--json"))]


def read_chart(running: DemoProcess) -> dict[str, Any]:
    """Return the chart that the demo's output names."""
    [url] = [word for line in running.lines for word in line.split() if "/Patient/" in word]
    chart: dict[str, Any] = requests.get(url, timeout=10).json()
    return chart


def test_an_answer_travels_from_the_tablet_to_chart_and_monitor(
    open_page: OpenPage, tmp_path: Path, packages: Path
) -> None:
    with run_demo(tmp_path, packages, "--port", "0") as running:
        before = read_chart(running)
        answer_on_tablet(open_page, running)
        # The demo's own worker delivers. A second worker beside it must do no harm, and this test
        # can wait for it.
        for _ in range(10):
            run_command(running, "worker", "--once")
            if submission_states(running) == ["verified"]:
                break
        assert submission_states(running) == ["verified"]
        after = read_chart(running)
        untouched = (
            "identifier",
            "name",
            "telecom",
            "gender",
            "birthDate",
            "address",
            "managingOrganization",
        )
        assert {key: after[key] for key in untouched} == {key: before[key] for key in untouched}
        [ethnicity] = [
            extension
            for extension in after["extension"]
            if extension["url"].endswith("us-core-ethnicity")
        ]
        assert ethnicity["extension"][0]["valueCoding"]["code"] == "2135-2"
        assert [entry["language"]["coding"][0]["code"] for entry in after["communication"]] == [
            "es"
        ]
        open_link(open_page, running)
        check_staff_pages(open_page, running)
        assert running.stop_process() == 0


def answer_on_tablet(open_page: OpenPage, running: DemoProcess) -> None:
    page = open_page()
    walker = Walker(page, running.urls["kiosk"].partition("/pair")[0])
    page.goto(running.urls["kiosk"])
    walker.press_button("main .go")
    walker.press_button('button[value="es"]')
    month, day, year = running.birth_dates[0]
    walker.give_birth_date(day, month, year)
    walker.press_button()
    walker.tick_cards("self")
    walker.press_button()
    walker.tick_cards("2135-2")
    walker.press_button()
    walker.press_button()
    walker.tick_cards("es")
    walker.press_button()
    walker.tick_cards("es")
    walker.press_button()
    walker.tick_cards("no")
    walker.press_button()
    assert walker.path == "/check"
    walker.press_button()
    assert walker.path == "/done"
    # The page returns to the languages by itself, and complains if the demo has ended by then.
    page.close()


def open_link(open_page: OpenPage, running: DemoProcess) -> None:
    page = open_page(PHONE)
    walker = Walker(page, running.urls["link"].partition("/l/")[0])
    page.goto(running.urls["link"])
    walker.press_button('button[value="en"]')
    month, day, year = running.birth_dates[1]
    walker.give_birth_date(day, month, year)
    assert walker.path == "/why"
    page.close()


def check_staff_pages(open_page: OpenPage, running: DemoProcess) -> None:
    page = open_page()
    page.goto(running.urls["staff"])
    with page.expect_navigation():
        page.click("main button")
    page.goto(running.urls["staff"].partition("/staff")[0] + "/staff/monitor")
    assert "verified" in page.inner_text("main").lower()
    # The worker builds the report when it starts, so it may not be there yet.
    for _ in range(20):
        page.goto(running.urls["staff"].partition("/staff")[0] + "/staff/report")
        if KIOSK_CLINIC.name in page.inner_text("main"):
            break
    assert KIOSK_CLINIC.name in page.inner_text("main")
    page.close()
