"""The demo's charts: Patients with values that must survive, and the answers of earlier visits."""

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
"""The charts with an answer of a patient or informant."""

TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
OVER_A_YEAR = timedelta(days=430)
STALE_SHARE = 0.2

AnswerValue = CategoryAnswer | Language | Interpreter | AbsentReason | None


def patient_resource(person: Person, organization: str) -> Json:
    """Return the Patient from before any question; a write must keep all that it does not ask."""
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
        "address": [_address_json(person)],
        "managingOrganization": {"reference": organization},
        "extension": [
            {"url": f"{US_CORE}us-core-birthsex", "valueCode": person.gender[:1].upper()},
            *_unsourced_extensions(person),
        ],
        **_unsourced_communication(person),
    }


def past_statements(
    person: Person,
    reference: str,
    organization: str,
    last_visit: datetime,
    question_set: QuestionSet,
) -> Iterator[Statement]:
    """Yield the person's earlier answers, the newest last."""
    # The patient answered a year ago and declined at the last visit: the report must count the
    # newer statement.
    over_a_year_ago = last_visit - OVER_A_YEAR
    if person.chart is ChartState.DECLINED_SINCE:
        yield _create_statement(
            person, reference, organization, over_a_year_ago, question_set, ChartState.SELF
        )
    if person.chart in STATED_CHARTS:
        # Some answers are older than the re-ask interval: these patients are asked again.
        is_stale = (
            person.chart is ChartState.SELF
            and random_for(f"{person.key} stale").random() < STALE_SHARE
        )
        answered_at = over_a_year_ago if is_stale else last_visit
        yield _create_statement(
            person, reference, organization, answered_at, question_set, person.chart
        )


def _address_json(person: Person) -> Json:
    clinic = person.clinic
    return {
        "use": "home",
        "line": [person.street],
        "city": clinic.town,
        "state": clinic.state,
        "postalCode": clinic.postal_code,
        "country": "US",
    }


def _unsourced_extensions(person: Person) -> list[Json]:
    """Return values that staff once entered, without a record of their source."""
    if person.chart is ChartState.UNUSABLE:
        other = CategoryAnswer("Other", categories=(Coding(CDCREC, "2131-1", "Other Race"),))
        local = CategoryAnswer("H", categories=(Coding(f"{DEMO_SYSTEM}/old-ethnicity-codes", "H"),))
        return [
            RACE.build_extension(other, CHART_VERSION, "race"),
            ETHNICITY.build_extension(local, CHART_VERSION, "ethnicity"),
        ]
    if person.chart is not ChartState.ON_FILE:
        return []
    codes_by_spec = {RACE: person.race, ETHNICITY: person.ethnicity}
    extensions = [
        spec.build_extension(_category_answer(codes), CHART_VERSION, spec.element.value)
        for spec, codes in codes_by_spec.items()
        if codes
    ]
    return [*extensions, {"url": INTERPRETER_REQUIRED, "valueBoolean": _wants_interpreter(person)}]


def _unsourced_communication(person: Person) -> Json:
    if person.chart is ChartState.UNUSABLE:
        # "und" is a language tag, but says nothing: the report must not count it.
        undetermined = concept_json(Coding(BCP47, "und"))
        return {"communication": [{"language": undetermined, "preferred": True}]}
    if person.chart is not ChartState.ON_FILE:
        return {}
    language = _language_answer(person)
    concept = concept_json(*language.codings, text=language.text)
    return {"communication": [{"language": concept, "preferred": True}]}


def _category_answer(codes: tuple[str, ...]) -> CategoryAnswer:
    concepts = [terminology.load_concepts()[code] for code in codes]
    codings = {concept.code: Coding(CDCREC, concept.code, concept.display) for concept in concepts}
    # As in the mapping of answers: no set of categories has MENA, so it is a detailed code.
    categories = [concept.code for concept in concepts if concept.code == concept.omb_category]
    return CategoryAnswer(
        text=", ".join(concept.display for concept in concepts),
        categories=tuple(codings[code] for code in categories),
        detailed=tuple(codings[code] for code in codes if code not in categories),
    )


def _language_answer(person: Person) -> Language:
    languages = terminology.load_languages()
    language = languages[person.language]
    codes = dict.fromkeys(filter(None, (language.code, language.id)))
    return Language(
        language.endonym, tuple(Coding(BCP47, code, languages[code].name) for code in codes)
    )


def _wants_interpreter(person: Person) -> bool:
    return person.language != "en" and random_for(f"{person.key} interpreter").random() < 0.6


def _create_statement(
    person: Person,
    reference: str,
    organization: str,
    answered_at: datetime,
    question_set: QuestionSet,
    chart: ChartState,
) -> Statement:
    by_proxy = chart is ChartState.PROXY
    answers = _answer_values(person, chart)
    return Statement(
        # A fixed id: seeding again finds these answers and writes nothing twice.
        submission=uuid5(NAMESPACE_URL, f"{DEMO_SYSTEM}/{reference}/{answered_at.date()}"),
        patient=reference,
        answered_at=answered_at,
        source=Source.RELATED_PERSON if by_proxy else Source.PATIENT,
        source_display="Parent or guardian" if by_proxy else None,
        questionnaire=f"{question_set.url}|{question_set.version}",
        locale="en",
        notice="2026-01",
        items=tuple(
            _question_items(
                question_set, {element.value: value for element, value in answers.items()}
            )
        ),
        organization=organization,
        values={element: value for element, value in answers.items() if value is not None},
    )


def _answer_values(person: Person, chart: ChartState) -> dict[Element, AnswerValue]:
    absent_reason = {
        ChartState.DECLINED: DECLINED,
        ChartState.DECLINED_SINCE: DECLINED,
        ChartState.DONT_KNOW: UNKNOWN,
    }.get(chart)
    language = _language_answer(person)
    race = _category_answer(person.race) if person.race else None
    return {
        Element.RACE: absent_reason or race,
        Element.ETHNICITY: absent_reason or _category_answer(person.ethnicity),
        Element.SPOKEN_LANGUAGE: language,
        Element.WRITTEN_LANGUAGE: language if chart is ChartState.SELF else None,
        Element.INTERPRETER: Interpreter(_wants_interpreter(person)),
    }


def _question_items(
    question_set: QuestionSet, answers: Mapping[str, AnswerValue]
) -> Iterator[ItemAnswer]:
    """Yield the items of the QuestionnaireResponse."""
    for question in question_set.questions:
        match answers.get(question.id):
            case AbsentReason() as absent_reason:
                yield ItemAnswer(question.id, question.title, absent_reason=absent_reason)
            case CategoryAnswer() as category:
                yield from _group_items(question, category)
            case Language() as language:
                yield ItemAnswer(question.id, question.title, language.codings[-1:])
            case Interpreter() as interpreter:
                yield ItemAnswer(question.id, question.title, (YES if interpreter.needed else NO,))


def _group_items(question: Question, answer: CategoryAnswer) -> Iterator[ItemAnswer]:
    """Yield the ticked groups and, below `.details`, each group's details.

    The items have the structure of the Questionnaire that `intake questionnaires` publishes.
    """
    codings = {coding.code: coding for coding in (*answer.categories, *answer.detailed)}
    group_by_code = {
        code: group
        for code in codings
        if (group := terminology.find_group_option(question, code, codings))
    }
    ticked = {group.id: group for group in group_by_code.values()}
    yield ItemAnswer(
        question.id,
        question.title,
        tuple(Coding(CDCREC, code, group.label) for code, group in ticked.items()),
    )
    details = tuple(
        ItemAnswer(f"{question.id}.{group.id}", group.label, items=items)
        for group in question.options
        if (items := tuple(_detail_items(question, group, codings, group_by_code)))
    )
    if details:
        yield ItemAnswer(f"{question.id}.details", question.detail_title, items=details)


def _detail_items(
    question: Question,
    group: Option,
    codings: Mapping[str, Coding],
    group_by_code: Mapping[str, Option],
) -> Iterator[ItemAnswer]:
    """Yield a group's ticked boxes, and the details that its search found."""
    codes = [code for code in codings if group_by_code.get(code) is group]
    boxes = {detail.id for detail in group.details}
    found_by_search = set(codes) - boxes - {group.id}
    for name, members in (("boxes", boxes), ("found", found_by_search)):
        if details := tuple(codings[code] for code in codes if code in members):
            yield ItemAnswer(f"{question.id}.{group.id}.{name}", question.detail_title, details)
