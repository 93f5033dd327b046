"""What the demo says: the lines that scripts read, and what a person can try."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from textwrap import wrap

from intake.demo.addresses import DemoAddresses
from intake.demo.people import Person
from intake.demo.personas import KIOSK_CLINIC, Personas

WIDTH = 100


def ready_lines(doors: DemoAddresses, fhir: str) -> Iterator[str]:
    """Yield a line `ready <what> <url>` for each door."""
    yield f"ready kiosk {doors.kiosk}"
    yield f"ready link {doors.link}"
    yield f"ready staff {doors.staff}"
    yield f"ready fhir {fhir}"


def instructions(guests: Personas, fhir: str, patient: str, site: Path) -> Iterator[str]:
    """Yield what to do; `patient` is the reference of the guest at the clinic."""
    here, home = guests.at_the_clinic, guests.at_home
    kiosk = (
        f"Open the kiosk address: the browser becomes a tablet of {KIOSK_CLINIC.name}. You are {_who(here.person)}, expected today "
        f"at {_time(here.start)}; the tablet finds you by your date of birth. Answer as you like."
    )
    staff = (
        "Open the staff address, which signs you in once: today's patients, codes for the tablet, and the monitor, where what "
        "you answered goes from queued to verified. The report counts twelve months at three clinics."
    )
    link = f"Open the link in a private window: you are {_who(home.person)}, expected tomorrow."
    chart = f"See the chart, which has your answers, and its phone number and address as they were: {fhir}/{patient}"
    commands = f"Look in from the command line: INTAKE_CONFIG={site} uv run intake submissions"
    yield "Try this:"
    for number, step in enumerate((kiosk, staff, link, chart, commands), start=1):
        yield from _wrapped(f"{number}. {step}")
    yield "Ctrl-C ends all of it and deletes what was made."


def _wrapped(step: str) -> list[str]:
    return wrap(
        step, WIDTH, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False
    )


def _who(person: Person) -> str:
    born = person.birth_date
    return f"{person.name}, born {born:%B} {born.day}, {born.year} ({born:%m/%d/%Y})"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(KIOSK_CLINIC.zone):%H:%M} ({KIOSK_CLINIC.zone.key})"
