"""When the demo's people come: encounters over twelve months, and appointments today and tomorrow, whatever the hour."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from fhir_client.uscore.datatypes import SNOMED, coding_json, concept_json
from fhir_client.uscore.statement import Coding
from intake.demo.clinics import CLINICS, DemoClinic, EncounterLink, Json, demo_identifier
from intake.demo.people import TWIN, TWIN_OF, Person, random_for

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
VISIT = Coding(SNOMED, "308335008", "Patient encounter procedure")
CLASSES = (
    (0.8, Coding(ACT_CODE, "AMB", "ambulatory")),
    (0.92, Coding(ACT_CODE, "VR", "virtual")),
    (0.97, Coding(ACT_CODE, "HH", "home health")),
    (1.0, Coding(ACT_CODE, "EMER", "emergency")),
)
STATUS_SHARES = (
    (0.84, "finished"),
    (0.93, "cancelled"),
    (0.97, "unknown"),
    (1.0, "entered-in-error"),
)
"""Up to which share of the encounters beside each person's first one has which status; so with the classes of all."""

T = TypeVar("T")
SLOT = timedelta(minutes=30)
SLOTS = 48
OPENS, CLOSES = time(8), time(17)
BEFORE, AFTER = timedelta(minutes=95), timedelta(hours=4)
"""Outside the opening hours people are expected around the present hour as well, so that the demo works at night."""


@dataclass(frozen=True, slots=True)
class Encounter:
    """One encounter; `number` counts the person's own."""

    person: Person
    clinic: DemoClinic
    number: int
    start: datetime
    status: str
    kind: Coding

    @property
    def key(self) -> str:
        """The value of its identifier."""
        return f"encounter {self.person.key} {self.number}"

    @property
    def appointment(self) -> str:
        """The value of the identifier of the appointment that it was booked as."""
        return f"appointment {self.person.key} past {self.number}"


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booked appointment of today or tomorrow."""

    person: Person
    start: datetime

    @property
    def key(self) -> str:
        """The value of its identifier: one a day, so that seeding a second time books nobody twice."""
        return (
            f"appointment {self.person.key} {self.start.astimezone(self.person.clinic.zone).date()}"
        )


def past_encounters(person: Person, now: datetime) -> Iterator[Encounter]:
    """Yield the person's encounters of the last twelve months, the main one first; some never had one that counts."""
    chosen = random_for(f"{person.key} encounters")
    first = "cancelled" if chosen.random() < 0.03 else "finished"
    for number in range(1 + int(chosen.random() * 3.2)):
        elsewhere = number > 0 and chosen.random() < 0.15
        place = CLINICS[int(chosen.random() * len(CLINICS))] if elsewhere else person.clinic
        start = _moment(
            place, now, days=2 + int(chosen.random() * 340), slot=int(chosen.random() * 16)
        )
        status = first if number == 0 else _of(STATUS_SHARES, chosen.random())
        yield Encounter(person, place, number, start, status, _of(CLASSES, chosen.random()))


def last_visit_time(person: Person, now: datetime) -> datetime:
    """Return when the person was last at the clinic, and could say something of themselves."""
    return next(past_encounters(person, now)).start


def upcoming_appointments(people: Sequence[Person], now: datetime) -> tuple[Appointment, ...]:
    """Return the appointments of today and tomorrow at every place, in order of time."""
    found = [
        Appointment(person, start)
        for place in CLINICS
        for start in _starts(place, now)
        for person in people
        if person.clinic is place and person.number in _numbers(place, start)
    ]
    # In the hour that a clock change skips, two slots are one moment.
    once = {each.key: each for each in found}.values()
    return tuple(sorted(once, key=lambda each: (each.start, each.person.key)))


def past_appointment_resource(
    encounter: Encounter, patient: str, references: Mapping[str, str]
) -> Json:
    """Return the appointment that an encounter was booked as."""
    status = "cancelled" if encounter.status == "cancelled" else "fulfilled"
    return _appointment(
        encounter.appointment,
        status,
        encounter.start,
        patient,
        references[encounter.clinic.location],
    )


def upcoming_appointment_resource(
    each: Appointment, patient: str, references: Mapping[str, str]
) -> Json:
    """Return the appointment of somebody who is expected."""
    return _appointment(
        each.key, "booked", each.start, patient, references[each.person.clinic.location]
    )


def encounter_resource(encounter: Encounter, patient: str, references: Mapping[str, str]) -> Json:
    """Return the Encounter, which tells its clinic in the clinic's own way."""
    place = encounter.clinic
    placed: Mapping[EncounterLink, Json] = {
        EncounterLink.PROVIDER: {"serviceProvider": {"reference": references[place.organization]}},
        EncounterLink.ROOM: {"location": [{"location": {"reference": references[place.room]}}]},
        EncounterLink.APPOINTMENT: {
            "appointment": [{"reference": references.get(encounter.appointment, "")}]
        },
    }
    return {
        "resourceType": "Encounter",
        "identifier": [demo_identifier(encounter.key)],
        "status": encounter.status,
        "class": coding_json(encounter.kind),
        "type": [concept_json(VISIT)],
        "subject": {"reference": patient},
        "period": {
            "start": _local(encounter.start, place),
            "end": _local(encounter.start + SLOT, place),
        },
        **placed[place.encounter_link],
    }


def _appointment(key: str, status: str, start: datetime, patient: str, location: str) -> Json:
    actors = (patient, location)
    return {
        "resourceType": "Appointment",
        "identifier": [demo_identifier(key)],
        "status": status,
        "start": start.isoformat(),
        "end": (start + SLOT).isoformat(),
        "participant": [{"actor": {"reference": each}, "status": "accepted"} for each in actors],
    }


def _starts(place: DemoClinic, now: datetime) -> Iterator[datetime]:
    """Yield when appointments begin: within the opening hours of both days, and around the present hour."""
    today = now.astimezone(place.zone).date()
    for day in (today, today + timedelta(days=1)):
        for slot in range(SLOTS):
            start = _at(place, day, slot)
            if (
                OPENS <= start.astimezone(place.zone).time() < CLOSES
                or now - BEFORE < start < now + AFTER
            ):
                yield start


def _numbers(place: DemoClinic, start: datetime) -> frozenset[int]:
    """Return who has that slot. Everybody's is fixed, and turned by twelve hours every other day: so nobody has two of them
    within hours, on whatever day and at whatever hour the seeding is done again.
    """
    local = start.astimezone(place.zone)
    slot = (local.hour * 60 + local.minute) // 30
    number = (slot + SLOTS // 2 * (local.toordinal() % 2)) % SLOTS
    return frozenset({number, TWIN}) if number == TWIN_OF else frozenset({number})


def _moment(place: DemoClinic, now: datetime, days: int, slot: int) -> datetime:
    day = now.astimezone(place.zone).date() - timedelta(days=days)
    return _at(place, day, slot + OPENS.hour * 2)


def _at(place: DemoClinic, day: date, slot: int) -> datetime:
    return datetime.combine(day, time(slot // 2, 30 * (slot % 2)), place.zone).astimezone(UTC)


def _local(moment: datetime, place: DemoClinic) -> str:
    return moment.astimezone(place.zone).isoformat(timespec="seconds")


def _of(shares: Sequence[tuple[float, T]], at: float) -> T:
    return next(value for share, value in shares if at < share)
