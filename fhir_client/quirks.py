"""How a vendor's server differs from FHIR: data, and no code per vendor."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_client.model import WriteStrategyKind


@dataclass(frozen=True, slots=True)
class Quirks:
    """The known quirks of a kind of server; the defaults follow FHIR.

    - `write_strategies`: the strategies that may be chosen, whatever else the server claims.
    - `conditional_create`: it takes If-None-Exist.
    - `batch`: it answers a batch of reads.
    - `accepted_extensions`: URLs of the Patient extensions that it takes; empty means all.
    - `replaces_extensions`: it takes the Patient's extensions as one whole list only.
    - `patch_tests`: its JSON Patch takes the operation `test`.
    - `search_lag_seconds`: how long after a write a search may not find it.
    - `appointment_search`: every search for Appointments needs one of these parameters; empty means
      that the date is enough.
    - `sequential_versions`: its numeric version ids count up by one. Where it shows no history, a
      gap then shows another user's change.
    - `one_communication`: a Patient has one language there.
    - `own_questionnaires`: it takes answers to its own Questionnaires only. `questionnaire` is the
      canonical of one. `items` maps our linkIds to its own; "" leaves an answer out on purpose.
    """

    write_strategies: tuple[str, ...] = tuple(WriteStrategyKind)
    conditional_create: bool = True
    batch: bool = True
    accepted_extensions: tuple[str, ...] = ()
    replaces_extensions: bool = False
    patch_tests: bool = True
    search_lag_seconds: int = 0
    appointment_search: tuple[str, ...] = ()
    sequential_versions: bool = True
    one_communication: bool = False
    own_questionnaires: bool = False
    questionnaire: str = ""
    items: Mapping[str, str] = field(default_factory=dict)

    def accepts_extension(self, url: str) -> bool:
        """Return whether the server takes a Patient extension with that URL."""
        return not self.accepted_extensions or url in self.accepted_extensions


# A server that follows FHIR.
STANDARD_QUIRKS = Quirks()
