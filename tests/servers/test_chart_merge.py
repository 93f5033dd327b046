"""A submission goes into the right chart and harms nothing there."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid5

import pytest

from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.chart import chart_elements
from fhir_client.uscore.elements import RACE
from fhir_client.write.strategy import full_strategy
from intake.answers import Answer, AnswerState, Informant, Submission
from intake.ehr.strategy import pin_strategy
from intake.store.outbox import conflict_decisions
from intake.store.outbox.merge_base import MergeBase
from intake.store.outbox.records import read_detail
from tests.support.fault_proxy import (
    ProxyRequest,
    answer_with,
    at_next_transaction,
    rewrite_entries,
    run_first,
)
from tests.support.outbox import (
    EXAMPLE_PATIENT,
    WHITE_RACE,
    Outbox,
    put_resource,
)

pytestmark = pytest.mark.server
UNAVAILABLE = answer_with(503)
WHITE_ALONE = Answer(AnswerState.ANSWERED, ("2106-3",))


@pytest.mark.parametrize(
    "rung", [WriteStrategyKind.TRANSACTION, WriteStrategyKind.PATCH, WriteStrategyKind.PUT]
)
@pytest.mark.parametrize("where", ["tag", "security"])
def test_a_partly_hidden_chart_is_never_put_back_as_the_whole(
    outbox: Outbox, rung: WriteStrategyKind, where: str
) -> None:
    pin_strategy(outbox.server, outbox.settings, outbox.database, full_strategy(rung))
    code = {"tag": "SUBSETTED", "security": "REDACTED"}[where]
    mark = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": code}
    patient = outbox.create_patient(meta={where: [mark]})
    submission = outbox.submit_example(patient)
    outbox.deliver_due()
    if rung is WriteStrategyKind.PATCH:
        assert outbox.read_state(submission) == ("verified", None), outbox.read_record(submission)
        return
    assert outbox.read_state(submission) == ("held", "refused")
    assert code in str(outbox.read_record(submission).words)
    assert outbox.count_versions(patient) == 1


@pytest.mark.parametrize(
    ("born", "state"), [(date(1980, 2, 29), "verified"), (date(1980, 2, 28), "held")]
)
def test_a_birth_date_other_than_the_visits_is_held(outbox: Outbox, born: date, state: str) -> None:
    submission = outbox.submit_example(outbox.create_patient(), MergeBase(birth_date=born))
    outbox.deliver_due()
    assert outbox.read_state(submission)[0] == state
    assert outbox.proxy.count_transactions() == (state == "verified")


def test_a_change_by_others_since_the_visit_began_goes_to_a_reviewer(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submission = outbox.submit_example(
        patient, MergeBase(chart=chart_elements(outbox.direct_client.read(patient)))
    )
    outbox.edit_chart(patient, extension=[*EXAMPLE_PATIENT["extension"], WHITE_RACE])
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "chart-changed")
    assert "race" in str(outbox.read_record(submission).words)


def test_our_own_write_since_the_visit_began_is_no_change_by_others(
    outbox: Outbox,
) -> None:
    patient = outbox.create_patient()
    base = MergeBase(chart=chart_elements(outbox.direct_client.read(patient)))
    first = outbox.submit_example(patient, base)
    mended = outbox.submit_example(
        patient, base, answers={"race-ethnicity": Answer(AnswerState.ANSWERED, ("2106-3",))}
    )
    outbox.deliver_due()
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (first, mended)] == [
        "verified",
        "verified",
    ]


def test_an_answer_that_others_recorded_for_a_walk_in_is_not_overwritten(outbox: Outbox) -> None:
    patient = outbox.create_patient(extension=[*EXAMPLE_PATIENT["extension"], WHITE_RACE])
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "72826-1"}]},
        "subject": {"reference": patient},
        "method": {"coding": [{"code": "self-reported"}]},
    }
    existing = outbox.direct_client.create(observation)
    first = outbox.submit_example(patient)
    outbox.deliver_due()
    assert outbox.read_state(first) == ("held", "chart-changed")
    put_resource(outbox.direct_client, {**existing, "status": "entered-in-error"})
    second = outbox.submit_example(patient)
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (first, second)] == [
        "superseded",
        "verified",
    ]
    third = outbox.submit_example(
        patient, answers={"race-ethnicity": Answer(AnswerState.ANSWERED, ("2106-3",))}
    )
    outbox.deliver_due()
    assert outbox.read_state(third)[0] == "verified"


def test_an_informant_never_replaces_the_patients_own_answer_without_review(
    outbox: Outbox,
) -> None:
    patient = outbox.create_patient()
    outbox.submit_example(patient)
    outbox.deliver_due()
    base = MergeBase(chart=chart_elements(outbox.direct_client.read(patient)))
    # Nobody changed the chart since, and still a guardian's answer may not replace the patient's
    # own.
    parent = outbox.submit_example(
        patient, base, informant=Informant.GUARDIAN, answers={"race-ethnicity": WHITE_ALONE}
    )
    outbox.deliver_due()
    assert outbox.read_state(parent) == ("held", "chart-changed")
    assert "said otherwise themselves" in str(outbox.read_record(parent).words)
    with outbox.database.read() as tx:
        assert [
            (conflict.element, conflict.by_patient)
            for conflict in conflict_decisions.read_conflicts(tx, str(parent.id))
        ] == [("race", True), ("ethnicity", True)]
    again = outbox.submit_example(patient, base, answers={"race-ethnicity": WHITE_ALONE})
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (parent, again)] == [
        "superseded",
        "verified",
    ]


def test_an_informant_corrects_what_an_informant_answered(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    outbox.submit_example(patient, informant=Informant.GUARDIAN)
    outbox.deliver_due()
    mended = outbox.submit_example(
        patient, informant=Informant.CAREGIVER, answers={"race-ethnicity": WHITE_ALONE}
    )
    outbox.deliver_due()
    assert outbox.read_state(mended) == ("verified", None)


def test_a_correction_updates_the_observation_and_a_later_answer_adds_one(
    outbox: Outbox,
) -> None:
    patient = outbox.create_patient()
    first = outbox.submit_example(patient, appointment="Appointment/1")
    outbox.deliver_due()
    mended = outbox.submit_example(
        patient, appointment="Appointment/1", answers={"race-ethnicity": WHITE_ALONE}
    )
    outbox.deliver_due()
    later = outbox.submit_example(
        patient, appointment="Appointment/2", answers={"race-ethnicity": WHITE_ALONE}
    )
    outbox.deliver_due()
    assert [outbox.read_state(submission)[0] for submission in (first, mended, later)] == [
        "verified"
    ] * 3
    observations = [find_race(outbox, submission) for submission in (first, mended, later)]
    assert [observation["status"] for observation in observations] == [
        "corrected",
        "corrected",
        "final",
    ]
    assert observations[0] == observations[1]


def find_race(outbox: Outbox, submission: Submission) -> dict[str, Any]:
    own = f"urn:ietf:rfc:3986|{uuid5(submission.id, 'race').urn}"
    [observation] = outbox.direct_client.search("Observation", {"identifier": own})
    return observation


def test_a_server_that_ignores_if_match_is_seen(outbox: Outbox) -> None:
    patient = outbox.create_patient()
    submission = outbox.submit_example(patient)

    def unguarded(entry: dict[str, Any]) -> None:
        entry["request"].pop("ifMatch", None)

    def colleague(_: ProxyRequest) -> None:
        outbox.edit_chart(
            patient,
            telecom=[*EXAMPLE_PATIENT["telecom"], {"system": "email", "value": "lan@example.org"}],
        )

    outbox.proxy.planned_faults = [
        at_next_transaction(run_first(colleague, rewrite_entries(unguarded)))
    ]
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "mismatch")
    assert "another user's change" in str(outbox.read_record(submission).words)


def without_extension(url: str) -> Callable[[dict[str, Any]], None]:
    def change(entry: dict[str, Any]) -> None:
        extensions = entry["resource"].get("extension")
        if extensions is not None:
            entry["resource"]["extension"] = [
                extension for extension in extensions if extension["url"] != url
            ]

    return change


def without_reason(entry: dict[str, Any]) -> None:
    if "dataAbsentReason" in entry["resource"]:
        entry["resource"] = {**entry["resource"], "valueString": "none"}
        del entry["resource"]["dataAbsentReason"]


def named_otherwise(entry: dict[str, Any]) -> None:
    entry["resource"].pop("item", None)


@pytest.mark.parametrize(
    ("change", "element"),
    [
        (without_extension(RACE.url), "Patient race"),
        (without_reason, "interpreter"),
        (named_otherwise, "QuestionnaireResponse"),
    ],
    ids=["race", "declined", "answers"],
)
def test_a_declined_answer_that_the_server_drops_is_seen(
    outbox: Outbox, change: Any, element: str
) -> None:
    submission = outbox.submit_example(outbox.create_patient())
    outbox.proxy.planned_faults = [at_next_transaction(rewrite_entries(change))]
    outbox.deliver_due()
    assert outbox.read_state(submission) == ("held", "mismatch")
    assert f"{element}. Tell the EHR's support" in str(outbox.read_record(submission).words)
    with outbox.database.read() as tx:
        assert read_detail(tx, str(submission.id))
