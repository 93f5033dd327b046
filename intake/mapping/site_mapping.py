"""What a submission says at a site: its question set, its switches and its clinic looked up."""

from fhir_client.uscore.statement import Statement
from intake.answers import Submission
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.statement import build_statement
from intake.settings import Settings


def map_submission(submission: Submission, settings: Settings) -> Statement:
    """Return what the submission says, coded; raises UnknownAnswer."""
    questions = settings.question_sets.get(submission.question_set)
    if questions is None:
        raise UnknownAnswerError(
            f"question_set: '{submission.question_set}' is not among {', '.join(settings.question_sets)}"
        )
    clinic = settings.clinics.get(submission.clinic)
    return build_statement(
        submission, questions, settings.mapping, clinic.organization if clinic else None
    )


def validate_submission(submission: Submission, settings: Settings) -> None:
    """Raise UnknownAnswer where the submission names what the site does not have, or says what cannot be written."""
    if submission.clinic not in settings.clinics:
        raise UnknownAnswerError(
            f"clinic: '{submission.clinic}' is not among {', '.join(settings.clinics)}"
        )
    map_submission(submission, settings)
    version = settings.question_sets[submission.question_set].version
    if submission.question_set_version != version:
        raise UnknownAnswerError(
            f"question_set_version: {submission.question_set} is of version {version} here"
        )
