"""What the demo prints: the lines that scripts read, and instructions for a visitor."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from textwrap import wrap

from intake.demo.addresses import DemoAddresses
from intake.demo.people import Person
from intake.demo.personas import KIOSK_CLINIC, Personas

WIDTH = 100


def ready_lines(addresses: DemoAddresses, fhir_url: str) -> Iterator[str]:
    """Yield a line `ready <what> <url>` for each address."""
    # The form of these lines is fixed: scripts and tests wait for them.
    yield f"ready kiosk {addresses.kiosk}"
    yield f"ready link {addresses.link}"
    yield f"ready staff {addresses.staff}"
    yield f"ready fhir {fhir_url}"


def instructions(personas: Personas, fhir_url: str, patient: str, site: Path) -> Iterator[str]:
    """Yield what to try; `patient` is the reference of the patient at the clinic."""
    here, home = personas.at_the_clinic, personas.at_home
    kiosk = (
        f"Open the kiosk address: the browser becomes a tablet of {KIOSK_CLINIC.name}. "
        f"You are {_introduce_person(here.person)}, expected today at {_format_time(here.start)}; "
        "the tablet finds you by your date of birth. Answer as you like."
    )
    staff = (
        "Open the staff address, which signs you in once: today's patients, codes for the tablet, "
        "and the monitor, where your submission goes from queued to verified. "
        "The report counts twelve months at three clinics."
    )
    link = (
        "Open the link in a private window: "
        f"you are {_introduce_person(home.person)}, expected tomorrow."
    )
    chart = (
        "See the chart, which has your answers and still the phone number and address from before: "
        f"{fhir_url}/{patient}"
    )
    commands = (
        f"Try the command line on the same site: INTAKE_CONFIG={site} uv run intake submissions"
    )
    yield "Try this:"
    for number, step in enumerate((kiosk, staff, link, chart, commands), start=1):
        yield from _wrap_step(f"{number}. {step}")
    yield "Ctrl-C ends all of it and deletes what was made."


def _wrap_step(step: str) -> list[str]:
    # Words stay whole, because a long one is an address to copy.
    return wrap(
        step, WIDTH, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False
    )


def _introduce_person(person: Person) -> str:
    born = person.birth_date
    return f"{person.name}, born {born:%B} {born.day}, {born.year} ({born:%m/%d/%Y})"


def _format_time(moment: datetime) -> str:
    return f"{moment.astimezone(KIOSK_CLINIC.zone):%H:%M} ({KIOSK_CLINIC.zone.key})"
