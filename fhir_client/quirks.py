"""How one vendor's server differs from what FHIR and its own description promise: values, never code paths per vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field

WRITE_STRATEGIES = (
    "transaction",
    "patch",
    "put",
    "observations",
    "questionnaire-response",
    "document",
    "worklist",
)
"""The ways to write, the safest first (FHIR.md, section 6)."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """What is known of a kind of server; the defaults are those of a server that keeps to FHIR.

    `rungs` are the ways to write that may be chosen for it, whatever more it claims to offer. `conditional_create` tells
    whether it takes If-None-Exist. `batch` tells whether it answers a batch of reads. `accepted_extensions` are the URLs of
    the Patient's extensions that it takes, none meaning all; `replaces_extensions` that it takes them only as a whole list.
    `patch_tests` that its JSON Patch takes the operation `test`. `search_lag_seconds` is how long after a write a search may
    not show it yet. `one_communication` tells that a Patient has one language
    there. `own_questionnaires` tells that it takes answers to its own Questionnaires alone: `questionnaire` is the canonical
    of one, and `items` its linkId for each of ours, "" for one that is left out on purpose.
    """

    write_strategies: tuple[str, ...] = WRITE_STRATEGIES
    conditional_create: bool = True
    batch: bool = True
    accepted_extensions: tuple[str, ...] = ()
    replaces_extensions: bool = False
    patch_tests: bool = True
    search_lag_seconds: int = 0
    one_communication: bool = False
    own_questionnaires: bool = False
    questionnaire: str = ""
    items: Mapping[str, str] = field(default_factory=dict)

    def accepts_extension(self, url: str) -> bool:
        """Return whether the server takes a Patient's extension of that URL."""
        return not self.accepted_extensions or url in self.accepted_extensions


STANDARD_QUIRKS = Quirks()
"""A server that keeps to FHIR."""
