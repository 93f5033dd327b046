"""The re-ask interval after a submission from a page, of the patient or of the desk."""

from datetime import date, datetime

from intake import journey
from intake.answers import Submission
from intake.pages.site import current_site


def is_asked_first(birth_date: date | None, clinic: str) -> bool:
    """Return whether the patient is a young person, to be asked before a parent.

    The site sets the lower limit of the age.
    """
    settings = current_site().settings
    # The birthday begins at midnight in the clinic, not in UTC.
    today = current_site().clock().astimezone(settings.clinics[clinic].time_zone).date()
    return journey.is_asked_first(birth_date, today, settings.asked_first_from_age)


def reask_at(submission: Submission, birth_date: date | None) -> datetime | None:
    """Return when the patient is asked again; None means at the next visit."""
    # A young person is asked in person at the next visit, even if a parent answered today.
    if is_asked_first(birth_date, submission.clinic) and not submission.informant.is_patient:
        return None
    settings = current_site().settings
    return journey.reask_at(submission, settings.question_set, settings.times.reask_after)
