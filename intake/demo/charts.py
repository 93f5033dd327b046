"""What is written into the demo's charts: Patients with much that must survive, and what people said of themselves before."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from fhir_client.model import Element
from fhir_client.uscore.datatypes import NO, YES, concept_json
from fhir_client.uscore.elements import ETHNICITY, RACE
from fhir_client.uscore.elements.interpreter import INTERPRETER_REQUIRED
from fhir_client.uscore.statement import (
    BCP47,
    CDCREC,
    AbsentReason,
    CategoryAnswer,
    Coding,
    Interpreter,
    ItemAnswer,
    Language,
    Source,
    Statement,
)
from fhir_client.uscore.versions import US_CORE, us_core_version
from intake import terminology
from intake.demo.clinics import DEMO_SYSTEM, RECORD_NUMBER_SYSTEM, Json, demo_identifier
from intake.demo.people import ChartState, Person, random_for
from intake.questions import Option, Question, QuestionSet

CHART_VERSION = us_core_version("6.1.0")
DECLINED, UNKNOWN = AbsentReason.ASKED_DECLINED, AbsentReason.ASKED_UNKNOWN
STATED_CHARTS = frozenset(
    {
        ChartState.SELF,
        ChartState.PROXY,
        ChartState.DECLINED,
        ChartState.DONT_KNOW,
        ChartState.DECLINED_SINCE,
    }
)
"""The charts with something in them that was said by a person."""

TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
A_YEAR_AND_MORE = timedelta(days=430)
STALE = 0.2


def patient_resource(person: Person, organization: str) -> Json:
    """Return the Patient as it was before anybody was asked: much of it is none of our business and must survive."""
    return {
        "resourceType": "Patient",
        "meta": {"security": [TEST_DATA]} if person.is_test else {},
        "identifier": [
            demo_identifier(f"patient {person.key}"),
            {"use": "usual", "system": RECORD_NUMBER_SYSTEM, "value": person.record_number},
        ],
        "active": True,
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "telecom": [
            {"system": "phone", "use": "mobile", "value": person.phone},
            {"system": "email", "value": f"{person.record_number.lower()}@example.org"},
        ],
        "gender": person.gender,
        "birthDate": person.birth_date.isoformat(),
        "address": [_address(person)],
        "managingOrganization": {"reference": organization},
        "extension": [
            {"url": f"{US_CORE}us-core-birthsex", "valueCode": person.gender[:1].upper()},
            *_on_file(person),
        ],
        **_communication(person),
    }


def past_statements(
    person: Person, reference: str, organization: str, seen: datetime, asked: QuestionSet
) -> Iterator[Statement]:
    """Yield what the person has said at the clinic, the newest last; `seen` is when they were there."""
    if person.chart is ChartState.DECLINED_SINCE:
        yield _statement(
            person, reference, organization, seen - A_YEAR_AND_MORE, asked, ChartState.SELF
        )
    if person.chart in STATED_CHARTS:
        stale = (
            person.chart is ChartState.SELF and random_for(f"{person.key} stale").random() < STALE
        )
        yield _statement(
            person, reference, organization, seen - A_YEAR_AND_MORE * stale, asked, person.chart
        )


def _address(person: Person) -> Json:
    place = person.clinic
    return {
        "use": "home",
        "line": [person.street],
        "city": place.town,
        "state": place.state,
        "postalCode": place.postal_code,
        "country": "US",
    }


def _on_file(person: Person) -> list[Json]:
    """Return what somebody once entered, nobody knows who or how."""
    if person.chart is ChartState.UNUSABLE:
        other = CategoryAnswer("Other", categories=(Coding(CDCREC, "2131-1", "Other Race"),))
        local = CategoryAnswer("H", categories=(Coding(f"{DEMO_SYSTEM}/old-ethnicity-codes", "H"),))
        return [
            RACE.build_extension(other, CHART_VERSION, "race"),
            ETHNICITY.build_extension(local, CHART_VERSION, "ethnicity"),
        ]
    if person.chart is not ChartState.ON_FILE:
        return []
    codes_of = {RACE: person.race, ETHNICITY: person.ethnicity}
    extensions = [
        spec.build_extension(_coded(codes), CHART_VERSION, spec.element.value)
        for spec, codes in codes_of.items()
        if codes
    ]
    return [*extensions, {"url": INTERPRETER_REQUIRED, "valueBoolean": _wants_interpreter(person)}]


def _communication(person: Person) -> Json:
    if person.chart is ChartState.UNUSABLE:
        return {
            "communication": [{"language": concept_json(Coding(BCP47, "und")), "preferred": True}]
        }
    if person.chart is not ChartState.ON_FILE:
        return {}
    said = _language(person)
    return {
        "communication": [
            {"language": concept_json(*said.codings, text=said.text), "preferred": True}
        ]
    }


def _coded(codes: tuple[str, ...]) -> CategoryAnswer:
    concepts = [terminology.load_concepts()[code] for code in codes]
    said = {each.code: Coding(CDCREC, each.code, each.display) for each in concepts}
    # As in the mapping of answers: MENA is in no set of categories, so it is a detail.
    categories = [code for code in codes if code == terminology.load_concepts()[code].omb_category]
    return CategoryAnswer(
        text=", ".join(each.display for each in concepts),
        categories=tuple(said[code] for code in categories),
        detailed=tuple(said[code] for code in codes if code not in categories),
    )


def _language(person: Person) -> Language:
    known = terminology.load_languages()[person.language]
    codes = dict.fromkeys(filter(None, (known.code, known.id)))
    return Language(
        known.endonym,
        tuple(Coding(BCP47, code, terminology.load_languages()[code].name) for code in codes),
    )


def _wants_interpreter(person: Person) -> bool:
    return person.language != "en" and random_for(f"{person.key} interpreter").random() < 0.6


def _statement(
    person: Person,
    reference: str,
    organization: str,
    at: datetime,
    asked: QuestionSet,
    chart: ChartState,
) -> Statement:
    absent = {
        ChartState.DECLINED: DECLINED,
        ChartState.DECLINED_SINCE: DECLINED,
        ChartState.DONT_KNOW: UNKNOWN,
    }.get(chart)
    spoken, interpreter = _language(person), Interpreter(_wants_interpreter(person))
    written = spoken if chart is ChartState.SELF else None
    race = absent or (_coded(person.race) if person.race else None)
    ethnicity = absent or _coded(person.ethnicity)
    said: dict[Element, Said] = {
        Element.RACE: race,
        Element.ETHNICITY: ethnicity,
        Element.SPOKEN_LANGUAGE: spoken,
        Element.WRITTEN_LANGUAGE: written,
        Element.INTERPRETER: interpreter,
    }
    return Statement(
        submission=uuid5(NAMESPACE_URL, f"{DEMO_SYSTEM}/{reference}/{at.date()}"),
        patient=reference,
        answered_at=at,
        source=Source.RELATED_PERSON if chart is ChartState.PROXY else Source.PATIENT,
        source_display="Parent or guardian" if chart is ChartState.PROXY else None,
        questionnaire=f"{asked.url}|{asked.version}",
        locale="en",
        notice="2026-01",
        items=tuple(_items(asked, {element.value: value for element, value in said.items()})),
        organization=organization,
        values={element: value for element, value in said.items() if value is not None},
    )


Said = CategoryAnswer | Language | Interpreter | AbsentReason | None


def _group_items(question: Question, coded: CategoryAnswer) -> Iterator[ItemAnswer]:
    """Yield the groups that were ticked and, below `.details`, what was said of each, as the Questionnaire has them."""
    said = {each.code: each for each in (*coded.categories, *coded.detailed)}
    owners = {
        code: owner for code in said if (owner := terminology.find_group_option(question, code))
    }
    groups = {owner.id: owner for owner in owners.values()}
    yield ItemAnswer(
        question.id,
        question.title,
        tuple(Coding(CDCREC, code, each.label) for code, each in groups.items()),
    )
    details = tuple(
        ItemAnswer(f"{question.id}.{group.id}", group.label, items=parts)
        for group in question.options
        if (
            parts := tuple(
                _parts(
                    question,
                    group,
                    [each for each in said.values() if owners.get(each.code) is group],
                )
            )
        )
    )
    if details:
        yield ItemAnswer(f"{question.id}.details", question.detail_title, items=details)


def _parts(question: Question, group: Option, said: list[Coding]) -> Iterator[ItemAnswer]:
    boxes = {detail.id for detail in group.details}
    for name, mine in (
        ("boxes", boxes),
        ("found", {each.code for each in said} - boxes - {group.id}),
    ):
        if codings := tuple(each for each in said if each.code in mine):
            yield ItemAnswer(f"{question.id}.{group.id}.{name}", question.detail_title, codings)


def _items(asked: QuestionSet, said: Mapping[str, Said]) -> Iterator[ItemAnswer]:
    for question in asked.questions:
        match said.get(question.id):
            case AbsentReason() as absent:
                yield ItemAnswer(question.id, question.title, absent_reason=absent)
            case CategoryAnswer() as coded:
                yield from _group_items(question, coded)
            case Language() as language:
                yield ItemAnswer(question.id, question.title, language.codings[-1:])
            case Interpreter() as interpreter:
                yield ItemAnswer(question.id, question.title, (YES if interpreter.needed else NO,))
