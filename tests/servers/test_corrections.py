"""A correction leaves the same as if the first answers at the visit had never been written."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.chart import chart_elements, element_meanings
from fhir_client.uscore.observations import observation_element, parse_observation
from fhir_client.write.strategy import full_strategy
from intake.answers import Answer, AnswerState, Submission
from intake.ehr.strategy import pin_strategy
from intake.store.outbox.retry import retry_submission
from tests.support.fault_proxy import (
    Fault,
    Forward,
    ProxyRequest,
    ProxyResponse,
    answer_with,
    lose_response,
)
from tests.support.outbox import EXAMPLE_PATIENT, EXAMPLE_SUBMISSION, WHITE_RACE, Outbox

pytestmark = pytest.mark.server
Answers = dict[str, Answer]
WHITE, HISPANIC, NATIVE, ASIAN = "2106-3", "2135-2", "1002-5", "2028-9"
DECLINED = Answer(AnswerState.DECLINED)
UNKNOWN = Answer(AnswerState.UNKNOWN)
NAVAJO, HOPI = "170", "104"
STRATEGIES = (
    WriteStrategyKind.TRANSACTION,
    WriteStrategyKind.PATCH,
    WriteStrategyKind.PUT,
    WriteStrategyKind.OBSERVATIONS,
)


def choose(*choices: str, **write_ins: str) -> Answer:
    return Answer(AnswerState.ANSWERED, choices, write_ins)


def groups(answer: Answer, **others: Answer) -> Answers:
    named = {name.replace("_", "-"): other for name, other in others.items()}
    return {"race-ethnicity": answer, **named}


WRONG_PERSON = Answer(AnswerState.ANSWERED, (WHITE,), {"own-words": "oops wrong person"})
PAIRS: dict[str, tuple[Answers, Answers]] = {
    "white and hispanic, then hispanic": (
        groups(choose(WHITE, HISPANIC)),
        groups(choose(HISPANIC)),
    ),
    "a tribe, then white": (
        groups(choose(NATIVE), tribal_affiliation=choose(NAVAJO)),
        groups(choose(WHITE)),
    ),
    "two tribes, then one": (
        groups(choose(NATIVE), tribal_affiliation=choose(NAVAJO, HOPI)),
        groups(choose(NATIVE), tribal_affiliation=choose(HOPI)),
    ),
    "one tribe, then two": (
        groups(choose(NATIVE), tribal_affiliation=choose(HOPI)),
        groups(choose(NATIVE), tribal_affiliation=choose(NAVAJO, HOPI)),
    ),
    "own words, then declined": (groups(WRONG_PERSON), groups(DECLINED)),
    "white, then unknown": (groups(choose(WHITE)), groups(UNKNOWN)),
    "declined, then asian": (groups(DECLINED), groups(choose(ASIAN))),
    "the other language stays": (
        {"spoken-language": choose("es"), "written-language": choose("vi")},
        {"spoken-language": choose("ar")},
    ),
    "both languages, then one declined": (
        {"spoken-language": choose("es"), "written-language": choose("es")},
        {"spoken-language": choose("es"), "written-language": DECLINED},
    ),
    "an interpreter, then declined": (
        {"interpreter": choose("yes")},
        {"interpreter": DECLINED},
    ),
}


def submit(outbox: Outbox, patient: str, answers: Answers, **changes: Any) -> Submission:
    """Store answers to the question set with tribes."""
    changes = {"question_set": "spd15-2024-tribal", "question_set_version": "1.1.0", **changes}
    return outbox.submit_example(patient, answers=answers, **changes)


def correct(outbox: Outbox, pair: tuple[Answers, Answers], *, written: bool, **chart: Any) -> str:
    """Deliver a correction after its first answers were written, or held; return the patient."""
    patient = outbox.create_patient(**chart)
    if not written:
        outbox.proxy.default_fault = answer_with(422)
    first = submit(outbox, patient, pair[0])
    outbox.deliver_due()
    outbox.proxy.default_fault = None
    assert outbox.read_state(first)[0] == ("verified" if written else "held")
    second = submit(outbox, patient, pair[1])
    outbox.deliver_due()
    assert outbox.read_state(second) == ("verified", None), outbox.read_record(second)
    if not written and outbox.read_state(first)[0] == "held":
        with outbox.database.write() as tx:
            assert retry_submission(tx, str(first.id))
        outbox.work_until_closed(first)
    return patient


def read_facts(outbox: Outbox, patient: str) -> tuple[object, object]:
    """Return what the chart and the current Observations say, without ids."""
    chart = outbox.direct_client.read(patient)
    observations = outbox.direct_client.search("Observation", {"patient": patient.split("/")[1]})
    current = sorted(
        (str(observation_element(observation)), repr(parse_observation(observation)))
        for observation in observations
        if observation["status"] != "entered-in-error"
    )
    return element_meanings(chart_elements(chart)), current


@pytest.fixture(params=STRATEGIES)
def by_strategy(request: pytest.FixtureRequest, outbox: Outbox) -> Outbox:
    """The outbox with each write strategy that changes or adds a value."""
    strategy = full_strategy(request.param)
    pin_strategy(outbox.server, outbox.settings, outbox.database, strategy)
    return outbox


@pytest.mark.parametrize("name", PAIRS)
def test_a_correction_leaves_the_same_whether_or_not_the_first_was_written(
    by_strategy: Outbox, name: str
) -> None:
    held = correct(by_strategy, PAIRS[name], written=False)
    written = correct(by_strategy, PAIRS[name], written=True)
    assert read_facts(by_strategy, written) == read_facts(by_strategy, held)


@pytest.mark.parametrize("us_core", ["3.1.1", "6.1.0", "7.0.0", "8.0.1", "9.0.0"])
@pytest.mark.parametrize("name", ["a tribe, then white", "own words, then declined"])
def test_every_version_of_us_core_takes_back_the_same(
    outbox: Outbox, us_core: str, name: str
) -> None:
    servers = {"main": replace(outbox.server, us_core=us_core)}
    outbox.settings = replace(outbox.settings, servers=servers)
    held = correct(outbox, PAIRS[name], written=False)
    written = correct(outbox, PAIRS[name], written=True)
    assert read_facts(outbox, written) == read_facts(outbox, held)


def test_a_correction_brings_back_the_value_from_before_the_visit(outbox: Outbox) -> None:
    extensions = [*EXAMPLE_PATIENT["extension"], WHITE_RACE]
    pair = (groups(choose(ASIAN)), groups(DECLINED))
    patient = correct(outbox, pair, written=True, extension=extensions)
    assert chart_elements(outbox.direct_client.read(patient))["race"] == [WHITE_RACE]


def test_a_value_of_others_stays_and_its_correction_is_held(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submit(outbox, patient, groups(choose(ASIAN)))
    outbox.deliver_due()
    outbox.edit_chart(patient, extension=[*EXAMPLE_PATIENT["extension"], WHITE_RACE])
    correction = submit(outbox, patient, groups(DECLINED))
    outbox.deliver_due()
    assert outbox.read_state(correction) == ("held", "chart-changed")
    words = str(outbox.read_record(correction).words)
    assert "after the answers that this corrects were written (race)" in words
    assert chart_elements(outbox.direct_client.read(patient))["race"] == [WHITE_RACE]


@pytest.mark.parametrize("tribes", [(NAVAJO,), (NAVAJO, HOPI)])
def test_an_undone_correction_gives_the_first_answers_back(
    outbox: Outbox, tribes: tuple[str, ...]
) -> None:
    patient = outbox.create_patient()
    first = submit(outbox, patient, groups(choose(NATIVE), tribal_affiliation=choose(*tribes)))
    outbox.deliver_due()
    before = read_facts(outbox, patient)
    second = submit(outbox, patient, groups(choose(WHITE)))
    outbox.deliver_due()
    assert read_facts(outbox, patient) != before
    assert outbox.deliver_undo(second) == ("reversed", None)
    assert read_facts(outbox, patient) == before
    assert outbox.deliver_undo(first) == ("reversed", None)
    assert read_facts(outbox, patient)[1] == []


def test_first_answers_that_are_undone_do_not_come_back(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    empty = read_facts(outbox, patient)
    first = submit(outbox, patient, groups(choose(NATIVE), tribal_affiliation=choose(NAVAJO)))
    outbox.deliver_due()
    second = submit(outbox, patient, groups(choose(WHITE)))
    outbox.deliver_due()
    corrected = read_facts(outbox, patient)
    assert outbox.deliver_undo(first) == ("reversed", None)
    assert read_facts(outbox, patient) == corrected
    assert outbox.deliver_undo(second) == ("reversed", None)
    assert read_facts(outbox, patient) == empty


def test_a_late_answer_adds_its_observation_and_leaves_the_patient(
    by_strategy: Outbox,
) -> None:
    patient = by_strategy.create_patient()
    submit(by_strategy, patient, groups(choose(ASIAN)))
    by_strategy.deliver_due()
    chart = chart_elements(by_strategy.direct_client.read(patient))
    answered_at = EXAMPLE_SUBMISSION.answered_at - timedelta(days=24)
    late = submit(by_strategy, patient, groups(choose(WHITE)), answered_at=answered_at)
    by_strategy.deliver_due()
    assert by_strategy.read_state(late) == ("verified", None)
    assert chart_elements(by_strategy.direct_client.read(patient)) == chart
    in_order = sorted(
        by_strategy.direct_client.search("Observation", {"patient": patient.split("/")[1]}),
        key=lambda observation: str(observation["effectiveDateTime"]),
    )
    assert ["2106-3" in str(observation) for observation in in_order] == [True, False]
    assert [observation["status"] for observation in in_order] == ["final", "final"]


def test_an_interrupted_correction_goes_on_where_it_stopped(by_strategy: Outbox) -> None:
    patient = by_strategy.create_patient()
    submit(by_strategy, patient, PAIRS["a tribe, then white"][0])
    by_strategy.deliver_due()
    correction = submit(by_strategy, patient, PAIRS["a tribe, then white"][1])
    by_strategy.proxy.default_fault = lose_every_other_write()
    by_strategy.work_until_closed(correction)
    assert by_strategy.read_state(correction) == ("verified", None)
    by_strategy.proxy.default_fault = None
    expected = correct(by_strategy, PAIRS["a tribe, then white"], written=True)
    assert read_facts(by_strategy, patient) == read_facts(by_strategy, expected)


def lose_every_other_write() -> Fault:
    """Return the fault that loses the answer to every other write."""
    writes = count()

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        is_lost = request.method != "GET" and next(writes) % 2 == 0
        return lose_response(request, forward) if is_lost else forward(request)

    return fault


@pytest.mark.parametrize(("answer", "code"), [(DECLINED, "replaces"), (None, "appends")])
def test_a_corrected_document_names_the_one_that_it_corrects(
    outbox: Outbox, answer: Answer | None, code: str
) -> None:
    strategy = full_strategy(WriteStrategyKind.DOCUMENT)
    pin_strategy(outbox.server, outbox.settings, outbox.database, strategy)
    patient = outbox.create_patient()
    submit(outbox, patient, groups(choose(WHITE), interpreter=choose("yes")))
    outbox.deliver_due()
    [first] = outbox.direct_client.search("DocumentReference", {"subject": patient})
    answers = (
        {"interpreter": choose("no")} if answer is None else groups(answer, interpreter=answer)
    )
    correction = submit(outbox, patient, answers)
    outbox.deliver_due()
    assert outbox.read_state(correction) == ("verified", None)
    documents = outbox.direct_client.search("DocumentReference", {"subject": patient})
    [second] = [document for document in documents if document["id"] != first["id"]]
    target = {"reference": f"DocumentReference/{first['id']}"}
    assert second["relatesTo"] == [{"code": code, "target": target}]
