"""The code tables (CDC race and ethnicity, languages, tribes) and their search."""

from intake.terminology.entry_names import LocaleNames
from intake.terminology.folding import fold_text
from intake.terminology.name_index import Reason
from intake.terminology.search import (
    MOST_HITS,
    Hit,
    LanguageSearch,
    RaceSearch,
    TribeSearch,
)
from intake.terminology.tables import (
    HISPANIC,
    MENA,
    WHITE,
    Concept,
    Language,
    Tribe,
    find_detail,
    find_group_option,
    group_of,
    languages_date,
    load_concepts,
    load_languages,
    load_tribes,
)

__all__ = [
    "HISPANIC",
    "MENA",
    "MOST_HITS",
    "WHITE",
    "Concept",
    "Hit",
    "Language",
    "LanguageSearch",
    "LocaleNames",
    "RaceSearch",
    "Reason",
    "Tribe",
    "TribeSearch",
    "find_detail",
    "find_group_option",
    "fold_text",
    "group_of",
    "languages_date",
    "load_concepts",
    "load_languages",
    "load_tribes",
]
