"""JSON that keeps every digit of a decimal.

In FHIR 1.50 is not 1.5, and whole charts pass through here.
"""

import json
import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

# The json module writes a Decimal only as a string. So each one is written as a string with this
# mark, and the quotes are removed afterwards. The mark is random, so no other string has it.
_MARK = f"decimal {uuid4()} "
_MARKED = re.compile(rf'"{_MARK}([-+.0-9Ee]+)"')


def parse_json(raw: bytes | str) -> Any:
    """Return the parsed JSON, with each decimal as a Decimal.

    Raises ValueError for other input.
    """
    return json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)


def format_json(value: Any, *, indent: int | None = None) -> str:
    """Return the value as JSON, with the digits of each Decimal.

    `indent` is for human readers.
    """
    if indent is None:
        text = json.dumps(value, default=_mark_decimal, allow_nan=False, separators=(",", ":"))
    else:
        text = json.dumps(
            value, default=_mark_decimal, allow_nan=False, ensure_ascii=False, indent=indent
        )
    return _MARKED.sub(r"\1", text) if _MARK in text else text


def _mark_decimal(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in JSON")
    return f"{_MARK}{value}"


def _refuse_constant(constant: str) -> None:
    # Python's parser accepts NaN and Infinity, which are no JSON.
    raise ValueError(f"{constant} is no JSON")
