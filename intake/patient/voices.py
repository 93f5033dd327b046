"""Whose voice it is: the patient's own, or somebody's for them; and a young person's, who is asked before a parent."""

from intake.answers import Informant
from intake.clock import age
from intake.pages.site import site
from intake.store.drafts import Draft

ADULT = 18
"""The age from which nobody is a young person any more."""


def is_own(informant: Informant) -> bool:
    """Return whether the patient speaks themselves, be it with help."""
    return informant in (Informant.SELF, Informant.SELF_WITH_HELP)


def is_asked_first(draft: Draft) -> bool:
    """Return whether the patient is a young person: old enough, as the site sets it, to be asked before a parent."""
    settings, born = site().settings, draft.state.bound.known.birth_date
    today = site().clock().astimezone(settings.clinics[draft.clinic].time_zone).date()
    return born is not None and settings.asked_first_from_age <= age(born, today) < ADULT
