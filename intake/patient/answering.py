"""The pages between finding the visit and checking the answers: each is shown, read, kept in the draft, and left."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from intake import journey
from intake.answers import Answer, Informant, Sought, State
from intake.journey import Place, Step
from intake.pages import errors, speaking
from intake.pages.errors import Page
from intake.pages.site import site
from intake.patient import reading, visitors, voices
from intake.patient.options import options_of
from intake.patient.reading import Fault, Reading
from intake.patient.visitors import LINK, SIZE, THEME
from intake.questions import Kind, Question, Subject
from intake.store import drafts, resting, visits
from intake.store.drafts import Draft, DraftState, Pending
from intake.store.resting import Resting

STATES = {state.value: state for state in (State.DECLINED, State.UNKNOWN)}
FOUND = "#search-box"
"""The part of a question's page that has the search and what it found."""
ENOUGH = "enough"
"""The person has answered these questions before, and leaves it at that."""
ONLY = "only-"
"""Before a state: the person was told that they had also answered, and means the state."""


def register(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule("/onward", "onward", onward)
    blueprint.add_url_rule("/why", "why", why, methods=["GET", "POST"])
    blueprint.add_url_rule("/who", "who", who, methods=["GET", "POST"])
    blueprint.add_url_rule("/question/<question_id>", "question", question, methods=["GET", "POST"])
    blueprint.add_url_rule(
        "/question/<question_id>/details", "details", details, methods=["GET", "POST"]
    )


def url_of(place: Place) -> str:
    """Return the address of a place."""
    if place.question is None:
        return url_for(f"patient.{place.step.value}")
    return url_for(f"patient.{place.step.value}", question_id=place.question)


def at(place: Place, shown: Callable[[Draft], Page]) -> Page:
    """Show a place to whom it is open; others are led to where they are, or to the calm start."""
    draft = visitors.draft()
    if draft is None:
        return (
            errors.page("expired", 410)
            if request.method == "POST"
            else redirect(url_for("patient.home"), 303)
        )
    questions, state = voices.questions(draft.state), draft.state
    if not journey.reachable(questions, state.answers, state.seen, place):
        return redirect(url_of(journey.frontier(questions, state.answers, state.seen)), 303)
    return shown(draft)


def frame(draft: Draft, place: Place) -> dict[str, Any]:
    """Return what every place's template needs beside its own: the way back, and how far one has come."""
    questions, state = voices.questions(draft.state), draft.state
    back = journey.before(questions, state.answers, state.seen, place)
    return {
        # From the first place to the languages, for a wrong tap there may have led to words that nobody here can read.
        "back": visitors.beginning() if back is None else url_of(back),
        "progress": journey.progress(questions, state.answers, place),
        "draft": draft,
        "proxy": state.informant is not None and not state.informant.is_own,
    }


def onward() -> Page:
    """Lead a person who comes back to where they were."""
    draft = visitors.draft()
    if draft is None:
        return redirect(url_for("patient.home"), 303)
    state = draft.state
    return redirect(
        url_of(journey.frontier(voices.questions(state), state.answers, state.seen)), 303
    )


def why() -> Page:
    """Say why we ask, who sees it, and what it does not change."""
    return at(journey.WHY, _why)


def _why(draft: Draft) -> Page:
    before = _answered_before(draft)
    if request.method != "POST":
        return speaking.render(
            "patient/why.html",
            **frame(draft, journey.WHY),
            resting=before is not None,
            asks_tribes=any(
                each.kind is Kind.TRIBES for each in site().settings.question_set.questions
            ),
        )
    if before is not None and request.form.get(ENOUGH):
        visitors.forget(LINK, SIZE, THEME)
        visitors.thank(before.submission, draft.state.locale)
        return redirect(url_for("patient.done"), 303)
    return _leave(draft, journey.WHY, draft.state)


def _answered_before(draft: Draft) -> Resting | None:
    """Return what the person said already for which they need not be asked now; they may answer again all the same."""
    bound = draft.state.bound
    with site().database.read() as tx:
        # Whom the desk let in by record number may have been found since.
        visit = visits.get(tx, draft.visit) if Sought.of(bound.patient) else None
        patient = visit.patient if visit else bound.patient
        return resting.not_asked(tx, bound.server, [patient]).get(patient)


def who() -> Page:
    """Ask who is answering."""
    return at(journey.INFORMANT, _who)


def _who(draft: Draft) -> Page:
    if request.method != "POST":
        pending = draft.state.pending.get(journey.INFORMANT.key)
        faults = pending.faults if pending else ()
        asked_first = site().settings.asked_first_from_age if voices.is_asked_first(draft) else None
        place = frame(draft, journey.INFORMANT)
        return speaking.render(
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
    passed_on = before is not None and before.is_own is not informant.is_own
    if passed_on and voices.is_asked_first(draft):
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
        for each in site().settings.question_set.questions
        if each.about is Subject.INFORMANT
    }
    places = {Place(Step.QUESTION, each).key for each in theirs}
    return replace(
        state,
        answers={key: each for key, each in state.answers.items() if key not in theirs},
        seen=tuple(key for key in state.seen if key not in places),
        pending={key: each for key, each in state.pending.items() if key not in places},
    )


def question(question_id: str) -> Page:
    """Ask a question."""
    return at(Place(Step.QUESTION, question_id), partial(_question, asked=_asked(question_id)))


def details(question_id: str) -> Page:
    """Ask for the details of what was chosen."""
    return at(Place(Step.DETAILS, question_id), partial(_details, asked=_asked(question_id)))


def _asked(question_id: str) -> Question:
    return site().settings.question_set.question(question_id) or abort(404)


def _question(draft: Draft, asked: Question) -> Page:
    place = Place(Step.QUESTION, asked.id)
    earlier = draft.state.answers.get(asked.id)
    if request.method != "POST":
        return _show(draft, place, asked)
    values = request.form.to_dict(flat=False)
    state = values.get("state", [""])[-1]
    if state.startswith(ONLY) and state.removeprefix(ONLY) in STATES:
        return _answered(
            draft, place, asked, Reading(Answer(STATES[state.removeprefix(ONLY)])), values
        )
    if state in STATES:
        said = (
            Reading(None, (Fault.BOTH,))
            if reading.has_content(values)
            else Reading(Answer(STATES[state]))
        )
        return _answered(draft, place, asked, said, values)
    said = reading.read_question(asked, values, earlier)
    if said == Reading(None) and earlier is not None and earlier.state is not State.ANSWERED:
        # The page says what they answered so far, and shows no box to untick: to go on from there takes nothing back.
        said = Reading(earlier)
    return _answered(draft, place, asked, said, values)


def _details(draft: Draft, asked: Question) -> Page:
    place = Place(Step.DETAILS, asked.id)
    if request.method != "POST":
        return _show(draft, place, asked)
    values = request.form.to_dict(flat=False)
    return _answered(
        draft,
        place,
        asked,
        reading.read_details(asked, values, draft.state.answers[asked.id]),
        values,
    )


def _answered(
    draft: Draft, place: Place, asked: Question, said: Reading, values: Mapping[str, list[str]]
) -> Page:
    declines = "state" in values
    if not declines and reading.is_search(values):
        return _again(draft, place, values, (), FOUND)
    if said.faults:
        return _again(draft, place, values, said.faults)
    if not declines and _is_to_pick(draft, place, asked, values):
        return _again(draft, place, values, (Fault.NOT_PICKED,))
    answers = {key: each for key, each in draft.state.answers.items() if key != asked.id}
    if said.answer is not None:
        answers[asked.id] = said.answer
    return _leave(draft, place, replace(draft.state, answers=answers))


def _is_to_pick(
    draft: Draft, place: Place, asked: Question, values: Mapping[str, list[str]]
) -> bool:
    """Return whether to say, once, that nothing was picked of what a search found; who goes on all the same wants none."""
    pending = draft.state.pending.get(place.key)
    told = pending is not None and Fault.NOT_PICKED in pending.faults
    return reading.is_unpicked(values) and not told and options_of(asked, values, draft).found


def _show(draft: Draft, place: Place, asked: Question) -> str:
    pending, answer = draft.state.pending.get(place.key), draft.state.answers.get(asked.id)
    values = pending.values if pending else reading.values_of(answer)
    template = "details" if place.step is Step.DETAILS else asked.kind.value
    return speaking.render(
        f"patient/{template}.html",
        **frame(draft, place),
        question=asked,
        ticked=values.get(reading.CHOICE, ()),
        typed=lambda name: next(iter(values.get(name, ())), ""),
        faults=pending.faults if pending else (),
        earlier_state=None
        if answer is None or answer.state is State.ANSWERED
        else answer.state.value,
        options=None if asked.kind is Kind.CHOICE else options_of(asked, values, draft),
        groups=journey.detailed(asked, answer),
    )


def _again(
    draft: Draft,
    place: Place,
    values: Mapping[str, list[str]],
    faults: tuple[str, ...],
    part: str = "",
) -> Page:
    """Keep a form that could not be taken, and show it again by a GET, so that Back and reload stay calm."""
    typed = {
        key: tuple(texts)
        for key, texts in values.items()
        if key not in ("csrf_token", "find", "state")
    }
    if Fault.BOTH in faults:
        typed["state"] = tuple(values.get("state", ()))
    pending = {**draft.state.pending, place.key: Pending(typed, tuple(map(str, faults)))}
    return _kept(draft, replace(draft.state, pending=pending), url_of(place) + part)


def _leave(draft: Draft, place: Place, state: DraftState) -> Page:
    questions, earlier = voices.questions(state), draft.state
    seen = journey.left(questions, earlier.answers, state.answers, state.seen, place)
    pending = {key: form for key, form in state.pending.items() if key != place.key}
    changing = (
        journey.frontier(voices.questions(earlier), earlier.answers, earlier.seen) == journey.CHECK
    )
    onto = journey.after(questions, state.answers, seen, place, changing=changing)
    return _kept(draft, replace(state, seen=seen, pending=pending), url_of(onto))


def _kept(draft: Draft, state: DraftState, onto: str) -> Page:
    with site().database.write() as tx:
        kept = drafts.save(tx, draft, state)
    return redirect(onto, 303) if kept else errors.page("expired", 410)
