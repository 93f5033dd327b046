"""The demo's calendar: encounters of twelve months, appointments today and tomorrow."""

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
CLASS_SHARES = (
    (0.8, Coding(ACT_CODE, "AMB", "ambulatory")),
    (0.92, Coding(ACT_CODE, "VR", "virtual")),
    (0.97, Coding(ACT_CODE, "HH", "home health")),
    (1.0, Coding(ACT_CODE, "EMER", "emergency")),
)
"""The cumulative shares of the encounters' classes."""

STATUS_SHARES = (
    (0.84, "finished"),
    (0.93, "cancelled"),
    (0.97, "unknown"),
    (1.0, "entered-in-error"),
)
"""The cumulative shares of statuses among all encounters but each person's first."""

T = TypeVar("T")
SLOT = timedelta(minutes=30)
SLOTS = 48
OPENS, CLOSES = time(8), time(17)
BEFORE, AFTER = timedelta(minutes=95), timedelta(hours=4)
"""Outside opening hours, appointments also lie this near to now: the demo works at night, too."""


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
        """The value of its identifier: one per day, so that seeding again books no one twice."""
        day = self.start.astimezone(self.person.clinic.zone).date()
        return f"appointment {self.person.key} {day}"


def past_encounters(person: Person, now: datetime) -> Iterator[Encounter]:
    """Yield the person's encounters of the last twelve months, the main one first.

    The main encounter of a few people was cancelled: the report must not count them.
    """
    # The generator's calls stay in this order: another order would make other encounters.
    generator = random_for(f"{person.key} encounters")
    first_status = "cancelled" if generator.random() < 0.03 else "finished"
    for number in range(1 + int(generator.random() * 3.2)):
        is_elsewhere = number > 0 and generator.random() < 0.15
        clinic = CLINICS[int(generator.random() * len(CLINICS))] if is_elsewhere else person.clinic
        days_ago = 2 + int(generator.random() * 340)
        slot = int(generator.random() * 16)
        start = _past_slot(clinic, now, days_ago, slot)
        status = first_status if number == 0 else _pick_by_share(STATUS_SHARES, generator.random())
        kind = _pick_by_share(CLASS_SHARES, generator.random())
        yield Encounter(person, clinic, number, start, status, kind)


def last_visit_time(person: Person, now: datetime) -> datetime:
    """Return when the person was last at the clinic and could answer questions."""
    return next(past_encounters(person, now)).start


def upcoming_appointments(people: Sequence[Person], now: datetime) -> tuple[Appointment, ...]:
    """Return the appointments of today and tomorrow at every clinic, by time."""
    appointments = [
        Appointment(person, start)
        for clinic in CLINICS
        for start in _appointment_starts(clinic, now)
        for person in people
        if person.clinic is clinic and person.number in _numbers_in_slot(clinic, start)
    ]
    # In the hour that a clock change skips, two slots are the same moment.
    by_key = {appointment.key: appointment for appointment in appointments}
    return tuple(
        sorted(by_key.values(), key=lambda appointment: (appointment.start, appointment.person.key))
    )


def past_appointment_resource(
    encounter: Encounter, patient: str, references: Mapping[str, str]
) -> Json:
    """Return the Appointment that an encounter was booked as."""
    status = "cancelled" if encounter.status == "cancelled" else "fulfilled"
    # The third clinic's encounters have no other link: their Appointment names the Location.
    location = references[encounter.clinic.location]
    return _appointment_resource(encounter.appointment, status, encounter.start, patient, location)


def upcoming_appointment_resource(
    appointment: Appointment, patient: str, references: Mapping[str, str]
) -> Json:
    """Return the Appointment of an expected patient."""
    location = references[appointment.person.clinic.location]
    return _appointment_resource(appointment.key, "booked", appointment.start, patient, location)


def encounter_resource(encounter: Encounter, patient: str, references: Mapping[str, str]) -> Json:
    """Return the Encounter, which refers to its clinic in the clinic's own form."""
    clinic = encounter.clinic
    links: Mapping[EncounterLink, Json] = {
        EncounterLink.PROVIDER: {"serviceProvider": {"reference": references[clinic.organization]}},
        EncounterLink.ROOM: {"location": [{"location": {"reference": references[clinic.room]}}]},
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
            "start": _local_time(encounter.start, clinic),
            "end": _local_time(encounter.start + SLOT, clinic),
        },
        **links[clinic.encounter_link],
    }


def _appointment_resource(
    key: str, status: str, start: datetime, patient: str, location: str
) -> Json:
    return {
        "resourceType": "Appointment",
        "identifier": [demo_identifier(key)],
        "status": status,
        "start": start.isoformat(),
        "end": (start + SLOT).isoformat(),
        "participant": [
            {"actor": {"reference": reference}, "status": "accepted"}
            for reference in (patient, location)
        ],
    }


def _appointment_starts(clinic: DemoClinic, now: datetime) -> Iterator[datetime]:
    """Yield the starts of appointments: in the opening hours of both days, and near to now."""
    today = now.astimezone(clinic.zone).date()
    for day in (today, today + timedelta(days=1)):
        for slot in range(SLOTS):
            start = _slot_start(clinic, day, slot)
            is_open = OPENS <= start.astimezone(clinic.zone).time() < CLOSES
            if is_open or now - BEFORE < start < now + AFTER:
                yield start


def _numbers_in_slot(clinic: DemoClinic, start: datetime) -> frozenset[int]:
    """Return the numbers of the people who have that slot.

    Everyone has a fixed slot, moved by twelve hours every other day. Seeding again at any hour of
    any day therefore books no person twice within a few hours.
    """
    local = start.astimezone(clinic.zone)
    slot = (local.hour * 60 + local.minute) // 30
    number = (slot + SLOTS // 2 * (local.toordinal() % 2)) % SLOTS
    return frozenset({number, TWIN}) if number == TWIN_OF else frozenset({number})


def _past_slot(clinic: DemoClinic, now: datetime, days_ago: int, slot: int) -> datetime:
    """Return the start of a slot, counted from the opening, some days ago."""
    day = now.astimezone(clinic.zone).date() - timedelta(days=days_ago)
    return _slot_start(clinic, day, slot + OPENS.hour * 2)


def _slot_start(clinic: DemoClinic, day: date, slot: int) -> datetime:
    return datetime.combine(day, time(slot // 2, 30 * (slot % 2)), clinic.zone).astimezone(UTC)


def _local_time(moment: datetime, clinic: DemoClinic) -> str:
    return moment.astimezone(clinic.zone).isoformat(timespec="seconds")


def _pick_by_share(shares: Sequence[tuple[float, T]], position: float) -> T:
    return next(value for share, value in shares if position < share)
