"""What a submission says at a site: its question set, its switches and its clinic looked up."""

from fhir_client.uscore.statement import Statement
from intake.answers import Submission
from intake.settings import Settings
from intake.sync.choices import UnknownAnswer
from intake.sync.mapping import statement


def said(submission: Submission, settings: Settings) -> Statement:
    """Return what the submission says, coded; raises UnknownAnswer."""
    questions = settings.question_sets.get(submission.question_set)
    if questions is None:
        raise UnknownAnswer(
            f"question_set: '{submission.question_set}' is not among {', '.join(settings.question_sets)}"
        )
    clinic = settings.clinics.get(submission.clinic)
    return statement(
        submission, questions, settings.mapping, clinic.organization if clinic else None
    )


def refuse_unknown(submission: Submission, settings: Settings) -> None:
    """Raise UnknownAnswer where the submission names what the site does not have, or says what cannot be written."""
    if submission.clinic not in settings.clinics:
        raise UnknownAnswer(
            f"clinic: '{submission.clinic}' is not among {', '.join(settings.clinics)}"
        )
    said(submission, settings)
    version = settings.question_sets[submission.question_set].version
    if submission.question_set_version != version:
        raise UnknownAnswer(
            f"question_set_version: {submission.question_set} is of version {version} here"
        )
