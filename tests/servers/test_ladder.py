"""Each rung of the ladder at a server that offers only that rung: negotiated, written once, read back, the chart unharmed."""

import pytest
from sqlalchemy import delete

from fhir_client.uscore.patient import elements_of
from intake.store import submissions
from intake.store.tables import strategies
from tests.faults import Answered, Asked, Fault, Forward, cut_short, dropped, lost, sent_twice
from tests.outbox import PATIENT, Outbox, effects, rest_of

from .offers import is_write, offering

pytestmark = pytest.mark.server
NOTHING = {
    "QuestionnaireResponse": 0, "race": 0, "ethnicity": 0, "spoken-language": 0, "interpreter": 0, "Provenance": 0,
}  # fmt: skip
OBSERVATIONS = {"race": 1, "ethnicity": 1, "spoken-language": 1, "interpreter": 1}
LEFT = {
    "patch": {**dict.fromkeys(NOTHING, 1)},
    "put": {**dict.fromkeys(NOTHING, 1)},
    "observations": {**NOTHING, **OBSERVATIONS},
    "questionnaire-response": {**NOTHING, "QuestionnaireResponse": 1},
    "document": NOTHING,
}
CHARTED = ("patch", "put")


@pytest.fixture
def ladder(outbox: Outbox) -> Outbox:
    """An outbox of which nobody has found out yet how its server is written to."""
    with outbox.database.write() as tx:
        tx.connection.execute(delete(strategies))
    return outbox


def at_write(number: int, fault: Fault, rung: str) -> Fault:
    """The fault at the write of that number, at a server that offers just that rung."""
    only, seen = offering(rung), [0]

    def at(asked: Asked, forward: Forward) -> Answered | None:
        if not is_write(asked):
            return only(asked, forward)
        seen[0] += 1
        return fault(asked, forward) if seen[0] == number else only(asked, forward)

    return at


@pytest.mark.parametrize("rung", LEFT)
def test_written_and_read_back_by_what_the_server_offers(ladder: Outbox, rung: str) -> None:
    patient = ladder.patient()
    before = ladder.real.read(patient)
    sent = ladder.submit(patient)
    ladder.proxy.always = offering(rung)
    ladder.work()
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)
    assert effects(ladder.real, sent) == LEFT[rung]
    after = ladder.real.read(patient)
    assert rest_of(after) == rest_of(before)
    assert (elements_of(after) != elements_of(before)) is (rung in CHARTED)
    documents = list(ladder.real.search("DocumentReference", {"subject": patient}))
    assert len(documents) == (rung == "document")


@pytest.mark.parametrize("fault", [lost, dropped, cut_short, sent_twice], ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    ("rung", "number"), [("put", 1), ("put", 2), ("put", 4), ("put", 7), ("patch", 1), ("observations", 2), ("document", 1)]
)
def test_a_try_that_was_broken_off_goes_on_where_it_stopped(ladder: Outbox, rung: str, number: int, fault: Fault) -> None:
    patient = ladder.patient()
    sent = ladder.submit(patient)
    ladder.proxy.always = at_write(number, fault, rung)
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)
    assert effects(ladder.real, sent) == LEFT[rung]
    assert len(list(ladder.real.search("DocumentReference", {"subject": patient}))) == (rung == "document")
    assert ladder.versions(patient) == (2 if rung in CHARTED else 1)


@pytest.mark.parametrize("rung", CHARTED)
def test_a_colleague_who_writes_between_is_merged(ladder: Outbox, rung: str) -> None:
    patient = ladder.patient()
    sent = ladder.submit(patient)
    email = {"system": "email", "value": "lan@example.org"}

    def first_the_colleague(asked: Asked, forward: Forward) -> Answered | None:
        ladder.edit(patient, telecom=[*PATIENT["telecom"], email])
        return forward(asked)

    ladder.proxy.always = at_write(1, first_the_colleague, rung)
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("verified", None)
    assert email in ladder.real.read(patient)["telecom"]
    assert effects(ladder.real, sent) == LEFT[rung]


def test_what_a_person_has_to_type_is_held_until_the_chart_says_it(ladder: Outbox) -> None:
    patient = ladder.patient()
    sent, other = ladder.submit(patient), ladder.patient()
    ladder.proxy.always = offering("worklist")
    ladder.work()
    assert ladder.state(sent) == ("held", "worklist")
    assert not any(map(is_write, ladder.proxy.asked))
    # Somebody types it: here the worker does, at a server that lets it.
    ladder.proxy.always = None
    copy = ladder.submit(other)
    ladder.work()
    typed = ladder.real.read(other)
    ladder.edit(patient, extension=typed["extension"], communication=typed["communication"])
    with ladder.database.write() as tx:
        assert submissions.retry(tx, str(sent.id))
    ladder.proxy.always = offering("worklist")
    ladder.work()
    assert [ladder.state(each) for each in (sent, copy)] == [("verified", None)] * 2
