"""Makes config/terminology/*.json from public tables.

Run it by hand: `python tests/terminology/build_tables.py SOURCE_FOLDER`. The folder holds
`cdcrec.json` (CDC Race and Ethnicity: code, display, parent, kind, omb_category),
`languages_tho.json` (HL7's Languages value set) and `tribal_entity_us.json` (HL7's
TribalEntityUS). Language names come from CLDR through Babel, and a few from the table below.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global

OUT = Path(__file__).resolve().parents[2] / "config" / "terminology"

# Languages that CLDR or the value set lacks: our id, the code of the value set that covers it, the
# name and the endonym. The code can be that of a family (ISO 639-5), because the id is then the
# language's own tag and stands beside it. None: text only, as no tag names the one language.
ADDED = [
    ("zh-Hans", "zh", "Chinese (Simplified)", "简体中文"),
    ("zh-Hant", "zh", "Chinese (Traditional)", "繁體中文"),
    ("cmn", "zh", "Mandarin Chinese", "普通话"),
    ("yue", "zh", "Cantonese", "廣東話"),
    ("nan", "zh", "Taiwanese Hokkien", "臺語"),
    ("wuu", "zh", "Shanghainese", "吴语"),
    ("hak", "zh", "Hakka", "客家話"),
    ("cdo", "zh", "Fuzhounese", "福州話"),
    ("prs", "fa", "Dari", "دری"),
    ("hmn", "hmn", "Hmong", "Hmoob"),
    ("ht", "ht", "Haitian Creole", "Kreyòl ayisyen"),
    ("tl", "tl", "Tagalog", "Tagalog"),
    ("fil", "fil", "Filipino", "Filipino"),
    ("so", "so", "Somali", "Soomaali"),
    ("quc", "myn", "K’iche’", "K’iche’"),
    ("mam", "myn", "Mam", "Mam"),
    ("kjb", "myn", "Q’anjob’al", "Q’anjob’al"),
    ("kek", "myn", "Q’eqchi’", "Q’eqchi’"),
    ("ixl", "myn", "Ixil", "Ixil"),
    ("yua", "myn", "Yucatec Maya", "Maaya t’aan"),
    ("nahuatl", None, "Nahuatl", "Nāhuatl"),
    ("mixteco", None, "Mixteco", "Tu’un savi"),
    ("triqui", None, "Triqui", "Triqui"),
    ("cab", "sai", "Garifuna", "Garífuna"),
    ("ckb", "ku", "Central Kurdish", "کوردیی ناوەندی"),
    ("rhg", "inc", "Rohingya", "Ruáingga"),
    ("ksw", "kar", "S’gaw Karen", "ကညီကျိာ်"),
    ("cnh", "sit", "Hakha Chin", "Laiholh"),
    ("ymm", "cus", "Maay", "Af Maay"),
    ("kri", "cpe", "Krio", "Krio"),
    ("pcm", "cpe", "Nigerian Pidgin", "Naijá"),
    ("kea", "cpp", "Kabuverdianu", "Kriolu"),
    ("jam", "cpe", "Jamaican Patois", "Patwa"),
    ("lkt", "sio", "Lakota", "Lakȟótiyapi"),
    ("nus", "ssa", "Nuer", "Thok Nath"),
    ("ium", None, "Iu Mien", "Iu Mienh"),
    ("cak", "myn", "Kaqchikel", "Kaqchikel"),
    ("cac", "myn", "Chuj", "Chuj"),
    ("knj", "myn", "Akateko", "Akateko"),
    ("tzo", "myn", "Tzotzil", "Bats’i k’op"),
    ("esu", "ypk", "Central Yupik", "Yugtun"),
    ("kln", "ssa", "Kalenjin", "Kalenjin"),
    ("mfe", "cpf", "Morisyen", "Kreol morisien"),
    ("hif", "inc", "Fiji Hindi", "Fiji Hindi"),
    ("pdc", "gem", "Pennsylvania German", "Deitsch"),
    ("ase", "sgn", "American Sign Language", "ASL"),
    ("mfs", "sgn", "Mexican Sign Language", "Lengua de señas mexicana"),
    ("sign-other", None, "Another sign language", "Another sign language"),
]
SIGNED = {"ase", "mfs", "sign-other"}
RTL = {"ar", "fa", "he", "ur", "ps", "prs", "yi", "ug", "sd", "ckb", "dv", "syr"}
SYNONYMS = {
    "fa": ["Farsi"],
    "es": ["Castilian", "Castellano"],
    "cmn": ["Chinese", "Putonghua", "Guoyu", "国语", "國語", "华语", "華語", "普通話", "中文"],
    "yue": ["Chinese", "Guangdonghua", "广东话", "粤语", "粵語"],
    "nan": ["Chinese", "台语", "台語", "闽南话", "閩南話"],
    "wuu": ["Chinese", "上海话", "上海話"],
    "hak": ["Chinese", "客家话"],
    "cdo": ["Chinese", "Fujianese", "Foochow", "Min Dong", "福州话", "閩東話"],
    "ht": ["Creole", "Kreyol"],
    "tl": ["Filipino", "Pilipino"],
    "ps": ["Pushto", "Pashtun"],
    "my": ["Myanmar", "Burma"],
    "km": ["Cambodian"],
    "ase": ["ASL", "Deaf"],
    "quc": ["Quiche"],
    "ti": ["Tigrigna"],
    "hmn": ["Mong", "Hmoob Dawb", "Moob Leeg"],
    "ckb": ["Kurdish", "Sorani"],
    "ku": ["Kurmanji"],
    "syr": ["Assyrian", "Chaldean", "Suret"],
    "so": ["Af Soomaali", "Maxaa"],
    "ymm": ["Maay Maay", "Mai Mai", "Af Maay", "Somali Bantu"],
    "ksw": ["Karen", "K’nyaw"],
    "cnh": ["Chin", "Lai"],
    "cab": ["Garinagu"],
}
# Codes of CLDR that are no country: groupings, tests and unknown.
NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
# A display with one of these words is no single language that a patient would prefer.
COLLECTIVE = (
    "languages",
    "Sign Languages",
    "Creoles and pidgins",
    "Undetermined",
    "linguistic content",
    "uncoded",
    "Reserved",
    "Esperanto",
)


def main(source: Path) -> None:
    """Write the three tables."""
    today = datetime.now(UTC).date().isoformat()
    cdcrec = json.loads((source / "cdcrec.json").read_text("utf-8"))
    rows = [
        [row["code"], row["display"], row["parent"], row["kind"], row["omb_category"]]
        for row in cdcrec
    ]
    _write_table(
        "cdcrec.json",
        {"source": "CDC Race and Ethnicity Code Set 1.0", "made": today, "rows": rows},
    )
    tho = json.loads((source / "languages_tho.json").read_text("utf-8"))
    languages = {row[0]: row for concept in tho["concepts"] if (row := _language_row(concept))}
    languages |= {row[0]: [*row, _direction(row[0]), row[0] in SIGNED] for row in ADDED}
    table = [
        [*row, SYNONYMS.get(row[0], [])]
        for row in sorted(languages.values(), key=lambda row: row[0])
    ]
    source_words = "HL7 Languages value set 1.0.0 (CC0); names from CLDR"
    _write_table("languages.json", {"source": source_words, "made": today, "rows": table})
    tribes = json.loads((source / "tribal_entity_us.json").read_text("utf-8"))
    tribe_rows = [
        [concept["code"], concept["display"]]
        for concept in tribes["concepts"]
        if not concept.get("notSelectable")
    ]
    _write_table(
        "tribes.json",
        {
            "source": "HL7 TribalEntityUS 6.0.0 (CC0)",
            "made": today,
            "rows": sorted(tribe_rows, key=_sort_key),
        },
    )


def write_places() -> None:
    """Write the countries: CLDR's names in their own languages, and the languages' ids."""
    languages_of = get_global("territory_languages")
    homes = _language_homes()
    rows = [
        [
            code,
            sorted(_own_names(code, languages_of.get(code, {}))),
            homes.get(code, []),
            _main_languages(languages_of.get(code, {})),
        ]
        for code in sorted(Locale("en").territories)
        if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
    ]
    today = datetime.now(UTC).date().isoformat()
    _write_table("places.json", {"source": "CLDR through Babel", "made": today, "rows": rows})


def _main_languages(languages: dict[str, Any]) -> list[str]:
    known = set(_known_languages())
    ids = (
        "cmn" if language.partition("_")[0] == "zh" else language.partition("_")[0]
        for language, facts in languages.items()
        if facts["population_percent"] >= 5
    )
    return [language for language in dict.fromkeys(ids) if language in known]


def _known_languages() -> list[str]:
    return [row[0] for row in json.loads((OUT / "languages.json").read_text("utf-8"))["rows"]]


def _own_names(country: str, languages: dict[str, Any]) -> set[str]:
    names = set()
    for language, facts in languages.items():
        # A tenth of the people: enough to tell the country's own languages from those of guests.
        if facts["official_status"] is None and facts["population_percent"] < 10:
            continue
        try:
            name = Locale.parse(language).territories.get(country)
        except (UnknownLocaleError, ValueError):
            continue
        if name:
            names.add(name)
    return names


def _language_homes() -> dict[str, list[str]]:
    """Return the languages by the country that CLDR takes as most likely for them."""
    homes: dict[str, list[str]] = {}
    for language in _known_languages():
        likely = get_global("likely_subtags").get(language, "")
        if "_" in likely:
            homes.setdefault(likely.rsplit("_", 1)[1], []).append(language)
    return homes


def _sort_key(row: list[str]) -> tuple[str, str]:
    return row[1].casefold().removeprefix("the "), row[0]


def _language_row(concept: dict[str, str]) -> list[Any] | None:
    code, display = concept["code"], concept["display"]
    if any(word in display for word in COLLECTIVE) or "-" in code:
        return None
    english = Locale("en").languages.get(code) or display.split(";")[0]
    try:
        endonym = Locale(code).get_display_name(code) or english
    except (UnknownLocaleError, ValueError):
        endonym = english
    return [code, code, english, endonym[:1].upper() + endonym[1:], _direction(code), False]


def _direction(code: str) -> str:
    return "rtl" if code in RTL else "ltr"


def _write_table(name: str, table: dict[str, Any]) -> None:
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table.pop("rows"))
    head = json.dumps(table, ensure_ascii=False)[:-1]
    (OUT / name).write_text(f'{head}, "rows": [\n{rows}\n]}}\n', "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    write_places()
