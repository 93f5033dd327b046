"""Writes results and words so that no encoding of a terminal and no closed pipe is an error."""

import codecs
import json
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

QUIET = "INTAKE_QUIET"
"""The environment variable that --quiet sets; child processes heed it, too."""

_ERROR_HANDLER = "intake-plain"
_PLAIN = {"→": "->", "…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": "'", "”": "'"}


def prepare_streams() -> None:
    """Make standard output and standard error take every character, whatever their encoding."""
    codecs.register_error(_ERROR_HANDLER, _replace_characters)
    # A closed stream is None in Python; the output then has no reader.
    if sys.stdout is None:
        sys.stdout = _open_null()
    if sys.stderr is None:
        sys.stderr = _open_null()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=_ERROR_HANDLER)


def _open_null() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _replace_characters(error: UnicodeError) -> tuple[str, int]:
    """Return what a stream gets for characters that its encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(map(_plain_form, characters)), error.end


def _plain_form(character: str) -> str:
    # json.dumps writes the escapes of JSON, which the eye can read as well.
    return _PLAIN.get(character) or json.dumps(character)[1:-1]


def use_utf8() -> None:
    """Write standard output in UTF-8, for a file that a program reads."""
    if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")


def print_json(value: object) -> None:
    """Print a value as JSON; an encoding that lacks a character gets its escape."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    print(json.dumps(value, ensure_ascii=encoding != "utf8", indent=1))


def print_message(message: object) -> None:
    """Print to standard error, so that standard output carries results alone."""
    print(message, file=sys.stderr, flush=True)


def print_note(message: object) -> None:
    """Print progress or advice to standard error, unless --quiet is given."""
    if not os.environ.get(QUIET):
        print_message(message)


def discard_output() -> None:
    """Let the rest of the output go nowhere: its reader is gone or its disk is full."""
    # Without this Python would flush the remaining output at its end, and fail again.
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(null, stream.fileno())
