"""The questions of `intake init`, in the order in which they are asked."""

import argparse
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from intake.cli.output import print_message, print_note
from intake.cli.setup.dialogue import Dialogue, NotAnsweredError
from intake.cli.setup.places import Place, ServerPlaces, read_places
from intake.cli.setup.site_files import (
    CLIENT_KEY_FILE,
    SCOPES,
    SECRET_FILE,
    SERVER,
    SiteAnswers,
)
from intake.ehr.credentials import TOKEN_AUTH_KINDS
from intake.i18n import SOURCE, existing_tags
from intake.settings import AuthKind, find_serving_faults
from intake.settings.faults import wrong_value
from intake.settings.files import ClinicTable, IntakeFile, ServerTable
from intake.settings.loader import build_server
from intake.settings.rules import (
    find_address_faults,
    find_organization_faults,
    find_time_zone_faults,
)
from intake.store import private_files

_UTC_ZONES = {"UTC", "Etc/UTC", "Etc/UCT", "Zulu", "Universal", "GMT", "Etc/GMT"}


def ask_site(args: argparse.Namespace, dialogue: Dialogue, draft: Path) -> SiteAnswers:
    """Return all answers; `draft` is a folder that holds a secret while the server is read.

    Raises NotAnsweredError.
    """
    public_url = dialogue.answer(
        args.public_url,
        "Address of the pages, such as https://intake.clinic.example "
        "(http://localhost:8080 to try it on this machine)",
        "--public-url",
        find_faults=_find_public_url_faults,
    ).rstrip("/")
    server, secret = _ask_server(args, dialogue, draft)
    places = _read_server(server, draft)
    server = replace(server, quirks=args.quirks or places.quirks)
    clinic_id, clinic = _ask_clinic(args, dialogue, places)
    is_https = public_url.startswith("https://")
    intake = IntakeFile(
        public_url=public_url,
        data_dir=_choose_data_dir(args.data_dir),
        # One reverse proxy ends https in front of the pages, unless the site says otherwise.
        trusted_proxies=int(is_https) if args.trusted_proxies is None else args.trusted_proxies,
        languages=_choose_languages(args.language),
    )
    return SiteAnswers(intake, server, clinic_id, clinic, secret)


def _choose_languages(given: list[str] | None) -> tuple[str, ...]:
    # English alone is complete without a reviewer.
    for tag in given or ():
        if tag not in existing_tags():
            raise NotAnsweredError(f"--language: {wrong_value('', tag, existing_tags())[2:]}")
    return tuple(dict.fromkeys(given or [SOURCE]))


def _find_public_url_faults(url: str) -> Iterator[str]:
    yield from find_serving_faults(url)
    if url:
        yield from find_address_faults(url, "public_url")


def _find_base_url_faults(url: str) -> Iterator[str]:
    yield from find_address_faults(url, "base_url")


def _choose_data_dir(given: str | None) -> str:
    # The data stands beside the configuration unless the machine has a folder for it already.
    if given is not None:
        return given
    return "" if os.environ.get("INTAKE_DATA") else "data"


def _ask_server(
    args: argparse.Namespace, dialogue: Dialogue, draft: Path
) -> tuple[ServerTable, str]:
    """Return the table of the FHIR server, and the secret that was typed, or ""."""
    base_url = dialogue.answer(
        args.fhir, "Base URL of the FHIR server", "--fhir", find_faults=_find_base_url_faults
    )
    auth = AuthKind(
        dialogue.choose(
            args.auth, "How the FHIR server admits programs", "--auth", list(AuthKind), "none"
        )
    )
    username = client_id = secret = secret_file = key_file = ""
    if auth is AuthKind.BASIC:
        username = dialogue.answer(args.username, "User name", "--username")
    if auth in TOKEN_AUTH_KINDS:
        client_id = dialogue.answer(
            args.client_id,
            "Client id that the EHR gave us (Enter if it has given none yet)",
            "--client-id",
            default="intake",
        )
    if auth is AuthKind.BACKEND_SERVICES:
        key_file = _absolute_path(args.key_file) or CLIENT_KEY_FILE
    elif auth is not AuthKind.NONE:
        secret_file = _absolute_path(args.secret_file) or SECRET_FILE
        if not args.secret_file:
            secret = dialogue.ask_secret("Password, token or client secret", "--secret-file")
            (draft / SECRET_FILE).parent.mkdir()
            private_files.create_file(draft / SECRET_FILE, f"{secret}\n".encode())
    table = ServerTable(
        base_url=base_url,
        us_core=args.us_core,
        auth=auth,
        username=username,
        secret_file=secret_file,
        client_id=client_id,
        key_file=key_file,
        algorithm=args.algorithm,
        token_url=args.token_url or "",
        scopes=SCOPES if auth in TOKEN_AUTH_KINDS else (),
    )
    return table, secret


def _absolute_path(given: Path | None) -> str:
    return "" if given is None else str(given.absolute())


def _read_server(table: ServerTable, draft: Path) -> ServerPlaces:
    """Read the server if it admits us already, and say what came of it."""
    print_note(f"Reading {table.base_url} …")
    places = read_places(build_server(SERVER, table, draft))
    if places.software:
        print_note(f"  It is {places.software}; profile {places.quirks}.")
    if places.fault:
        print_note(f"  Its Organizations cannot be read now: {places.fault}")
    return places


def _ask_clinic(
    args: argparse.Namespace, dialogue: Dialogue, places: ServerPlaces
) -> tuple[str, ClinicTable]:
    """Return the clinic's id and table."""
    organization = _ask_organization(args, dialogue, places)
    known_name = next(
        (place.name for place in places.organizations if place.reference == organization), None
    )
    name = dialogue.answer(
        args.clinic, "Clinic's name, as patients know it", "--clinic", default=known_name
    )
    time_zone = dialogue.answer(
        args.time_zone,
        "Clinic's time zone, such as America/New_York",
        "--time-zone",
        default=find_system_zone(),
        find_faults=lambda zone: find_time_zone_faults(zone, "time_zone"),
    )
    record_number_system = dialogue.answer(
        args.record_number_system,
        "Identifier system of its record numbers (Enter if you do not know; walk-ins need it)",
        "--record-number-system",
        default="",
    )
    clinic = ClinicTable(
        name=name,
        time_zone=time_zone,
        server=SERVER,
        organization=organization,
        locations=_ask_locations(args, dialogue, places, organization),
        record_number_system=record_number_system,
    )
    return args.clinic_id or make_clinic_id(name), clinic


def _ask_organization(args: argparse.Namespace, dialogue: Dialogue, places: ServerPlaces) -> str:
    choices = places.organizations
    default = choices[0].reference if len(choices) == 1 else None
    if args.organization is None:
        _print_places("Organizations", choices)
    question = "Clinic's Organization: its number above" if choices else "Clinic's Organization"
    answer = dialogue.answer(
        args.organization,
        f"{question}, or a reference such as Organization/123",
        "--organization",
        default=default,
        find_faults=lambda answer: find_organization_faults(
            _resolve_number(answer, choices), "organization"
        ),
    )
    return _resolve_number(answer, choices)


def _ask_locations(
    args: argparse.Namespace, dialogue: Dialogue, places: ServerPlaces, organization: str
) -> tuple[str, ...]:
    """Return the references of the clinic's Locations: by default those that it manages."""
    if args.location is not None:
        return tuple(args.location)
    managed = [place for place in places.locations if place.organization == organization]
    choices = managed or list(places.locations)
    if not choices:
        return ()
    _print_places("Locations", choices)
    default = " ".join(place.reference for place in managed) or "none"
    answer = dialogue.answer(
        None,
        "Clinic's Locations: their numbers, or none",
        "--location",
        default=default,
        find_faults=lambda answer: _find_location_faults(_resolve_numbers(answer, choices)),
    )
    return _resolve_numbers(answer, choices)


def _find_location_faults(references: Iterable[str]) -> Iterator[str]:
    for reference in references:
        if not reference.startswith("Location/"):
            yield wrong_value("locations", reference, "numbers of the list, or none")


def _resolve_numbers(answer: str, places: Sequence[Place]) -> tuple[str, ...]:
    words = [] if answer == "none" else answer.replace(",", " ").split()
    return tuple(_resolve_number(word, places) for word in words)


def _print_places(title: str, places: Sequence[Place]) -> None:
    if places:
        print_message(f"{title} on the server:")
    for number, place in enumerate(places, start=1):
        print_message(f"  {number:>3}  {place.name} ({place.reference})")


def _resolve_number(answer: str, places: Sequence[Place]) -> str:
    """Return the reference of the place with that number, or the answer itself."""
    is_listed = answer.isdecimal() and 1 <= int(answer) <= len(places)
    return places[int(answer) - 1].reference if is_listed else answer


def make_clinic_id(name: str) -> str:
    """Return an id for a clinic's table, made of the name's letters and digits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "clinic"


def find_system_zone() -> str | None:
    """Return this machine's time zone; None for UTC, which is a server's and hardly a clinic's."""
    zone = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return None if not zone or zone in _UTC_ZONES else zone
