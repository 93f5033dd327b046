"""A question's choices with their groups, checked for contradictions."""

from dataclasses import dataclass

from intake import terminology
from intake.answers import Answer
from intake.questions import Question


class UnknownAnswerError(ValueError):
    """An answer does not fit its question set; the message never quotes the answer."""


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """One choice of a question of groups.

    `group` is the id of the choice's group. `code` is its CDCREC code, or None if CDCREC has
    none. `label` is its English name.
    """

    id: str
    group: str
    code: str | None
    label: str


def resolve_choices(question: Question, answer: Answer) -> tuple[GroupChoice, ...]:
    """Return the choices of a question of groups, each with its group.

    A detail implies its group, which comes before the detail. Raises UnknownAnswerError.
    """
    choices: dict[str, GroupChoice] = {}
    for position in range(len(answer.choices)):
        choice = _find_choice(question, answer, position)
        option = question.find_option(choice.group)
        if option is not None and option.id not in choices:
            choices[option.id] = GroupChoice(option.id, option.id, option.code, option.label)
        choices.setdefault(choice.id, choice)
    _refuse_contradiction(question, {choice.group for choice in choices.values()})
    return tuple(choices.values())


def _refuse_contradiction(question: Question, groups: set[str]) -> None:
    # Our pages cannot submit such a pair. Paper and files can, and the statement would then say
    # both "Hispanic" and "Not Hispanic".
    for option in question.options:
        if option.id in groups and groups & set(option.excludes):
            raise UnknownAnswerError(
                f"answers.{question.id}.choices: two choices that contradict each other"
            )


def _find_choice(question: Question, answer: Answer, position: int) -> GroupChoice:
    choice_id = answer.choices[position]
    option = terminology.find_group_option(question, choice_id, answer.choices)
    if option is None:
        raise UnknownAnswerError(
            f"answers.{question.id}.choices[{position}]: is no choice of this question"
        )
    if choice_id == option.id:
        return GroupChoice(option.id, option.id, option.code, option.label)
    detail = next((detail for detail in option.details if detail.id == choice_id), None)
    if detail is not None:
        return GroupChoice(detail.id, option.id, detail.code, detail.label)
    # The patient found this code by searching the whole code table.
    return GroupChoice(
        choice_id, option.id, choice_id, terminology.load_concepts()[choice_id].display
    )
