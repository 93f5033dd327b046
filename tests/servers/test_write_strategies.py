"""Each write strategy writes once, reads back and leaves the chart unharmed."""

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
from tests.servers.partial_servers import EFFECTS, fault_at_write, is_write, offer_strategy
from tests.support.fault_proxy import (
    Fault,
    Forward,
    ProxyRequest,
    ProxyResponse,
    cut_response,
    drop_request,
    lose_response,
    send_twice,
)
from tests.support.outbox import (
    EXAMPLE_PATIENT,
    WHITE_RACE,
    Outbox,
    chart_of_others,
    count_effects,
)
from tests.support.transient_faults import STALE_OUTCOME

pytestmark = pytest.mark.server
CHARTED = ("patch", "put", "patch and observations")


@pytest.mark.parametrize("rung", EFFECTS)
def test_each_strategy_is_negotiated_written_and_read_back(ladder: Outbox, rung: str) -> None:
    patient = ladder.create_patient()
    before = ladder.direct_client.read(patient)
    submission = ladder.submit_example(patient)
    ladder.proxy.default_fault = offer_strategy(rung)
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("verified", None), ladder.read_record(submission)
    assert count_effects(ladder.direct_client, submission) == EFFECTS[rung]
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
    submission = ladder.submit_example(ladder.create_patient())
    only, attachments = offer_strategy("document"), dict[str, tuple[str, str]]()

    def in_binaries(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if request.method == "GET" and "/Binary/" in request.path:
            kind, data = attachments[request.path]
            binary = {"resourceType": "Binary", "contentType": kind, "data": data}
            body = base64.b64decode(data) if raw else json.dumps(binary).encode()
            return ProxyResponse(
                200,
                {"Content-Type": kind if raw else "application/fhir+json"},
                body + b"!" * spoilt,
            )
        answer = only(request, forward)
        if answer is None or request.method != "GET" or "DocumentReference?" not in request.path:
            return answer
        page = json.loads(answer.body)
        for entry in page.get("entry", []):
            for number, content in enumerate(entry["resource"]["content"]):
                path = f"{urlsplit(ladder.proxy.base_url).path}/Binary/{number}"
                attachments[path] = (
                    content["attachment"]["contentType"],
                    content["attachment"].pop("data"),
                )
                content["attachment"]["url"] = f"https://inside.example{path}"
        return replace(answer, body=json.dumps(page).encode())

    ladder.proxy.default_fault = in_binaries
    ladder.deliver_due()
    assert ladder.read_state(submission) == (
        ("held", "mismatch") if spoilt else ("verified", None)
    ), ladder.read_record(submission)
    assert len(attachments) == 2


@pytest.mark.parametrize(
    "fault",
    [lose_response, drop_request, cut_response, send_twice],
    ids=lambda fault_function: fault_function.__name__,
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
    submission = ladder.submit_example(patient)
    ladder.proxy.default_fault = fault_at_write(number, fault, rung)
    ladder.work_until_closed(submission)
    assert ladder.read_state(submission) == ("verified", None), ladder.read_record(submission)
    assert count_effects(ladder.direct_client, submission) == EFFECTS[rung]
    assert len(list(ladder.direct_client.search("DocumentReference", {"subject": patient}))) == (
        rung == "document"
    )
    assert ladder.count_versions(patient) == (2 if rung in CHARTED else 1)


@pytest.mark.parametrize("informant", [Informant.SELF, Informant.GUARDIAN])
def test_a_server_without_observations_is_never_asked_for_them(
    ladder: Outbox, informant: Informant
) -> None:
    patient = ladder.create_patient(extension=[*EXAMPLE_PATIENT["extension"], WHITE_RACE])
    submission = ladder.submit_example(patient, informant=informant)
    chart = offer_strategy("chart")

    def without_observations(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        return (
            ProxyResponse(404, {}, b"")
            if "/Observation" in request.path
            else chart(request, forward)
        )

    ladder.proxy.default_fault = without_observations
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("verified", None), ladder.read_record(submission)


def stale_as(status: int, body: bytes = b"") -> Fault:
    """Answer so if If-Match is stale."""

    def fault(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        answer = forward(request)
        return replace(answer, status=status, body=body) if answer.status == 412 else answer

    return fault


@pytest.mark.parametrize(
    "stale", [stale_as(412), stale_as(409), stale_as(400, STALE_OUTCOME)], ids=["412", "409", "400"]
)
@pytest.mark.parametrize("rung", CHARTED)
def test_a_colleague_who_writes_between_is_merged(ladder: Outbox, rung: str, stale: Fault) -> None:
    patient = ladder.create_patient()
    submission = ladder.submit_example(patient)
    email = {"system": "email", "value": "lan@example.org"}

    def first_the_colleague(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        ladder.edit_chart(patient, telecom=[*EXAMPLE_PATIENT["telecom"], email])
        return stale(request, forward)

    ladder.proxy.default_fault = fault_at_write(1, first_the_colleague, rung)
    ladder.work_until_closed(submission)
    assert ladder.read_state(submission) == ("verified", None)
    assert email in ladder.direct_client.read(patient)["telecom"]
    assert count_effects(ladder.direct_client, submission) == EFFECTS[rung]


@pytest.mark.parametrize("rung", EFFECTS)
def test_a_crash_between_write_and_read_back_writes_nothing_again(
    ladder: Outbox, rung: str
) -> None:
    patient = ladder.create_patient()
    submission = ladder.submit_example(patient)
    only = offer_strategy(rung)

    def gone_after_the_last_write(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        written = ladder.read_record(submission).accepted_at is not None
        return None if written and request.method == "GET" else only(request, forward)

    ladder.proxy.default_fault = gone_after_the_last_write
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("accepted", "no-answer")
    writes = sum(map(is_write, ladder.proxy.requests))
    ladder.proxy.default_fault = only
    ladder.work_until_closed(submission)
    assert ladder.read_state(submission) == ("verified", None), ladder.read_record(submission)
    assert sum(map(is_write, ladder.proxy.requests)) == writes
    assert count_effects(ladder.direct_client, submission) == EFFECTS[rung]


@pytest.mark.parametrize(("number", "what"), [(2, "QuestionnaireResponse"), (3, "race")])
def test_a_duplicate_that_no_condition_prevented_is_seen(
    ladder: Outbox, number: int, what: str
) -> None:
    plain = {"generic": replace(ladder.settings.quirks["generic"], conditional_create=False)}
    ladder.settings = replace(ladder.settings, quirks={**ladder.settings.quirks, **plain})
    submission = ladder.submit_example(ladder.create_patient())
    ladder.proxy.default_fault = fault_at_write(number, send_twice, "put")
    ladder.work_until_closed(submission)
    assert ladder.read_state(submission) == ("held", "mismatch")
    assert f"{what}: 2 of them" in str(ladder.read_record(submission).words)


def test_a_submission_half_sent_by_one_strategy_is_finished_by_another(
    ladder: Outbox,
) -> None:
    patient = ladder.create_patient()
    submission = ladder.submit_example(patient)
    ladder.proxy.default_fault = fault_at_write(4, drop_request, "put")
    ladder.deliver_due()
    assert ladder.read_state(submission) == ("waiting", "no-answer")
    ladder.proxy.default_fault = offer_strategy("patch")
    pin_strategy(
        ladder.server,
        ladder.settings,
        ladder.database,
        replace(full_strategy(WriteStrategyKind.PATCH), batch=False),
    )
    ladder.work_until_closed(submission)
    assert ladder.read_state(submission) == ("verified", None)
    assert (count_effects(ladder.direct_client, submission), ladder.count_versions(patient)) == (
        EFFECTS["patch"],
        2,
    )
