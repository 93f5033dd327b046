"""LForms, a public form renderer, shows our Questionnaires and returns the responses we write."""

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
from intake.i18n import existing_tags, load_translator
from intake.mapping.questionnaires import build_form
from intake.mapping.response_items import ResponseError
from intake.mapping.responses import ResponseReader
from intake.mapping.statement import build_statement
from intake.questions import Subject
from intake.settings import MappingPolicy, load_settings
from tests.browser.conftest import OpenPage
from tests.support.prerequisites import skip_or_fail
from tests.support.questionnaire_responses import (
    find_misfits,
    item_codings,
    normalize_answer,
    walk_items,
)

SETTINGS = load_settings()
READER = ResponseReader(SETTINGS)
VERSION = "40.1.3"
# The package has all that a page needs, so none of its dependencies is fetched.
DIGEST = "WLruTm+BcVnafC0rSAQ3/cNqhxvclBUxyBG68aub/uha2NaK9H8ZZcEXTTuORuGzzCt0wa7fvhuieZtcDIdPzQ=="
MISSING_RENDERER = (
    f"The form renderer (npm's lforms {VERSION}) is fetched on the first run, "
    "which needs a network and Node"
)
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A form</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="package/dist/lforms/webcomponent/styles.css"><div id="form"></div>
<script src="package/dist/lforms/webcomponent/assets/lib/zone.min.js"></script>
<script src="package/dist/lforms/webcomponent/lhc-forms.js"></script>
<script src="package/dist/lforms/fhir/R4/lformsFHIR.min.js"></script></html>"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing."""


@pytest.fixture(scope="module")
def renderer(pytestconfig: pytest.Config) -> Iterator[str]:
    """Serve an empty page with LHC-Forms; pytest's cache keeps the package between runs."""
    home = pytestconfig.cache.mkdir(f"lforms-{VERSION}")
    if not (home / "package" / "package.json").exists():
        _fetch_package(home)
    (home / "page.html").write_text(PAGE, "utf-8")
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(home))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/page.html"
    server.shutdown()
    thread.join(10)
    server.server_close()


def _fetch_package(home: Path) -> None:
    try:
        command = (
            *find_node().npm,
            "pack",
            f"lforms@{VERSION}",
            "--ignore-scripts",
            "--fetch-retries=1",
        )
        result = subprocess.run(
            command, cwd=home, capture_output=True, text=True, check=False, timeout=120
        )
    except (NodeMissingError, subprocess.TimeoutExpired):
        skip_or_fail(MISSING_RENDERER)
    if result.returncode != 0:
        skip_or_fail(MISSING_RENDERER)
    archive_file = home / f"lforms-{VERSION}.tgz"
    assert base64.b64encode(sha512(archive_file.read_bytes()).digest()).decode() == DIGEST
    with tarfile.open(archive_file) as archive:
        archive.extractall(home / "unpacked", filter="data")
    shutil.move(home / "unpacked" / "package", home / "package")
    archive_file.unlink()


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
def test_lforms_renders_our_form_and_returns_our_answers(
    renderer: str, open_page: OpenPage, name: str, tag: str
) -> None:
    form = build_questionnaire(build_form(SETTINGS.question_sets[name], existing_tags()))
    expected = _build_response(name)
    page = open_page()
    page.goto(renderer)
    page.evaluate(
        "form => LForms.Util.addFormToPage(form, 'form', {})", flatten_translations(form, tag)
    )
    titles = {
        question: load_translator(tag).plain(question.title)
        for question in SETTINGS.question_sets[name].questions
    }
    for words in (words for question, words in titles.items() if question.about is Subject.PATIENT):
        page.get_by_text(words).first.wait_for()
    # A renderer does not know the informant, so it asks no questions about one.
    assert not any(
        page.get_by_text(words).count()
        for question, words in titles.items()
        if question.about is Subject.INFORMANT
    )
    for item in walk_items(expected["item"]):
        _answer_item(page, item)
    actual = page.evaluate("() => LForms.Util.getFormFHIRData('QuestionnaireResponse', 'R4')")
    assert _answered_items(actual) == _answered_items(expected)
    assert not find_misfits(actual, form)
    lacking = {"authored": "2026-11-23T15:00:00Z", "language": tag}
    read = READER.read_submission({**lacking, **actual}, patient="Patient/1", clinic="riverside")
    assert {
        question.id: normalize_answer(question, read.answers[question.id])
        for question in SETTINGS.question_sets[name].questions
        if question.id in read.answers
    } == {
        question.id: normalize_answer(question, ANSWERS[name][question.id])
        for question in SETTINGS.question_sets[name].questions
        if question.id in ANSWERS[name]
    }


def test_lforms_accepts_a_contradiction_that_submit_refuses(
    renderer: str, open_page: OpenPage
) -> None:
    form = build_questionnaire(build_form(SETTINGS.question_sets["spd15-2024"], ["en"]))
    page = open_page()
    page.goto(renderer)
    page.evaluate("form => LForms.Util.addFormToPage(form, 'form', {})", form)
    for words in ("Asian", "I’d rather not say"):
        page.get_by_text(words, exact=True).first.click()
    actual = page.evaluate("() => LForms.Util.getFormFHIRData('QuestionnaireResponse', 'R4')")
    # Whether a renderer knows exclusive options is its own affair. Without both there is no test.
    codes = [code for item in walk_items(actual["item"]) for _, code in item_codings(item)]
    assert codes == ["2028-9", "asked-declined"]
    with pytest.raises(
        ResponseError, match="“I’d rather not say” cannot stand together with “Asian”"
    ):
        READER.read_submission({"authored": "2026-11-23T15:00:00Z", **actual}, patient="Patient/1")


def test_lforms_finds_a_language_by_its_english_name(renderer: str, open_page: OpenPage) -> None:
    form = build_questionnaire(build_form(SETTINGS.question_sets["spd15-2024"], ["en"]))
    page = open_page()
    page.goto(renderer)
    page.evaluate("form => LForms.Util.addFormToPage(form, 'form', {})", form)
    for question in ("spoken-language", "written-language"):
        field = page.locator(f'input[id^="{question}/1"]')
        field.click()
        field.press_sequentially("Vietnamese")
        page.locator("#completionOptions li", has_text="Tiếng Việt").first.click()
        field.press("Tab")
    actual = page.evaluate("() => LForms.Util.getFormFHIRData('QuestionnaireResponse', 'R4')")
    codes = [code for item in walk_items(actual["item"]) for _, code in item_codings(item)]
    assert codes == ["vi", "vi"]


def test_lforms_hides_a_write_in_until_its_group_is_chosen(
    renderer: str, open_page: OpenPage
) -> None:
    form = build_questionnaire(build_form(SETTINGS.question_sets["spd15-2024"], ["en"]))
    page = open_page()
    page.goto(renderer)
    page.evaluate("form => LForms.Util.addFormToPage(form, 'form', {})", form)
    page.get_by_text("In your own words, if you like").first.wait_for()
    lines = page.locator('textarea[id*=".write-in/"]')
    assert lines.count() == 0
    page.get_by_text("Asian", exact=True).first.click()
    page.locator('textarea[id^="race-ethnicity.2028-9.write-in/"]').wait_for()
    assert lines.count() == 1


def _build_response(name: str) -> dict[str, Any]:
    questions = SETTINGS.question_sets[name]
    submission = Submission(
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
        build_statement(submission, questions, MappingPolicy()), us_core_version("6.1.0")
    )


def _answer_item(page: Page, item: dict[str, Any]) -> None:
    """Answer an item as a patient does: click the option, or type into the field."""
    if item["linkId"] == "notice":
        return
    # The renderer's ids begin with the linkId and end in the option's code.
    selector = f'[id^="{item["linkId"]}/1"]'
    for answer in item.get("answer", []):
        if "valueCoding" in answer:
            _choose_coding(page, selector, answer["valueCoding"])
    for answer in item.get("answer", []):
        if "valueString" in answer:
            page.locator(f"textarea{selector}").fill(answer["valueString"])


def _choose_coding(page: Page, selector: str, coding: dict[str, str]) -> None:
    option, field = (
        page.locator(f'{selector}[id$="|{coding["code"]}"]'),
        page.locator(f"input{selector}"),
    )
    if option.count():
        option.click()
        return
    # One of very many options: type its name, then pick it from the suggestions.
    name = (
        terminology.load_languages()[coding["code"]].endonym
        if coding["system"] == BCP47
        else coding["display"]
    )
    field.click()
    field.press_sequentially(name[:12])
    page.locator("#completionOptions li", has_text=name).first.click()
    # The renderer stores the choice when the field loses the focus.
    field.press("Tab")


def _answered_items(response: dict[str, Any]) -> str:
    """Return every answered item with its codes and words, as comparable text."""
    answered = {}
    for item in walk_items(response["item"]):
        words = [
            answer["valueString"] for answer in item.get("answer", []) if "valueString" in answer
        ]
        if item["linkId"] != "notice":
            answered[item["linkId"]] = [*map(list, item_codings(item)), *words]
    return json.dumps(answered, indent=1, sort_keys=True)
