"""The pages between finding the visit and checking the answers: each is shown, read, kept in the draft, and left."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from intake import journey
from intake.answers import Answer, AnswerState, Informant, MatchCriteria
from intake.journey import RouteStep, StepKind
from intake.pages import errors, renderer
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import forms, informants, visit_session
from intake.patient.forms import FormFault, FormReading
from intake.patient.options import page_options
from intake.patient.visit_session import LINK, SIZE, THEME
from intake.questions import Question, QuestionKind, Subject
from intake.store import drafts, visits
from intake.store.drafts import Draft, DraftState, PendingForm
from intake.store.outbox import reask_intervals
from intake.store.outbox.reask_intervals import ReaskInterval

STATES = {state.value: state for state in (AnswerState.DECLINED, AnswerState.UNKNOWN)}
SEARCH_RESULTS_ANCHOR = "#search-box"
"""The part of a question's page that has the search and what it found."""
ENOUGH = "enough"
"""The person has answered these questions before, and leaves it at that."""
ONLY = "only-"
"""Before a state: the person was told that they had also answered, and means the state."""


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/onward", "onward", onward)
    blueprint.add_url_rule("/why", "why", why, methods=["GET", "POST"])
    blueprint.add_url_rule("/who", "who", who, methods=["GET", "POST"])
    blueprint.add_url_rule("/question/<question_id>", "question", question, methods=["GET", "POST"])
    blueprint.add_url_rule(
        "/question/<question_id>/details", "details", details, methods=["GET", "POST"]
    )


def step_url(place: RouteStep) -> str:
    """Return the address of a place."""
    if place.question_id is None:
        return url_for(f"patient.{place.kind.value}")
    return url_for(f"patient.{place.kind.value}", question_id=place.question_id)


def show_step(place: RouteStep, shown: Callable[[Draft], PageResponse]) -> PageResponse:
    """Show a place to whom it is open; others are led to where they are, or to the calm start."""
    draft = visit_session.current_draft()
    if draft is None:
        return (
            errors.error_page("expired", 410)
            if request.method == "POST"
            else redirect(url_for("patient.home"), 303)
        )
    questions, state = informants.current_questions(draft.state), draft.state
    if not journey.is_reachable(questions, state.answers, state.seen, place):
        return redirect(
            step_url(journey.first_open_step(questions, state.answers, state.seen)), 303
        )
    return shown(draft)


def step_context(draft: Draft, place: RouteStep) -> dict[str, Any]:
    """Return what every place's template needs beside its own: the way back, and how far one has come."""
    questions, state = informants.current_questions(draft.state), draft.state
    back = journey.previous_step(questions, state.answers, state.seen, place)
    return {
        # From the first place to the languages, for a wrong tap there may have led to words that nobody here can read.
        "back": visit_session.first_page_url() if back is None else step_url(back),
        "progress": journey.question_progress(questions, state.answers, place),
        "draft": draft,
        "proxy": state.informant is not None and not state.informant.is_patient,
    }


def onward() -> PageResponse:
    """Lead a person who comes back to where they were."""
    draft = visit_session.current_draft()
    if draft is None:
        return redirect(url_for("patient.home"), 303)
    state = draft.state
    return redirect(
        step_url(
            journey.first_open_step(informants.current_questions(state), state.answers, state.seen)
        ),
        303,
    )


def why() -> PageResponse:
    """Say why we ask, who sees it, and what it does not change."""
    return show_step(journey.WHY, _why)


def _why(draft: Draft) -> PageResponse:
    before = _answered_before(draft)
    if request.method != "POST":
        return renderer.render_page(
            "patient/why.html",
            **step_context(draft, journey.WHY),
            resting=before is not None,
            asks_tribes=any(
                each.kind is QuestionKind.TRIBES
                for each in current_site().settings.question_set.questions
            ),
        )
    if before is not None and request.form.get(ENOUGH):
        visit_session.wipe_session(LINK, SIZE, THEME)
        visit_session.remember_submission(before.submission, draft.state.locale)
        return redirect(url_for("patient.done"), 303)
    return _leave(draft, journey.WHY, draft.state)


def _answered_before(draft: Draft) -> ReaskInterval | None:
    """Return what the person said already for which they need not be asked now; they may answer again all the same."""
    bound = draft.state.visit_context
    with current_site().database.read() as tx:
        # Whom the desk let in by record number may have been found since.
        visit = (
            visits.find_visit(tx, draft.visit)
            if MatchCriteria.from_reference(bound.patient)
            else None
        )
        patient = visit.patient if visit else bound.patient
        return reask_intervals.current_intervals(tx, bound.server, [patient]).get(patient)


def who() -> PageResponse:
    """Ask who is answering."""
    return show_step(journey.INFORMANT, _who)


def _who(draft: Draft) -> PageResponse:
    if request.method != "POST":
        pending = draft.state.pending.get(journey.INFORMANT.key)
        faults = pending.faults if pending else ()
        asked_first = (
            current_site().settings.asked_first_from_age
            if informants.is_asked_first(draft)
            else None
        )
        place = step_context(draft, journey.INFORMANT)
        return renderer.render_page(
            "patient/who.html",
            **place,
            informants=Informant,
            faults=faults,
            asked_first=asked_first,
        )
    said = request.form.get("informant", "")
    if said not in set(Informant):
        return _again(draft, journey.INFORMANT, {}, ("missing",))
    return _leave(draft, journey.INFORMANT, _spoken_by(draft, Informant(said)))


def _spoken_by(draft: Draft, informant: Informant) -> DraftState:
    """Return the state with who answers now; what a young person said, a parent neither sees nor takes over.

    Nor does anybody take over what somebody else said of themselves.
    """
    before = draft.state.informant
    passed_on = before is not None and before.is_patient is not informant.is_patient
    if passed_on and informants.is_asked_first(draft):
        return replace(
            draft.state, informant=informant, answers={}, seen=(journey.WHY.key,), pending={}
        )
    return replace(
        draft.state if before is informant else _without_themselves(draft.state),
        informant=informant,
    )


def _without_themselves(state: DraftState) -> DraftState:
    """Return the state without what whoever answered for the patient said of themselves."""
    theirs = {
        each.id
        for each in current_site().settings.question_set.questions
        if each.about is Subject.INFORMANT
    }
    places = {RouteStep(StepKind.QUESTION, each).key for each in theirs}
    return replace(
        state,
        answers={key: each for key, each in state.answers.items() if key not in theirs},
        seen=tuple(key for key in state.seen if key not in places),
        pending={key: each for key, each in state.pending.items() if key not in places},
    )


def question(question_id: str) -> PageResponse:
    """Ask a question."""
    return show_step(
        RouteStep(StepKind.QUESTION, question_id), partial(_question, asked=_asked(question_id))
    )


def details(question_id: str) -> PageResponse:
    """Ask for the details of what was chosen."""
    return show_step(
        RouteStep(StepKind.DETAILS, question_id), partial(_details, asked=_asked(question_id))
    )


def _asked(question_id: str) -> Question:
    return current_site().settings.question_set.find_question(question_id) or abort(404)


def _question(draft: Draft, asked: Question) -> PageResponse:
    place = RouteStep(StepKind.QUESTION, asked.id)
    earlier = draft.state.answers.get(asked.id)
    if request.method != "POST":
        return _show(draft, place, asked)
    values = request.form.to_dict(flat=False)
    state = values.get("state", [""])[-1]
    if state.startswith(ONLY) and state.removeprefix(ONLY) in STATES:
        return _answered(
            draft, place, asked, FormReading(Answer(STATES[state.removeprefix(ONLY)])), values
        )
    if state in STATES:
        said = (
            FormReading(None, (FormFault.BOTH,))
            if forms.has_content(values)
            else FormReading(Answer(STATES[state]))
        )
        return _answered(draft, place, asked, said, values)
    said = forms.read_question(asked, values, earlier)
    if (
        said == FormReading(None)
        and earlier is not None
        and earlier.state is not AnswerState.ANSWERED
    ):
        # The page says what they answered so far, and shows no box to untick: to go on from there takes nothing back.
        said = FormReading(earlier)
    return _answered(draft, place, asked, said, values)


def _details(draft: Draft, asked: Question) -> PageResponse:
    place = RouteStep(StepKind.DETAILS, asked.id)
    if request.method != "POST":
        return _show(draft, place, asked)
    values = request.form.to_dict(flat=False)
    return _answered(
        draft,
        place,
        asked,
        forms.read_details(asked, values, draft.state.answers[asked.id]),
        values,
    )


def _answered(
    draft: Draft,
    place: RouteStep,
    asked: Question,
    said: FormReading,
    values: Mapping[str, list[str]],
) -> PageResponse:
    declines = "state" in values
    if not declines and forms.is_search(values):
        return _again(draft, place, values, (), SEARCH_RESULTS_ANCHOR)
    if said.faults:
        return _again(draft, place, values, said.faults)
    if not declines and _is_to_pick(draft, place, asked, values):
        return _again(draft, place, values, (FormFault.NOT_PICKED,))
    answers = {key: each for key, each in draft.state.answers.items() if key != asked.id}
    if said.answer is not None:
        answers[asked.id] = said.answer
    return _leave(draft, place, replace(draft.state, answers=answers))


def _is_to_pick(
    draft: Draft, place: RouteStep, asked: Question, values: Mapping[str, list[str]]
) -> bool:
    """Return whether to say, once, that nothing was picked of what a search found; who goes on all the same wants none."""
    pending = draft.state.pending.get(place.key)
    told = pending is not None and FormFault.NOT_PICKED in pending.faults
    return forms.is_unpicked(values) and not told and page_options(asked, values, draft).found


def _show(draft: Draft, place: RouteStep, asked: Question) -> str:
    pending, answer = draft.state.pending.get(place.key), draft.state.answers.get(asked.id)
    values = pending.values if pending else forms.form_values(answer)
    template = "details" if place.kind is StepKind.DETAILS else asked.kind.value
    return renderer.render_page(
        f"patient/{template}.html",
        **step_context(draft, place),
        question=asked,
        ticked=values.get(forms.CHOICE, ()),
        typed=lambda name: next(iter(values.get(name, ())), ""),
        faults=pending.faults if pending else (),
        earlier_state=None
        if answer is None or answer.state is AnswerState.ANSWERED
        else answer.state.value,
        options=None if asked.kind is QuestionKind.CHOICE else page_options(asked, values, draft),
        groups=journey.groups_with_details(asked, answer),
    )


def _again(
    draft: Draft,
    place: RouteStep,
    values: Mapping[str, list[str]],
    faults: tuple[str, ...],
    part: str = "",
) -> PageResponse:
    """Keep a form that could not be taken, and show it again by a GET, so that Back and reload stay calm."""
    typed = {
        key: tuple(texts)
        for key, texts in values.items()
        if key not in ("csrf_token", "find", "state")
    }
    if FormFault.BOTH in faults:
        typed["state"] = tuple(values.get("state", ()))
    pending = {**draft.state.pending, place.key: PendingForm(typed, tuple(map(str, faults)))}
    return _kept(draft, replace(draft.state, pending=pending), step_url(place) + part)


def _leave(draft: Draft, place: RouteStep, state: DraftState) -> PageResponse:
    questions, earlier = informants.current_questions(state), draft.state
    seen = journey.seen_after_leaving(questions, earlier.answers, state.answers, state.seen, place)
    pending = {key: form for key, form in state.pending.items() if key != place.key}
    changing = (
        journey.first_open_step(
            informants.current_questions(earlier), earlier.answers, earlier.seen
        )
        == journey.CHECK
    )
    onto = journey.next_step(questions, state.answers, seen, place, changing=changing)
    return _kept(draft, replace(state, seen=seen, pending=pending), step_url(onto))


def _kept(draft: Draft, state: DraftState, onto: str) -> PageResponse:
    with current_site().database.write() as tx:
        kept = drafts.save_state(tx, draft, state)
    return redirect(onto, 303) if kept else errors.error_page("expired", 410)
