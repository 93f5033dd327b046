"""Assigns Organizations and Locations to clinics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from intake.report.values import ClinicScope

_MAX_LEVELS = 20
"""How far up a place is followed: servers may hold loops of partOf."""


@dataclass(frozen=True, slots=True)
class Place:
    """An Organization or a Location; `parent` and `organization` are reference keys."""

    kind: str
    id: str
    name: str | None
    identifiers: tuple[str, ...]
    parent: str | None
    organization: str | None


PlaceKey = tuple[str, str]
"""The kind of a place, and its id, `?system|value` or `?value`."""


def reference_key(kind: str, reference: str) -> PlaceKey:
    """Return the key of a configured reference.

    The reference is relative, absolute, a search by identifier, or a bare `system|value`.
    """
    if f"{kind}?" in reference:
        return kind, "?" + unquote(reference.partition("identifier=")[2].partition("&")[0])
    if "|" in reference:
        return kind, "?" + reference
    return kind, reference.rpartition(f"{kind}/")[2].partition("/")[0]


def place_keys(place: Place) -> tuple[PlaceKey, ...]:
    """Return every key by which a reference may name the place."""
    # Some servers leave the system out of a reference by identifier.
    tokens = [f"?{token}" for token in place.identifiers]
    values = [f"?{token.partition('|')[2]}" for token in place.identifiers]
    return tuple((place.kind, key) for key in (place.id, *tokens, *values))


def assign_clinics(
    places: Sequence[Place], clinics: Iterable[ClinicScope]
) -> Mapping[PlaceKey, str]:
    """Return the clinic's id for every key of every place that belongs to one."""
    configured = _map_configured_places(clinics)
    by_key = {key: place for place in places for key in place_keys(place)}
    assigned = dict(configured)
    for place in places:
        clinic = _climb_to_clinic(place, configured, by_key)
        if clinic is not None:
            assigned |= dict.fromkeys(place_keys(place), clinic)
    return assigned


def _map_configured_places(clinics: Iterable[ClinicScope]) -> dict[PlaceKey, str]:
    configured: dict[PlaceKey, str] = {}
    for clinic in clinics:
        for reference in clinic.organization:
            configured[reference_key("Organization", reference)] = clinic.id
        for reference in clinic.locations:
            configured[reference_key("Location", reference)] = clinic.id
    return configured


def _climb_to_clinic(
    place: Place, configured: Mapping[PlaceKey, str], by_key: Mapping[PlaceKey, Place]
) -> str | None:
    """Return the clinic of the place, or of the nearest place above it."""
    current: Place | None = place
    for _ in range(_MAX_LEVELS):
        if current is None:
            return None
        # A clinic may name a place above that the files do not hold: its key is enough.
        above = (current.kind, current.parent or "")
        clinic = _find_own_clinic(current, configured, by_key) or configured.get(above)
        if clinic is not None:
            return clinic
        current = by_key.get(above)
    return None


def _find_own_clinic(
    place: Place, configured: Mapping[PlaceKey, str], by_key: Mapping[PlaceKey, Place]
) -> str | None:
    for key in place_keys(place):
        if key in configured:
            return configured[key]
    if place.kind != "Location" or place.organization is None:
        return None
    manager = by_key.get(("Organization", place.organization))
    if manager is not None:
        return _climb_to_clinic(manager, configured, by_key)
    return configured.get(("Organization", place.organization))
