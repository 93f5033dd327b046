"""The whole way once, in a browser: the demo's tablet is paired, someone answers, the chart has it, and staff see it."""

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
INTAKE = (sys.executable, "-m", "intake.cli")


def command(running: DemoProcess, *words: str) -> str:
    """What a command says that looks into the demo's site."""
    environment = {**os.environ, "INTAKE_CONFIG": str(running.site_folder)}
    return subprocess.run(
        (*INTAKE, *words), env=environment, capture_output=True, text=True, check=False
    ).stdout


def states(running: DemoProcess) -> list[str]:
    return [row["state"] for row in json.loads(command(running, "submissions", "--json"))]


def chart(running: DemoProcess) -> dict[str, Any]:
    """The chart that the words name."""
    [url] = [word for line in running.lines for word in line.split() if "/Patient/" in word]
    found: dict[str, Any] = requests.get(url, timeout=10).json()
    return found


def test_from_the_tablet_to_the_chart_and_the_monitor(
    open_page: OpenPage, tmp_path: Path, packages: Path
) -> None:
    with run_demo(tmp_path, packages, "--port", "0") as running:
        before = chart(running)
        answer_at_the_tablet(open_page, running)
        # The demo's own worker delivers; a second one beside it must do no harm, and is what this test waits for.
        for _ in range(10):
            command(running, "worker", "--once")
            if states(running) == ["verified"]:
                break
        assert states(running) == ["verified"]
        after = chart(running)
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
            each for each in after["extension"] if each["url"].endswith("us-core-ethnicity")
        ]
        assert ethnicity["extension"][0]["valueCoding"]["code"] == "2135-2"
        assert [each["language"]["coding"][0]["code"] for each in after["communication"]] == ["es"]
        open_the_link(open_page, running)
        staff_see_it(open_page, running)
        assert running.stop_process() == 0


def answer_at_the_tablet(open_page: OpenPage, running: DemoProcess) -> None:
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
    # It goes back to the languages by itself, and would complain of a demo that has ended by then.
    page.close()


def open_the_link(open_page: OpenPage, running: DemoProcess) -> None:
    page = open_page(PHONE)
    walker = Walker(page, running.urls["link"].partition("/l/")[0])
    page.goto(running.urls["link"])
    walker.press_button('button[value="en"]')
    month, day, year = running.birth_dates[1]
    walker.give_birth_date(day, month, year)
    assert walker.path == "/why"
    page.close()


def staff_see_it(open_page: OpenPage, running: DemoProcess) -> None:
    page = open_page()
    page.goto(running.urls["staff"])
    with page.expect_navigation():
        page.click("main button")
    page.goto(running.urls["staff"].partition("/staff")[0] + "/staff/monitor")
    assert "verified" in page.inner_text("main").lower()
    # The worker makes the report when it starts, beside everything else.
    for _ in range(20):
        page.goto(running.urls["staff"].partition("/staff")[0] + "/staff/report")
        if KIOSK_CLINIC.name in page.inner_text("main"):
            break
    assert KIOSK_CLINIC.name in page.inner_text("main")
    page.close()
