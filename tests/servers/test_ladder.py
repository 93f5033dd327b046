"""Each rung of the ladder at a server that offers only that rung: negotiated, written once, read back, the chart unharmed."""

import json
from csv import DictReader
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from fhir_client.uscore.form import FormItem
from fhir_client.uscore.patient import apply, elements_of
from fhir_client.uscore.versions import version
from fhir_client.writing.ladder import Rung, whole
from intake.answers import Submission
from intake.cli import main
from intake.clock import system_clock
from intake.settings import MappingPolicy
from intake.store import submissions, worklist
from intake.store.tables import strategies
from intake.sync.mapping import statement
from intake.sync.questionnaires import form_of
from intake.sync.strategy import pin
from tests.faults import STALE, Answered, Asked, Fault, Forward, answering, cut_short, dropped, lost, sent_twice
from tests.outbox import EXAMPLE, PATIENT, Outbox, effects, rest_of

from .offers import is_write, offering

pytestmark = pytest.mark.server
NOTHING = {
    "QuestionnaireResponse": 0, "race": 0, "ethnicity": 0, "spoken-language": 0, "interpreter": 0, "Provenance": 0,
}  # fmt: skip
OBSERVATIONS = {"race": 1, "ethnicity": 1, "spoken-language": 1, "interpreter": 1}
LEFT = {
    "patch and observations": {**NOTHING, **OBSERVATIONS},
    "patch": {**dict.fromkeys(NOTHING, 1)},
    "put": {**dict.fromkeys(NOTHING, 1)},
    "observations": {**NOTHING, **OBSERVATIONS},
    "questionnaire-response": {**NOTHING, "QuestionnaireResponse": 1},
    "document": NOTHING,
}
CHARTED = ("patch", "put", "patch and observations")


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
    ("rung", "number"),
    [
        *(("put", number) for number in (1, 2, 4, 7)),
        ("patch", 1),
        ("patch and observations", 2),
        ("observations", 2),
        ("questionnaire-response", 1),
        ("document", 1),
    ],
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


def stale_as(status: int, body: bytes = b"") -> Fault:
    """A server that says so where If-Match is stale."""

    def fault(asked: Asked, forward: Forward) -> Answered | None:
        answer = forward(asked)
        return replace(answer, status=status, body=body) if answer.status == 412 else answer

    return fault


@pytest.mark.parametrize("stale", [stale_as(412), stale_as(409), stale_as(400, STALE)], ids=["412", "409", "400"])
@pytest.mark.parametrize("rung", CHARTED)
def test_a_colleague_who_writes_between_is_merged(ladder: Outbox, rung: str, stale: Fault) -> None:
    patient = ladder.patient()
    sent = ladder.submit(patient)
    email = {"system": "email", "value": "lan@example.org"}

    def first_the_colleague(asked: Asked, forward: Forward) -> Answered | None:
        ladder.edit(patient, telecom=[*PATIENT["telecom"], email])
        return stale(asked, forward)

    ladder.proxy.always = at_write(1, first_the_colleague, rung)
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("verified", None)
    assert email in ladder.real.read(patient)["telecom"]
    assert effects(ladder.real, sent) == LEFT[rung]


@pytest.mark.parametrize("rung", LEFT)
def test_a_crash_between_write_and_read_back_writes_nothing_again(ladder: Outbox, rung: str) -> None:
    patient = ladder.patient()
    sent = ladder.submit(patient)
    only = offering(rung)

    def gone_after_the_last_write(asked: Asked, forward: Forward) -> Answered | None:
        written = ladder.row(sent).accepted_at is not None
        return None if written and asked.method == "GET" else only(asked, forward)

    ladder.proxy.always = gone_after_the_last_write
    ladder.work()
    assert ladder.state(sent) == ("accepted", "no-answer")
    writes = sum(map(is_write, ladder.proxy.asked))
    ladder.proxy.always = only
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)
    assert sum(map(is_write, ladder.proxy.asked)) == writes
    assert effects(ladder.real, sent) == LEFT[rung]


@pytest.mark.parametrize(("number", "what"), [(2, "QuestionnaireResponse"), (3, "race")])
def test_a_second_one_that_no_condition_kept_out_is_seen(ladder: Outbox, number: int, what: str) -> None:
    plain = {"generic": replace(ladder.settings.quirks["generic"], conditional_create=False)}
    ladder.settings = replace(ladder.settings, quirks={**ladder.settings.quirks, **plain})
    sent = ladder.submit(ladder.patient())
    ladder.proxy.always = at_write(number, sent_twice, "put")
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("held", "mismatch")
    assert f"{what}: 2 of them" in str(ladder.row(sent).words)


def test_a_submission_that_was_left_half_sent_by_one_way_is_finished_by_another(ladder: Outbox) -> None:
    patient = ladder.patient()
    sent = ladder.submit(patient)
    ladder.proxy.always = at_write(4, dropped, "put")
    ladder.work()
    assert ladder.state(sent) == ("waiting", "no-answer")
    ladder.proxy.always = offering("patch")
    pin(ladder.server, ladder.settings, ladder.database, replace(whole(Rung.PATCH), batch=False))
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("verified", None)
    assert (effects(ladder.real, sent), ladder.versions(patient)) == (LEFT["patch"], 2)


def test_what_was_found_out_is_pinned_and_stays_until_it_is_found_anew(ladder: Outbox) -> None:
    first, second, third = (ladder.submit(ladder.patient()) for _ in range(3))
    del second, third
    ladder.proxy.always = offering("put")
    ladder.work()
    assert ladder.state(first) == ("verified", None)
    ladder.proxy.always = None
    asked = len(ladder.proxy.asked)
    after = ladder.submit(ladder.patient())
    ladder.work()
    assert ladder.state(after) == ("verified", None)
    assert not any(each.path.endswith("/metadata") for each in ladder.proxy.asked[asked:])
    assert ladder.proxy.transactions() == 0
    # With other settings it has to be found anew.
    ladder.settings = replace(ladder.settings, servers={"main": replace(ladder.server, strategy="transaction")})
    last = ladder.submit(ladder.patient())
    ladder.work()
    assert (ladder.state(last), ladder.proxy.transactions()) == (("verified", None), 1)


def test_what_a_person_has_to_type_is_told_and_read_back_when_it_is_typed(
    ladder: Outbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = {"system": "urn:mrn", "value": "4711"}
    patient = ladder.patient(identifier=[number])
    sent = ladder.submit(patient)
    ladder.proxy.always = offering("worklist")
    ladder.work()
    assert ladder.state(sent) == ("held", "worklist")
    monkeypatch.setenv("INTAKE_CONFIG", str(ladder.settings.directory))
    sheet = tmp_path / "sheet.csv"
    assert main(["submissions", "worklist", "--csv", str(sheet)]) == 0
    assert main(["submissions", "worklist", "--csv", str(sheet)]) == 1
    assert sheet.stat().st_mode & 0o077 == 0
    with sheet.open(newline="", encoding="utf-8") as file:
        lines = {each["element"]: each for each in DictReader(file)}
    assert set(lines) == {"race", "ethnicity", "spoken-language", "written-language", "interpreter"} & set(lines)
    race = lines["race"]
    assert (race["submission"], race["patient"], race["record_number"]) == (str(sent.id), patient, "4711")
    assert (race["birth_date"], "2028-9" in race["codes"]) == (PATIENT["birthDate"], True)
    assert "2028-9" not in capsys.readouterr().err
    # Nobody has typed it yet: what is still missing is said again, and nothing is called done.
    assert main(["submissions", "typed", str(sent.id)]) == 0
    ladder.clock.now = system_clock()
    ladder.work()
    assert ladder.state(sent) == ("held", "worklist")
    typed(ladder, patient, sent)
    assert main(["submissions", "typed", str(sent.id)]) == 0
    ladder.clock.now = system_clock()
    ladder.work()
    assert ladder.state(sent) == ("entered", None)
    assert not any(map(is_write, ladder.proxy.asked))
    assert main(["submissions", "typed", str(sent.id)]) == 1


def typed(ladder: Outbox, patient: str, sent: Submission) -> None:
    """Somebody types it into the chart, whose EHR shows the codes with displays and a text of its own."""
    said = statement(sent, ladder.settings.question_sets[sent.question_set], MappingPolicy())
    chart = apply(ladder.real.read(patient), said, version("6.1.0")).patient
    for each in chart["extension"]:
        for part in each.get("extension", []):
            part.update({"valueString": "as the EHR has it"} if part["url"] == "text" else {})
    ladder.edit(patient, extension=chart["extension"], communication=chart["communication"])


def test_what_was_refused_can_be_typed_as_well(ladder: Outbox) -> None:
    patient = ladder.patient()
    sent = ladder.submit(patient)
    ladder.proxy.always = at_write(1, answering(422), "put")
    ladder.work()
    assert ladder.state(sent) == ("held", "refused")
    typed(ladder, patient, sent)
    with ladder.database.write() as tx:
        assert submissions.typed(tx, str(sent.id))
    ladder.work()
    assert ladder.state(sent) == ("entered", None)
    assert effects(ladder.real, sent) == NOTHING


def with_profile(ladder: Outbox, **quirks: Any) -> None:
    """The server is of a kind that the site has described so."""
    profile = replace(ladder.settings.quirks["generic"], **quirks)
    ladder.settings = replace(ladder.settings, quirks={**ladder.settings.quirks, "generic": profile})


def test_oracle_healths_profile_patches_what_that_server_takes_and_nothing_else(ladder: Outbox) -> None:
    ladder.settings = replace(ladder.settings, servers={"main": replace(ladder.server, quirks="oracle-health")})
    patient = ladder.patient()
    before = ladder.real.read(patient)
    sent = ladder.submit(patient)
    ladder.proxy.always = offering("patch and observations")
    ladder.work()
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)
    [change] = [json.loads(each.body) for each in ladder.proxy.asked if each.method == "PATCH"]
    assert {each["op"] for each in change} == {"replace"}
    [extensions] = [each["value"] for each in change if each["path"] == "/extension"]
    assert {each["url"] for each in extensions} <= set(ladder.settings.quirks["oracle-health"].accepted_extensions)
    after = ladder.real.read(patient)
    assert (rest_of(after), len(after["communication"])) == (rest_of(before), 1)


def test_an_ehrs_own_questionnaire_gets_its_own_items(ladder: Outbox) -> None:
    questions = ladder.settings.question_sets[EXAMPLE.question_set]
    links = {each for item in form_of(questions, ()).items for each in (item.link_id, *_below(item))} - {"notice"}
    with_profile(ladder, own_questionnaires=True, questionnaire="urn:theirs", items={each: f"their-{each}" for each in links})
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
    with_profile(ladder, own_questionnaires=True, questionnaire="urn:theirs", items={"nothing-of-ours": "1"})
    sent = ladder.submit(ladder.patient())
    ladder.proxy.always = offering("questionnaire-response")
    ladder.work()
    assert ladder.state(sent) == ("held", "worklist")
    assert not any(map(is_write, ladder.proxy.asked))
    with ladder.database.read() as tx:
        [entry] = worklist.waiting(tx)
    assert (entry.id, {each.element for each in entry.sheet.values} >= {"race"}) == (str(sent.id), True)
