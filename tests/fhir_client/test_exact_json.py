"""A chart that passes through the client keeps every digit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_client.transport import exact_json


@pytest.mark.parametrize(
    "raw",
    ['{"valueDecimal":1.50}', "[0.10000000000000000001,-42.36690,1E+2,100]", '"1.50"', "null"],
)
def test_every_digit_of_a_decimal_is_kept(raw: str) -> None:
    assert exact_json.format_json(exact_json.parse_json(raw)) == raw


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    )
)
def test_other_values_are_plain_json(value: object) -> None:
    assert (
        json.loads(exact_json.format_json(value))
        == exact_json.parse_json(json.dumps(value))
        == value
    )


@pytest.mark.parametrize("raw", ["NaN", "[Infinity]", "{", ""])
def test_invalid_json_raises_value_error(raw: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|line 1"):
        exact_json.parse_json(raw)


def test_a_value_without_a_json_form_raises_type_error() -> None:
    with pytest.raises(TypeError, match="object"):
        exact_json.format_json(object())
