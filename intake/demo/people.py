"""The demo's 150 people, the same on every machine and in every year: who they are, and what their charts say of them."""

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
"""Two people of a place who have the same appointment; at the first clinic they are twins."""

TEST_PATIENT = 49
"""The third clinic's record that is no person's: the report leaves it out."""

TWO_GROUPS = 0.08


class ChartState(Enum):
    """What a person's chart says of race, ethnicity and language; the letter stands in the patterns below."""

    EMPTY = "e"
    SELF = "s"
    PROXY = "p"
    ON_FILE = "f"
    DECLINED = "d"
    DONT_KNOW = "k"
    UNUSABLE = "u"
    DECLINED_SINCE = "c"


# The first clinic has had tablets for a while, the second asks at the desk on paper, the third has hardly begun. There is an
# empty chart within any two hours of the first clinic's day, so that whoever tries the demo fills one; and the states of
# which a row's headline is the sum are many enough to be shown, while others show how small counts are protected.
PATTERNS = {
    "alder-creek": "esfsedfsesfpesfsedfcesfsk",
    "bluestem": "fesfufesfffesffsefufsefes",
    "juniper-bay": "esefesfekesfepesfedsfffes",
}


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `race` and `ethnicity` are CDCREC codes, `language` is an id of our table."""

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
        """Whether this is the record with which somebody once tried the EHR out."""
        return self.clinic is CLINICS[-1] and self.number == TEST_PATIENT

    @property
    def record_number(self) -> str:
        """The clinic's record number."""
        return f"{self.clinic.id[:1].upper()}-{1000 + 7 * self.number}"


def random_for(of: str) -> Random:
    """Return the chance that always falls the same way for the same thing; only `random()` of it is used."""
    # Python keeps the sequence of random() over its versions, that of choice() and sample() it does not.
    return Random(f"intake demo: {of}")  # noqa: S311


def pick(chosen: Random, of: tuple[str, ...]) -> str:
    """Return one of them."""
    return of[int(chosen.random() * len(of))]


def demo_people() -> tuple[Person, ...]:
    """Return everybody; no two of them have the same birth date, but for a pair of twins."""
    taken: set[date] = set()
    return tuple(_told_apart(person, taken) for place in CLINICS for person in _of(place))


def _told_apart(person: Person, taken: set[date]) -> Person:
    born = person.birth_date
    while born in taken and not _is_twin(person):
        born += timedelta(days=1)
    taken.add(born)
    return replace(person, birth_date=born)


def _is_twin(person: Person) -> bool:
    return person.clinic is CLINICS[0] and person.number == TWIN


def _of(place: DemoClinic) -> Iterator[Person]:
    made = [_person(place, number) for number in range(PEOPLE_PER_CLINIC)]
    for person in made:
        other = made[TWIN_OF]
        yield (
            replace(person, family=other.family, birth_date=other.birth_date)
            if _is_twin(person)
            else person
        )


def _person(place: DemoClinic, number: int) -> Person:
    key = f"{place.id} {number:02}"
    chosen = random_for(key)
    community = _community(chosen)
    female = chosen.random() < 0.54
    chart = ChartState(PATTERNS[place.id][number % len(PATTERNS[place.id])])
    return Person(
        key=key,
        number=number,
        clinic=place,
        given=pick(chosen, community.women if female else community.men),
        family=pick(chosen, community.families),
        gender="female" if female else "male",
        birth_date=_birth_date(chosen, chart),
        chart=chart,
        race=_race(chosen, community),
        ethnicity=community.ethnicity,
        language=pick(chosen, community.languages),
        phone=f"+1 {place.area_code} 555 01{number:02}",
        street=f"{3 + int(chosen.random() * 480)} {pick(chosen, STREETS)} {pick(chosen, ('Street', 'Lane', 'Road'))}",
    )


def _community(chosen: Random) -> Community:
    at = chosen.random() * sum(each.share for each in COMMUNITIES)
    ends = accumulate(each.share for each in COMMUNITIES)
    return next(each for each, end in zip(COMMUNITIES, ends, strict=True) if at < end)


def _race(chosen: Random, community: Community) -> tuple[str, ...]:
    """Return how the person would say it: some by a second group as well."""
    if chosen.random() >= TWO_GROUPS:
        return community.race
    other = COMMUNITIES[int(chosen.random() * 2)].race
    return tuple(dict.fromkeys((*community.race, *other)))


def _birth_date(chosen: Random, chart: ChartState) -> date:
    """Return a child's where somebody else answered, else an adult's."""
    first, last = (
        (date(2013, 1, 1), date(2023, 12, 31))
        if chart is ChartState.PROXY
        else (date(1934, 1, 1), date(2006, 12, 31))
    )
    return first + timedelta(days=int(chosen.random() * (last - first).days))
