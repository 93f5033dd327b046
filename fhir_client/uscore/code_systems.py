"""Code systems and language tags: every spelling that charts use for the one that we write."""

import re
from functools import lru_cache

from fhir_client import spellings
from fhir_client.model import Json
from fhir_client.uscore.datatypes import SNOMED
from fhir_client.uscore.statement import BCP47, CDCREC, TRIBAL_ENTITIES
from fhir_client.uscore.versions import DATA_ABSENT_REASON, NULL_FLAVOR

_SPELLINGS = {
    CDCREC: spellings.CDCREC,
    NULL_FLAVOR: spellings.NULL_FLAVOR,
    DATA_ABSENT_REASON: spellings.DATA_ABSENT_REASON,
    BCP47: spellings.LANGUAGES,
    TRIBAL_ENTITIES: spellings.TRIBAL_ENTITIES,
    SNOMED: spellings.SNOMED_CT,
}
_SYSTEMS = {spelling: system for system, names in _SPELLINGS.items() for spelling in names}
# A scheme, `urn:` or `urn:oid:` before a name, and a version or a slash behind it, say no more.
_PREFIX = re.compile(r"^(?:https?://|urn:oid:|urn:)")
_SUFFIX = re.compile(r"(?:\|.*|/+|#)$")


def canonical_system(system: object) -> str | None:
    """Return the system as we write it; the same text for a system that we do not know."""
    return _canonical_system(system) if isinstance(system, str) else None


# A chart names the same few systems and tags again and again.
@lru_cache(maxsize=512)
def _canonical_system(system: str) -> str:
    plain = _SUFFIX.sub("", _PREFIX.sub("", system.strip().casefold()))
    return _SYSTEMS.get(plain, system)


@lru_cache(maxsize=512)
def canonical_tag(tag: str) -> str:
    """Return a language tag with its shortest primary code and the usual case (RFC 5646, 2.1.1).

    `ENG` becomes `en`, `zh_hant_tw` becomes `zh-Hant-TW`.
    """
    primary, *rest = tag.strip().replace("_", "-").casefold().split("-")
    subtags = [
        part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part
        for part in rest
    ]
    return "-".join([spellings.SHORTEST_CODES.get(primary, primary), *subtags])


def canonical_coding(coding: Json) -> Json:
    """Return a coding with the system and the tag as we write them; the original is unchanged."""
    system = canonical_system(coding.get("system"))
    code = coding.get("code")
    changed = dict(coding) if system is None else {**coding, "system": system}
    if system == BCP47 and isinstance(code, str):
        changed["code"] = canonical_tag(code)
    return changed


def is_null_coding(coding: Json) -> bool:
    """Return whether a coding is of a system of nulls: NullFlavor or DataAbsentReason."""
    return canonical_system(coding.get("system")) in (NULL_FLAVOR, DATA_ABSENT_REASON)


def code_pair(coding: Json) -> tuple[object, object]:
    """Return the system and the code of a coding, as we write them."""
    system, code = canonical_system(coding.get("system")), coding.get("code")
    if system is None:
        return coding.get("system"), code
    return system, canonical_tag(code) if system == BCP47 and isinstance(code, str) else code
