"""The right chart, unharmed: merged, changed by others, written over, taken over (FHIR.md, sections 6 and 7)."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid5

import pytest

from fhir_client.uscore.patient import URLS, elements_of
from fhir_client.writing.ladder import Rung, whole
from intake.answers import Answer, Informant, State, Submission
from intake.store import deciding, submissions
from intake.store.earlier import Earlier, opened
from intake.store.known import Known
from intake.store.tables import submissions as table
from intake.sync.strategy import pin
from tests.faults import (
    Asked,
    after,
    answering,
    at_transaction,
    rewritten,
)
from tests.outbox import ONE, PATIENT, Outbox, effects, put

pytestmark = pytest.mark.server
WHITE = {
    "url": URLS["race"],
    "extension": [
        {
            "url": "ombCategory",
            "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"},
        },
        {"url": "text", "valueString": "White"},
    ],
}
UNAVAILABLE = answering(503)
WHITE_ALONE = Answer(State.ANSWERED, ("2106-3",))


def earlier(outbox: Outbox) -> Earlier:
    with outbox.database.read() as tx:
        row = tx.connection.execute(table.select().order_by(table.c.number.desc())).first()
        assert row is not None
        return opened(tx, row.earlier, row.id)


@pytest.mark.parametrize("rung", [Rung.TRANSACTION, Rung.PATCH, Rung.PUT])
@pytest.mark.parametrize("where", ["tag", "security"])
def test_a_chart_of_which_a_part_is_hidden_is_never_put_back_as_the_whole(
    outbox: Outbox, rung: Rung, where: str
) -> None:
    pin(outbox.server, outbox.settings, outbox.database, whole(rung))
    code = {"tag": "SUBSETTED", "security": "REDACTED"}[where]
    mark = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": code}
    patient = outbox.patient(meta={where: [mark]})
    sent = outbox.submit(patient)
    outbox.work()
    if rung is Rung.PATCH:
        assert outbox.state(sent) == ("verified", None), outbox.row(sent)
        return
    assert outbox.state(sent) == ("held", "refused")
    assert code in str(outbox.row(sent).words)
    assert outbox.versions(patient) == 1


@pytest.mark.parametrize(
    ("born", "state"), [(date(1980, 2, 29), "verified"), (date(1980, 2, 28), "held")]
)
def test_another_birth_date_than_the_visits_is_held(outbox: Outbox, born: date, state: str) -> None:
    sent = outbox.submit(outbox.patient(), Known(birth_date=born))
    outbox.work()
    assert outbox.state(sent)[0] == state
    assert outbox.proxy.transactions() == (state == "verified")


def test_what_others_changed_since_the_visit_began_goes_to_a_person(outbox: Outbox) -> None:
    patient = outbox.patient()
    sent = outbox.submit(patient, Known(chart=elements_of(outbox.real.read(patient))))
    outbox.edit(patient, extension=[*PATIENT["extension"], WHITE])
    outbox.work()
    assert outbox.state(sent) == ("held", "chart-changed")
    assert "race" in str(outbox.row(sent).words)


def test_what_we_wrote_ourselves_since_the_visit_began_is_no_change_by_others(
    outbox: Outbox,
) -> None:
    patient = outbox.patient()
    known = Known(chart=elements_of(outbox.real.read(patient)))
    first = outbox.submit(patient, known)
    mended = outbox.submit(
        patient, known, answers={"race-ethnicity": Answer(State.ANSWERED, ("2106-3",))}
    )
    outbox.work()
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, mended)] == ["verified", "verified"]


def test_what_a_walk_in_told_somebody_else_is_not_overwritten(outbox: Outbox) -> None:
    patient = outbox.patient(extension=[*PATIENT["extension"], WHITE])
    told = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "72826-1"}]},
        "subject": {"reference": patient},
        "method": {"coding": [{"code": "self-reported"}]},
    }
    kept = outbox.real.create(told)
    first = outbox.submit(patient)
    outbox.work()
    assert outbox.state(first) == ("held", "chart-changed")
    put(outbox.real, {**kept, "status": "entered-in-error"})
    second = outbox.submit(patient)
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, second)] == ["superseded", "verified"]
    third = outbox.submit(patient, answers={"race-ethnicity": Answer(State.ANSWERED, ("2106-3",))})
    outbox.work()
    assert outbox.state(third)[0] == "verified"


def test_a_proxy_never_replaces_what_the_patient_said_themselves_without_a_review(
    outbox: Outbox,
) -> None:
    patient = outbox.patient()
    outbox.submit(patient)
    outbox.work()
    known = Known(chart=elements_of(outbox.real.read(patient)))
    # Nobody changed the chart since, and still a parent's word is no better than the patient's own.
    parent = outbox.submit(
        patient, known, informant=Informant.GUARDIAN, answers={"race-ethnicity": WHITE_ALONE}
    )
    outbox.work()
    assert outbox.state(parent) == ("held", "chart-changed")
    assert "said otherwise themselves" in str(outbox.row(parent).words)
    with outbox.database.read() as tx:
        assert [(each.element, each.own) for each in deciding.contests(tx, str(parent.id))] == [
            ("race", True)
        ]
    again = outbox.submit(patient, known, answers={"race-ethnicity": WHITE_ALONE})
    outbox.work()
    assert [outbox.state(each)[0] for each in (parent, again)] == ["superseded", "verified"]


def test_a_proxy_mends_what_a_proxy_said(outbox: Outbox) -> None:
    patient = outbox.patient()
    outbox.submit(patient, informant=Informant.GUARDIAN)
    outbox.work()
    mended = outbox.submit(
        patient, informant=Informant.CAREGIVER, answers={"race-ethnicity": WHITE_ALONE}
    )
    outbox.work()
    assert outbox.state(mended) == ("verified", None)


def test_a_mend_at_the_same_visit_is_a_correction_and_a_later_answer_is_a_new_one(
    outbox: Outbox,
) -> None:
    patient = outbox.patient()
    first = outbox.submit(patient, appointment="Appointment/1")
    outbox.work()
    mended = outbox.submit(
        patient, appointment="Appointment/1", answers={"race-ethnicity": WHITE_ALONE}
    )
    outbox.work()
    later = outbox.submit(
        patient, appointment="Appointment/2", answers={"race-ethnicity": WHITE_ALONE}
    )
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, mended, later)] == ["verified"] * 3
    assert [race_status(outbox, each) for each in (first, mended, later)] == [
        "final",
        "corrected",
        "final",
    ]


def race_status(outbox: Outbox, sent: Submission) -> str:
    own = f"urn:ietf:rfc:3986|{uuid5(sent.id, 'race').urn}"
    [found] = outbox.real.search("Observation", {"identifier": own})
    return str(found["status"])


def test_if_match_ignored(outbox: Outbox) -> None:
    patient = outbox.patient()
    sent = outbox.submit(patient)

    def unguarded(entry: dict[str, Any]) -> None:
        entry["request"].pop("ifMatch", None)

    def colleague(_: Asked) -> None:
        outbox.edit(
            patient, telecom=[*PATIENT["telecom"], {"system": "email", "value": "lan@example.org"}]
        )

    outbox.proxy.plan = [at_transaction(after(colleague, rewritten(unguarded)))]
    outbox.work()
    assert outbox.state(sent) == ("held", "mismatch")
    assert "somebody else's change" in str(outbox.row(sent).words)


def without(url: str) -> Callable[[dict[str, Any]], None]:
    def change(entry: dict[str, Any]) -> None:
        held = entry["resource"].get("extension")
        if held is not None:
            entry["resource"]["extension"] = [each for each in held if each["url"] != url]

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
        (without(URLS["race"]), "Patient race"),
        (without_reason, "interpreter"),
        (named_otherwise, "QuestionnaireResponse"),
    ],
    ids=["race", "declined", "answers"],
)
def test_declined_accepted_by_the_server_and_silently_not_stored(
    outbox: Outbox, change: Any, element: str
) -> None:
    sent = outbox.submit(outbox.patient())
    outbox.proxy.plan = [at_transaction(rewritten(change))]
    outbox.work()
    assert outbox.state(sent) == ("held", "mismatch")
    assert f"{element}. Compare" in str(outbox.row(sent).words)
    with outbox.database.read() as tx:
        assert submissions.detail(tx, str(sent.id))


def test_a_later_answer_takes_over_from_a_held_one_and_the_rest_stays_held(outbox: Outbox) -> None:
    patient = outbox.patient()
    first = outbox.submit(patient)
    outbox.proxy.plan = [at_transaction(answering(422))]
    outbox.work()
    assert outbox.state(first) == ("held", "refused")
    second = outbox.submit(patient, answers={"race-ethnicity": Answer(State.ANSWERED, ("2106-3",))})
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, second)] == ["held", "verified"]
    with outbox.database.write() as tx:
        submissions.retry(tx, str(first.id))
    outbox.work()
    assert outbox.state(first)[0] == "verified"
    chart = elements_of(outbox.real.read(patient))
    assert [part["valueCoding"]["code"] for part in chart["race"]["extension"][:-1]] == ["2106-3"]
    assert effects(outbox.real, first) == {**ONE, "race": 0, "ethnicity": 0}
    assert [each.get("preferred", False) for each in chart["communication"]] == [False, True, False]


def test_a_held_one_of_which_nothing_is_left_is_superseded_and_its_answers_go(
    outbox: Outbox,
) -> None:
    patient = outbox.patient()
    first = outbox.submit(patient)
    outbox.proxy.plan = [at_transaction(answering(422))]
    outbox.work()
    second = outbox.submit(patient, informant=Informant.GUARDIAN)
    outbox.work()
    assert [outbox.state(each)[0] for each in (first, second)] == ["superseded", "verified"]
    with outbox.database.read() as tx:
        row = tx.connection.execute(table.select().where(table.c.id == str(first.id))).one()
    assert (row.payload, row.detail) == (None, None)
