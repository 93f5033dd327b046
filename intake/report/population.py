"""Finds the patients who count: a qualifying encounter at a clinic in the period."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from intake.report.periods import day_start
from intake.report.places import Place, assign_clinics, place_keys
from intake.report.queries import read_query
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
"""The reasons that exclude an encounter or a patient, and the unit counted.

`visits.sql` checks the reasons in this order, and the first one that applies counts.
"""


def read_organizations(connection: "DuckDBPyConnection", time_zone: str) -> tuple[ClinicScope, ...]:
    """Return every Organization that provided an encounter as a clinic of its own.

    Organizations of the same name get their ids behind it.
    """
    keys = [
        key
        for (key,) in connection.execute("SELECT DISTINCT organization FROM encounter").fetchall()
        if key
    ]
    by_key = {key: place for place in _read_places(connection) for key in place_keys(place)}
    scopes: dict[str, ClinicScope] = {}
    for key in sorted(keys):
        place = by_key.get(("Organization", key))
        clinic = place.id if place else key.removeprefix("?")
        name = (place.name if place else None) or clinic
        # An identifier that no Organization in the files has is its own reference.
        reference = (
            f"Organization/{clinic}" if place or not key.startswith("?") else key.removeprefix("?")
        )
        scopes[clinic] = ClinicScope(clinic, name, time_zone, (reference,))
    uses = Counter(scope.name for scope in scopes.values())
    named_apart = (
        replace(scope, name=f"{scope.name} ({scope.id})") if uses[scope.name] > 1 else scope
        for scope in scopes.values()
    )
    return tuple(sorted(named_apart, key=lambda scope: (scope.name, scope.id)))


def place_encounters(
    connection: "DuckDBPyConnection", clinics: Sequence[ClinicScope], period: Period
) -> bool:
    """Give every encounter near the period its clinic.

    Return whether an encounter of any time belongs to one of the clinics.
    """
    connection.execute(read_query("clinics"))
    for clinic in clinics:
        begins, ends = (day_start(day, clinic.time_zone) for day in (period.first, period.end))
        connection.execute("INSERT INTO clinic VALUES (?, ?, ?)", [clinic.id, begins, ends])
    for (kind, key), clinic_id in assign_clinics(_read_places(connection), clinics).items():
        connection.execute("INSERT INTO place_clinic VALUES (?, ?, ?)", [kind, key, clinic_id])
    # The earliest and the latest zone on Earth: an encounter outside is outside in every clinic.
    widest = {
        "earliest": day_start(period.first, "Etc/GMT-14"),
        "latest": day_start(period.end, "Etc/GMT+12"),
    }
    connection.execute(
        read_query("encounter_clinics"), {**widest, "first": period.first, "end": period.end}
    )
    return bool(connection.execute(read_query("any_encounter_placed")).fetchall()[0][0])


def find_members(connection: "DuckDBPyConnection", period: Period) -> dict[tuple[str, str], int]:
    """Make the tables `member` (clinic, patient) and `person`.

    Return how many encounters or patients were left out, by reason and unit.
    """
    connection.execute(read_query("survivors"))
    # An encounter at no clinic has no zone of its own: its days are UTC's.
    edges = {"begins": day_start(period.first, "UTC"), "ends": day_start(period.end, "UTC")}
    connection.execute(read_query("visits"), {**edges, "first": period.first, "end": period.end})
    connection.execute(read_query("members"))
    excluded = connection.execute(
        "SELECT excluded, count(*), count(DISTINCT patient) FROM visit "
        "WHERE excluded IS NOT NULL GROUP BY excluded"
    ).fetchall()
    numbers = {
        reason: {"encounters": encounters, "patients": patients}
        for reason, encounters, patients in excluded
    }
    return {(reason, unit): numbers.get(reason, {}).get(unit, 0) for reason, unit in EXCLUSIONS}


def _read_places(connection: "DuckDBPyConnection") -> list[Place]:
    return [
        Place(kind, place_id, name, tuple(identifiers), parent, organization)
        for kind, place_id, name, identifiers, parent, organization in connection.execute(
            "SELECT kind, id, name, identifiers, parent, organization FROM place ORDER BY ALL"
        ).fetchall()
    ]
