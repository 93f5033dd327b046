"""The one table of what differs between the versions of US Core; all else is one code path."""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_client.model import US_CORE_VERSIONS, Element
from fhir_client.uscore.statement import AbsentReason, Coding

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

# The displays are those of the code systems, which validators compare.
ASKU = Coding(NULL_FLAVOR, "ASKU", "Asked but no answer")
ASKED_DECLINED = Coding(DATA_ABSENT_REASON, "asked-declined", "Asked But Declined")
ASKED_UNKNOWN = Coding(DATA_ABSENT_REASON, "asked-unknown", "Asked But Unknown")


@dataclass(frozen=True, slots=True)
class UsCoreVersion:
    """One version of US Core.

    The nulls stand in ombCategory for an absent answer; None where only a text may stand there.
    `interpreter_is_coded` tells us-core-interpreter-needed (8.0.0 on) from
    patient-interpreterRequired. `has_tribal_affiliation` tells whether the version has
    us-core-tribal-affiliation. `takes_related_agents` tells whether a Provenance may name a
    related person as agent.
    """

    name: str
    race_declined: Coding | None
    race_unknown: Coding | None
    ethnicity_declined: Coding | None
    ethnicity_unknown: Coding | None
    interpreter_is_coded: bool
    has_screening_profiles: bool
    has_tribal_affiliation: bool
    participant_system: str
    takes_related_agents: bool = True

    def null_coding(self, element: str, reason: AbsentReason) -> Coding | None:
        """Return the code in ombCategory of race or ethnicity for that reason."""
        is_declined = reason is AbsentReason.ASKED_DECLINED
        if element == Element.RACE:
            return self.race_declined if is_declined else self.race_unknown
        return self.ethnicity_declined if is_declined else self.ethnicity_unknown


_US_CORE_PARTICIPANT = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"
_THO_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"

_ROWS = (
    # us-core-ethnicity of 3.1.1 binds no null codes: only the text tells.
    UsCoreVersion(
        "3.1.1", ASKU, ASKU, None, None, False, False, False, _US_CORE_PARTICIPANT, False
    ),
    UsCoreVersion("6.1.0", ASKU, ASKU, ASKU, ASKU, False, True, True, _US_CORE_PARTICIPANT),
    UsCoreVersion("7.0.0", ASKU, ASKU, ASKU, ASKU, False, True, True, _US_CORE_PARTICIPANT),
    UsCoreVersion(
        "8.0.1", ASKED_DECLINED, ASKU, ASKED_DECLINED, ASKU, True, True, True, _US_CORE_PARTICIPANT
    ),
    UsCoreVersion(
        "9.0.0", ASKED_DECLINED, ASKU, ASKED_DECLINED, ASKU, True, True, True, _THO_PARTICIPANT
    ),
)
# 8.0.1 corrects texts of 8.0.0 alone, so that one row serves both.
_ROW_NAMES = {"8.0.0": "8.0.1"}
_BY_NAME = {row.name: row for row in _ROWS}

VERSIONS: Mapping[str, UsCoreVersion] = {
    name: _BY_NAME[_ROW_NAMES.get(name, name)] for name in US_CORE_VERSIONS
}
"""By name; source: each version's package (value sets omb-race-category and omb-ethnicity-category,
profiles)."""


def us_core_version(name: str) -> UsCoreVersion:
    """Return the version of that name; raises ValueError with the names that exist."""
    if name not in VERSIONS:
        raise ValueError(f"US Core '{name}' is not among {', '.join(sorted(VERSIONS))}")
    return VERSIONS[name]
