"""A question set that extends another one: its questions among those of the other."""

from collections.abc import Mapping

from intake.questions import Question
from intake.settings.files import QuestionSetFile


def compose_questions(
    file: QuestionSetFile, known: Mapping[str, QuestionSetFile]
) -> tuple[Question, ...]:
    """Return every question of the set in the order in which they are asked; an unknown set or place adds nothing."""
    base = known[file.extends].questions if file.extends in known else ()
    place = next(
        (place for place, each in enumerate(base, start=1) if each.id == file.after), len(base)
    )
    return (*base[:place], *file.questions, *base[place:])
