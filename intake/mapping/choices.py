"""What was chosen in a question of groups: each choice with its group, and nothing that contradicts itself."""

from dataclasses import dataclass

from intake import terminology
from intake.answers import Answer
from intake.questions import Question


class UnknownAnswerError(ValueError):
    """A submission says what its question set does not have, or two things at once; the words quote nothing."""


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """One choice of a question of groups: its id, its group, its CDCREC code (None where there is none), its English name."""

    id: str
    group: str
    code: str | None
    label: str


def resolve_choices(question: Question, answer: Answer) -> tuple[GroupChoice, ...]:
    """Return the choices of a question of groups, each with its group; a detail implies its group, which comes first."""
    found: dict[str, GroupChoice] = {}
    for place, choice in enumerate(answer.choices):
        each = _choice(question, choice, place)
        option = question.find_option(each.group)
        if option is not None and option.id not in found:
            found[option.id] = GroupChoice(option.id, option.id, option.code, option.label)
        found.setdefault(choice, each)
    _refuse_contradiction(question, {each.group for each in found.values()})
    return tuple(found.values())


def _refuse_contradiction(question: Question, groups: set[str]) -> None:
    for option in question.options:
        if option.id in groups and groups & set(option.excludes):
            raise UnknownAnswerError(
                f"answers.{question.id}.choices: two choices that contradict each other"
            )


def _choice(question: Question, choice: str, place: int) -> GroupChoice:
    owner = terminology.find_group_option(question, choice)
    if owner is None:
        raise UnknownAnswerError(
            f"answers.{question.id}.choices[{place}]: is no choice of this question"
        )
    if choice == owner.id:
        return GroupChoice(owner.id, owner.id, owner.code, owner.label)
    detail = next((each for each in owner.details if each.id == choice), None)
    if detail is not None:
        return GroupChoice(detail.id, owner.id, detail.code, detail.label)
    return GroupChoice(choice, owner.id, choice, terminology.load_concepts()[choice].display)
