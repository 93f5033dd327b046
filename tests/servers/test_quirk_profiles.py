"""A quirk profile alone decides what is sent to a server with limits."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fhir_client.uscore.questionnaire import QuestionnaireItem
from intake.mapping.questionnaires import build_form
from intake.store.outbox import worklist
from tests.servers.partial_servers import is_write, offer_strategy
from tests.support.outbox import EXAMPLE_SUBMISSION, Outbox, chart_of_others

pytestmark = pytest.mark.server


def with_profile(ladder: Outbox, **quirks: Any) -> None:
    """Describe the server by quirks, as a site does in its settings."""
    profile = replace(ladder.settings.quirks["generic"], **quirks)
    ladder.settings = replace(
        ladder.settings, quirks={**ladder.settings.quirks, "generic": profile}
    )


def test_oracle_healths_profile_patches_only_what_that_server_accepts(
    ladder: Outbox,
) -> None:
    ladder.settings = replace(
        ladder.settings, servers={"main": replace(ladder.server, quirks="oracle-health")}
    )
    patient = ladder.create_patient()
    before = ladder.direct_client.read(patient)
    submission = ladder.submit_example(patient)
    ladder.proxy.default_fault = offer_strategy("patch and observations")
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("verified", None), ladder.read_record(submission)
    [change] = [
        json.loads(request.body) for request in ladder.proxy.requests if request.method == "PATCH"
    ]
    assert {operation["op"] for operation in change} == {"replace"}
    [extensions] = [operation["value"] for operation in change if operation["path"] == "/extension"]
    assert {extension["url"] for extension in extensions} <= set(
        ladder.settings.quirks["oracle-health"].accepted_extensions
    )
    after = ladder.direct_client.read(patient)
    assert (chart_of_others(after), len(after["communication"])) == (chart_of_others(before), 1)


def test_an_ehrs_own_questionnaire_gets_its_own_items(ladder: Outbox) -> None:
    questions = ladder.settings.question_sets[EXAMPLE_SUBMISSION.question_set]
    links = {
        link_id
        for item in build_form(questions, ()).items
        for link_id in (item.link_id, *_below(item))
    } - {"notice"}
    with_profile(
        ladder,
        own_questionnaires=True,
        questionnaire="urn:theirs",
        items={link_id: f"their-{link_id}" for link_id in links},
    )
    patient = ladder.create_patient()
    submission = ladder.submit_example(patient)
    ladder.proxy.default_fault = offer_strategy("questionnaire-response")
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("verified", None), ladder.read_record(submission)
    [response] = ladder.direct_client.search("QuestionnaireResponse", {"subject": patient})
    assert response["questionnaire"] == "urn:theirs"
    assert {item["linkId"].startswith("their-") for item in response["item"]} == {True}


def _below(item: QuestionnaireItem) -> list[str]:
    return [link for child in item.items for link in (child.link_id, *_below(child))]


def test_an_answer_that_an_ehrs_own_questionnaire_lacks_is_held(ladder: Outbox) -> None:
    with_profile(
        ladder, own_questionnaires=True, questionnaire="urn:theirs", items={"nothing-of-ours": "1"}
    )
    submission = ladder.submit_example(ladder.create_patient())
    ladder.proxy.default_fault = offer_strategy("questionnaire-response")
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("held", "worklist")
    assert not any(map(is_write, ladder.proxy.requests))
    with ladder.database.read() as tx:
        [entry] = worklist.read_worklist(tx).entries
    assert (
        entry.id,
        {entry_value.element for entry_value in entry.worksheet.values} >= {"race"},
    ) == (
        str(submission.id),
        True,
    )
