"""The desk asks for what the chart lacks; a text that only says so is a gap."""

from typing import Any

import pytest

from fhir_client.model import Element, Json
from fhir_client.uscore.elements import ETHNICITY, RACE
from fhir_client.uscore.elements.category import CategorySpec
from fhir_client.uscore.versions import NULL_FLAVOR
from intake.schedule.chart_values import find_gaps


def build_extension(spec: CategorySpec, text: str, code: str | None = None) -> Json:
    coding: dict[str, Any] = {"system": NULL_FLAVOR, "code": code}
    parts = [] if code is None else [{"url": "ombCategory", "valueCoding": coding}]
    return {"url": spec.url, "extension": [*parts, {"url": "text", "valueString": text}]}


NOTHING = ["Unknown", "UNKNOWN.", "Patient declined", "N/A", "Other", "\u200b", "\u2800"]


@pytest.mark.parametrize("spec", [RACE, ETHNICITY], ids=lambda spec: spec.element)
@pytest.mark.parametrize("text", NOTHING, ids=ascii)
def test_a_text_that_says_nothing_is_a_gap(spec: CategorySpec, text: str) -> None:
    assert spec.element in find_gaps({"extension": [build_extension(spec, text)]})
    assert spec.element in find_gaps({"extension": [build_extension(spec, text, "ASKU")]})


@pytest.mark.parametrize("text", ["Gullah", "Na", "Garifuna / unknown tribe"])
def test_a_text_that_says_something_is_none(text: str) -> None:
    assert Element.RACE not in find_gaps({"extension": [build_extension(RACE, text)]})


def test_every_race_extension_counts() -> None:
    extensions = [build_extension(RACE, "Unknown"), build_extension(RACE, "Gullah")]
    assert Element.RACE not in find_gaps({"extension": extensions})
    assert Element.RACE not in find_gaps({"extension": extensions[::-1]})


@pytest.mark.parametrize(
    ("language", "is_gap"),
    [
        ({"text": "Unknown"}, True),
        ({"text": "\u200b"}, True),
        ({"text": "Mixteco bajo"}, False),
        ({"coding": [{"code": "es"}], "text": "Unknown"}, False),
    ],
    ids=ascii,
)
def test_a_language_that_says_nothing_is_a_gap(language: Json, is_gap: bool) -> None:
    gaps = find_gaps({"communication": [{"language": language, "preferred": True}]})
    assert (Element.SPOKEN_LANGUAGE in gaps) is is_gap
