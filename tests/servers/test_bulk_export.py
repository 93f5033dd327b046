"""A bulk export of a real server has the same patients as a search."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from fhir_client import bulk
from fhir_client.errors import RefusedError
from intake.feed.export import fetch_export
from intake.report.files import find_files
from intake.report.values import Period
from tests.support.fault_proxy import Forward, ProxyRequest, ProxyResponse
from tests.support.outbox import Outbox

pytestmark = pytest.mark.server
PERIOD = Period("2026", date(2026, 1, 1), date(2027, 1, 1))
WHOLE = ("Patient", "Observation", "Organization")
"""The kinds of resource that a search and an export both return whole."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll sooner: HAPI asks for two minutes and is ready after seconds."""
    monkeypatch.setattr(bulk, "LONGEST_PAUSE", bulk.DEFAULT_PAUSE / 5)


def export(outbox: Outbox, in_bulk: str | None) -> AbstractContextManager[Path]:
    return fetch_export(outbox.settings, PERIOD, Event(), in_bulk)


def read_lines(folder: Path) -> Mapping[str, list[str]]:
    """Return the lines of each kind, sorted."""
    texts = {
        kind: "".join(path.read_text("utf-8") for path in paths)
        for kind, paths in find_files(folder).items()
    }
    return {kind: sorted(text.splitlines()) for kind, text in texts.items()}


def does_not_export(outbox: Outbox, make: str) -> bool:
    """Return whether the server lacks the export, which must be reported.

    Medplum's router lacks it.
    """
    if make != "medplum":
        return False
    for in_bulk in ("", "Group/1"):
        with pytest.raises(RefusedError, match="does not export in bulk"), export(outbox, in_bulk):
            pass
    return True


def test_an_export_has_what_a_search_finds(outbox: Outbox, make: str) -> None:
    if does_not_export(outbox, make):
        return
    patient = outbox.create_patient()
    outbox.direct_client.create(
        {"resourceType": "Observation", "status": "final", "code": {"text": "a shoe size"}}
    )
    outbox.work_until_closed(outbox.submit_example(patient))
    with export(outbox, None) as folder:
        searched = read_lines(folder)
    with export(outbox, "") as folder:
        in_bulk = read_lines(folder)
    assert {kind: in_bulk[kind] for kind in WHOLE} == {kind: searched[kind] for kind in WHOLE}
    assert set(searched["Provenance"]) <= set(in_bulk["Provenance"])
    assert any(patient.partition("/")[2] in line for line in in_bulk["Patient"])
    assert not any("shoe size" in line for line in in_bulk["Observation"])


def test_an_export_of_a_group_has_its_members_alone(outbox: Outbox, make: str) -> None:
    if does_not_export(outbox, make):
        return
    patient, other = outbox.create_patient(), outbox.create_patient()
    for reference in (patient, other):
        outbox.work_until_closed(outbox.submit_example(reference))
    members = {
        "resourceType": "Group",
        "type": "person",
        "actual": True,
        "member": [{"entity": {"reference": patient}}],
    }
    group = outbox.direct_client.create(members)["id"]
    with export(outbox, f"Group/{group}") as folder:
        lines = read_lines(folder)
    assert len(lines["Patient"]) == 1
    assert patient.partition("/")[2] in lines["Patient"][0]
    assert len(lines["Observation"]) == 4


def test_an_export_file_that_does_not_arrive_is_fetched_again(outbox: Outbox, make: str) -> None:
    if does_not_export(outbox, make):
        return
    outbox.work_until_closed(outbox.submit_example(outbox.create_patient()))
    with export(outbox, "") as folder:
        whole = read_lines(folder)
    lost: list[ProxyRequest] = []

    def once(request: ProxyRequest, forward: Forward) -> ProxyResponse | None:
        if "/Binary/" in request.path and not lost:
            lost.append(request)
            return None
        return forward(request)

    outbox.proxy.default_fault = once
    with export(outbox, "") as folder:
        again = read_lines(folder)
    assert lost
    assert again == whole
