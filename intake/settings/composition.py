"""Question sets that extend another question set."""

from collections.abc import Mapping

from intake.questions import Question
from intake.settings.files import QuestionSetFile


def compose_questions(
    file: QuestionSetFile, files: Mapping[str, QuestionSetFile]
) -> tuple[Question, ...]:
    """Return all questions of the set, in the order in which they are asked.

    The set's own questions stand behind the question `after` of the set that it extends. An
    unknown set adds nothing, and without a known `after` the own questions come last; the rules
    report both as faults.
    """
    # Own questions stand between those of the base, never in place of one.
    base = files[file.extends].questions if file.extends in files else ()
    position = next(
        (number for number, question in enumerate(base, start=1) if question.id == file.after),
        len(base),
    )
    return (*base[:position], *file.questions, *base[position:])
