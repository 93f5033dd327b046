"""Check your answers, Submit, and the thank-you, which is shown for nothing that is not stored."""

from datetime import datetime

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake import journey
from intake.answers import Informant, Submission
from intake.journey import RouteStep, StepKind
from intake.pages import errors, renderer
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import informants, visit_session
from intake.patient.steps import show_step, step_context, step_url
from intake.patient.summary import answer_lines
from intake.patient.visit_session import LANGUAGE, LINK, SUBMISSION
from intake.store import drafts, links
from intake.store.drafts import Draft
from intake.store.outbox import submissions

THANKED_FOR = 20
"""Seconds that a tablet shows the thank-you, which tells nothing of anybody, before it is ready for the next person."""


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/check", "check", check)
    blueprint.add_url_rule("/send", "send", send, methods=["POST"])
    blueprint.add_url_rule("/done", "done", done)


def check() -> PageResponse:
    """Show every answer with its way to change it."""
    return show_step(journey.CHECK, _check)


def _check(draft: Draft) -> PageResponse:
    questions = journey.asked_questions(
        informants.current_questions(draft.state), draft.state.answers
    )
    rows = [
        (
            each,
            answer_lines(each, draft.state.answers.get(each.id)),
            step_url(RouteStep(StepKind.QUESTION, each.id)),
        )
        for each in questions
    ]
    return renderer.render_page(
        "patient/check.html", **step_context(draft, journey.CHECK), rows=rows
    )


def send() -> PageResponse:
    """Store the submission and wipe the draft in one transaction; sent twice, it is stored once and thanked for twice."""
    draft, named = visit_session.current_draft(), request.form.get("submission", "")
    if draft is None or str(draft.state.submission) != named:
        return _thanked(named) if _stored(named) else errors.error_page("expired", 410)
    return show_step(journey.CHECK, _send)


def _send(draft: Draft) -> PageResponse:
    with current_site().database.write() as tx:
        said = _submission(draft)
        drafts.submit_draft(tx, draft, said, _again(draft, said))
        if draft.link:
            links.mark_used(tx, draft.link)
    return _thanked(str(draft.state.submission), draft.state.locale)


def _again(draft: Draft, said: Submission) -> datetime | None:
    """Return when the patient is asked again; a young person for whom somebody else answered is at the next visit."""
    if informants.is_asked_first(draft) and not said.informant.is_patient:
        return None
    return journey.reask_at(
        said, current_site().settings.question_set, current_site().settings.times.reask_after
    )


def _submission(draft: Draft) -> Submission:
    settings, state = current_site().settings, draft.state
    zone = settings.clinics[draft.clinic].time_zone
    return Submission(
        id=state.submission,
        clinic=draft.clinic,
        patient=state.visit_context.patient,
        answered_at=current_site().clock().astimezone(zone).replace(microsecond=0),
        # The page of who is answering cannot be left without an answer.
        informant=state.informant or Informant.SELF,
        channel=draft.channel,
        question_set=settings.question_set.id,
        question_set_version=settings.question_set.version,
        locale=state.locale,
        notice=settings.notice,
        answers=journey.answers_to_send(informants.current_questions(state), state.answers),
        appointment=state.visit_context.appointment,
        encounter=state.visit_context.encounter,
    )


def _thanked(submission: str, locale: str | None = None) -> Response:
    visit_session.remember_submission(submission, locale or session.get(LANGUAGE))
    return redirect(url_for("patient.done"), 303)


def _stored(submission: str) -> bool:
    with current_site().database.read() as tx:
        return submissions.find_record(tx, submission) is not None


def done() -> PageResponse:
    """Say thank you."""
    submission = session.get(SUBMISSION)
    if submission is None or not _stored(submission):
        return redirect(url_for("patient.home"), 303)
    on_tablet = visit_session.current_tablet() is not None and LINK not in session
    return renderer.render_page("patient/done.html", on_tablet=on_tablet, thanked_for=THANKED_FOR)
