"""The patient's blueprint: the pages of the tablet and of the pre-visit link."""

from typing import Any

from flask import Blueprint, Flask, request, session, url_for

from intake.pages import answer_forms, errors, language
from intake.pages.errors import ErrorFrame
from intake.pages.site import current_site
from intake.patient import (
    check,
    find_visit,
    foreign_names,
    introduction,
    links,
    messages,
    offline,
    question_pages,
    start,
    visit_session,
)
from intake.patient.visit_session import LANGUAGE, SIZE, THEME

blueprint = Blueprint(
    "patient",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static/patient",
)
for pages in (start, find_visit, links, introduction, question_pages, check, offline):
    pages.register_pages(blueprint)


@blueprint.before_request
def _use_chosen_language() -> None:
    draft = visit_session.current_draft()
    tag = draft.state.locale if draft else session.get(LANGUAGE)
    # The site may have stopped offering the language since the patient chose it.
    if tag in current_site().languages:
        language.use_language(tag)


@blueprint.context_processor
def _frame_context() -> dict[str, Any]:
    """Return the values that every patient page needs, such as the idle times."""
    settings = current_site().settings
    clinic = settings.clinics.get(visit_session.current_clinic() or "")
    return {
        "clinic": clinic.name if clinic else None,
        "on_tablet": visit_session.is_on_tablet(),
        "times": settings.times,
        "help_phone": settings.help_phone,
        # A page that a form led to cannot be opened by its address.
        "here": request.path if request.method in ("GET", "HEAD") else url_for("patient.onward"),
        "size": session.get(SIZE),
        "theme": session.get(THEME),
        "calm_faults": answer_forms.CALM_FAULTS,
        "form_fault_messages": messages.FORM_FAULT_MESSAGES,
        "informant_labels": messages.INFORMANT_LABELS,
        "visit_fault_messages": messages.VISIT_FAULT_MESSAGES,
        "link_visit_fault_messages": messages.LINK_VISIT_FAULT_MESSAGES,
        "link_fault_messages": messages.LINK_FAULT_MESSAGES,
    }


def _prepare_error_page() -> dict[str, Any]:
    """Do for an error page what the hooks above do for every page of the blueprint."""
    # An address that belongs to no page belongs to no blueprint either, so no hook has run.
    _use_chosen_language()
    return _frame_context()


def init_app(app: Flask) -> None:
    """Add the patient's pages, and their frame for error pages, to the application."""
    app.register_blueprint(blueprint)
    foreign_names.init_app(app)
    frame = ErrorFrame(
        "patient/error.html",
        _prepare_error_page,
        "/",
        errors.PATIENT_WORDS,
        moment_template="patient/moment.html",
    )
    errors.register_frame(app, frame)
