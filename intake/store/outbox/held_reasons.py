"""Why a submission is held, and the actions in the product that end it, one row per reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class HeldReason(StrEnum):
    """The reason code of a held submission, or of its held undo."""

    UNMATCHED = "unmatched"
    PATIENT = "patient"
    CONFLICT = "chart-changed"
    WORKLIST = "worklist"
    REFUSED = "refused"
    MISMATCH = "mismatch"
    FAILS_ALONE = "fails-alone"
    INVALID = "invalid"
    FAULT = "fault"
    UNREADABLE = "unreadable"
    OPERATOR = "operator"
    LATER = "later"
    BY_HAND = "by-hand"


class StaffAction(StrEnum):
    """An action that ends a hold; the value is the name of its page under /staff."""

    CORRECT_CRITERIA = "correct_chart"
    CHOOSE_CHART = "find_chart"
    DECIDE = "conflict"
    RETRY = "retry"
    DISCARD = "discard"
    TYPE_BY_HAND = "by_hand"
    CONFIRM_ENTRY = "typed"
    STOP_UNDO = "stop_undo"


ACTION_ROLES: Mapping[StaffAction, str] = MappingProxyType(
    {
        StaffAction.CORRECT_CRITERIA: "desk",
        StaffAction.CHOOSE_CHART: "reviewer",
        StaffAction.DECIDE: "reviewer",
        StaffAction.RETRY: "it",
        StaffAction.DISCARD: "it",
        StaffAction.TYPE_BY_HAND: "admin",
        StaffAction.CONFIRM_ENTRY: "admin",
        StaffAction.STOP_UNDO: "reviewer",
    }
)
"""The role that does each action."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What ends a hold: the cause in some words, one or two sentences, and the actions."""

    cause: str
    words: str
    actions: tuple[StaffAction, ...]


_RETRY_OR_TYPE = (StaffAction.RETRY, StaffAction.TYPE_BY_HAND, StaffAction.DISCARD)
_RETRY_UNDO = (StaffAction.RETRY, StaffAction.STOP_UNDO)

REMEDIES: Mapping[HeldReason, Remedy] = MappingProxyType(
    {
        HeldReason.UNMATCHED: Remedy(
            "no such patient",
            "The front desk corrects number and date on its page of today, or a reviewer chooses"
            " the chart here.",
            (
                StaffAction.CORRECT_CRITERIA,
                StaffAction.CHOOSE_CHART,
                *_RETRY_OR_TYPE,
            ),
        ),
        HeldReason.PATIENT: Remedy(
            "the chart cannot be used",
            "A reviewer chooses the right chart here, or an administrator puts the answers on the"
            " worklist.",
            (StaffAction.CHOOSE_CHART, *_RETRY_OR_TYPE),
        ),
        HeldReason.CONFLICT: Remedy(
            "chart and patient differ",
            "A reviewer decides which value the chart keeps.",
            (StaffAction.DECIDE, *_RETRY_OR_TYPE),
        ),
        HeldReason.WORKLIST: Remedy(
            "to be typed by a person",
            "An administrator's worklist says what to type. The worker reads it back when the"
            " administrator says there that it is typed.",
            (StaffAction.CONFIRM_ENTRY, StaffAction.RETRY, StaffAction.DISCARD),
        ),
        HeldReason.REFUSED: Remedy(
            "the EHR refuses it",
            "Ask the EHR's support, then retry. Or an administrator puts the answers on the"
            " worklist.",
            _RETRY_OR_TYPE,
        ),
        HeldReason.MISMATCH: Remedy(
            "the EHR reads back differently",
            "Tell the EHR's support, then retry. Or an administrator puts what the chart lacks on"
            " the worklist.",
            _RETRY_OR_TYPE,
        ),
        HeldReason.FAILS_ALONE: Remedy(
            "the EHR fails on it alone",
            "Ask the EHR's support, then retry. Or an administrator puts the answers on the"
            " worklist.",
            _RETRY_OR_TYPE,
        ),
        HeldReason.INVALID: Remedy(
            "it cannot be written as FHIR",
            "Report it, then retry after the fix. Or an administrator puts the answers on the"
            " worklist.",
            _RETRY_OR_TYPE,
        ),
        HeldReason.FAULT: Remedy(
            "an error of this software",
            "Report it, then retry after the fix. Or an administrator puts the answers on the"
            " worklist.",
            _RETRY_OR_TYPE,
        ),
        HeldReason.UNREADABLE: Remedy(
            "it cannot be decrypted here",
            "Bring back the key file and the version that stored it, then retry.",
            (StaffAction.RETRY, StaffAction.DISCARD),
        ),
        HeldReason.OPERATOR: Remedy(
            "held by staff",
            "IT releases it with a retry.",
            _RETRY_OR_TYPE,
        ),
    }
)
"""How each hold of a submission ends."""

UNDO_REMEDIES: Mapping[HeldReason, Remedy] = MappingProxyType(
    {
        HeldReason.PATIENT: Remedy(
            "undo: the chart cannot be used",
            "Nothing was changed. Put the right chart right by hand, then stop the undo.",
            (StaffAction.STOP_UNDO, StaffAction.RETRY),
        ),
        HeldReason.CONFLICT: Remedy(
            "undo: others changed the chart since",
            "A reviewer keeps these values and undoes the rest, or stops the undo.",
            (StaffAction.DECIDE, *_RETRY_UNDO),
        ),
        HeldReason.REFUSED: Remedy(
            "undo: the EHR refuses it",
            "Ask the EHR's support, then retry; or undo it in the chart by hand and stop this.",
            _RETRY_UNDO,
        ),
        HeldReason.FAILS_ALONE: Remedy(
            "undo: the EHR fails on it alone",
            "Ask the EHR's support, then retry; or undo it in the chart by hand and stop this.",
            _RETRY_UNDO,
        ),
        HeldReason.INVALID: Remedy(
            "undo: it cannot be written as FHIR",
            "Put the chart right by hand, then stop the undo.",
            _RETRY_UNDO,
        ),
        HeldReason.FAULT: Remedy(
            "undo: an error of this software",
            "Report it, then retry after the fix; or stop the undo.",
            _RETRY_UNDO,
        ),
        HeldReason.UNREADABLE: Remedy(
            "undo: it cannot be decrypted here",
            "Bring back the key file and the version that stored it, then retry.",
            _RETRY_UNDO,
        ),
        HeldReason.OPERATOR: Remedy(
            "undo: held by staff", "IT releases it with a retry.", _RETRY_UNDO
        ),
        HeldReason.LATER: Remedy(
            "undo: a later submission is not delivered yet",
            "Retry when it is verified or held.",
            _RETRY_UNDO,
        ),
        HeldReason.BY_HAND: Remedy(
            "undo: only a person can do it",
            "Do that, then stop the undo here.",
            (StaffAction.STOP_UNDO, StaffAction.RETRY),
        ),
    }
)
"""How each hold of an undo ends."""

UNDO_ONLY = frozenset(set(UNDO_REMEDIES) - set(REMEDIES))
"""The reasons that only an undo has."""

_OTHER = Remedy(
    "held by another version",
    "Use the version that held it, or retry.",
    (StaffAction.RETRY, StaffAction.DISCARD),
)
_OTHER_UNDO = Remedy(_OTHER.cause, _OTHER.words, _RETRY_UNDO)


def find_remedy(reason: str | None, *, undoing: bool) -> Remedy:
    """Return what ends a hold; a reason of another version can still be retried."""
    known = HeldReason(reason) if reason in set(HeldReason) else None
    if undoing:
        return _OTHER_UNDO if known is None else UNDO_REMEDIES.get(known, _OTHER_UNDO)
    return _OTHER if known is None else REMEDIES.get(known, _OTHER)
