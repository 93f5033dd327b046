"""The informant's questions, and the patients to be asked before a parent."""

from intake import journey
from intake.pages import reask
from intake.pages.site import current_site
from intake.questions import QuestionSet
from intake.store.drafts import Draft, DraftState


def current_questions(state: DraftState) -> QuestionSet:
    """Return the questions of the site's set that the current informant is asked."""
    return journey.questions_for_informant(current_site().settings.question_set, state.informant)


def is_asked_first(draft: Draft) -> bool:
    """Return whether the draft's patient is a young person, to be asked before a parent."""
    return reask.is_asked_first(draft.state.visit_context.known.birth_date, draft.clinic)
