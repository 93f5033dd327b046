"""The check page, the sending of the submission, and the thank-you."""

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake import journey
from intake.answers import Informant, Submission
from intake.journey import RouteStep, StepKind
from intake.pages import errors, renderer
from intake.pages.errors import PageResponse
from intake.pages.reask import reask_at
from intake.pages.site import current_site
from intake.patient import informants, visit_session
from intake.patient.steps import show_step, step_context, step_url
from intake.patient.summary import answer_lines
from intake.patient.visit_session import LANGUAGE, LINK, SUBMISSION
from intake.store import drafts, links
from intake.store.drafts import Draft
from intake.store.outbox.decryption import has_no_answers
from intake.store.outbox.records import find_record

THANK_YOU_SECONDS = 20
"""How long a tablet shows the thank-you before it is ready for the next patient."""


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/check", "check", view_check)
    blueprint.add_url_rule("/send", "send", send_answers, methods=["POST"])
    blueprint.add_url_rule("/done", "done", view_done)


def view_check() -> PageResponse:
    """Show every answer with a link to change it."""
    return show_step(journey.CHECK, _render_check)


def _render_check(draft: Draft) -> PageResponse:
    state = draft.state
    questions = journey.asked_questions(informants.current_questions(state), state.answers)
    rows = [
        (
            question,
            answer_lines(question, state.answers.get(question.id)),
            step_url(RouteStep(StepKind.QUESTION, question.id)),
        )
        for question in questions
    ]
    context = step_context(draft, journey.CHECK)
    return renderer.render_page(
        "patient/check.html", **context, rows=rows, informant_url=step_url(journey.INFORMANT)
    )


def send_answers() -> PageResponse:
    """Store the submission and drop the draft in one transaction.

    A form that is sent twice is stored once and thanked for twice.
    """
    # The form names its submission, so that a stale tab cannot send another patient's draft.
    draft, submission_id = visit_session.current_draft(), request.form.get("submission", "")
    # After the first tap there is no draft any longer, or the draft is another patient's.
    if draft is None or str(draft.state.submission) != submission_id:
        if _is_stored(submission_id):
            return _redirect_to_thanks(submission_id)
        reason = "cleared" if draft else visit_session.missing_draft_reason()
        return errors.error_page(reason, 410)
    return show_step(journey.CHECK, _store_submission)


def _store_submission(draft: Draft) -> PageResponse:
    with current_site().database.write() as tx:
        submission = _build_submission(draft)
        again = reask_at(submission, draft.state.visit_context.known.birth_date)
        drafts.submit_draft(tx, draft, submission, again)
        # In the same transaction: a used link without a submission would lock the patient out.
        if draft.link:
            links.mark_used(tx, draft.link)
    return _redirect_to_thanks(str(draft.state.submission), draft.state.locale)


def _build_submission(draft: Draft) -> Submission:
    settings, state = current_site().settings, draft.state
    zone = settings.clinics[draft.clinic].time_zone
    return Submission(
        id=state.submission,
        clinic=draft.clinic,
        patient=state.visit_context.patient,
        answered_at=current_site().clock().astimezone(zone).replace(microsecond=0),
        # The page about the informant cannot be left without an answer.
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


def _redirect_to_thanks(submission_id: str, locale: str | None = None) -> Response:
    visit_session.remember_submission(submission_id, locale or session.get(LANGUAGE))
    return redirect(url_for("patient.done"), 303)


def _is_stored(submission_id: str) -> bool:
    with current_site().database.read() as tx:
        return find_record(tx, submission_id) is not None


def view_done() -> PageResponse:
    """Say thank you, but only for a submission that is in the outbox."""
    submission_id = session.get(SUBMISSION)
    if submission_id is None or not _is_stored(submission_id):
        return redirect(url_for("patient.home"), 303)
    with current_site().database.read() as tx:
        is_empty = has_no_answers(tx, submission_id)
    on_tablet = visit_session.current_tablet() is not None and LINK not in session
    return renderer.render_page(
        "patient/done.html",
        on_tablet=on_tablet,
        is_empty=is_empty,
        thank_you_seconds=THANK_YOU_SECONDS,
    )
