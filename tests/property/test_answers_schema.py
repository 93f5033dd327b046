"""The JSON Schema of ANSWERS.json and the reader of submissions accept and refuse the same."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.answers import AnswerState, Channel, Informant, Submission
from intake.shipped import CONFIG
from intake.store.payload import PayloadError, SubmissionJson, decode_submission, encode_submission
from tests.support.json_schema import schema_faults
from tests.support.submission_strategies import submissions

SCHEMA: dict[str, Any] = json.loads((CONFIG / "schemas" / "answers.schema.json").read_text("utf-8"))
EXAMPLES = sorted((Path(__file__).parents[1] / "support" / "data").glob("*.answers.json"))
EXAMPLE = json.loads((EXAMPLES[0].parent / "multi-race.answers.json").read_text("utf-8"))


def is_accepted(value: Any) -> bool:
    try:
        decode_submission(json.dumps(value))
    except PayloadError:
        return False
    return True


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_keeps_to_the_schema(path: Path) -> None:
    value = json.loads(path.read_text("utf-8"))
    assert schema_faults(value, SCHEMA) == []
    assert is_accepted(value)


def test_the_schema_names_every_key_and_word() -> None:
    assert set(SCHEMA["properties"]) == set(SubmissionJson.__struct_fields__)
    enums = (
        SCHEMA["properties"]["informant"],
        SCHEMA["properties"]["channel"],
        SCHEMA["$defs"]["answer"]["properties"]["state"],
    )
    assert [set(schema["enum"]) for schema in enums] == [
        set(Informant),
        set(Channel),
        set(AnswerState),
    ]


@given(submissions)
def test_every_submission_keeps_to_the_schema(submission: Submission) -> None:
    assert schema_faults(json.loads(encode_submission(submission)), SCHEMA) == []


INVISIBLE = ["\u200b", "\u2800", "\u3164", "\uffff", "\u202e"]
# A pattern of JSON Schema cannot name whole Unicode categories, so that the schema accepts marks
# and unassigned characters alone, which the reader refuses.
texts = st.text(st.characters(exclude_categories=("Cs", "Cf", "Cn", "Co", "M")))
odd_words = (
    st.sampled_from(["", " ", "x" * 2001, "a\x1bb", "\x85", "answered", "declined", *INVISIBLE])
    | texts
)
odd_keys = st.sampled_from(["state", "choices", "write_ins", "x"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | odd_words,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(odd_keys, values, max_size=3),
    max_leaves=4,
)


@st.composite
def changed_examples(draw: st.DrawFn) -> Any:
    """The example with one or two places changed, removed or added."""
    value = deepcopy(EXAMPLE)
    for _ in range(draw(st.integers(1, 2))):
        holder = draw(st.sampled_from(_find_objects(value)))
        key = draw(st.sampled_from([*holder, "answers", "extra"]))
        if draw(st.booleans()):
            holder.pop(key, None)
        else:
            holder[key] = draw(
                anything | st.sampled_from([["a"], ["a", "a"], {"own-words": "x"}, {}, []])
            )
    return value


def _find_objects(value: Any) -> list[dict[str, Any]]:
    objects = [value] if isinstance(value, dict) else []
    return objects + [
        nested
        for child in (value.values() if isinstance(value, dict) else [])
        for nested in _find_objects(child)
    ]


@settings(max_examples=300)
@given(changed_examples())
def test_schema_and_reader_refuse_the_same(value: Any) -> None:
    assert is_accepted(value) == (schema_faults(value, SCHEMA) == [])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "7"),
        ("id", "0d4a8f2c-6c1e-4c0a-9a53-1f7a3a1f5c1"),
        ("patient", "Patient/1/../2"),
        ("patient", "https://ehr.example/Patient/1"),
        ("patient", "Patient?identifier=urn:mrn%7C4711"),
        ("patient", "Patient?identifier=urn:mrn%7C4711&birthdate=1990"),
        ("patient", "Patient?identifier=urn:mrn%7C" + "7" * 2000 + "&birthdate=1990-03-05"),
        ("answered_at", "2026-11-23T10:00:00"),
        ("answered_at", "yesterday"),
        ("answered_at", "2026-11-23T10:00:00+15:00"),
        ("answered_at", "2026-11-23T10:00:00-14:15"),
        ("answered_at", "2026-11-23T10:00:60Z"),
        ("answered_at", "1899-12-31T10:00:00Z"),
        ("answered_at", "2200-01-01T00:00:00Z"),
        ("answered_at", "9999-12-31T23:59:59-14:00"),
        ("patient", "Patient?identifier=urn:mrn%7C4711&birthdate=1899-12-31"),
        ("locale", "es_MX"),
        ("locale", "x" * 36),
        ("clinic", ""),
        ("notice", "x" * 81),
        ("informant", "doctor"),
        ("channel", "fax"),
        ("encounter", "Appointment/1"),
        ("answers", []),
        ("answers", {"interpreter": {"state": "answered"}}),
        ("answers", {"interpreter": {"state": "answered", "choices": []}}),
        ("answers", {"interpreter": {"state": "declined", "choices": ["yes"]}}),
        ("answers", {"interpreter": {"state": "answered", "choices": ["yes", "yes"]}}),
        ("answers", {"interpreter": {"state": "answered", "write_ins": {"own-words": "\u3000"}}}),
        ("answers", {"interpreter": {"choices": ["yes"]}}),
        ("surprise", 1),
        *(
            ("answers", {"interpreter": {"state": "answered", "write_ins": {"own-words": words}}})
            for words in INVISIBLE
        ),
    ],
)
def test_schema_and_reader_refuse_each_known_fault(key: str, value: Any) -> None:
    changed_example = {**EXAMPLE, key: value}
    assert schema_faults(changed_example, SCHEMA)
    assert not is_accepted(changed_example)
