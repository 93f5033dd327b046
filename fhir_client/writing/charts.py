"""The chart that a submission may be written to: found through merges of charts, and refused where a person has to look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from fhir_client.client import Client
from fhir_client.errors import ChartChanged, Contested, Gone, PatientProblem
from fhir_client.uscore.observations import CODES, METHODS
from fhir_client.uscore.parts import Json, local
from fhir_client.uscore.patient import Merge, elements_of
from fhir_client.uscore.reading import canonical, element_of, meanings
from fhir_client.uscore.wording import in_words

REPLACEMENTS = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What the visit knew of its patient: the birth date, and what the chart said then (`elements_of`); None: not known.

    `mended` are the elements that an earlier submission may have changed since, for which the chart then is no measure.
    `ours` are the earlier submissions of the patient that were sent: what they left is no word of anybody else.
    `settled` are the elements that a person decided about, and over which value of the chart (`Contested.over`).
    """

    birth_date: date | None = None
    chart: Mapping[str, Any] | None = None
    mended: frozenset[str] = frozenset()
    ours: frozenset[UUID] = frozenset()
    settled: Mapping[str, str] = field(default_factory=dict)


def current_patient(client: Client, reference: str) -> Json:
    """Return the Patient, following `replaced-by` where charts were merged; raises PatientProblem."""
    seen: list[str] = []
    while reference not in seen:
        if len(seen) > REPLACEMENTS:
            raise PatientProblem(f"More than {REPLACEMENTS} of the patient's charts replace each other.")
        seen.append(reference)
        patient = _read(client, reference)
        links = _replacements(patient)
        if not links:
            if patient.get("active") is False:
                raise PatientProblem("The patient's chart is inactive, and no other chart replaces it.")
            return patient
        reference = _other(links[0])
    raise PatientProblem("The patient's charts replace each other in a loop.")


def patient_as_written(client: Client, reference: str) -> Json:
    """Return the Patient that was written to; raises PatientProblem where its chart is another one by now."""
    patient = _read(client, reference)
    if _replacements(patient) or patient.get("active") is False:
        raise PatientProblem("The patient's chart was merged into another one, or closed, since this was written.")
    return patient


def _read(client: Client, reference: str) -> Json:
    try:
        return client.read(reference)
    except Gone as error:
        # A wrong base URL answers 404 as well, which is the server's fault and no patient's: this raises ServerFault then.
        client.capabilities()
        raise PatientProblem("The server has no such patient (any more).", error.status) from None


def _replacements(patient: Json) -> list[Json]:
    return [each for each in patient.get("link", []) if each.get("type") == "replaced-by"]


def _other(link: Json) -> str:
    found = local(link.get("other", {}).get("reference"), "Patient")
    if found is None:
        raise PatientProblem("The patient's chart was replaced by another one that it does not name.")
    return found


def chart_of(client: Client, reference: str, known: Known) -> Json:
    """Return the current Patient; raises PatientProblem, also where its birth date is not the visit's: another person's."""
    patient = current_patient(client, reference)
    if known.birth_date is not None and patient.get("birthDate") != known.birth_date.isoformat():
        raise PatientProblem("The chart's birth date is not the one that the visit was found by.")
    return patient


def refuse_changed(client: Client, patient: Json, merge: Merge, known: Known) -> None:
    """Raise ChartChanged where a value would be overwritten that a person has to decide about, and has not yet.

    That is what others changed since the visit began; and, where nobody knows what the chart said then, what the patient
    told somebody else (FHIR.md, section 6).
    """
    now, merged = meanings(elements_of(patient)), meanings(elements_of(merge.patient))
    lost = [name for name, said in now.items() if said and said != merged[name] and name not in known.mended]
    lost = [name for name in lost if known.settled.get(name) != canonical(now[name])]
    if known.chart is not None:
        then = meanings(known.chart)
        changed = tuple(name for name in lost if now[name] != then[name])
    else:
        told = self_reported(client, patient, known.ours) if lost else frozenset[str]()
        changed = tuple(name for name in lost if name in told)
    if changed:
        held, said = in_words(patient), in_words(merge.patient)
        contested = (Contested(name, held[name], said[name], canonical(now[name])) for name in changed)
        raise ChartChanged("The chart was changed after the visit began", tuple(contested))


def self_reported(client: Client, patient: Json, ours: frozenset[UUID]) -> frozenset[str]:
    """Return the elements for which an Observation on the server says that the patient, or one of theirs, told them.

    Those of our own submissions `ours` are left out.
    """
    reference = f"Patient/{patient['id']}"
    codes = ",".join(f"{code.system}|{code.code}" for code in CODES.values())
    own = {uuid5(each, element).urn for each in ours for element in CODES}
    found = set()
    for each in client.search("Observation", {"subject": reference, "code": codes}):
        identifiers = {held.get("value") for held in each.get("identifier", [])}
        element = element_of(each)
        if element and not identifiers & own and _is_told(each, reference):
            found.add(element)
    return frozenset(found)


def _is_told(observation: Json, patient: str) -> bool:
    standing = observation.get("status") in ("final", "amended", "corrected") and "dataAbsentReason" not in observation
    methods = {each.get("code") for each in observation.get("method", {}).get("coding", [])}
    performers = [(local(each.get("reference"), "Patient"), each.get("type")) for each in observation.get("performer", [])]
    theirs = any(who == patient or kind == "RelatedPerson" for who, kind in performers)
    return standing and (bool(methods & {method.code for method in METHODS.values()}) or (not methods and theirs))
