"""The demo's 150 people and their charts' states: the same on every machine, in every year."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from itertools import accumulate
from random import Random

from intake.demo.clinics import CLINICS, DemoClinic
from intake.demo.names import COMMUNITIES, STREETS, Community

PEOPLE_PER_CLINIC = 50
TWIN, TWIN_OF = 48, 21
"""Two people of each clinic with the same appointment; at the first clinic they are twins."""

TEST_PATIENT = 49
"""The number of the third clinic's test record, which the report leaves out."""

TWO_GROUPS_SHARE = 0.08


class ChartState(Enum):
    """What a person's chart has of race, ethnicity and language; PATTERNS uses the letters."""

    EMPTY = "e"
    SELF = "s"
    PROXY = "p"
    ON_FILE = "f"
    DECLINED = "d"
    DONT_KNOW = "k"
    UNUSABLE = "u"
    DECLINED_SINCE = "c"


# The first clinic has had tablets for a while, the second asks on paper, and the third has hardly
# begun. At any time of the first clinic's day an empty chart is due within two hours, so that a
# visitor of the demo fills one. The report shows most states of that clinic; the small counts of
# the others show hidden counts.
PATTERNS = {
    "alder-creek": "esfsedfsesfpesfsedfcesfsk",
    "bluestem": "fesfufesfffesffsefufsefes",
    "juniper-bay": "esefesfekesfepesfedsfffes",
}


@dataclass(frozen=True, slots=True)
class Person:
    """One person; `race` and `ethnicity` are CDCREC codes, `language` is an id of our table."""

    key: str
    number: int
    clinic: DemoClinic
    given: str
    family: str
    gender: str
    birth_date: date
    chart: ChartState
    race: tuple[str, ...]
    ethnicity: tuple[str, ...]
    language: str
    phone: str
    street: str

    @property
    def name(self) -> str:
        """The name as it is spoken."""
        return f"{self.given} {self.family}"

    @property
    def is_test(self) -> bool:
        """Whether this record is a test patient, such as every EHR has."""
        return self.clinic is CLINICS[-1] and self.number == TEST_PATIENT

    @property
    def record_number(self) -> str:
        """The clinic's record number."""
        return f"{self.clinic.id[:1].upper()}-{1000 + 7 * self.number}"


def random_for(name: str) -> Random:
    """Return a random generator with a fixed seed for the name; callers use only `random()`."""
    # Python keeps the sequence of random() across its versions, but not that of choice().
    return Random(f"intake demo: {name}")  # noqa: S311


def pick_one(generator: Random, choices: tuple[str, ...]) -> str:
    """Return one of the choices."""
    return choices[int(generator.random() * len(choices))]


def demo_people() -> tuple[Person, ...]:
    """Return all people; only the twins share a birth date, by which a tablet finds a visit."""
    used_dates: set[date] = set()
    return tuple(
        _with_own_birth_date(person, used_dates)
        for clinic in CLINICS
        for person in _people_of(clinic)
    )


def _with_own_birth_date(person: Person, used_dates: set[date]) -> Person:
    """Return the person, born on the next unused day; that day becomes used."""
    birth_date = person.birth_date
    # A tablet finds a visit by birth date and asks for initials only where two share one.
    while birth_date in used_dates and not _is_twin(person):
        birth_date += timedelta(days=1)
    used_dates.add(birth_date)
    return replace(person, birth_date=birth_date)


def _is_twin(person: Person) -> bool:
    return person.clinic is CLINICS[0] and person.number == TWIN


def _people_of(clinic: DemoClinic) -> Iterator[Person]:
    people = [_create_person(clinic, number) for number in range(PEOPLE_PER_CLINIC)]
    sibling = people[TWIN_OF]
    for person in people:
        yield (
            replace(person, family=sibling.family, birth_date=sibling.birth_date)
            if _is_twin(person)
            else person
        )


def _create_person(clinic: DemoClinic, number: int) -> Person:
    # The generator's calls stay in this order: another order would make other people.
    key = f"{clinic.id} {number:02}"
    generator = random_for(key)
    community = _pick_community(generator)
    is_female = generator.random() < 0.54
    chart = ChartState(PATTERNS[clinic.id][number % len(PATTERNS[clinic.id])])
    return Person(
        key=key,
        number=number,
        clinic=clinic,
        given=pick_one(generator, community.women if is_female else community.men),
        family=pick_one(generator, community.families),
        gender="female" if is_female else "male",
        birth_date=_pick_birth_date(generator, chart),
        chart=chart,
        race=_pick_race(generator, community),
        ethnicity=community.ethnicity,
        language=pick_one(generator, community.languages),
        # 555-0100 to 555-0199 are reserved for fiction.
        phone=f"+1 {clinic.area_code} 555 01{number:02}",
        street=_pick_street(generator),
    )


def _pick_street(generator: Random) -> str:
    number = 3 + int(generator.random() * 480)
    name = pick_one(generator, STREETS)
    return f"{number} {name} {pick_one(generator, ('Street', 'Lane', 'Road'))}"


def _pick_community(generator: Random) -> Community:
    position = generator.random() * sum(community.share for community in COMMUNITIES)
    ends = accumulate(community.share for community in COMMUNITIES)
    return next(
        community for community, end in zip(COMMUNITIES, ends, strict=True) if position < end
    )


def _pick_race(generator: Random, community: Community) -> tuple[str, ...]:
    """Return the codes that the person chooses; some people choose a second group."""
    if generator.random() >= TWO_GROUPS_SHARE:
        return community.race
    second_group = COMMUNITIES[int(generator.random() * 2)].race
    return tuple(dict.fromkeys((*community.race, *second_group)))


def _pick_birth_date(generator: Random, chart: ChartState) -> date:
    """Return a child's birth date where an informant answered, else an adult's."""
    first, last = (
        (date(2013, 1, 1), date(2023, 12, 31))
        if chart is ChartState.PROXY
        else (date(1934, 1, 1), date(2006, 12, 31))
    )
    return first + timedelta(days=int(generator.random() * (last - first).days))
