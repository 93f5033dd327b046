"""What was chosen in a question of groups: each choice with its group, and nothing that contradicts itself."""

from dataclasses import dataclass

from intake import terminology
from intake.answers import Answer
from intake.questions import Question


class UnknownAnswer(ValueError):
    """A submission says what its question set does not have, or two things at once; the words quote nothing."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One choice of a question of groups: its id, its group, its CDCREC code (None where there is none), its English name."""

    id: str
    group: str
    code: str | None
    label: str


def chosen(question: Question, answer: Answer) -> tuple[Chosen, ...]:
    """Return the choices of a question of groups, each with its group; a detail implies its group, which comes first."""
    found: dict[str, Chosen] = {}
    for place, choice in enumerate(answer.choices):
        each = _choice(question, choice, place)
        option = question.option(each.group)
        if option is not None and option.id not in found:
            found[option.id] = Chosen(option.id, option.id, option.code, option.label)
        found.setdefault(choice, each)
    _refuse_contradiction(question, {each.group for each in found.values()})
    return tuple(found.values())


def _refuse_contradiction(question: Question, groups: set[str]) -> None:
    for option in question.options:
        if option.id in groups and groups & set(option.excludes):
            raise UnknownAnswer(
                f"answers.{question.id}.choices: two choices that contradict each other"
            )


def _choice(question: Question, choice: str, place: int) -> Chosen:
    owner = terminology.owner_of(question, choice)
    if owner is None:
        raise UnknownAnswer(
            f"answers.{question.id}.choices[{place}]: is no choice of this question"
        )
    if choice == owner.id:
        return Chosen(owner.id, owner.id, owner.code, owner.label)
    detail = next((each for each in owner.details if each.id == choice), None)
    if detail is not None:
        return Chosen(detail.id, owner.id, detail.code, detail.label)
    return Chosen(choice, owner.id, choice, terminology.cdcrec()[choice].display)
