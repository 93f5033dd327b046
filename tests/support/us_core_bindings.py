"""What US Core binds, version by version: stated once more, apart from the code that is held to it.

Read in the packages 3.1.1, 6.1.0, 7.0.0 and 8.0.0 and, for the members that those leave to VSAC, in the tables of US Core's
own pages; languages: HL7's value set http://terminology.hl7.org/ValueSet/Languages 1.0.0 (CC0).
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
    """Return what us-core-race's ombCategory may be."""
    nulls = codes_in_system(NULL_FLAVOR, "ASKU", "UNK")
    if version == "3.1.1":
        return codes_in_system(CDCREC, *RACES) | nulls
    return codes_in_system(CDCREC, *RACES, OTHER_RACE) | nulls | _declined(version)


def ethnicity_categories(version: str) -> Codes:
    """Return what us-core-ethnicity's ombCategory may be; 3.1.1 knows no nulls there."""
    found = codes_in_system(CDCREC, *ETHNICITIES)
    return (
        found
        if version == "3.1.1"
        else found | codes_in_system(NULL_FLAVOR, "ASKU", "UNK") | _declined(version)
    )


def detailed_races(version: str) -> Codes:
    """Return what us-core-race's detailed may be; from 8.0.0 on the categories are among them."""
    races = frozenset(code for code, each in load_concepts().items() if each.kind == "race") - ROOTS
    if version == "3.1.1":
        return codes_in_system(CDCREC, *(races - RACES), "1000-9")
    if version in NEWEST_VERSIONS:
        return (
            codes_in_system(CDCREC, *races)
            | codes_in_system(NULL_FLAVOR, "ASKU", "UNK")
            | _declined(version)
        )
    # Whether 2131-1 is among them is told differently from place to place; we never send it.
    return codes_in_system(CDCREC, *(races - RACES - {OTHER_RACE})) | codes_in_system(
        NULL_FLAVOR, "ASKU", "UNK", "OTH"
    )


def detailed_ethnicities(version: str) -> Codes:
    """Return what us-core-ethnicity's detailed may be."""
    codes = (
        frozenset(code for code, each in load_concepts().items() if each.kind == "ethnicity")
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
"""What us-core-interpreter-needed may be, from 8.0.0 on."""

OBSERVATION_ABSENT = frozenset(
    {"unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked"}
)
"""Why a Gravity Observation may have no value."""

LOINC_NAMES = {
    "72826-1": "Race OMB.1997",
    "69490-1": "Ethnicity OMB.1997",
    "54899-0": "Preferred language",
    "54588-9": "Interpreter needed",
    "95370-3": "Tribal affiliation",
}
"""Every LOINC code that may be sent, with its name; each was verified at loinc.org (FHIR.md, section 3)."""

TRIBE_CODES = frozenset(map(str, range(1, 580)))
"""Every code of HL7's TribalEntityUS 6.0.0 but the two that only gather others."""

COLLECTION_METHODS = frozenset(
    {"self-reported", "reported-by-related-person", "observed", "administrative"}
)
"""How Gravity's SDOHCC-CodeSystemTemporaryCodes says that a characteristic became known."""

COLLECTIVE_LANGUAGES = frozenset(
    """
    afa alg apa art ath aus bad bai bat ber bih bnt btk cai cau cel cmc cpe cpf cpp crp cus dra fiu gem inc ine ira iro kar
    khi kro map mkh mno mul mun myn nah nai nic nub oto paa phi pra roa sai sal sem sio sit sla smi son ssa tai tup tut und
    wak wen ypk znd mis zxx
    """.split()  # noqa: SIM905
)
"""Codes of ISO 639-2 that name a family of languages, or none, and never stand alone for what a person speaks."""

LANGUAGES = frozenset((Path(__file__).parent / "bound_languages.txt").read_text("utf-8").split())
"""Every code of HL7's Languages, to which communication.language is bound from 8.0.0 on."""
