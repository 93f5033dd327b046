"""Profiles of kinds of servers at a server that is limited so: data alone decides what is sent to it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fhir_client.uscore.form import FormItem
from intake.store import worklist
from intake.sync.questionnaires import form_of
from tests.outbox import EXAMPLE, Outbox, rest_of

from .offers import is_write, offering

pytestmark = pytest.mark.server


def with_profile(ladder: Outbox, **quirks: Any) -> None:
    """The server is of a kind that the site has described so."""
    profile = replace(ladder.settings.quirks["generic"], **quirks)
    ladder.settings = replace(
        ladder.settings, quirks={**ladder.settings.quirks, "generic": profile}
    )


def test_oracle_healths_profile_patches_what_that_server_takes_and_nothing_else(
    ladder: Outbox,
) -> None:
    ladder.settings = replace(
        ladder.settings, servers={"main": replace(ladder.server, quirks="oracle-health")}
    )
    patient = ladder.patient()
    before = ladder.real.read(patient)
    sent = ladder.submit(patient)
    ladder.proxy.always = offering("patch and observations")
    ladder.work()
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)
    [change] = [json.loads(each.body) for each in ladder.proxy.asked if each.method == "PATCH"]
    assert {each["op"] for each in change} == {"replace"}
    [extensions] = [each["value"] for each in change if each["path"] == "/extension"]
    assert {each["url"] for each in extensions} <= set(
        ladder.settings.quirks["oracle-health"].accepted_extensions
    )
    after = ladder.real.read(patient)
    assert (rest_of(after), len(after["communication"])) == (rest_of(before), 1)


def test_an_ehrs_own_questionnaire_gets_its_own_items(ladder: Outbox) -> None:
    questions = ladder.settings.question_sets[EXAMPLE.question_set]
    links = {
        each for item in form_of(questions, ()).items for each in (item.link_id, *_below(item))
    } - {"notice"}
    with_profile(
        ladder,
        own_questionnaires=True,
        questionnaire="urn:theirs",
        items={each: f"their-{each}" for each in links},
    )
    patient = ladder.patient()
    sent = ladder.submit(patient)
    ladder.proxy.always = offering("questionnaire-response")
    ladder.work()
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)
    [held] = ladder.real.search("QuestionnaireResponse", {"subject": patient})
    assert held["questionnaire"] == "urn:theirs"
    assert {each["linkId"].startswith("their-") for each in held["item"]} == {True}


def _below(item: FormItem) -> list[str]:
    return [link for each in item.items for link in (each.link_id, *_below(each))]


def test_an_answer_that_an_ehrs_own_questionnaire_lacks_goes_to_a_person(ladder: Outbox) -> None:
    with_profile(
        ladder, own_questionnaires=True, questionnaire="urn:theirs", items={"nothing-of-ours": "1"}
    )
    sent = ladder.submit(ladder.patient())
    ladder.proxy.always = offering("questionnaire-response")
    ladder.work()
    assert ladder.state(sent) == ("held", "worklist")
    assert not any(map(is_write, ladder.proxy.asked))
    with ladder.database.read() as tx:
        [entry] = worklist.waiting(tx).entries
    assert (entry.id, {each.element for each in entry.sheet.values} >= {"race"}) == (
        str(sent.id),
        True,
    )
