"""Whose voice it is: somebody's for the patient, who is asked about themselves, too; a young person's, before a parent's."""

from intake import journey
from intake.clock import age_in_years
from intake.pages.site import current_site
from intake.questions import QuestionSet
from intake.store.drafts import Draft, DraftState

ADULT = 18
"""The age from which nobody is a young person any more."""


def current_questions(state: DraftState) -> QuestionSet:
    """Return the site's question set as whoever answers now is asked it."""
    return journey.questions_for_informant(current_site().settings.question_set, state.informant)


def is_asked_first(draft: Draft) -> bool:
    """Return whether the patient is a young person: old enough, as the site sets it, to be asked before a parent."""
    settings, born = current_site().settings, draft.state.visit_context.known.birth_date
    today = current_site().clock().astimezone(settings.clinics[draft.clinic].time_zone).date()
    return born is not None and settings.asked_first_from_age <= age_in_years(born, today) < ADULT
