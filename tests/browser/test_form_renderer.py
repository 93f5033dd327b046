"""A Questionnaire of ours in a form renderer that we did not write: LHC-Forms of the US National Library of Medicine."""

import base64
import functools
import json
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha512
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page

from fhir_client.uscore.questionnaire import build_questionnaire, flatten_translations
from fhir_client.uscore.questionnaire_response import build_questionnaire_response
from fhir_client.uscore.statement import BCP47
from fhir_client.uscore.versions import us_core_version
from intake import terminology
from intake.answers import OWN_WORDS, Answer, AnswerState, Channel, Informant, Submission
from intake.demo.node import NodeMissingError, find_node
from intake.i18n import load_translator
from intake.mapping.questionnaires import build_form
from intake.mapping.statement import build_statement
from intake.questions import Subject
from intake.settings import MappingPolicy, load_settings
from tests.browser.conftest import OpenPage
from tests.support.prerequisites import skip_or_fail
from tests.support.questionnaire_responses import find_misfits, item_codings, walk_items

SETTINGS = load_settings()
VERSION = "40.1.3"
# The package has all that a page needs, so what npm would install with it to build it anew is not fetched.
DIGEST = "WLruTm+BcVnafC0rSAQ3/cNqhxvclBUxyBG68aub/uha2NaK9H8ZZcEXTTuORuGzzCt0wa7fvhuieZtcDIdPzQ=="
WORDS = f"The form renderer (npm's lforms {VERSION}) is fetched on the first run, which needs a network and Node"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A form</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="package/dist/lforms/webcomponent/styles.css"><div id="form"></div>
<script src="package/dist/lforms/webcomponent/assets/lib/zone.min.js"></script>
<script src="package/dist/lforms/webcomponent/lhc-forms.js"></script>
<script src="package/dist/lforms/fhir/R4/lformsFHIR.min.js"></script></html>"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def renderer(pytestconfig: pytest.Config) -> Iterator[str]:
    """The address of an empty page with LHC-Forms, whose package is kept from one run to the next."""
    home = pytestconfig.cache.mkdir(f"lforms-{VERSION}")
    if not (home / "package" / "package.json").exists():
        _fetch(home)
    (home / "page.html").write_text(PAGE, "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(home)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/page.html"
    server.shutdown()
    thread.join(10)
    server.server_close()


def _fetch(home: Path) -> None:
    try:
        command = (
            *find_node().npm,
            "pack",
            f"lforms@{VERSION}",
            "--ignore-scripts",
            "--fetch-retries=1",
        )
        fetched = subprocess.run(
            command, cwd=home, capture_output=True, text=True, check=False, timeout=120
        )
    except (NodeMissingError, subprocess.TimeoutExpired):
        skip_or_fail(WORDS)
    if fetched.returncode != 0:
        skip_or_fail(WORDS)
    packed = home / f"lforms-{VERSION}.tgz"
    assert base64.b64encode(sha512(packed.read_bytes()).digest()).decode() == DIGEST
    with tarfile.open(packed) as archive:
        archive.extractall(home / "unpacked", filter="data")
    shutil.move(home / "unpacked" / "package", home / "package")
    packed.unlink()


ANSWERS = {
    "spd15-2024": {
        "race-ethnicity": Answer(
            AnswerState.ANSWERED,
            ("2028-9", "2047-9", "2054-5", "somali"),
            {"2028-9": "Hmong", OWN_WORDS: "Both"},
        ),
        "interpreter": Answer(AnswerState.DECLINED),
    },
    "spd15-2024-tribal": {
        "race-ethnicity": Answer(AnswerState.ANSWERED, ("1002-5",)),
        "tribal-affiliation": Answer(
            AnswerState.ANSWERED, ("170", "549"), {OWN_WORDS: "Schaghticoke"}
        ),
        "spoken-language": Answer(AnswerState.ANSWERED, ("nv",)),
    },
    "omb-1997": {
        "ethnicity": Answer(AnswerState.UNKNOWN),
        "race": Answer(AnswerState.ANSWERED, ("2076-8", "2080-0", "2106-3"), {}),
        "interpreter": Answer(AnswerState.ANSWERED, ("yes",)),
    },
}


@pytest.mark.parametrize("tag", ["en", "es", "ar"])
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_it_renders_answers_and_hands_out_what_we_write(
    renderer: str, open_page: OpenPage, name: str, tag: str
) -> None:
    form = build_questionnaire(build_form(SETTINGS.question_sets[name], SETTINGS.languages))
    ours = _ours(name)
    page = open_page()
    page.goto(renderer)
    page.evaluate(
        "form => LForms.Util.addFormToPage(form, 'form', {})", flatten_translations(form, tag)
    )
    asked = {
        question: load_translator(tag).plain(question.title)
        for question in SETTINGS.question_sets[name].questions
    }
    for words in (words for question, words in asked.items() if question.about is Subject.PATIENT):
        page.get_by_text(words).first.wait_for()
    # Of who answers for the patient it knows nothing, and asks nothing.
    assert not any(
        page.get_by_text(words).count()
        for question, words in asked.items()
        if question.about is Subject.INFORMANT
    )
    for item in walk_items(ours["item"]):
        _answer(page, item)
    theirs = page.evaluate("() => LForms.Util.getFormFHIRData('QuestionnaireResponse', 'R4')")
    assert _said(theirs) == _said(ours)
    assert not find_misfits(theirs, form)


def _ours(name: str) -> dict[str, Any]:
    questions = SETTINGS.question_sets[name]
    sent = Submission(
        id=UUID(int=1),
        clinic="riverside",
        patient="Patient/1",
        answered_at=datetime(2026, 11, 23, 15, tzinfo=UTC),
        informant=Informant.SELF,
        channel=Channel.KIOSK,
        question_set=name,
        question_set_version=questions.version,
        locale="en",
        notice="2026-11",
        answers=ANSWERS[name],
    )
    return build_questionnaire_response(
        build_statement(sent, questions, MappingPolicy()), us_core_version("6.1.0")
    )


def _answer(page: Page, item: dict[str, Any]) -> None:
    """Answer an item in the page as a person does: click the option, write on the line."""
    if item["linkId"] == "notice":
        return
    # The renderer's ids begin with the linkId and end in the option's code.
    place = f'[id^="{item["linkId"]}/1"]'
    for answer in item.get("answer", []):
        if "valueCoding" in answer:
            _choose(page, place, answer["valueCoding"])
    for answer in item.get("answer", []):
        if "valueString" in answer:
            page.locator(f"textarea{place}").fill(answer["valueString"])


def _choose(page: Page, place: str, coding: dict[str, str]) -> None:
    option, line = page.locator(f'{place}[id$="|{coding["code"]}"]'), page.locator(f"input{place}")
    if option.count():
        option.click()
        return
    # One of very many: its name is typed, and then it is picked from what is suggested.
    name = (
        terminology.load_languages()[coding["code"]].endonym
        if coding["system"] == BCP47
        else coding["display"]
    )
    line.click()
    line.press_sequentially(name[:12])
    page.locator("#completionOptions li", has_text=name).first.click()
    # What was picked is taken when the line is left.
    line.press("Tab")


def _said(response: dict[str, Any]) -> str:
    """Every answered item with its codes and words."""
    found = {}
    for each in walk_items(response["item"]):
        words = [
            answer["valueString"] for answer in each.get("answer", []) if "valueString" in answer
        ]
        if each["linkId"] != "notice":
            found[each["linkId"]] = [*map(list, item_codings(each)), *words]
    return json.dumps(found, indent=1, sort_keys=True)
