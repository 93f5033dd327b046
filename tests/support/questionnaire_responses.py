"""Checks a QuestionnaireResponse by its Questionnaire, and reads its answers.

Both by rules of their own, apart from the code that they check.
"""

from collections.abc import Iterator
from typing import Any

from intake import terminology
from intake.answers import OWN_WORDS, Answer, AnswerState
from intake.questions import Question, QuestionKind, QuestionSet

Json = dict[str, Any]
ABSENT = {"asked-declined": AnswerState.DECLINED, "asked-unknown": AnswerState.UNKNOWN}
VALUES = {"choice": "valueCoding", "text": "valueString", "string": "valueString"}
EXCLUSIVE = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"


def find_misfits(response: Json, questionnaire: Json) -> list[str]:
    """Return what does not fit: canonical, nesting, order, type, option or repetition."""
    named = f"{questionnaire['url']}|{questionnaire['version']}"
    wrong = [] if response["questionnaire"] == named else ["questionnaire"]
    chosen = {item["linkId"]: item_codings(item) for item in walk_items(response.get("item", []))}
    questions = _share_options(questionnaire["item"], questionnaire.get("contained", []))
    return [*wrong, *_items(response.get("item", []), questions, chosen)]


def _share_options(questions: list[Json], value_sets: list[Json]) -> list[Json]:
    """Return the questions with the options of their ValueSets as their own."""
    options = {
        f"#{value_set['id']}": [
            {"valueCoding": coding} for coding in value_set["expansion"]["contains"]
        ]
        for value_set in value_sets
    }
    return [
        {**question, "answerOption": options[question["answerValueSet"]]}
        if "answerValueSet" in question
        else question
        for question in questions
    ]


def walk_items(items: list[Json]) -> Iterator[Json]:
    """Yield every item, however deep."""
    for item in items:
        yield item
        yield from walk_items(item.get("item", []))


def item_codings(item: Json) -> list[tuple[str, str]]:
    """Return system and code of each coding that answers the item."""
    answer_codings = [
        answer["valueCoding"] for answer in item.get("answer", []) if "valueCoding" in answer
    ]
    return [(coding["system"], coding["code"]) for coding in answer_codings]


def _items(
    items: list[Json], questions: list[Json], chosen: dict[str, list[tuple[str, str]]]
) -> Iterator[str]:
    by_link = {question["linkId"]: question for question in questions}
    links = [item["linkId"] for item in items]
    if [link for link in by_link if link in links] != links:
        yield f"order, doubles or unknown items: {links}"
    for item in items:
        if question := by_link.get(item["linkId"]):
            yield from _answers(item, question)
            yield from _enabled(question, chosen)
            yield from _items(item.get("item", []), question.get("item", []), chosen)


def _enabled(question: Json, chosen: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    conditions = question.get("enableWhen", [])
    enabled = [
        (when["answerCoding"]["system"], when["answerCoding"]["code"])
        in chosen.get(when["question"], [])
        for when in conditions
    ]
    if len(enabled) > 1:
        assert question["enableBehavior"] == "any"
    if conditions and not any(enabled):
        yield f"{question['linkId']}: is answered and not enabled"


def _answers(item: Json, question: Json) -> Iterator[str]:
    link, answers = item["linkId"], item.get("answer", [])
    if question["type"] == "group":
        if answers or not item.get("item"):
            yield f"{link}: a group has items and no answer"
        return
    if not answers or (len(answers) > 1 and not question.get("repeats")):
        yield f"{link}: {len(answers)} answers"
    if any(list(answer) != [VALUES[question["type"]]] for answer in answers):
        yield f"{link}: an answer of another type"
    if any(
        len(answer.get("valueString", "")) > question.get("maxLength", 100) for answer in answers
    ):
        yield f"{link}: too long"
    if question["type"] == "choice":
        yield from _options(link, item_codings(item), question["answerOption"])


def _options(link: str, codings: list[tuple[str, str]], options: list[Json]) -> Iterator[str]:
    offered = {
        (option["valueCoding"]["system"], option["valueCoding"]["code"]): option
        for option in options
    }
    if (
        len(offered) != len(options)
        or len(set(codings)) != len(codings)
        or not set(codings) <= set(offered)
    ):
        yield f"{link}: an option that is not offered, or twice the same"
    alone = [
        coding
        for coding in codings
        if coding in offered
        and any(e["url"] == EXCLUSIVE for e in offered[coding].get("extension", []))
    ]
    if alone and len(codings) > 1:
        yield f"{link}: an exclusive option that does not stand alone"


def read_answers(response: Json, questions: QuestionSet) -> dict[str, Answer]:
    """Return the answers from which a response was made."""
    items_by_link = {each["linkId"]: each for each in walk_items(response["item"])}
    answers = {question.id: _read(question, items_by_link) for question in questions.questions}
    return {name: answer for name, answer in answers.items() if answer is not None}


def _read(question: Question, items_by_link: dict[str, Json]) -> Answer | None:
    main = item_codings(items_by_link.get(question.id, {}))
    for _, code in main:
        if code in ABSENT:
            return Answer(ABSENT[code])
    choices, words = [_choice(question, code) for _, code in main], {}
    for option in question.options:
        for part in ("boxes", "found"):
            choices += [
                code
                for _, code in item_codings(
                    items_by_link.get(f"{question.id}.{option.id}.{part}", {})
                )
            ]
        if line := items_by_link.get(f"{question.id}.{option.id}.write-in"):
            words[option.id] = line["answer"][0]["valueString"]
    if own := items_by_link.get(f"{question.id}.own-words"):
        words[OWN_WORDS] = own["answer"][0]["valueString"]
    return Answer(AnswerState.ANSWERED, tuple(choices), words) if choices or words else None


def _choice(question: Question, code: str) -> str:
    return (
        {"373066001": "yes", "373067005": "no"}[code]
        if question.kind is QuestionKind.CHOICE
        else code
    )


def normalize_answer(
    question: Question, answer: Answer
) -> tuple[AnswerState, set[str], dict[str, str]]:
    """Return the answer without order, and with the groups that its details imply."""
    owners = (
        [terminology.find_group_option(question, code, answer.choices) for code in answer.choices]
        if question.kind is QuestionKind.GROUPS
        else []
    )
    return (
        answer.state,
        {*answer.choices, *(group.id for group in owners if group)},
        dict(answer.write_ins),
    )
