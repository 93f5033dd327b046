"""A site's submissions as statements, by the site's question sets, switches and clinics."""

from fhir_client.uscore.statement import Statement
from intake.answers import Submission
from intake.mapping.choices import UnknownAnswerError
from intake.mapping.statement import build_statement
from intake.settings import Settings


def map_submission(submission: Submission, settings: Settings) -> Statement:
    """Return the submission as a coded statement; raises UnknownAnswerError."""
    questions = settings.question_sets.get(submission.question_set)
    if questions is None:
        raise UnknownAnswerError(
            f"question_set: '{submission.question_set}' is not among "
            f"{', '.join(settings.question_sets)}"
        )
    # The settings may have lost a clinic since its submissions were stored. The answers still go
    # to the chart, without an organization.
    clinic = settings.clinics.get(submission.clinic)
    return build_statement(
        submission, questions, settings.mapping, clinic.organization if clinic else None
    )


def validate_submission(submission: Submission, settings: Settings) -> None:
    """Raise UnknownAnswerError if the site cannot take the submission.

    Its clinic, question set, version and answers must all be the site's.
    """
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
