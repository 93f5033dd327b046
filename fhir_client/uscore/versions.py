"""The one table of what differs between the versions of US Core; everything else is one code path."""

from dataclasses import dataclass

from fhir_client.uscore.statement import AbsentReason, Coding

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

ASKU = Coding(NULL_FLAVOR, "ASKU", "Asked but no answer")
ASKED_DECLINED = Coding(DATA_ABSENT_REASON, "asked-declined", "Asked But Declined")
ASKED_UNKNOWN = Coding(DATA_ABSENT_REASON, "asked-unknown", "Asked But Unknown")


@dataclass(frozen=True, slots=True)
class UsCoreVersion:
    """One version. The nulls are what stands in ombCategory for an absent answer, None where only a text may stand.

    `interpreter_is_coded` tells us-core-interpreter-needed (8.0.0 on) from patient-interpreterRequired;
    `has_tribal_affiliation` whether there is us-core-tribal-affiliation.
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

    def null_coding(self, element: str, reason: AbsentReason) -> Coding | None:
        """Return what stands in ombCategory of `race` or `ethnicity` for that reason."""
        declined = reason is AbsentReason.ASKED_DECLINED
        if element == "race":
            return self.race_declined if declined else self.race_unknown
        return self.ethnicity_declined if declined else self.ethnicity_unknown


_US_CORE_PARTICIPANT = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"
_THO_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"

VERSIONS = {
    "3.1.1": UsCoreVersion(
        "3.1.1", ASKU, ASKU, None, None, False, False, False, _US_CORE_PARTICIPANT
    ),
    "6.1.0": UsCoreVersion(
        "6.1.0", ASKU, ASKU, ASKU, ASKU, False, True, True, _US_CORE_PARTICIPANT
    ),
    "7.0.0": UsCoreVersion(
        "7.0.0", ASKU, ASKU, ASKU, ASKU, False, True, True, _US_CORE_PARTICIPANT
    ),
    "8.0.1": UsCoreVersion(
        "8.0.1", ASKED_DECLINED, ASKU, ASKED_DECLINED, ASKU, True, True, True, _US_CORE_PARTICIPANT
    ),
    "9.0.0": UsCoreVersion(
        "9.0.0", ASKED_DECLINED, ASKU, ASKED_DECLINED, ASKU, True, True, True, _THO_PARTICIPANT
    ),
}
"""By name; read in the packages of each version (value sets omb-race-category and omb-ethnicity-category, profiles)."""

VERSIONS["8.0.0"] = VERSIONS["8.0.1"]


def us_core_version(name: str) -> UsCoreVersion:
    """Return the version of that name; raises ValueError naming those that there are."""
    if name not in VERSIONS:
        raise ValueError(f"US Core '{name}' is not among {', '.join(sorted(VERSIONS))}")
    return VERSIONS[name]
