"""The pages that ask a question or its details, and the handling of their forms."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from flask import Blueprint, abort, jsonify, request, url_for

from intake import journey
from intake.answers import Answer, AnswerState
from intake.journey import RouteStep, StepKind
from intake.pages import answer_forms, renderer
from intake.pages.answer_forms import FormFault, FormReading
from intake.pages.errors import PageResponse
from intake.pages.site import current_site
from intake.patient import steps
from intake.patient.options import page_options
from intake.questions import Question, QuestionKind
from intake.store.drafts import Draft

STATES = {state.value: state for state in (AnswerState.DECLINED, AnswerState.UNKNOWN)}
SEARCH_RESULTS_ANCHOR = "#found"
"""The heading of the search results; the browser moves the focus to it."""
ONLY_PREFIX = "only-"
"""Before a state: the patient has read that the form also had an answer, and means the state."""


def register_pages(blueprint: Blueprint) -> None:
    """Add these pages."""
    blueprint.add_url_rule(
        "/question/<question_id>", "question", view_question, methods=["GET", "POST"]
    )
    blueprint.add_url_rule(
        "/question/<question_id>/details", "details", view_details, methods=["GET", "POST"]
    )
    for kind, view in ((StepKind.QUESTION, suggest_answers), (StepKind.DETAILS, suggest_details)):
        blueprint.add_url_rule(
            f"/suggest/{kind.value}/<question_id>", view_func=view, methods=["POST"]
        )


def view_question(question_id: str) -> PageResponse:
    """Ask a question."""
    step = RouteStep(StepKind.QUESTION, question_id)
    question = _find_question(question_id)
    return steps.show_step(step, partial(_handle_question, step=step, question=question))


def view_details(question_id: str) -> PageResponse:
    """Ask for the details of the chosen groups."""
    step = RouteStep(StepKind.DETAILS, question_id)
    question = _find_question(question_id)
    return steps.show_step(step, partial(_handle_details, step=step, question=question))


def suggest_answers(question_id: str) -> PageResponse:
    """Return the results of a question's search, for the list below the search field."""
    return _suggest(RouteStep(StepKind.QUESTION, question_id))


def suggest_details(question_id: str) -> PageResponse:
    """Return the results of a details page's search, for the list below the search field."""
    return _suggest(RouteStep(StepKind.DETAILS, question_id))


def _suggest(step: RouteStep) -> PageResponse:
    # By POST, because a search term must not stand in an address or a log.
    question = _find_question(step.question_id or "")
    return steps.show_step(step, partial(_render_suggestions, question=question))


def _render_suggestions(draft: Draft, question: Question) -> PageResponse:
    options = page_options(question, request.form.to_dict(flat=False), draft)
    return jsonify(options=renderer.render_page("patient/suggestions.html", options=options))


def _find_question(question_id: str) -> Question:
    return current_site().settings.question_set.find_question(question_id) or abort(404)


def _handle_question(draft: Draft, step: RouteStep, question: Question) -> PageResponse:
    if request.method != "POST":
        return _render_step(draft, step, question)
    values = request.form.to_dict(flat=False)
    state = values.get("state", [""])[-1]
    previous = draft.state.answers.get(question.id)
    # The patient has chosen between the answer and the state, so the answer is dropped now.
    if state.startswith(ONLY_PREFIX) and state.removeprefix(ONLY_PREFIX) in STATES:
        reading = FormReading(Answer(STATES[state.removeprefix(ONLY_PREFIX)]))
    elif state in STATES and answer_forms.has_content(values):
        reading = FormReading(None, (FormFault.BOTH,))
    elif state in STATES:
        reading = FormReading(Answer(STATES[state]))
    else:
        reading = answer_forms.read_question(question, values, previous)
        # The page names a declined or unknown answer but has no box for it. Continue without a
        # choice therefore keeps that answer.
        is_empty = reading == FormReading(None)
        if is_empty and previous is not None and previous.state is not AnswerState.ANSWERED:
            reading = FormReading(previous)
    return _apply_reading(draft, step, question, reading, values)


def _handle_details(draft: Draft, step: RouteStep, question: Question) -> PageResponse:
    if request.method != "POST":
        return _render_step(draft, step, question)
    values = request.form.to_dict(flat=False)
    reading = answer_forms.read_details(question, values, draft.state.answers[question.id])
    return _apply_reading(draft, step, question, reading, values)


def _apply_reading(
    draft: Draft,
    step: RouteStep,
    question: Question,
    reading: FormReading,
    values: Mapping[str, list[str]],
) -> PageResponse:
    """Store the answer and leave the step, or show the form again with its faults."""
    # A button for declined or unknown also sends the rest of the form, search term included.
    has_state = "state" in values
    if (ticked := answer_forms.ticked_result(question, values)) is not None:
        return steps.repeat_step(draft, step, ticked, (), f"#c-{values[answer_forms.TICK][-1]}")
    if not has_state and answer_forms.is_search(values):
        return steps.repeat_step(draft, step, values, (), SEARCH_RESULTS_ANCHOR)
    if reading.faults:
        return steps.repeat_step(draft, step, values, reading.faults)
    if not has_state and _must_pick(draft, step, question, values):
        return steps.repeat_step(draft, step, values, (FormFault.NOT_PICKED,))
    answers = {key: answer for key, answer in draft.state.answers.items() if key != question.id}
    if reading.answer is not None:
        answers[question.id] = reading.answer
    return steps.leave_step(draft, step, replace(draft.state, answers=answers))


def _must_pick(
    draft: Draft, step: RouteStep, question: Question, values: Mapping[str, list[str]]
) -> bool:
    """Return whether to remind the patient to pick a search result.

    The page says so once. A patient who then continues without a choice wants none.
    """
    pending = draft.state.pending.get(step.key)
    is_reminded = pending is not None and FormFault.NOT_PICKED in pending.faults
    if is_reminded or not answer_forms.is_unpicked(values):
        return False
    return bool(page_options(question, values, draft).found)


def _render_step(draft: Draft, step: RouteStep, question: Question) -> str:
    pending, answer = draft.state.pending.get(step.key), draft.state.answers.get(question.id)
    # A rejected form wins over the stored answer, so that nothing typed is lost.
    values = pending.values if pending else answer_forms.form_values(answer)
    template = "details" if step.kind is StepKind.DETAILS else question.kind.value
    has_state = answer is not None and answer.state is not AnswerState.ANSWERED
    has_options = question.kind is not QuestionKind.CHOICE
    return renderer.render_page(
        f"patient/{template}.html",
        **steps.step_context(draft, step),
        question=question,
        ticked=values.get(answer_forms.CHOICE, ()),
        typed=lambda name: next(iter(values.get(name, ())), ""),
        faults=pending.faults if pending else (),
        wrong=answer_forms.wrong_fields(values, pending.faults if pending else ()),
        earlier_state=answer.state.value if answer is not None and has_state else None,
        options=page_options(question, values, draft) if has_options else None,
        suggest_url=url_for(
            f"patient.{SUGGEST_VIEWS[step.kind].__name__}", question_id=question.id
        ),
        groups=journey.groups_with_details(question, answer),
    )


SUGGEST_VIEWS = {StepKind.QUESTION: suggest_answers, StepKind.DETAILS: suggest_details}
