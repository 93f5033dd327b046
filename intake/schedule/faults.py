"""A record of the schedule that is not readable; it costs the schedule nothing but itself."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordFault:
    """What is wrong with one record, in words of ours that quote nothing of it.

    `record` is its reference, or only its type where it has no usable id.
    """

    record: str
    words: str


ReportFault = Callable[[RecordFault], None]
"""Takes the fault of a record that is left out or only partly read."""


def ignore_fault(_fault: RecordFault) -> None:
    """Report nothing."""
