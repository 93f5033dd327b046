"""Shows, leaves and repeats a step of the patient's route."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from intake import journey
from intake.journey import RouteStep
from intake.pages import errors
from intake.pages.answer_forms import FormFault
from intake.pages.errors import PageResponse
from intake.pages.moments import TRIES_FIELD
from intake.pages.site import current_site
from intake.patient import informants, visit_session
from intake.store import drafts
from intake.store.drafts import Draft, DraftState, PendingForm

AWAY = "away"
"""The field of a form that the script sends before the patient leaves its page for a moment."""


def step_url(step: RouteStep) -> str:
    """Return the address of a step's page."""
    if step.question_id is None:
        return url_for(f"patient.{step.kind.value}")
    return url_for(f"patient.{step.kind.value}", question_id=step.question_id)


def first_open_url(state: DraftState) -> str:
    """Return the address of the first step not yet left with Continue."""
    questions = informants.current_questions(state)
    return step_url(journey.first_open_step(questions, state.answers, state.seen))


def show_step(step: RouteStep, view: Callable[[Draft], PageResponse]) -> PageResponse:
    """Return `view` of the current draft if the step is open to the patient.

    Otherwise redirect to the first open step. Without a draft, lead to the start.
    """
    draft = visit_session.current_draft()
    if draft is None:
        # A lost form needs an explanation; a lost page does not.
        if request.method == "POST":
            return errors.error_page(visit_session.missing_draft_reason(), 410)
        return redirect(url_for("patient.home"), 303)
    questions, state = informants.current_questions(draft.state), draft.state
    if not journey.is_reachable(questions, state.answers, state.seen, step):
        return redirect(first_open_url(state), 303)
    if request.method == "POST" and AWAY in request.form:
        return _keep_for_return(draft, step)
    return view(draft)


def _keep_for_return(draft: Draft, step: RouteStep) -> PageResponse:
    """Keep the unfinished form of a patient who changes the language or the look of the page."""
    repeat_step(draft, step, request.form.to_dict(flat=False), ())
    return Response(status=204, mimetype="text/plain")


def step_context(draft: Draft, step: RouteStep) -> dict[str, Any]:
    """Return the values that the template of every step needs."""
    questions, state = informants.current_questions(draft.state), draft.state
    back = journey.previous_step(questions, state.answers, state.seen, step)
    return {
        # Back from the first step leads to the languages and keeps the draft: a patient who tapped
        # the wrong one cannot read this page.
        "back": url_for("patient.language", back=step_url(step))
        if back is None
        else step_url(back),
        "progress": journey.question_progress(questions, state.answers, step),
        "draft": draft,
        "proxy": state.informant is not None and not state.informant.is_patient,
    }


def leave_step(draft: Draft, step: RouteStep, state: DraftState) -> PageResponse:
    """Save the draft's new state and lead to the next step."""
    questions, old_state = informants.current_questions(state), draft.state
    seen = journey.seen_after_leaving(questions, old_state.answers, state.answers, state.seen, step)
    pending = {key: form for key, form in state.pending.items() if key != step.key}
    # If all steps were seen, the patient came here from the check page to change an answer.
    old_questions = informants.current_questions(old_state)
    first_open = journey.first_open_step(old_questions, old_state.answers, old_state.seen)
    next_step = journey.next_step(
        questions, state.answers, seen, step, changing=first_open == journey.CHECK
    )
    return _save_and_redirect(
        draft, replace(state, seen=seen, pending=pending), step_url(next_step)
    )


def repeat_step(
    draft: Draft,
    step: RouteStep,
    values: Mapping[str, Sequence[str]],
    faults: tuple[str, ...],
    anchor: str = "",
) -> PageResponse:
    """Save a rejected form and show it again by a GET, safe for Back and reload."""
    typed = {
        key: tuple(texts)
        for key, texts in values.items()
        if key not in ("csrf_token", "find", "state", AWAY, TRIES_FIELD)
    }
    if FormFault.BOTH in faults:
        # The page asks which of the two the patient means, so it needs the declined state, too.
        typed["state"] = tuple(values.get("state", ()))
    form = PendingForm(typed, tuple(map(str, faults)))
    pending = {**draft.state.pending, step.key: form}
    return _save_and_redirect(draft, replace(draft.state, pending=pending), step_url(step) + anchor)


def _save_and_redirect(draft: Draft, state: DraftState, target: str) -> PageResponse:
    with current_site().database.write() as tx:
        is_saved = drafts.save_state(tx, draft, state)
    return redirect(target, 303) if is_saved else errors.error_page("cleared", 410)
