"""Generates submissions, and the charts that they meet, from a seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from functools import cache
from itertools import cycle
from random import Random
from typing import Any
from uuid import UUID

from fhir_client.model import Element
from fhir_client.uscore.patient_merge import MergePolicy, merge_statement
from fhir_client.uscore.statement import Statement
from fhir_client.uscore.versions import us_core_version
from fhir_client.write.bundle import build_bundle
from fhir_client.write.validation import validate_bundle
from intake.answers import OWN_WORDS, Answer, AnswerState, Channel, Informant, Submission
from intake.mapping.statement import build_statement
from intake.questions import Option, Question, QuestionKind, QuestionSet
from intake.settings import MappingPolicy, load_settings
from intake.store.payload import decode_submission, encode_submission
from intake.terminology import find_group_option, load_concepts, load_languages, load_tribes

Json = dict[str, Any]
WORDS = (
    "Mixteco bajo",
    "de Alepo",
    "Black Irish",
    "Việt gốc Hoa",
    "من حلب",
    "客家人",
    "“half” & <half>",
    "both\N{NO-BREAK SPACE}of them; and more",
    "N’djuka",
    "🙂",
    "x" * 2000,
    " Hmong ",
)
"""Own words as patients write them, and as they hardly ever do."""
LOCALES = ("en", "es", "ar", "zh-Hans", "vi", "pt-BR")
OFFSETS = (
    timedelta(hours=-5),
    timedelta(0),
    timedelta(hours=5, minutes=45),
    timedelta(hours=-9, minutes=-30),
)
IDENTIFIER = {"system": "https://riverside.example/mrn", "value": "7"}
MINIMAL_CHART: Json = {
    "resourceType": "Patient",
    "id": "7",
    "meta": {"versionId": "3", "lastUpdated": "2026-11-20T10:00:00Z"},
    "identifier": [IDENTIFIER],
    "name": [{"family": "Nguyen", "given": ["Lan"]}],
    "gender": "female",
    "birthDate": "1980-02-29",
}
"""The least chart that US Core allows."""
FULL_CHART: Json = {
    **MINIMAL_CHART,
    # An id that an extension of ours would take, and references that need the entry's fullUrl.
    "name": [{"id": "race", "family": "Nguyen", "given": ["Lan"]}],
    "generalPractitioner": [{"reference": "Practitioner/5"}],
    "link": [{"other": {"reference": "Patient/8"}, "type": "seealso"}],
    "telecom": [{"system": "phone", "value": "+1 555 0100", "use": "mobile"}],
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired",
            "valueBoolean": True,
        }
    ],
    "communication": [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}, "preferred": True},
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}], "text": "English"}},
    ],
}


class ChartKind(Enum):
    """The chart that a submission meets."""

    NONE = "none"
    BARE = "bare"
    FULL = "full"
    EARLIER = "earlier"


@dataclass(frozen=True)
class GeneratedCase:
    """A submission with its question set, the site's switches and the chart."""

    submission: Submission
    questions: QuestionSet
    policy: MappingPolicy
    organization: str | None
    chart_kind: ChartKind = ChartKind.BARE
    previous_case: "GeneratedCase | None" = None

    def build_statement(self) -> Statement:
        """Return the coded answers; over an earlier case's chart they are a correction."""
        statement = build_statement(self.submission, self.questions, self.policy, self.organization)
        return (
            replace(statement, corrected_elements=frozenset(Element))
            if self.chart_kind is ChartKind.EARLIER
            else statement
        )

    @property
    def merge_policy(self) -> MergePolicy:
        """The site's switch for the merge."""
        return MergePolicy(decline_erases=self.policy.decline_erases)


def build_case_bundle(case: GeneratedCase, name: str) -> Json:
    """Return the checked Bundle that `intake bundle` prints for the case."""
    built = build_bundle(
        case.build_statement(), us_core_version(name), chart_before(case, name), case.merge_policy
    ).bundle
    validate_bundle(built)
    return built


def chart_before(case: GeneratedCase, name: str) -> Json | None:
    """Return the chart that the submission meets, in that version of US Core."""
    if case.chart_kind is ChartKind.NONE:
        return None
    if case.chart_kind is ChartKind.FULL:
        return FULL_CHART
    if case.chart_kind is ChartKind.EARLIER and case.previous_case is not None:
        return merge_statement(
            MINIMAL_CHART,
            case.previous_case.build_statement(),
            us_core_version(name),
            case.previous_case.merge_policy,
        ).patient
    return MINIMAL_CHART


def generate_cases(seed: int, count: int) -> Iterator[GeneratedCase]:
    """Yield that many cases with different answers; each kind of chart in turn."""
    source, seen = Random(seed), set[str]()
    meets, earlier = cycle(ChartKind), None
    while len(seen) < count:
        case = _case(source)
        answers_text = repr((case.submission.answers, case.submission.informant))
        if answers_text not in seen:
            seen.add(answers_text)
            yield replace(case, chart_kind=next(meets), previous_case=earlier)
            earlier = case


def _case(source: Random) -> GeneratedCase:
    questions = _sets()[source.choice(sorted(_sets()))]
    switches = MappingPolicy(*(source.random() < 0.2 for _ in range(3)))
    organization = source.choice(("Organization/riverside", "Organization/riverside", None))
    answers = {
        question.id: answer
        for question in questions.questions
        if (answer := _answer(source, question)) is not None
    }
    channel = source.choice(list(Channel))
    submission = Submission(
        id=UUID(int=source.getrandbits(128), version=4),
        clinic="riverside",
        patient="Patient/7",
        answered_at=datetime(2026, 11, 1, tzinfo=timezone(source.choice(OFFSETS)))
        + timedelta(seconds=source.randrange(10**6)),
        informant=source.choice(list(Informant)),
        channel=channel,
        question_set=questions.id,
        question_set_version=questions.version,
        locale=source.choice(LOCALES),
        notice="2026-11",
        answers=answers,
        encounter=source.choice((None, "Encounter/e-1")),
        entered_by=source.choice((None, "Practitioner/9")) if channel.is_by_staff else None,
    )
    return GeneratedCase(
        decode_submission(encode_submission(submission)), questions, switches, organization
    )


@cache
def _sets() -> Mapping[str, QuestionSet]:
    return load_settings().question_sets


def _answer(source: Random, question: Question) -> Answer | None:
    kind = source.random()
    if kind < 0.1:
        return None
    if kind < 0.2:
        return Answer(AnswerState.DECLINED)
    if kind < 0.3:
        return Answer(AnswerState.UNKNOWN)
    if question.kind is QuestionKind.CHOICE:
        return Answer(AnswerState.ANSWERED, (source.choice(question.options).id,))
    if question.kind is QuestionKind.TRIBES:
        return _tribes(source)
    return (
        _language(source, question)
        if question.kind is QuestionKind.LANGUAGE
        else _groups(source, question)
    )


def _tribes(source: Random) -> Answer:
    choices = source.sample(list(load_tribes()), source.choice((0, 1, 1, 2)))
    own = {OWN_WORDS: source.choice(WORDS)} if not choices or source.random() < 0.2 else {}
    return Answer(AnswerState.ANSWERED, tuple(choices), own)


def _language(source: Random, question: Question) -> Answer:
    if source.random() < 0.15:
        return Answer(AnswerState.ANSWERED, (), {OWN_WORDS: source.choice(WORDS)})
    offered = [
        language.id
        for language in load_languages().values()
        if language.can_answer(question.elements[0])
    ]
    own = {OWN_WORDS: source.choice(WORDS)} if source.random() < 0.2 else {}
    return Answer(AnswerState.ANSWERED, (source.choice(offered),), own)


def _groups(source: Random, question: Question) -> Answer:
    if source.random() < 0.08:
        return Answer(AnswerState.ANSWERED, (), {OWN_WORDS: source.choice(WORDS)})
    choices: list[str] = []
    words: dict[str, str] = {}
    for option in _ticked(source, question):
        choices += _boxes(source, question, option)
        if option.write_in is not None and source.random() < 0.2:
            words[option.id] = source.choice(WORDS)
    if source.random() < 0.1:
        words[OWN_WORDS] = source.choice(WORDS)
    return Answer(AnswerState.ANSWERED, tuple(dict.fromkeys(choices)), words)


def _ticked(source: Random, question: Question) -> list[Option]:
    """Return one group or more, mostly one, of which none excludes another, in order."""
    candidates = source.sample(
        question.options, min(len(question.options), source.choice((1, 1, 1, 2, 2, 3, 7)))
    )
    options: list[Option] = []
    for option in candidates:
        if not any(
            option.id in chosen.excludes or chosen.id in option.excludes for chosen in options
        ):
            options.append(option)
    return [option for option in question.options if option in options]


def _boxes(source: Random, question: Question, option: Option) -> Sequence[str]:
    """Return the group's own box, its details, and codes that a search found.

    A detail may stand without the box of its group.
    """
    details = source.sample(option.details, source.randint(0, min(3, len(option.details))))
    searched = source.sample(_searched(question, option.id), 1) if source.random() < 0.25 else []
    inner = [detail.id for detail in details] + list(searched)
    return inner if inner and source.random() < 0.3 else [option.id, *inner]


@cache
def _by_owner(questions: str) -> Mapping[tuple[str, str], Sequence[str]]:
    codes: dict[tuple[str, str], list[str]] = {}
    for question in _sets()[questions].questions:
        for code in load_concepts():
            if (
                question.kind is QuestionKind.GROUPS
                and (owner := find_group_option(question, code)) is not None
            ):
                codes.setdefault((question.id, owner.id), []).append(code)
    return codes


def _searched(question: Question, option: str) -> Sequence[str]:
    owner = next(
        question_set.id for question_set in _sets().values() if question in question_set.questions
    )
    return _by_owner(owner)[question.id, option]
