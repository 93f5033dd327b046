"""The first two steps: the purpose of the questions, and the informant."""

from dataclasses import replace

from flask import Blueprint, redirect, request, url_for

from intake import journey
from intake.answers import Informant, MatchCriteria
from intake.journey import RouteStep, StepKind
from intake.pages import renderer
from intake.pages.answer_forms import FormFault
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import informants, steps, visit_session
from intake.patient.visit_session import LINK, SIZE, THEME
from intake.questions import QuestionKind, Subject
from intake.store import visits
from intake.store.drafts import Draft, DraftState
from intake.store.outbox import reask_intervals
from intake.store.outbox.reask_intervals import ReaskInterval

ENOUGH_FIELD = "enough"
"""The field of a form: the patient has answered before and does not want to answer again."""


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/onward", "onward", resume_route)
    blueprint.add_url_rule("/why", "why", view_why, methods=["GET", "POST"])
    blueprint.add_url_rule("/who", "who", view_who, methods=["GET", "POST"])


def resume_route() -> PageResponse:
    """Lead a patient who comes back to the first open step."""
    draft = visit_session.current_draft()
    target = steps.first_open_url(draft.state) if draft else url_for("patient.home")
    return redirect(target, 303)


def view_why() -> PageResponse:
    """Explain the purpose of the questions, and what happens with the answers."""
    return steps.show_step(journey.WHY, _handle_why)


def _handle_why(draft: Draft) -> PageResponse:
    interval = _reask_interval(draft)
    if request.method != "POST":
        questions = current_site().settings.question_set.questions
        return renderer.render_page(
            "patient/why.html",
            **steps.step_context(draft, journey.WHY),
            answered_before=interval is not None,
            asks_tribes=any(question.kind is QuestionKind.TRIBES for question in questions),
        )
    if interval is not None and request.form.get(ENOUGH_FIELD):
        # The thank-you belongs to the earlier submission; this visit stores nothing.
        visit_session.wipe_session(LINK, SIZE, THEME)
        visit_session.remember_submission(interval.submission, draft.state.locale)
        return redirect(url_for("patient.done"), 303)
    return steps.leave_step(draft, journey.WHY, draft.state)


def _reask_interval(draft: Draft) -> ReaskInterval | None:
    """Return the patient's running re-ask interval, or None."""
    # The interval only adds a note to the page: the patient may answer again all the same.
    context = draft.state.visit_context
    with current_site().database.read() as tx:
        patient = context.patient
        # The worker may have matched a walk-in to a chart after the desk opened this visit.
        if MatchCriteria.from_reference(patient):
            visit = visits.find_visit(tx, draft.visit)
            patient = visit.patient if visit else patient
        return reask_intervals.current_intervals(tx, context.server, [patient]).get(patient)


def view_who() -> PageResponse:
    """Ask for the informant."""
    return steps.show_step(journey.INFORMANT, _handle_who)


def _handle_who(draft: Draft) -> PageResponse:
    if request.method != "POST":
        pending = draft.state.pending.get(journey.INFORMANT.key)
        asked_first_from_age = current_site().settings.asked_first_from_age
        return renderer.render_page(
            "patient/who.html",
            **steps.step_context(draft, journey.INFORMANT),
            informants=Informant,
            faults=pending.faults if pending else (),
            wrong=frozenset({"choice"} if pending and pending.faults else ()),
            chosen=pending.values.get("informant", ()) if pending else (draft.state.informant,),
            asked_first=asked_first_from_age if informants.is_asked_first(draft) else None,
        )
    value = request.form.get("informant", "")
    if value not in set(Informant):
        return steps.repeat_step(draft, journey.INFORMANT, {}, (FormFault.NO_INFORMANT,))
    return steps.leave_step(draft, journey.INFORMANT, _change_informant(draft, Informant(value)))


def _change_informant(draft: Draft, informant: Informant) -> DraftState:
    """Return the state with the new informant.

    A parent never sees what a young person answered, and neither takes over the other's answers.
    A second guardian or caregiver never takes over what the first one answered about themselves.
    """
    state, previous = draft.state, draft.state.informant
    changes_voice = previous is not None and previous.is_patient is not informant.is_patient
    # The seen steps go, too: a seen details page would reveal which groups have been chosen.
    if changes_voice and informants.is_asked_first(draft):
        return replace(state, informant=informant, answers={}, seen=(journey.WHY.key,), pending={})
    if previous is not informant:
        state = _without_informant_answers(state)
    return replace(state, informant=informant)


def _without_informant_answers(state: DraftState) -> DraftState:
    """Return the state without the answers to questions about the informant."""
    # The steps count as not yet seen, so that the new informant is asked.
    question_ids = {
        question.id
        for question in current_site().settings.question_set.questions
        if question.about is Subject.INFORMANT
    }
    keys = {RouteStep(StepKind.QUESTION, question_id).key for question_id in question_ids}
    return replace(
        state,
        answers={key: answer for key, answer in state.answers.items() if key not in question_ids},
        seen=tuple(key for key in state.seen if key not in keys),
        pending={key: form for key, form in state.pending.items() if key not in keys},
    )
