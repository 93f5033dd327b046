"""Own words beside what was chosen reach the chart, read back, and are undone."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from fhir_client.uscore.communication import language_modes
from intake.answers import OWN_WORDS, Answer, AnswerState, Channel
from intake.store.payload import decode_submission
from tests.support.fault_proxy import on_transactions, send_twice
from tests.support.outbox import Outbox, chart_of_others, count_effects

pytestmark = pytest.mark.server
TRIBAL = decode_submission(
    (Path(__file__).parents[1] / "support" / "data" / "tribal.answers.json").read_bytes()
)


def choose(choice: str, own_words: str = "") -> Answer:
    write_ins = {OWN_WORDS: own_words} if own_words else {}
    return Answer(AnswerState.ANSWERED, (choice,), write_ins)


def language_texts(chart: dict[str, Any]) -> dict[str, str]:
    """Return the text of each language of a chart by its mode."""
    return {
        mode: entry["language"]["text"]
        for entry in chart["communication"]
        for mode in language_modes(entry)
    }


def test_own_words_of_each_language_reach_the_chart_and_can_be_undone(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = outbox.read_chart(patient)
    first = outbox.deliver_new(
        patient,
        answers={
            "spoken-language": choose("ar", "Sudanese Arabic"),
            "written-language": choose("ar", "Braille"),
            "race-ethnicity": choose("2054-5", "Gullah"),
        },
        channel=Channel.PAPER,
    )
    texts = {"ESP": "العربية; Sudanese Arabic", "RWR": "العربية; Braille"}
    assert language_texts(outbox.read_chart(patient)) == texts
    again = outbox.deliver_new(patient, answers={"spoken-language": choose("ar")})
    # The words about reading stay where they were said.
    assert language_texts(outbox.read_chart(patient)) == {**texts, "ESP": "العربية"}
    assert outbox.deliver_undo(again) == ("reversed", None)
    assert language_texts(outbox.read_chart(patient)) == texts
    assert outbox.deliver_undo(first) == ("reversed", None)
    assert outbox.read_chart(patient) == before


def test_a_large_transaction_sent_twice_leaves_one_effect(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    before = outbox.direct_client.read(patient)
    submission = outbox.store_submission(
        replace(TRIBAL, id=uuid4(), patient=patient, encounter=None)
    )
    outbox.proxy.default_fault = on_transactions(send_twice)
    outbox.work_until_closed(submission)
    assert outbox.read_state(submission) == ("verified", None)
    assert count_effects(outbox.direct_client, submission)["QuestionnaireResponse"] == 1
    assert chart_of_others(outbox.direct_client.read(patient)) == chart_of_others(before)
