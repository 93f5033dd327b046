"""Check your answers, Submit, and the thank-you, which is shown for nothing that is not stored."""

from datetime import datetime

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from intake import journey
from intake.answers import Informant, Submission
from intake.journey import Place, Step
from intake.pages import errors, speaking
from intake.pages.errors import Page
from intake.pages.site import site
from intake.patient import visitors, voices
from intake.patient.answering import at, frame, url_of
from intake.patient.shown import shown
from intake.patient.visitors import DONE, LANGUAGE, LINK
from intake.store import drafts, links, submissions
from intake.store.drafts import Draft

THANKED_FOR = 20
"""Seconds that a tablet shows the thank-you, which tells nothing of anybody, before it is ready for the next person."""


def register(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/check", "check", check)
    blueprint.add_url_rule("/send", "send", send, methods=["POST"])
    blueprint.add_url_rule("/done", "done", done)


def check() -> Page:
    """Show every answer with its way to change it."""
    return at(journey.CHECK, _check)


def _check(draft: Draft) -> Page:
    questions = journey.asked_of(voices.questions(draft.state), draft.state.answers)
    rows = [
        (each, shown(each, draft.state.answers.get(each.id)), url_of(Place(Step.QUESTION, each.id)))
        for each in questions
    ]
    return speaking.render("patient/check.html", **frame(draft, journey.CHECK), rows=rows)


def send() -> Page:
    """Store the submission and wipe the draft in one transaction; sent twice, it is stored once and thanked for twice."""
    draft, named = visitors.draft(), request.form.get("submission", "")
    if draft is None or str(draft.state.submission) != named:
        return _thanked(named) if _stored(named) else errors.page("expired", 410)
    return at(journey.CHECK, _send)


def _send(draft: Draft) -> Page:
    with site().database.write() as tx:
        said = _submission(draft)
        drafts.submit(tx, draft, said, _again(draft, said))
        if draft.link:
            links.used(tx, draft.link)
    return _thanked(str(draft.state.submission), draft.state.locale)


def _again(draft: Draft, said: Submission) -> datetime | None:
    """Return when the patient is asked again; a young person for whom somebody else answered is at the next visit."""
    if voices.is_asked_first(draft) and not said.informant.is_own:
        return None
    return journey.again_at(said, site().settings.question_set, site().settings.times.again)


def _submission(draft: Draft) -> Submission:
    settings, state = site().settings, draft.state
    zone = settings.clinics[draft.clinic].time_zone
    return Submission(
        id=state.submission,
        clinic=draft.clinic,
        patient=state.bound.patient,
        answered_at=site().clock().astimezone(zone).replace(microsecond=0),
        # The page of who is answering cannot be left without an answer.
        informant=state.informant or Informant.SELF,
        channel=draft.channel,
        question_set=settings.question_set.id,
        question_set_version=settings.question_set.version,
        locale=state.locale,
        notice=settings.notice,
        answers=journey.said(voices.questions(state), state.answers),
        appointment=state.bound.appointment,
        encounter=state.bound.encounter,
    )


def _thanked(submission: str, locale: str | None = None) -> Response:
    visitors.thank(submission, locale or session.get(LANGUAGE))
    return redirect(url_for("patient.done"), 303)


def _stored(submission: str) -> bool:
    with site().database.read() as tx:
        return submissions.get(tx, submission) is not None


def done() -> Page:
    """Say thank you."""
    submission = session.get(DONE)
    if submission is None or not _stored(submission):
        return redirect(url_for("patient.home"), 303)
    on_tablet = visitors.tablet() is not None and LINK not in session
    return speaking.render("patient/done.html", on_tablet=on_tablet, thanked_for=THANKED_FOR)
