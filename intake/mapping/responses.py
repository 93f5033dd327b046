"""QuestionnaireResponses to our Questionnaires, from any renderer, as submissions.

The rules are our own, also where a renderer does not know them: a choice that excludes another one,
a state beside an answer, a time without an offset.

R4 says what a response has (hl7.org/fhir/R4/questionnaireresponse.html). Where one leaves
something out, it is read as follows. Without an identifier, its id or its content identifies it.
Without a source, its author answered, if that is the patient or a related person; else the patient.
An author on the staff makes it staff-assisted, or paper where our own response says so. Without
the hidden item "notice" it was answered on a page that showed no notice of ours.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from fhir_client.model import Json
from fhir_client.references import local_reference
from fhir_client.transport.tolerant_json import list_objects, object_member
from fhir_client.uscore.questionnaire import Questionnaire
from fhir_client.uscore.questionnaire_response import COMPLETION_MODE
from intake.answers import (
    INFORMANT_RELATIONSHIPS,
    Channel,
    Informant,
    MatchCriteria,
    Submission,
)
from intake.i18n import SOURCE
from intake.mapping.questionnaires import build_form
from intake.mapping.response_answers import read_answers
from intake.mapping.response_items import ItemReply, ResponseError, read_replies
from intake.questions import QuestionSet
from intake.settings import Clinic, Settings

NO_NOTICE = "not-shown"
"""The version of the notice if the response names none."""

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:intake:questionnaire-response")
_FINISHED = ("completed", "amended")
_STAFF_TYPES = ("Practitioner", "PractitionerRole", "Organization", "Device")
_RELATIONSHIPS = {display: informant for informant, display in INFORMANT_RELATIONSHIPS.items()}
# R4's dateTime with all its parts. A shorter one does not say when the patient answered.
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
# Patient/123 at any server, of any version, or a conditional reference.
_REFERENCE = re.compile(r"(.*/)?(?P<type>[A-Z][A-Za-z]+)(\?.+|/[^/]+(/_history/[^/]+)?)")
_NOTICE = re.compile(r"(?P<notice>.+) \((?P<locale>[A-Za-z0-9-]+)\)")


class ResponseReader:
    """Reads a site's responses; it builds the form of a question set once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._forms: dict[str, Questionnaire] = {}

    def read_submission(
        self, response: Json, *, patient: str | None = None, clinic: str | None = None
    ) -> Submission:
        """Return the submission in a response; raises ResponseError.

        `patient` and `clinic` stand for those of the response, which never names a clinic. Without
        a clinic, the site's only one is taken.
        """
        if response.get("resourceType") != "QuestionnaireResponse":
            raise ResponseError("resourceType: QuestionnaireResponse is needed")
        if response.get("status") not in _FINISHED:
            raise ResponseError(f"status: {' or '.join(_FINISHED)} is needed")
        questions = self._find_questions(response)
        site = self._find_clinic(clinic)
        base_url = self._settings.servers[site.server].base_url
        replies = read_replies(response.get("item", []), self._build_form(questions))
        notice, locale = _read_notice(replies, response)
        subject = patient or _read_patient(response, base_url)
        return Submission(
            id=_read_id(response, base_url, f"{site.id} {subject}"),
            clinic=site.id,
            patient=subject,
            answered_at=_read_time(response),
            informant=_read_informant(response),
            channel=_read_channel(response),
            entered_by=_read_entering_staff(response, base_url),
            question_set=questions.id,
            question_set_version=questions.version,
            locale=locale,
            notice=notice,
            answers=read_answers(replies, questions, self._label_language(locale)),
            encounter=_read_encounter(response, base_url),
        )

    def _find_questions(self, response: Json) -> QuestionSet:
        canonical = response.get("questionnaire")
        url, _, version = str(canonical).partition("|")
        for questions in self._settings.question_sets.values():
            if questions.url == url:
                if questions.version != version:
                    raise ResponseError(
                        f"questionnaire: {questions.url}|{questions.version} is needed; "
                        "answers to another version may mean something else"
                    )
                return questions
        known = (f"{known.url}|{known.version}" for known in self._settings.question_sets.values())
        raise ResponseError(f"questionnaire: is none of {', '.join(known)}")

    def _find_clinic(self, clinic_id: str | None) -> Clinic:
        clinics = self._settings.clinics
        if clinic_id is None and len(clinics) == 1:
            return next(iter(clinics.values()))
        if clinic_id is None:
            raise ResponseError(f"clinic: name it with --clinic; there are {', '.join(clinics)}")
        if clinic_id not in clinics:
            raise ResponseError(f"clinic: '{clinic_id}' is not among {', '.join(clinics)}")
        return clinics[clinic_id]

    def _build_form(self, questions: QuestionSet) -> Questionnaire:
        if questions.id not in self._forms:
            self._forms[questions.id] = build_form(questions, ())
        return self._forms[questions.id]

    def _label_language(self, locale: str) -> str:
        return locale if locale in self._settings.languages else SOURCE


def _read_id(response: Json, base_url: str, owner: str) -> UUID:
    """Return the submission's id: the response's own, or one that is the same every time."""
    identifier = object_member(response, "identifier")
    value, resource_id = identifier.get("value"), response.get("id")
    for candidate in (value, resource_id):
        if isinstance(candidate, str) and candidate:
            return _parse_uuid(candidate) or uuid5(
                _NAMESPACE,
                f"{identifier.get('system')}|{value}"
                if candidate is value
                else f"{base_url}/QuestionnaireResponse/{resource_id}",
            )
    content = {name: part for name, part in response.items() if name not in ("meta", "text")}
    return uuid5(_NAMESPACE, owner + json.dumps(content, sort_keys=True, default=str))


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _read_patient(response: Json, base_url: str) -> str:
    reference = object_member(response, "subject").get("reference")
    if isinstance(reference, str) and MatchCriteria.from_reference(reference) is not None:
        return reference
    patient = _read_reference(reference, "Patient", base_url)
    if patient is None:
        raise ResponseError(
            f"subject: a Patient of {base_url} is needed, such as Patient/123; or use --patient"
        )
    return patient


def _read_encounter(response: Json, base_url: str) -> str | None:
    if "encounter" not in response:
        return None
    reference = object_member(response, "encounter").get("reference")
    encounter = _read_reference(reference, "Encounter", base_url)
    if encounter is None:
        raise ResponseError(f"encounter: an Encounter of {base_url} is needed, or none")
    return encounter


def _read_reference(reference: object, kind: str, base_url: str) -> str | None:
    """Return the relative reference; None for another type or another server's."""
    if not isinstance(reference, str):
        return None
    relative = reference.removeprefix(f"{base_url}/")
    # The same id on another server is another person.
    return local_reference(relative, kind) if relative.startswith(f"{kind}/") else None


def _read_time(response: Json) -> datetime:
    authored = response.get("authored")
    if isinstance(authored, str) and _DATE_TIME.fullmatch(authored):
        try:
            return datetime.fromisoformat(authored)
        except ValueError:
            pass
    raise ResponseError(
        "authored: a time with an offset is needed, such as 2026-11-23T10:00:00-05:00"
    )


def _reference_type(response: Json, name: str) -> str:
    """Return the type that a reference names, "" without the reference."""
    reference = object_member(response, name)
    if isinstance(kind := reference.get("type"), str):
        return kind
    match = _REFERENCE.fullmatch(str(reference.get("reference", "")))
    return match["type"] if match else ("?" if name in response else "")


def _read_informant(response: Json) -> Informant:
    person = "source" if "source" in response else "author"
    kind = _reference_type(response, person)
    if kind == "RelatedPerson":
        display = object_member(response, person).get("display")
        if isinstance(display, str) and display in _RELATIONSHIPS:
            return _RELATIONSHIPS[display]
        names = " or ".join(f"“{name}”" for name in _RELATIONSHIPS)
        raise ResponseError(f"{person}: a RelatedPerson needs the display {names}")
    # Staff can only write down what a person says, so that they are no source.
    if kind in ("", "Patient"):
        return Informant.SELF
    raise ResponseError("source: the Patient or RelatedPerson who answered is needed")


def _read_channel(response: Json) -> Channel:
    """Return the channel that our own response names, else one that fits the author."""
    by_staff = _reference_type(response, "author") in _STAFF_TYPES
    concepts = (
        object_member(extension, "valueCodeableConcept")
        for extension in list_objects(response.get("extension"))
        if extension.get("url") == COMPLETION_MODE
    )
    named = next((concept.get("text") for concept in concepts), None)
    channel = next((channel for channel in Channel if channel.value == named), None)
    # The author decides: a forged or foreign channel must not hide that staff entered the answers.
    if channel is None or channel.is_by_staff is not by_staff:
        return Channel.STAFF if by_staff else Channel.LINK
    return channel


def _read_entering_staff(response: Json, base_url: str) -> str | None:
    """Return the Practitioner who entered the answers; None for another author."""
    return _read_reference(
        object_member(response, "author").get("reference"), "Practitioner", base_url
    )


def _read_notice(replies: Mapping[str, ItemReply], response: Json) -> tuple[str, str]:
    """Return the version of the notice and the language of the pages."""
    text = replies["notice"].text if "notice" in replies else ""
    if match := _NOTICE.fullmatch(text):
        return match["notice"], match["locale"]
    language = response.get("language", SOURCE)
    if not isinstance(language, str):
        raise ResponseError("language: a language tag is needed, such as es or zh-Hant")
    return text or NO_NOTICE, language
