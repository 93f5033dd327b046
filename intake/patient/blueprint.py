"""The patient's blueprint: the pages of the tablet and of the pre-visit link, each in the language that was chosen."""

from typing import Any

from flask import Blueprint, Flask, session

from intake.pages import errors, language
from intake.pages.errors import ErrorFrame
from intake.pages.site import current_site
from intake.patient import check, find_visit, links, messages, start, steps, visit_session
from intake.patient.visit_session import LANGUAGE, SIZE, THEME

blueprint = Blueprint(
    "patient",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static/patient",
)
for pages in (start, find_visit, links, steps, check):
    pages.register_pages(blueprint)


@blueprint.before_request
def _in_the_chosen_language() -> None:
    draft = visit_session.current_draft()
    chosen = draft.state.locale if draft else session.get(LANGUAGE)
    if chosen in current_site().languages:
        language.use_language(chosen)


@blueprint.context_processor
def _around_the_page() -> dict[str, Any]:
    """What the frame of every patient page needs: whose clinic it is, and how long a tablet waits for its patient."""
    settings = current_site().settings
    clinic = settings.clinics.get(visit_session.current_clinic() or "")
    return {
        "clinic": clinic.name if clinic else None,
        "on_tablet": visit_session.is_on_tablet(),
        "times": settings.times,
        "size": session.get(SIZE),
        "theme": session.get(THEME),
        "fault_words": messages.FORM_FAULT_MESSAGES,
        "not_found": messages.VISIT_FAULT_MESSAGES,
        "ended_words": messages.LINK_FAULT_MESSAGES,
    }


def _enter() -> dict[str, Any]:
    """Do for an address that is no page what is done for every page."""
    _in_the_chosen_language()
    return _around_the_page()


def init_app(app: Flask) -> None:
    """Add the patient's pages to the application, and their frame to what goes wrong."""
    app.register_blueprint(blueprint)
    errors.register_frame(app, ErrorFrame("patient/error.html", _enter, "/", errors.PATIENT_WORDS))
