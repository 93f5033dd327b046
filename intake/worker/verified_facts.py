"""Stores at verification what the report counts after the answers are erased."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from fhir_client.model import Element, Json
from fhir_client.uscore.chart import element_meanings, parse_chart_elements
from fhir_client.uscore.statement import CategoryAnswer, Statement
from fhir_client.uscore.undo_record import ElementChange, chart_part_of
from intake.answers import Submission
from intake.feed.facts import build_facts
from intake.mapping.site_mapping import map_submission
from intake.settings import Settings
from intake.store.chart_changes import ChartChange, add_changes
from intake.store.crypto import KeyFileError
from intake.store.database import Database, Tx
from intake.store.outbox import facts as facts_store
from intake.store.outbox.leases import LeasedSubmission
from intake.store.outbox.undo_records import UndoRecord, read_undo_record
from intake.worker.undo_records import decode_prior_values

BATCH_SIZE = 100
NO_GROUP, TEXT_ONLY, SEVERAL_GROUPS = "none", "text", "several"
"""The groups of a chart without a value, with a text alone, and with several categories."""


def record_facts(tx: Tx, leased: LeasedSubmission, settings: Settings) -> None:
    """Store the facts of a submission that was just verified, and count its chart changes."""
    submission = leased.submission
    changes = _save_facts(tx, leased.record.id, submission, settings)
    clinic = settings.clinics.get(submission.clinic)
    zone = clinic.time_zone if clinic else ZoneInfo("UTC")
    add_changes(tx, submission.clinic, tx.now.astimezone(zone).strftime("%Y-%m"), changes)


def keep_facts(settings: Settings, database: Database) -> None:
    """Store the facts of submissions that an earlier version verified, before their erasure."""
    last, more = 0, True
    while more:
        # Short transactions: on SQLite, one long write would make every patient's Submit wait.
        with database.write() as tx:
            # A submission may expire between this and the erasure: one more hour covers it.
            verified_before = tx.now - settings.times.payload + facts_store.ERASURE_MARGIN
            position, batch = facts_store.list_factless(
                tx, verified_before=verified_before, after=last, limit=BATCH_SIZE
            )
            for factless in batch:
                facts = build_facts(factless.submission, settings)
                if facts is not None:
                    facts_store.save_facts(tx, factless.id, facts)
        more, last = position > last, position


def _save_facts(
    tx: Tx, identity: str, submission: Submission, settings: Settings
) -> tuple[ChartChange, ...]:
    """Store the facts, and return how the chart's groups changed."""
    facts = build_facts(submission, settings)
    if facts is None:
        return ()
    parts = _read_changed_parts(tx, identity)
    if parts is None:
        facts_store.save_facts(tx, identity, facts)
        return ()
    changed = {
        element
        for element in Element
        if _had_other_value(parts.get(chart_part_of(element)), element)
    }
    elements = tuple(
        replace(fact, changed=Element(fact.element) in changed) for fact in facts.elements
    )
    facts_store.save_facts(tx, identity, replace(facts, elements=elements))
    return tuple(_list_group_changes(map_submission(submission, settings), parts))


def _read_changed_parts(tx: Tx, identity: str) -> Mapping[str, ElementChange] | None:
    """Return the changed parts of the chart by name, None if nothing says what it held."""
    try:
        undo_record: UndoRecord | None = read_undo_record(tx, identity)
        if undo_record is None:
            return None
        parts = decode_prior_values(undo_record).parts
    except (KeyFileError, ValueError, KeyError, TypeError):
        # A damaged undo record must not keep a verified submission from being verified.
        return None
    return {part.chart_part: part for part in parts}


def _had_other_value(change: ElementChange | None, element: Element) -> bool:
    """Return whether the part held a value of the element that the write replaced."""
    if change is None or change.prior_hash == change.written_hash:
        return False
    prior = parse_chart_elements({change.chart_part: _prior_items(change)})
    return bool(element_meanings(prior)[element])


def _prior_items(change: ElementChange) -> list[Json]:
    return [value.before for value in change.value_changes if value.before is not None]


def _list_group_changes(
    statement: Statement, parts: Mapping[str, ElementChange]
) -> Iterator[ChartChange]:
    """Yield the group of race and ethnicity in the chart before and after the write."""
    for element in (Element.RACE, Element.ETHNICITY):
        value = statement.values.get(element)
        if isinstance(value, CategoryAnswer):
            after = _name_group({coding.code for coding in value.categories}, has_value=True)
            change = parts.get(chart_part_of(element))
            # A part that the write did not change said the same before.
            yield ChartChange(element, after if change is None else _prior_group(change), after)


def _prior_group(change: ElementChange) -> str:
    items = _prior_items(change)
    return _name_group(set(_category_codes(items)), has_value=bool(items))


def _category_codes(items: Iterable[Json]) -> Iterator[str]:
    """Yield the codes of the OMB categories among a chart's extensions."""
    for item in items:
        for part in item.get("extension") or ():
            coding = part.get("valueCoding") if isinstance(part, dict) else None
            if isinstance(coding, dict) and part.get("url") == "ombCategory":
                yield str(coding.get("code"))


def _name_group(codes: set[str], *, has_value: bool) -> str:
    if len(codes) > 1:
        return SEVERAL_GROUPS
    return next(iter(codes), TEXT_ONLY if has_value else NO_GROUP)
