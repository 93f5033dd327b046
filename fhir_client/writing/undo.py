"""Undo: the chart's earlier values where it still holds what was written, and all else of it marked as entered in error."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from fhir_client.client import Client
from fhir_client.errors import ByHand, ChartChanged, Conflict, Contested, Refused
from fhir_client.uscore.observations import CODES
from fhir_client.uscore.parts import Json, identifier
from fhir_client.uscore.patient import elements_of
from fhir_client.uscore.reading import canonical, meanings
from fhir_client.uscore.undoing import Key, Part, Stand, elements_in, stand, taken_back
from fhir_client.uscore.wording import in_words, words_of
from fhir_client.writing.charts import patient_as_written, refuse_partial
from fhir_client.writing.finding import ours
from fhir_client.writing.ladder import WHOLE, Rung
from fhir_client.writing.ladder import Part as Left
from fhir_client.writing.values import IN_ERROR, Change, Writer, in_error
from fhir_client.writing.ways import amend

TRIES = 4
"""How often it is looked at; the last look is the read-back of the third try."""
BY_HAND = frozenset({Rung.DOCUMENT, Rung.WORKLIST})
"""What a person typed, or filed from a document, nobody else can take out again."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one submission wrote: to which Patient, what of it, and of that the elements which stay as the chart has them."""

    patient: str
    submission: UUID
    parts: tuple[Part, ...]
    stays: frozenset[str] = frozenset()


def undo(client: Client, writer: Writer, effect: Effect, key: Key) -> None:
    """Take back what the submission wrote, once however often this is called; it is read back when this returns.

    Raises the errors of fhir_client.errors: ChartChanged where somebody else changed what was written since, and then
    nothing was changed; PatientProblem where the chart is another one by now; ByHand where only a person can do it.
    """
    if writer.strategy.rung in BY_HAND:
        raise ByHand(
            "What is written to this server through a person, only a person can take back."
        )
    clash: Conflict | None = None
    for _ in range(TRIES):
        changes = _changes(client, writer, effect, key)
        if not changes:
            return
        clash = None
        try:
            amend(client, writer, changes)
        except Conflict as error:
            # Somebody else was first, or our own earlier try that we never heard of: the next look tells.
            clash = error
    raise clash or Refused(
        "The server accepts the undo, but does not read back what was there before."
    )


def _changes(client: Client, writer: Writer, effect: Effect, key: Key) -> tuple[Change, ...]:
    """Return what is still to be done, the chart first and the QuestionnaireResponse last: it says that all is done."""
    observations, responses = (
        tuple(_observations(client, writer, effect)),
        tuple(_responses(client, writer, effect)),
    )
    marked = [in_error(each) for each in (*observations, *responses) if _stands(each)]
    parts = [each for each in effect.parts if each.element not in effect.stays]
    done = bool(responses) and not any(map(_stands, responses))
    if done or not parts:
        # Once the chart was put right, what it says is somebody else's, were it the same words again.
        return tuple(marked)
    patient = patient_as_written(client, effect.patient)
    if writer.strategy.rung in WHOLE:
        refuse_partial(patient)
    _refuse_changed(patient, parts, key)
    back = Change(patient, taken_back(patient, parts, key))
    return (*([back] if back.after != back.before else []), *marked)


def _stands(resource: Json) -> bool:
    return resource.get("status") != IN_ERROR


def _refuse_changed(patient: Json, parts: list[Part], key: Key) -> None:
    chart = elements_of(patient)
    changed = [each for each in parts if stand(chart, each, key) is Stand.OTHERS]
    if changed:
        contested = tuple(_contested(patient, each) for each in changed)
        raise ChartChanged("The chart was changed since this was written", contested)


def _contested(patient: Json, part: Part) -> Contested:
    held, said = in_words(patient), meanings(elements_of(patient))
    names = elements_in(part.element)
    now = tuple(dict.fromkeys(words for name in names for words in held[name]))
    before = tuple(words_of(each.before) for each in part.swaps if each.before is not None)
    return Contested(part.element, now, before, canonical(tuple(said[name] for name in names)))


def _observations(client: Client, writer: Writer, effect: Effect) -> Iterator[Json]:
    if Left.OBSERVATIONS in writer.strategy.parts:
        for element in CODES:
            own = identifier(uuid5(effect.submission, element))
            yield from ours(client, writer.strategy, "Observation", own, effect.patient)


def _responses(client: Client, writer: Writer, effect: Effect) -> Iterator[Json]:
    if Left.RESPONSE in writer.strategy.parts:
        yield from ours(
            client,
            writer.strategy,
            "QuestionnaireResponse",
            identifier(effect.submission),
            effect.patient,
        )
