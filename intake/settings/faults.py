"""The one form in which every fault of a configuration file is written."""

import re
from collections.abc import Iterable

from intake.suggestions import suggest_word

MAX_SHOWN = 60
"""The longest part of a wrong value that a fault repeats."""

FILE_NAME_CUTOFF = 0.8
"""How alike two file names must be, from 0 to 1: most names end in `.toml`."""

_USER_INFO = re.compile(r"//[^/@\s]*@")
_TYPE_WORDS: dict[type, str] = {
    bool: "yes or no",
    int: "a number",
    float: "a fraction",
    list: "a list",
    dict: "a table",
}


def wrong_value(
    where: str, raw: object, allowed: str | Iterable[str], *, suggest: bool = True
) -> str:
    """Return the fault of a value: `FILE: TABLE: KEY: found …; allowed: …; did you mean …?`.

    `allowed` is a description, or the values themselves, from which a suggestion is taken.
    """
    if isinstance(allowed, str):
        return _format_fault(where, describe_value(raw), allowed)
    choices = list(allowed)
    suggestion = suggest_word(raw, choices) if suggest and isinstance(raw, str) else ""
    return _format_fault(where, describe_value(raw), ", ".join(choices), suggestion)


def unknown_key(where: str, key: str, choices: Iterable[str]) -> str:
    """Return the fault of a key that the table does not have."""
    keys = list(choices)
    place = f"{where}: {key}"
    return _format_fault(place, "an unknown key", ", ".join(keys), suggest_word(key, keys))


def missing_value(where: str, allowed: str) -> str:
    """Return the fault of a key, table or file that is needed and absent."""
    return _format_fault(where, "nothing", allowed)


def missing_file(name: str, folder: str, content: str, misspelt: str) -> str:
    """Return the fault of a file that the site's folder needs, with the file that it may be."""
    return _format_fault(name, f"no such file in {folder}", content, misspelt)


def unknown_file(name: str, choices: Iterable[str], meant: str) -> str:
    """Return the fault of a file whose name is not one that is read, and the one meant, or ""."""
    return _format_fault(name, "a file that is not read", ", ".join(choices), meant)


def describe_value(raw: object) -> str:
    """Return a TOML value as a fault shows it; a password in an address is left out."""
    if isinstance(raw, str):
        text = _USER_INFO.sub("//…@", raw)
        return f'"{text[:MAX_SHOWN]}…"' if len(text) > MAX_SHOWN else f'"{text}"'
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return str(raw)
    return _TYPE_WORDS.get(type(raw), "a date or time")


def _format_fault(where: str, found: str, allowed: str, suggestion: str = "") -> str:
    ending = f"; did you mean {suggestion}?" if suggestion else ""
    return f"{where}: found {found}; allowed: {allowed}{ending}"
