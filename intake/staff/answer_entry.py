"""Lets the desk enter a patient's answers: spoken at the desk, or from a paper sheet."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import InputRequired, ValidationError

from intake import i18n, journey, terminology
from intake.answers import OWN_WORDS, WRITE_IN, Answer, Channel, Informant, Submission
from intake.pages.answer_forms import FormValues
from intake.pages.listed_languages import listed_languages
from intake.pages.reask import reask_at
from intake.pages.site import current_site
from intake.questions import QuestionSet, Subject
from intake.settings import Clinic
from intake.sheet import box_codes
from intake.staff import access
from intake.staff.entry_form import EntryReading, read_entry
from intake.staff.forms import DayField, StaffForm
from intake.store import audit, visits
from intake.store.database import Tx
from intake.store.outbox.enqueue import DifferentContentError, store_submission
from intake.store.outbox.merge_base import MergeBase
from intake.store.visits import Visit

CHANNELS = (
    (Channel.STAFF.value, "The patient told me at the desk"),
    (Channel.PAPER.value, "From a paper sheet"),
)
INFORMANTS = (
    (Informant.SELF.value, "1 · The patient"),
    (Informant.SELF_WITH_HELP.value, "2 · The patient, with help"),
    (Informant.GUARDIAN.value, "3 · A parent or guardian"),
    (Informant.CAREGIVER.value, "4 · Another caregiver"),
)
SAVED = "The answers are saved. The worker writes them into the record."
SAVED_BEFORE = (
    "These answers were saved before. To correct them, open “Enter answers” again "
    "and enter all of them."
)
EARLIEST_DAY = date(2000, 1, 1)
"""A sheet of an earlier day is a typing mistake: no such question was asked this way then."""


class EntryForm(StaffForm):
    """The circumstances of the answers: channel, informant, day and language."""

    channel = StringField("Where the answers come from")
    informant = StringField("Who answered")
    day = DayField("Day of the answers", [InputRequired("Enter the day of the answers.")])
    locale = StringField("Language of the questions")
    submission = StringField()

    def __init__(self, today: date, languages: tuple[tuple[str, str], ...], **options: Any) -> None:
        """Take the clinic's date of today, and the site's languages by tag and name."""
        super().__init__(**options)
        self.today = today
        self.languages = languages

    def validate_channel(self, field: Any) -> None:
        """Accept only a channel of the desk."""
        _require_choice(field, CHANNELS, "Choose where the answers come from.")

    def validate_informant(self, field: Any) -> None:
        """Accept only an informant of the list."""
        _require_choice(field, INFORMANTS, "Choose who answered.")

    def validate_locale(self, field: Any) -> None:
        """Accept only a language of the site."""
        _require_choice(field, self.languages, "Choose the language of the questions.")

    def validate_day(self, field: Any) -> None:
        """Accept only a day that can be; answers spoken at the desk are today's."""
        if field.data is None:
            return
        if not EARLIEST_DAY <= field.data <= self.today:
            raise ValidationError("Check the day: it is in the future or too long ago.")
        if self.channel.data == Channel.STAFF.value and field.data != self.today:
            raise ValidationError("Answers that the patient told you are today's. Change the day.")

    def validate_submission(self, field: Any) -> None:
        """Accept only the id that the page carries."""
        try:
            UUID(field.data or "")
        except ValueError:
            raise ValidationError("Open “Enter answers” again from the list.") from None


def _require_choice(field: Any, choices: tuple[tuple[str, str], ...], sentence: str) -> None:
    if field.data not in dict(choices):
        raise ValidationError(sentence)


def register_pages(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule(
        "/visits/<visit>/answers", "enter_answers", enter_answers, methods=["GET", "POST"]
    )


def enter_answers(visit: str) -> ResponseReturnValue:
    """Show the empty form, or store its answers; the desk never reads answers back."""
    with current_site().database.read() as tx:
        expected = visits.find_visit(tx, visit)
    clinic = current_site().settings.clinics.get(expected.clinic) if expected else None
    if expected is None or clinic is None:
        abort(404)
    form = _build_form(clinic)
    if request.method != "POST":
        return _render_page(expected, form, {}, ())
    values = request.form.to_dict(flat=False)
    is_valid = form.validate()
    reading = read_entry(_asked_questions(str(form.informant.data)), values)
    faults = (*form.error_messages(), *reading.faults, *_missing_answers(reading))
    if not is_valid or faults:
        return _render_page(expected, form, values, faults), 422
    flash(_store_entry(expected, clinic, form, reading))
    # Without an anchor: the desk must see the message, which is at the top.
    return redirect(url_for(".today", clinic=clinic.id), 303)


def _build_form(clinic: Clinic) -> EntryForm:
    today = current_site().clock().astimezone(clinic.time_zone).date()
    languages = tuple(
        (locale.tag, locale.endonym) for locale in i18n.sorted_locales(current_site().languages)
    )
    return EntryForm(today, languages)


def _asked_questions(informant: str) -> QuestionSet:
    """Return the questions that this informant is asked."""
    question_set = current_site().settings.question_set
    known = set(Informant)
    return journey.questions_for_informant(
        question_set, Informant(informant) if informant in known else None
    )


def _missing_answers(reading: EntryReading) -> tuple[str, ...]:
    if reading.answers or reading.faults:
        return ()
    return ("Enter at least one answer, or mark what the patient would rather not say.",)


def _render_page(visit: Visit, form: EntryForm, values: FormValues, faults: tuple[str, ...]) -> str:
    settings = current_site().settings
    known = terminology.load_languages()
    listed = listed_languages(settings.question_set, settings)
    return render_template(
        "staff/answer_entry.html",
        visit=visit,
        form=form,
        faults=faults,
        channels=CHANNELS,
        informants=INFORMANTS,
        submission=form.submission.data or uuid4(),
        questions=settings.question_set.questions,
        informant_subject=Subject.INFORMANT,
        codes=box_codes(settings.question_set, listed),
        listed=listed,
        languages=sorted(known.values(), key=lambda language: language.name.casefold()),
        tribes=sorted(tribe.name for tribe in terminology.load_tribes().values()),
        typed=values,
        own_words_key=OWN_WORDS,
        write_in=WRITE_IN,
    )


def _store_entry(visit: Visit, clinic: Clinic, form: EntryForm, reading: EntryReading) -> str:
    """Store the submission once; return the sentence for the desk."""
    submission = _build_submission(visit, clinic, form, reading.answers)
    try:
        with current_site().database.write() as tx:
            is_new = _store_submission(tx, visit, submission)
    except DifferentContentError:
        # The form was changed and sent again after it had been stored.
        return SAVED_BEFORE
    return SAVED if is_new else SAVED_BEFORE


def _store_submission(tx: Tx, visit: Visit, submission: Submission) -> bool:
    known = MergeBase(visit.birth_date, visit.base)
    is_new = store_submission(
        tx, submission, visit.server, visit.id, known, reask_at(submission, visit.birth_date)
    )
    if is_new:
        audit.record_action(tx, access.current_user().name, "answers-entered", str(submission.id))
    return is_new


def _build_submission(
    visit: Visit, clinic: Clinic, form: EntryForm, answers: Mapping[str, Answer]
) -> Submission:
    settings = current_site().settings
    return Submission(
        id=UUID(form.submission.data),
        clinic=clinic.id,
        patient=visit.patient,
        answered_at=_answered_at(form.day.data, clinic),
        informant=Informant(form.informant.data),
        channel=Channel(form.channel.data),
        question_set=settings.question_set.id,
        question_set_version=settings.question_set.version,
        locale=form.locale.data,
        notice=settings.notice,
        answers=answers,
        appointment=visit.appointment,
        encounter=visit.encounter,
        entered_by=access.current_user().practitioner,
    )


def _answered_at(day: date, clinic: Clinic) -> datetime:
    """Return the time of the answers: now, or noon of an earlier day."""
    now = current_site().clock().astimezone(clinic.time_zone).replace(microsecond=0)
    return now if day == now.date() else datetime.combine(day, time(12), clinic.time_zone)
