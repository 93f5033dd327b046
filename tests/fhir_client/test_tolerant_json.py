"""JSON of another system is read within limits, and without values that FHIR forbids."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_client.transport.exact_json import format_json
from fhir_client.transport.tolerant_json import MAX_DEPTH, parse_foreign_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"birthDate": None}, {}),
        ({"extension": None}, {}),
        ({"extension": [None]}, {}),
        ({"name": [{"given": None, "family": "Ng"}]}, {"name": [{"family": "Ng"}]}),
        ({"name": [None, {"family": "Ng"}]}, {"name": [{"family": "Ng"}]}),
        ({"extension": []}, {"extension": []}),
        ({"extension": [], "id": None}, {"extension": []}),
        ({"given": ["Ana", None]}, {"given": ["Ana"]}),
    ],
)
def test_drops_what_fhir_forbids(sent: Any, read: Any) -> None:
    assert parse_foreign_json(json.dumps(sent).encode()) == read


def test_keeps_a_null_that_keeps_the_place_of_an_extension() -> None:
    name = {"given": [None, "Ana"], "_given": [{"extension": [{"url": "u"}]}, None]}
    assert parse_foreign_json(json.dumps(name).encode()) == name


def test_half_a_character_becomes_the_replacement_character() -> None:
    read = parse_foreign_json(b'{"family": "N\\ud83dg", "note": "\\ud83d\\ude00"}')
    assert read == {"family": "N\N{REPLACEMENT CHARACTER}g", "note": "\N{GRINNING FACE}"}
    format_json(read).encode()


def test_a_byte_order_mark_is_ignored() -> None:
    assert parse_foreign_json(b'\xef\xbb\xbf{"id": "1"}') == {"id": "1"}


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_too_deep_nesting_is_refused(levels: int, opening: str, closing: str) -> None:
    with pytest.raises(ValueError, match="nested"):
        parse_foreign_json((opening * levels + "1" + closing * levels).encode())


def test_a_long_flat_resource_is_read() -> None:
    bundle = {"entry": [{"resource": {"id": str(number)}} for number in range(1000)]}
    assert parse_foreign_json(json.dumps(bundle).encode()) == bundle


@settings(deadline=None)
@given(values)
def test_cleaning_twice_changes_nothing(value: Any) -> None:
    cleaned = parse_foreign_json(json.dumps(value).encode())
    assert parse_foreign_json(json.dumps(cleaned).encode()) == cleaned
