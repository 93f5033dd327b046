"""One code system or language in any spelling is the same one."""

import pytest

from fhir_client.uscore.code_systems import canonical_coding, canonical_system, canonical_tag
from fhir_client.uscore.statement import BCP47, CDCREC
from fhir_client.uscore.versions import DATA_ABSENT_REASON, NULL_FLAVOR


@pytest.mark.parametrize(
    ("spelling", "system"),
    [
        ("urn:oid:2.16.840.1.113883.6.238", CDCREC),
        ("2.16.840.1.113883.6.238", CDCREC),
        ("URN:OID:2.16.840.1.113883.6.238", CDCREC),
        ("http://hl7.org/fhir/v3/Race", CDCREC),
        ("https://hl7.org/fhir/v3/Ethnicity/", CDCREC),
        ("http://terminology.hl7.org/CodeSystem/v3-Race|2.0.0", CDCREC),
        ("http://hl7.org/fhir/v3/NullFlavor", NULL_FLAVOR),
        ("http://hl7.org/fhir/data-absent-reason", DATA_ABSENT_REASON),
        ("http://id.loc.gov/vocabulary/iso639-1", BCP47),
        ("http://id.loc.gov/vocabulary/iso639-2/", BCP47),
        ("urn:iso:std:iso:639", BCP47),
        ("urn:ietf:bcp:47", BCP47),
        ("http://vendor.example/race", "http://vendor.example/race"),
        (7, None),
        (None, None),
    ],
)
def test_every_spelling_of_a_system_is_one_system(spelling: object, system: str | None) -> None:
    assert canonical_system(spelling) == system


@pytest.mark.parametrize(
    ("spelling", "tag"),
    [
        ("eng", "en"),
        ("EN", "en"),
        ("en_us", "en-US"),
        ("chi", "zh"),
        ("zho-hant", "zh-Hant"),
        ("ZH-HANT-tw", "zh-Hant-TW"),
        ("tgl", "tl"),
        ("cmn", "cmn"),
        ("prs", "prs"),
        ("es-419", "es-419"),
    ],
)
def test_a_tag_has_its_shortest_code_and_the_usual_case(spelling: str, tag: str) -> None:
    assert canonical_tag(spelling) == tag


def test_a_coding_of_another_system_is_left_alone() -> None:
    coding = {"system": "http://vendor.example/languages", "code": "ENG", "display": "English"}
    assert canonical_coding(coding) == coding
    loc = {"system": "http://id.loc.gov/vocabulary/iso639-2", "code": "vie"}
    assert canonical_coding(loc) == {"system": BCP47, "code": "vi"}
