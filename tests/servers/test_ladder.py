"""Each rung of the ladder at a server that offers only that rung: negotiated, written once, read back, the chart unharmed."""

import base64
import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from fhir_client.uscore.patient import elements_of
from fhir_client.writing.ladder import Rung, whole
from intake.answers import Informant
from intake.sync.strategy import pin
from tests.faults import (
    STALE,
    Answered,
    Asked,
    Fault,
    Forward,
    Next,
    after,
    cut_short,
    dropped,
    lost,
    sent_twice,
)
from tests.outbox import PATIENT, Outbox, effects, rest_of

from .offers import at_write, is_write, offering
from .test_charts import WHITE

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


@pytest.mark.parametrize("raw", [True, False], ids=["as it is", "as a Binary"])
@pytest.mark.parametrize("spoilt", [False, True])
def test_a_document_that_the_server_keeps_elsewhere_is_fetched(
    ladder: Outbox, raw: bool, spoilt: bool
) -> None:
    sent = ladder.submit(ladder.patient())
    only, kept = offering("document"), dict[str, tuple[str, str]]()

    def in_binaries(asked: Asked, forward: Forward) -> Answered | None:
        if asked.method == "GET" and "/Binary/" in asked.path:
            kind, data = kept[asked.path]
            binary = {"resourceType": "Binary", "contentType": kind, "data": data}
            body = base64.b64decode(data) if raw else json.dumps(binary).encode()
            return Answered(
                200,
                {"Content-Type": kind if raw else "application/fhir+json"},
                body + b"!" * spoilt,
            )
        answer = only(asked, forward)
        if answer is None or asked.method != "GET" or "DocumentReference?" not in asked.path:
            return answer
        page = json.loads(answer.body)
        for entry in page.get("entry", []):
            for number, each in enumerate(entry["resource"]["content"]):
                path = f"{urlsplit(ladder.proxy.base_url).path}/Binary/{number}"
                kept[path] = (each["attachment"]["contentType"], each["attachment"].pop("data"))
                each["attachment"]["url"] = f"https://inside.example{path}"
        return replace(answer, body=json.dumps(page).encode())

    ladder.proxy.always = in_binaries
    ladder.work()
    assert ladder.state(sent) == (("held", "mismatch") if spoilt else ("verified", None)), (
        ladder.row(sent)
    )
    assert len(kept) == 2


@pytest.mark.parametrize(
    "fault", [lost, dropped, cut_short, sent_twice], ids=lambda each: each.__name__
)
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
def test_a_try_that_was_broken_off_goes_on_where_it_stopped(
    ladder: Outbox, rung: str, number: int, fault: Fault
) -> None:
    patient = ladder.patient()
    sent = ladder.submit(patient)
    ladder.proxy.always = at_write(number, fault, rung)
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)
    assert effects(ladder.real, sent) == LEFT[rung]
    assert len(list(ladder.real.search("DocumentReference", {"subject": patient}))) == (
        rung == "document"
    )
    assert ladder.versions(patient) == (2 if rung in CHARTED else 1)


@pytest.mark.parametrize("informant", [Informant.SELF, Informant.GUARDIAN])
def test_a_server_without_observations_is_never_asked_for_them(
    ladder: Outbox, informant: Informant
) -> None:
    patient = ladder.patient(extension=[*PATIENT["extension"], WHITE])
    sent = ladder.submit(patient, informant=informant)
    chart = offering("chart")

    def without_observations(asked: Asked, forward: Forward) -> Answered | None:
        return Answered(404, {}, b"") if "/Observation" in asked.path else chart(asked, forward)

    ladder.proxy.always = without_observations
    ladder.work()
    assert ladder.state(sent) == ("verified", None), ladder.row(sent)


def stale_as(status: int, body: bytes = b"") -> Fault:
    """A server that says so where If-Match is stale."""

    def fault(asked: Asked, forward: Forward) -> Answered | None:
        answer = forward(asked)
        return replace(answer, status=status, body=body) if answer.status == 412 else answer

    return fault


@pytest.mark.parametrize(
    "stale", [stale_as(412), stale_as(409), stale_as(400, STALE)], ids=["412", "409", "400"]
)
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
def test_a_crash_between_write_and_read_back_writes_nothing_again(
    ladder: Outbox, rung: str
) -> None:
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
def test_a_second_one_that_no_condition_kept_out_is_seen(
    ladder: Outbox, number: int, what: str
) -> None:
    plain = {"generic": replace(ladder.settings.quirks["generic"], conditional_create=False)}
    ladder.settings = replace(ladder.settings, quirks={**ladder.settings.quirks, **plain})
    sent = ladder.submit(ladder.patient())
    ladder.proxy.always = at_write(number, sent_twice, "put")
    ladder.work_until_closed(sent)
    assert ladder.state(sent) == ("held", "mismatch")
    assert f"{what}: 2 of them" in str(ladder.row(sent).words)


def test_a_submission_that_was_left_half_sent_by_one_way_is_finished_by_another(
    ladder: Outbox,
) -> None:
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
    ladder.settings = replace(
        ladder.settings, servers={"main": replace(ladder.server, strategy="transaction")}
    )
    last = ladder.submit(ladder.patient())
    ladder.work()
    assert (ladder.state(last), ladder.proxy.transactions()) == (("verified", None), 1)


def asks_what_it_offers(asked: Asked) -> bool:
    return asked.path.endswith("/metadata")


def test_a_new_server_is_asked_by_one_worker_what_it_offers_while_the_others_leave_it_alone(
    ladder: Outbox,
) -> None:
    sent = [ladder.submit(ladder.patient()) for _ in range(3)]
    done_by_others: list[bool] = []
    ladder.proxy.plan = [
        Next(asks_what_it_offers, after(lambda _: done_by_others.append(ladder.work())))
    ]
    ladder.work()
    assert done_by_others == [False]
    assert [ladder.state(each) for each in sent] == [("verified", None)] * 3
    assert sum(map(asks_what_it_offers, ladder.proxy.asked)) == 1


def test_a_new_server_that_does_not_say_what_it_offers_costs_one_row_one_attempt_a_minute(
    ladder: Outbox,
) -> None:
    sent = [ladder.submit(ladder.patient()) for _ in range(3)]
    ladder.proxy.always = dropped
    for _ in range(3):
        ladder.work()
    assert [ladder.row(each).attempts for each in sent] == [1, 0, 0]
    ladder.proxy.always = None
    ladder.clock.advance(minutes=1)
    ladder.work()
    assert [ladder.state(each) for each in sent] == [("verified", None)] * 3


def test_what_a_server_offers_may_come_from_its_cache_and_what_it_holds_may_not(
    ladder: Outbox,
) -> None:
    ladder.submit(ladder.patient())
    ladder.work()
    fresh = {
        asks_what_it_offers(each): each.headers.get("Cache-Control") for each in ladder.proxy.asked
    }
    assert fresh == {True: None, False: "no-cache"}
