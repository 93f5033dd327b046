"""The patient's blueprint: the pages of the tablet and of the pre-visit link, each in the language that was chosen."""

from typing import Any

from flask import Blueprint, Flask, session

from intake.pages import errors, language
from intake.pages.errors import Room
from intake.pages.site import site
from intake.patient import answering, checking, finding, links, start, visitors, words
from intake.patient.visitors import LANGUAGE, SIZE, THEME

blueprint = Blueprint(
    "patient",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static/patient",
)
for pages in (start, finding, links, answering, checking):
    pages.register(blueprint)


@blueprint.before_request
def _in_the_chosen_language() -> None:
    draft = visitors.draft()
    chosen = draft.state.locale if draft else session.get(LANGUAGE)
    if chosen in site().languages:
        language.use(chosen)


@blueprint.context_processor
def _around_the_page() -> dict[str, Any]:
    """What the frame of every patient page needs: whose clinic it is, and how long a tablet waits for its patient."""
    settings = site().settings
    clinic = settings.clinics.get(visitors.clinic() or "")
    return {
        "clinic": clinic.name if clinic else None,
        "on_tablet": visitors.is_on_tablet(),
        "times": settings.times,
        "size": session.get(SIZE),
        "theme": session.get(THEME),
        "fault_words": words.FAULTS,
        "not_found": words.NOT_FOUND,
        "ended_words": words.ENDED,
    }


def _enter() -> dict[str, Any]:
    """Do for an address that is no page what is done for every page."""
    _in_the_chosen_language()
    return _around_the_page()


def init(app: Flask) -> None:
    """Add the patient's pages to the application, and their frame to what goes wrong."""
    app.register_blueprint(blueprint)
    errors.show_in(app, Room("patient/error.html", _enter, "/", errors.WORDS))
