"""A chart that passes through us keeps every digit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_client.transport import exact_json


@pytest.mark.parametrize(
    "raw",
    ['{"valueDecimal":1.50}', "[0.10000000000000000001,-42.36690,1E+2,100]", '"1.50"', "null"],
)
def test_every_digit_comes_back(raw: str) -> None:
    assert exact_json.format_json(exact_json.parse_json(raw)) == raw


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    )
)
def test_everything_else_is_plain_json(value: object) -> None:
    assert (
        json.loads(exact_json.format_json(value))
        == exact_json.parse_json(json.dumps(value))
        == value
    )


@pytest.mark.parametrize("raw", ["NaN", "[Infinity]", "{", ""])
def test_what_is_no_json_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|line 1"):
        exact_json.parse_json(raw)


def test_what_has_no_place_in_json_is_said() -> None:
    with pytest.raises(TypeError, match="object"):
        exact_json.format_json(object())
