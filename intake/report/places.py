"""Tells to which clinic an Organization or a Location belongs: by itself, or through what it is part of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from intake.report.values import ClinicScope

_HIGHEST = 20


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
"""The kind and a key by which references name a place: its id, `?system|value` or `?value`."""


def reference_key(kind: str, reference: str) -> PlaceKey:
    """The key of a configured reference: relative, absolute, of the search form, or a bare `system|value`."""
    if f"{kind}?" in reference:
        return kind, "?" + unquote(reference.partition("identifier=")[2].partition("&")[0])
    if "|" in reference:
        return kind, "?" + reference
    return kind, reference.rpartition(f"{kind}/")[2].partition("/")[0]


def place_keys(place: Place) -> tuple[PlaceKey, ...]:
    """Every key by which a reference may name the place."""
    tokens = [f"?{token}" for token in place.identifiers]
    values = [f"?{token.partition('|')[2]}" for token in place.identifiers]
    return tuple((place.kind, key) for key in (place.id, *tokens, *values))


def assign_clinics(
    places: Sequence[Place], clinics: Iterable[ClinicScope]
) -> Mapping[PlaceKey, str]:
    """The clinic's id by every key of every place that belongs to one."""
    named = _named(clinics)
    by_key = {key: place for place in places for key in place_keys(place)}
    found = dict(named)
    for place in places:
        clinic = _climb(place, named, by_key)
        if clinic is not None:
            found |= dict.fromkeys(place_keys(place), clinic)
    return found


def _named(clinics: Iterable[ClinicScope]) -> dict[PlaceKey, str]:
    named: dict[PlaceKey, str] = {}
    for clinic in clinics:
        for reference in clinic.organization:
            named[reference_key("Organization", reference)] = clinic.id
        for reference in clinic.locations:
            named[reference_key("Location", reference)] = clinic.id
    return named


def _climb(
    place: Place, named: Mapping[PlaceKey, str], by_key: Mapping[PlaceKey, Place]
) -> str | None:
    """Go upwards until a place is a clinic's own, or is managed by a clinic's organization."""
    at: Place | None = place
    for _ in range(_HIGHEST):
        if at is None:
            return None
        above = (at.kind, at.parent or "")
        clinic = _own(at, named, by_key) or named.get(above)
        if clinic is not None:
            return clinic
        at = by_key.get(above)
    return None


def _own(
    place: Place, named: Mapping[PlaceKey, str], by_key: Mapping[PlaceKey, Place]
) -> str | None:
    for key in place_keys(place):
        if key in named:
            return named[key]
    if place.kind != "Location" or place.organization is None:
        return None
    manager = by_key.get(("Organization", place.organization))
    if manager is not None:
        return _climb(manager, named, by_key)
    return named.get(("Organization", place.organization))
