"""The informant's questions, and the patients to be asked before a parent."""

from intake import journey
from intake.pages.site import current_site
from intake.questions import QuestionSet
from intake.store.drafts import Draft, DraftState


def current_questions(state: DraftState) -> QuestionSet:
    """Return the questions of the site's set that the current informant is asked."""
    return journey.questions_for_informant(current_site().settings.question_set, state.informant)


def is_asked_first(draft: Draft) -> bool:
    """Return whether the patient is a young person, to be asked before a parent.

    The site sets the lower limit of the age.
    """
    settings = current_site().settings
    # The birthday begins at midnight in the clinic, not in UTC.
    today = current_site().clock().astimezone(settings.clinics[draft.clinic].time_zone).date()
    birth_date = draft.state.visit_context.known.birth_date
    return journey.is_asked_first(birth_date, today, settings.asked_first_from_age)
