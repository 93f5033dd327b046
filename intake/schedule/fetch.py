"""Fetches today's and tomorrow's appointments, and what their charts say now."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from fhir_client.client import FhirClient
from fhir_client.errors import (
    AccessError,
    FhirError,
    GoneError,
    RefusedError,
    ServerError,
    TemporaryError,
)
from fhir_client.model import Json
from intake.clock import Clock
from intake.ehr.clients import build_client, server_quirks
from intake.ehr.contacts import error_reason, record_contact
from intake.log import error_location, logger
from intake.schedule.appointments import (
    ExpectedAppointment,
    ScheduleWindow,
    schedule_window,
    search_appointments,
)
from intake.schedule.chart_values import MALFORMED_CHART, add_chart_values
from intake.schedule.faults import RecordFault, ReportFault, ignore_fault
from intake.settings import Clinic, Settings
from intake.store import contacts, visits
from intake.store.database import Database
from intake.store.visits import Visit, visit_id

FETCH_INTERVAL = timedelta(minutes=5)
SUCCESS, FORBIDDEN = 200, 403
PROTECTED_CHART = "The record system does not let us read this chart."
UNREADABLE_CHART = "The record system's answer about this chart cannot be read."
CHART_FAULTS = {
    MALFORMED_CHART: "some of its values are not FHIR",
    UNREADABLE_CHART: "the server's answer is no FHIR",
}
UNFORESEEN_REASON = "fault"
"""The reason code of a fetch that stopped at an error of ours."""
MAX_FAULT_LINES = 20
"""The log names this many odd records of a fetch at most; the count has all of them."""


def fetch_due_schedules(settings: Settings, database: Database, clock: Clock) -> None:
    """Fetch the schedule of each clinic whose last good fetch is too old.

    A failure leaves the clinic's stored schedule unchanged.
    """
    for clinic in settings.clinics.values():
        with database.read() as tx:
            last = visits.last_fetched_at(tx, clinic.id)
        # After the clock was set back, the last fetch may lie in the future. Its age is then
        # unknown, so the fetch is due.
        if last is None or not timedelta() <= clock() - last < FETCH_INTERVAL:
            _fetch_schedule(settings, database, clinic, clock())


def _fetch_schedule(settings: Settings, database: Database, clinic: Clinic, now: datetime) -> None:
    server, window = settings.servers[clinic.server], schedule_window(clinic, now)
    faults: list[RecordFault] = []
    try:
        with build_client(server) as client:
            expected_visits = tuple(
                read_expected_visits(
                    client,
                    clinic,
                    window,
                    faults.append,
                    server_quirks(server, settings).appointment_search,
                )
            )
    except FhirError as error:
        logger.warning(
            "schedule-failed", extra={"clinic": clinic.id, "reason": type(error).__name__}
        )
        record_contact(database, clinic.server, error)
        _record_failure(database, clinic, error_reason(error))
        return
    except Exception as error:  # noqa: BLE001
        # An unforeseen fault at one clinic must not cost the other clinics their schedule.
        logger.error(
            "schedule-failed",
            extra={
                "clinic": clinic.id,
                "reason": type(error).__name__,
                "where": error_location(error),
            },
        )
        _record_failure(database, clinic, UNFORESEEN_REASON)
        return
    _log_faults(clinic, faults)
    record_contact(database, clinic.server)
    _save_schedule(database, clinic, window, expected_visits)


def _record_failure(database: Database, clinic: Clinic, reason: str) -> None:
    with database.write() as tx:
        contacts.record_failure(tx, contacts.schedule_contact(clinic.id), reason)


def _log_faults(clinic: Clinic, faults: list[RecordFault]) -> None:
    for fault in faults[:MAX_FAULT_LINES]:
        logger.warning(
            "record-malformed",
            extra={"clinic": clinic.id, "record": fault.record, "reason": fault.words},
        )
    if faults:
        logger.warning("records-malformed", extra={"clinic": clinic.id, "count": len(faults)})


def _save_schedule(
    database: Database, clinic: Clinic, window: ScheduleWindow, expected_visits: tuple[Visit, ...]
) -> None:
    with database.write() as tx:
        for visit in expected_visits:
            visits.save_visit(tx, visit)
        visit_ids = [visit.id for visit in expected_visits]
        visits.record_fetch(tx, clinic.id, visit_ids, window.start, window.end)
        contacts.record_answer(tx, contacts.schedule_contact(clinic.id))
    if protected := sum(1 for visit in expected_visits if visit.fault == PROTECTED_CHART):
        logger.warning("charts-forbidden", extra={"clinic": clinic.id, "count": protected})
    logger.info("schedule-fetched", extra={"clinic": clinic.id, "count": len(expected_visits)})


def read_expected_visits(
    client: FhirClient,
    clinic: Clinic,
    window: ScheduleWindow,
    report_fault: ReportFault = ignore_fault,
    required: Collection[str] = (),
) -> Iterator[Visit]:
    """Yield the clinic's visits in the window with their patients' current charts.

    `required` are the server's required search parameters (`Quirks.appointment_search`). A visit
    whose chart is protected or malformed carries the reason in place of the chart's values.
    """
    # A patient with several appointments has one chart, and the cache reads it once.
    read_chart = cache(client.read)
    for appointment in search_appointments(client, clinic, window, report_fault, required):
        if appointment.patient is None:
            continue
        visit = _read_chart_values(
            read_chart, clinic, _new_visit(clinic, appointment, appointment.patient)
        )
        if visit is None:
            continue
        if visit.fault in CHART_FAULTS:
            report_fault(RecordFault(visit.patient, CHART_FAULTS[visit.fault]))
        yield visit


def _new_visit(clinic: Clinic, appointment: ExpectedAppointment, patient: str) -> Visit:
    return Visit(
        id=visit_id(clinic.server, appointment.reference),
        clinic=clinic.id,
        server=clinic.server,
        patient=patient,
        starts_at=appointment.starts_at,
        appointment=appointment.reference,
    )


def _read_chart_values(
    read_chart: Callable[[str], Json], clinic: Clinic, visit: Visit
) -> Visit | None:
    """Return the visit with its patient's chart values, or None if the chart is gone."""
    try:
        return add_chart_values(visit, clinic, read_chart(visit.patient))
    except GoneError:
        return None
    except TemporaryError as error:
        if error.status != SUCCESS:
            raise
        # The server answered well, and only this chart is no FHIR resource.
        return replace(visit, fault=UNREADABLE_CHART)
    except (RefusedError, ServerError) as error:
        # A 403 for one chart is about that patient. Any other server error, and a 403 of the token
        # endpoint (AccessError), is about us and fails the whole fetch.
        if isinstance(error, ServerError) and (
            error.status != FORBIDDEN or isinstance(error, AccessError)
        ):
            raise
        # The patient of a specially protected chart can still answer. Only this visit goes without
        # a name.
        return replace(visit, fault=PROTECTED_CHART)
