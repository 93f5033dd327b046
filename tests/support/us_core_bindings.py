"""States US Core's bindings once more, apart from the code under test.

Read in the packages 3.1.1, 6.1.0, 7.0.0 and 8.0.0. Members that those leave to VSAC come from the
tables of US Core's own pages. Languages come from HL7's value set
http://terminology.hl7.org/ValueSet/Languages 1.0.0 (CC0).
"""

from pathlib import Path

from intake.terminology import load_concepts

CDCREC = "urn:oid:2.16.840.1.113883.6.238"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
SNOMED = "http://snomed.info/sct"
VERSIONS = ("3.1.1", "6.1.0", "7.0.0", "8.0.1", "9.0.0")
NEWEST_VERSIONS = frozenset({"8.0.1", "9.0.0"})

Codes = frozenset[tuple[str, str]]
RACES = frozenset({"1002-5", "2028-9", "2054-5", "2076-8", "2106-3"})
OTHER_RACE = "2131-1"
ETHNICITIES = frozenset({"2135-2", "2186-5"})
ROOTS = frozenset({"1000-9", "2133-7"})


def codes_in_system(system: str, *codes: str) -> Codes:
    """Return the codes with their system."""
    return frozenset((system, code) for code in codes)


def race_categories(version: str) -> Codes:
    """Return the codes of ombCategory in us-core-race."""
    nulls = codes_in_system(NULL_FLAVOR, "ASKU", "UNK")
    if version == "3.1.1":
        return codes_in_system(CDCREC, *RACES) | nulls
    return codes_in_system(CDCREC, *RACES, OTHER_RACE) | nulls | _declined(version)


def ethnicity_categories(version: str) -> Codes:
    """Return the codes of ombCategory in us-core-ethnicity.

    Version 3.1.1 has no null codes there.
    """
    codes = codes_in_system(CDCREC, *ETHNICITIES)
    return (
        codes
        if version == "3.1.1"
        else codes | codes_in_system(NULL_FLAVOR, "ASKU", "UNK") | _declined(version)
    )


def detailed_races(version: str) -> Codes:
    """Return the codes of detailed in us-core-race; from 8.0.0 on with the categories."""
    races = (
        frozenset(code for code, concept in load_concepts().items() if concept.kind == "race")
        - ROOTS
    )
    if version == "3.1.1":
        return codes_in_system(CDCREC, *(races - RACES), "1000-9")
    if version in NEWEST_VERSIONS:
        return (
            codes_in_system(CDCREC, *races)
            | codes_in_system(NULL_FLAVOR, "ASKU", "UNK")
            | _declined(version)
        )
    # Sources differ on whether 2131-1 is among them. We never send it.
    return codes_in_system(CDCREC, *(races - RACES - {OTHER_RACE})) | codes_in_system(
        NULL_FLAVOR, "ASKU", "UNK", "OTH"
    )


def detailed_ethnicities(version: str) -> Codes:
    """Return the codes of detailed in us-core-ethnicity."""
    codes = (
        frozenset(code for code, concept in load_concepts().items() if concept.kind == "ethnicity")
        - ETHNICITIES
        - ROOTS
    )
    if version == "3.1.1":
        return codes_in_system(CDCREC, *codes, "2133-7")
    return (
        codes_in_system(CDCREC, *codes)
        | codes_in_system(NULL_FLAVOR, "ASKU", "UNK", "OTH")
        | _declined(version)
    )


def _declined(version: str) -> Codes:
    return (
        codes_in_system(DATA_ABSENT_REASON, "asked-declined")
        if version in NEWEST_VERSIONS
        else frozenset()
    )


INTERPRETER_NEEDED = codes_in_system(SNOMED, "373066001", "373067005") | codes_in_system(
    DATA_ABSENT_REASON, "asked-unknown", "unknown"
)
"""The codes of us-core-interpreter-needed, from 8.0.0 on."""

OBSERVATION_ABSENT = frozenset(
    {"unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked"}
)
"""The reasons why a Gravity Observation may have no value."""

LOINC_NAMES = {
    "72826-1": "Race OMB.1997",
    "69490-1": "Ethnicity OMB.1997",
    "54899-0": "Preferred language",
    "54588-9": "Interpreter needed",
    "95370-3": "Tribal affiliation",
}
"""Every LOINC code that may be sent, with its name as loinc.org has it."""

TRIBE_CODES = frozenset(map(str, range(1, 580)))
"""Every code of HL7's TribalEntityUS 6.0.0, except the two that only group others."""

COLLECTION_METHODS = frozenset(
    {"self-reported", "reported-by-related-person", "observed", "administrative"}
)
"""Gravity's temporary codes for how an answer was collected."""

COLLECTIVE_LANGUAGES = frozenset(
    """
        afa alg apa art ath aus bad bai bat ber bih bnt btk cai cau cel cmc cpe cpf cpp crp cus
    dra fiu gem inc ine ira iro kar     khi kro map mkh mno mul mun myn nah nai nic nub oto paa
    phi pra roa sai sal sem sgn sio sit sla smi son ssa tai tup tut und     wak wen ypk znd mis zxx
    """.split()  # noqa: SIM905
)
"""Codes of ISO 639-2 that name a family of languages, or none.

None of them stands alone for a language that a patient speaks.
"""

LANGUAGES = frozenset((Path(__file__).parent / "bound_languages.txt").read_text("utf-8").split())
"""Every code of HL7's Languages, the binding of communication.language.

It binds from 8.0.0 on.
"""
