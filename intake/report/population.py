"""Finds who counts: patients with a qualifying encounter at a clinic in the period, and who was left out, and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from intake.report.periods import day_start
from intake.report.places import Place, assign_clinics, place_keys
from intake.report.values import ClinicScope, Period

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXCLUSIONS = (
    ("status-unknown", "encounters"),
    ("status-not-qualifying", "encounters"),
    ("no-start-date", "encounters"),
    ("no-clinic", "encounters"),
    ("no-patient", "encounters"),
    ("merge-unresolved", "patients"),
    ("test-patient", "patients"),
)
"""The reasons in the order in which they are looked at, and what is counted; the first that holds counts."""

_SURVIVORS = """
CREATE TABLE survivor AS
WITH RECURSIVE step(id, into_id, depth) AS (
    SELECT id, merged_into, 1 FROM patient WHERE merged_into IS NOT NULL
    UNION ALL
    SELECT step.id, patient.merged_into, depth + 1 FROM step JOIN patient ON patient.id = step.into_id
    WHERE patient.merged_into IS NOT NULL AND depth <= 5
)
SELECT id, arg_max(into_id, depth) AS survivor, max(depth) > 5 AS lost FROM step GROUP BY id
"""

_WHERE_SEEN = """
CREATE TABLE seen AS
WITH near AS (
    SELECT * FROM encounter
    WHERE start_at BETWEEN $earliest AND $latest OR start_on BETWEEN $first AND $end
        OR (start_at IS NULL AND start_on IS NULL)
), provider AS (
    SELECT near.*, own.clinic AS by_provider FROM near
    LEFT JOIN place_clinic AS own ON own.kind = 'Organization' AND own.key = near.organization
), located AS (
    SELECT id, arg_min(clinic, nth) AS by_location FROM (
        SELECT id, nth, ref_key('Location', place.location) AS key FROM (
            SELECT id, unnest(locations) AS place, unnest(range(len(locations))) AS nth
            FROM provider WHERE by_provider IS NULL)
    ) JOIN place_clinic USING (key) WHERE kind = 'Location' GROUP BY id
), booked AS (
    SELECT id, arg_min(clinic, nth) AS by_appointment FROM (
        SELECT id, unnest(appointment.locations) AS key, unnest(range(len(appointment.locations))) AS nth
        FROM (SELECT id, ref_key('Appointment', booked) AS booking FROM (
            SELECT id, unnest(appointments) AS booked FROM provider WHERE by_provider IS NULL))
        JOIN (SELECT unnest(list_concat([id], ['?' || i FOR i IN identifiers])) AS booking, locations FROM appointment)
            AS appointment USING (booking)
    ) JOIN place_clinic USING (key) WHERE kind = 'Location' GROUP BY id
)
SELECT provider.* EXCLUDE (by_provider), coalesce(by_provider, by_location, by_appointment) AS clinic
FROM provider LEFT JOIN located USING (id) LEFT JOIN booked USING (id)
"""

_VISITS = """
CREATE TABLE visit AS
SELECT seen.clinic, seen.start_at, coalesce(survivor.survivor, seen.patient) AS patient, CASE
    WHEN status = 'unknown' THEN 'status-unknown'
    WHEN status IS NULL OR status NOT IN ('arrived', 'triaged', 'in-progress', 'onleave', 'finished')
        THEN 'status-not-qualifying'
    WHEN start_at IS NULL AND start_on IS NULL THEN 'no-start-date'
    WHEN seen.clinic IS NULL THEN 'no-clinic'
    WHEN survivor.lost THEN 'merge-unresolved'
    WHEN patient.id IS NULL THEN 'no-patient'
    WHEN patient.test THEN 'test-patient'
    END AS excluded
FROM seen LEFT JOIN clinic ON clinic.id = seen.clinic
LEFT JOIN survivor ON survivor.id = seen.patient
LEFT JOIN patient ON patient.id = coalesce(survivor.survivor, seen.patient)
WHERE (start_at >= coalesce(clinic.begins, $begins) AND start_at < coalesce(clinic.ends, $ends))
    OR (start_at IS NULL AND (start_on IS NULL OR (start_on >= $first AND start_on < $end)))
"""

_MEMBERS = """
CREATE TABLE member AS SELECT DISTINCT clinic, patient FROM visit WHERE excluded IS NULL;
CREATE TABLE person AS SELECT DISTINCT patient AS id FROM member;
"""


def read_organizations(connection: "DuckDBPyConnection", time_zone: str) -> tuple[ClinicScope, ...]:
    """Every Organization that is an encounter's serviceProvider, as a clinic of its own; ids tell equal names apart."""
    keys = [
        key
        for (key,) in connection.execute("SELECT DISTINCT organization FROM encounter").fetchall()
        if key
    ]
    by_key = {key: place for place in _places(connection) for key in place_keys(place)}
    found: dict[str, ClinicScope] = {}
    for key in sorted(keys):
        place = by_key.get(("Organization", key))
        clinic = place.id if place else key.removeprefix("?")
        name = (place.name if place else None) or clinic
        reference = (
            f"Organization/{clinic}" if place or not key.startswith("?") else key.removeprefix("?")
        )
        found[clinic] = ClinicScope(clinic, name, time_zone, (reference,))
    shared = {
        name for name, times in Counter(scope.name for scope in found.values()).items() if times > 1
    }
    told_apart = (
        replace(each, name=f"{each.name} ({each.id})") if each.name in shared else each
        for each in found.values()
    )
    return tuple(sorted(told_apart, key=lambda scope: (scope.name, scope.id)))


_ANY_PLACED = """
SELECT EXISTS (FROM seen WHERE clinic IS NOT NULL)
    OR EXISTS (FROM encounter SEMI JOIN place_clinic ON kind = 'Organization' AND key = organization)
    OR EXISTS (FROM (SELECT unnest(locations) AS place FROM encounter) SEMI JOIN place_clinic
        ON kind = 'Location' AND key = ref_key('Location', place.location))
"""


def place_encounters(
    connection: "DuckDBPyConnection", clinics: Sequence[ClinicScope], period: Period
) -> bool:
    """Give every encounter near the period its clinic; returns whether any encounter of any time has one."""
    connection.execute("""
        CREATE OR REPLACE TABLE clinic (id VARCHAR, begins TIMESTAMPTZ, ends TIMESTAMPTZ);
        CREATE OR REPLACE TABLE place_clinic (kind VARCHAR, key VARCHAR, clinic VARCHAR);
        DROP TABLE IF EXISTS seen""")
    for clinic in clinics:
        begins, ends = (day_start(day, clinic.time_zone) for day in (period.first, period.end))
        connection.execute("INSERT INTO clinic VALUES (?, ?, ?)", [clinic.id, begins, ends])
    for (kind, key), clinic_id in assign_clinics(_places(connection), clinics).items():
        connection.execute("INSERT INTO place_clinic VALUES (?, ?, ?)", [kind, key, clinic_id])
    near = {
        "earliest": day_start(period.first, "Etc/GMT-14"),
        "latest": day_start(period.end, "Etc/GMT+12"),
    }
    connection.execute(_WHERE_SEEN, {**near, "first": period.first, "end": period.end})
    return bool(connection.execute(_ANY_PLACED).fetchall()[0][0])


def find_members(connection: "DuckDBPyConnection", period: Period) -> dict[tuple[str, str], int]:
    """Make `member` (clinic, patient) and `person`; returns how many were left out by reason and unit."""
    connection.execute(_SURVIVORS)
    whole = {"begins": day_start(period.first, "UTC"), "ends": day_start(period.end, "UTC")}
    connection.execute(_VISITS, {**whole, "first": period.first, "end": period.end})
    connection.execute(_MEMBERS)
    counted = connection.execute(
        "SELECT excluded, count(*), count(DISTINCT patient) FROM visit WHERE excluded IS NOT NULL GROUP BY excluded"
    ).fetchall()
    found = {
        reason: {"encounters": encounters, "patients": patients}
        for reason, encounters, patients in counted
    }
    return {(reason, unit): found.get(reason, {}).get(unit, 0) for reason, unit in EXCLUSIONS}


def _places(connection: "DuckDBPyConnection") -> list[Place]:
    return [
        Place(kind, place_id, name, tuple(identifiers), parent, organization)
        for kind, place_id, name, identifiers, parent, organization in connection.execute(
            "SELECT kind, id, name, identifiers, parent, organization FROM place ORDER BY ALL"
        ).fetchall()
    ]
