"""The codes that decide what an answer counts as: parameters of the SQL."""

from collections.abc import Mapping

from intake.terminology import load_concepts

OTHER_RACE = "2131-1"
"""CDCREC's "Other Race": it names no race, only the text beside it can."""

NOT_HISPANIC = "2186-5"
"""CDCREC's "Not Hispanic or Latino"."""

OMB_CATEGORIES = (
    "1002-5",
    "2028-9",
    "2054-5",
    "2076-8",
    "2106-3",
    "2118-8",
    OTHER_RACE,
    "2135-2",
    NOT_HISPANIC,
)
"""CDCREC's OMB categories and "Other Race"; any other code is a detailed one."""

INTERPRETER_CODES = ("373066001", "373067005")
"""SNOMED CT's yes and no."""

NO_LANGUAGES = ("und", "mul", "zxx", "mis", "unk", "asku")
"""Tags that name no language: special codes of ISO 639-2, and null flavors."""


def mapped_codes() -> Mapping[str, str]:
    """Return every CDCREC code that a chart may hold, with `race` or `ethnicity`."""
    return {code: concept.kind for code, concept in load_concepts().items()}
