"""Each write strategy at a server with no other: negotiated, written once, read back, unharmed."""

import base64
import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from fhir_client.model import WriteStrategyKind
from fhir_client.uscore.chart import chart_elements
from fhir_client.write.strategy import full_strategy
from intake.answers import Informant
from intake.ehr.strategy import pin_strategy
from tests.servers.partial_servers import fault_at_write, is_write, offer_strategy
from tests.servers.test_chart_merge import WHITE
from tests.support.fault_proxy import (
    STALE_OUTCOME,
    Fault,
    Forward,
    MatchingFault,
    ProxyRequest,
    ProxyResponse,
    cut_response,
    drop_request,
    lose_response,
    run_first,
    send_twice,
)
from tests.support.outbox import (
    EXAMPLE_PATIENT,
    ONE_OF_EACH,
    Outbox,
    chart_of_others,
    count_effects,
)

pytestmark = pytest.mark.server
NOTHING = dict.fromkeys(ONE_OF_EACH, 0)
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
def test_each_strategy_is_negotiated_written_and_read_back(ladder: Outbox, rung: str) -> None:
    patient = ladder.create_patient()
    before = ladder.direct_client.read(patient)
    sent = ladder.submit_example(patient)
    ladder.proxy.default_fault = offer_strategy(rung)
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("verified", None), ladder.read_record(sent)
    assert count_effects(ladder.direct_client, sent) == LEFT[rung]
    after = ladder.direct_client.read(patient)
    assert chart_of_others(after) == chart_of_others(before)
    assert (chart_elements(after) != chart_elements(before)) is (rung in CHARTED)
    documents = list(ladder.direct_client.search("DocumentReference", {"subject": patient}))
    assert len(documents) == (rung == "document")


@pytest.mark.parametrize("raw", [True, False], ids=["as it is", "as a Binary"])
@pytest.mark.parametrize("spoilt", [False, True])
def test_a_document_that_the_server_stores_as_a_binary_is_fetched(
    ladder: Outbox, raw: bool, spoilt: bool
) -> None:
    sent = ladder.submit_example(ladder.create_patient())
    only, kept = offer_strategy("document"), dict[str, tuple[str, str]]()

    def in_binaries(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if asked.method == "GET" and "/Binary/" in asked.path:
            kind, data = kept[asked.path]
            binary = {"resourceType": "Binary", "contentType": kind, "data": data}
            body = base64.b64decode(data) if raw else json.dumps(binary).encode()
            return ProxyResponse(
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

    ladder.proxy.default_fault = in_binaries
    ladder.deliver_due()
    assert ladder.read_state(sent) == (("held", "mismatch") if spoilt else ("verified", None)), (
        ladder.read_record(sent)
    )
    assert len(kept) == 2


@pytest.mark.parametrize(
    "fault", [lose_response, drop_request, cut_response, send_twice], ids=lambda each: each.__name__
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
def test_an_interrupted_attempt_goes_on_where_it_stopped(
    ladder: Outbox, rung: str, number: int, fault: Fault
) -> None:
    patient = ladder.create_patient()
    sent = ladder.submit_example(patient)
    ladder.proxy.default_fault = fault_at_write(number, fault, rung)
    ladder.work_until_closed(sent)
    assert ladder.read_state(sent) == ("verified", None), ladder.read_record(sent)
    assert count_effects(ladder.direct_client, sent) == LEFT[rung]
    assert len(list(ladder.direct_client.search("DocumentReference", {"subject": patient}))) == (
        rung == "document"
    )
    assert ladder.count_versions(patient) == (2 if rung in CHARTED else 1)


@pytest.mark.parametrize("informant", [Informant.SELF, Informant.GUARDIAN])
def test_a_server_without_observations_is_never_asked_for_them(
    ladder: Outbox, informant: Informant
) -> None:
    patient = ladder.create_patient(extension=[*EXAMPLE_PATIENT["extension"], WHITE])
    sent = ladder.submit_example(patient, informant=informant)
    chart = offer_strategy("chart")

    def without_observations(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        return (
            ProxyResponse(404, {}, b"") if "/Observation" in asked.path else chart(asked, forward)
        )

    ladder.proxy.default_fault = without_observations
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("verified", None), ladder.read_record(sent)


def stale_as(status: int, body: bytes = b"") -> Fault:
    """Answer so if If-Match is stale."""

    def fault(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        answer = forward(asked)
        return replace(answer, status=status, body=body) if answer.status == 412 else answer

    return fault


@pytest.mark.parametrize(
    "stale", [stale_as(412), stale_as(409), stale_as(400, STALE_OUTCOME)], ids=["412", "409", "400"]
)
@pytest.mark.parametrize("rung", CHARTED)
def test_a_colleague_who_writes_between_is_merged(ladder: Outbox, rung: str, stale: Fault) -> None:
    patient = ladder.create_patient()
    sent = ladder.submit_example(patient)
    email = {"system": "email", "value": "lan@example.org"}

    def first_the_colleague(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        ladder.edit_chart(patient, telecom=[*EXAMPLE_PATIENT["telecom"], email])
        return stale(asked, forward)

    ladder.proxy.default_fault = fault_at_write(1, first_the_colleague, rung)
    ladder.work_until_closed(sent)
    assert ladder.read_state(sent) == ("verified", None)
    assert email in ladder.direct_client.read(patient)["telecom"]
    assert count_effects(ladder.direct_client, sent) == LEFT[rung]


@pytest.mark.parametrize("rung", LEFT)
def test_a_crash_between_write_and_read_back_writes_nothing_again(
    ladder: Outbox, rung: str
) -> None:
    patient = ladder.create_patient()
    sent = ladder.submit_example(patient)
    only = offer_strategy(rung)

    def gone_after_the_last_write(asked: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        written = ladder.read_record(sent).accepted_at is not None
        return None if written and asked.method == "GET" else only(asked, forward)

    ladder.proxy.default_fault = gone_after_the_last_write
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("accepted", "no-answer")
    writes = sum(map(is_write, ladder.proxy.requests))
    ladder.proxy.default_fault = only
    ladder.work_until_closed(sent)
    assert ladder.read_state(sent) == ("verified", None), ladder.read_record(sent)
    assert sum(map(is_write, ladder.proxy.requests)) == writes
    assert count_effects(ladder.direct_client, sent) == LEFT[rung]


@pytest.mark.parametrize(("number", "what"), [(2, "QuestionnaireResponse"), (3, "race")])
def test_a_duplicate_that_no_condition_prevented_is_seen(
    ladder: Outbox, number: int, what: str
) -> None:
    plain = {"generic": replace(ladder.settings.quirks["generic"], conditional_create=False)}
    ladder.settings = replace(ladder.settings, quirks={**ladder.settings.quirks, **plain})
    sent = ladder.submit_example(ladder.create_patient())
    ladder.proxy.default_fault = fault_at_write(number, send_twice, "put")
    ladder.work_until_closed(sent)
    assert ladder.read_state(sent) == ("held", "mismatch")
    assert f"{what}: 2 of them" in str(ladder.read_record(sent).words)


def test_a_submission_half_sent_by_one_strategy_is_finished_by_another(
    ladder: Outbox,
) -> None:
    patient = ladder.create_patient()
    sent = ladder.submit_example(patient)
    ladder.proxy.default_fault = fault_at_write(4, drop_request, "put")
    ladder.deliver_due()
    assert ladder.read_state(sent) == ("waiting", "no-answer")
    ladder.proxy.default_fault = offer_strategy("patch")
    pin_strategy(
        ladder.server,
        ladder.settings,
        ladder.database,
        replace(full_strategy(WriteStrategyKind.PATCH), batch=False),
    )
    ladder.work_until_closed(sent)
    assert ladder.read_state(sent) == ("verified", None)
    assert (count_effects(ladder.direct_client, sent), ladder.count_versions(patient)) == (
        LEFT["patch"],
        2,
    )


def test_a_negotiated_strategy_is_pinned_until_it_is_negotiated_anew(ladder: Outbox) -> None:
    first, second, third = (ladder.submit_example(ladder.create_patient()) for _ in range(3))
    del second, third
    ladder.proxy.default_fault = offer_strategy("put")
    ladder.deliver_due()
    assert ladder.read_state(first) == ("verified", None)
    ladder.proxy.default_fault = None
    asked = len(ladder.proxy.requests)
    after = ladder.submit_example(ladder.create_patient())
    ladder.deliver_due()
    assert ladder.read_state(after) == ("verified", None)
    assert not any(each.path.endswith("/metadata") for each in ladder.proxy.requests[asked:])
    assert ladder.proxy.count_transactions() == 0
    # With other settings it is negotiated anew.
    ladder.settings = replace(
        ladder.settings, servers={"main": replace(ladder.server, strategy="transaction")}
    )
    last = ladder.submit_example(ladder.create_patient())
    ladder.deliver_due()
    assert (ladder.read_state(last), ladder.proxy.count_transactions()) == (("verified", None), 1)


def asks_what_it_offers(asked: ProxyRequest) -> bool:
    return asked.path.endswith("/metadata")


def test_a_new_server_is_negotiated_by_one_worker_while_others_wait(
    ladder: Outbox,
) -> None:
    sent = [ladder.submit_example(ladder.create_patient()) for _ in range(3)]
    done_by_others: list[bool] = []
    ladder.proxy.planned_faults = [
        MatchingFault(
            asks_what_it_offers, run_first(lambda _: done_by_others.append(ladder.deliver_due()))
        )
    ]
    ladder.deliver_due()
    assert done_by_others == [False]
    assert [ladder.read_state(each) for each in sent] == [("verified", None)] * 3
    assert sum(map(asks_what_it_offers, ladder.proxy.requests)) == 1


def test_a_new_server_that_cannot_be_negotiated_costs_one_attempt_a_minute(
    ladder: Outbox,
) -> None:
    sent = [ladder.submit_example(ladder.create_patient()) for _ in range(3)]
    ladder.proxy.default_fault = drop_request
    for _ in range(3):
        ladder.deliver_due()
    assert [ladder.read_record(each).attempts for each in sent] == [1, 0, 0]
    ladder.proxy.default_fault = None
    ladder.clock.advance(minutes=1)
    ladder.deliver_due()
    assert [ladder.read_state(each) for each in sent] == [("verified", None)] * 3


def test_capabilities_may_come_from_a_cache_and_resources_may_not(
    ladder: Outbox,
) -> None:
    ladder.submit_example(ladder.create_patient())
    ladder.deliver_due()
    fresh = {
        asks_what_it_offers(each): each.headers.get("Cache-Control")
        for each in ladder.proxy.requests
    }
    assert fresh == {True: None, False: "no-cache"}
