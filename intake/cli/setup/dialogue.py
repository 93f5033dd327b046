"""Asks the administrator for what the options leave open."""

import sys
from collections.abc import Callable, Iterable, Sequence
from getpass import getpass

from intake.cli.output import print_message
from intake.suggestions import suggest_word

FindFaults = Callable[[str], Iterable[str]]


class NotAnsweredError(Exception):
    """No option answers a question, and there is no person to ask; the message says which."""


def _without_place(fault: str) -> str:
    """Return a fault of a setting without its file and key, which do not exist yet."""
    return fault[fault.find("found ") :] if "found " in fault else fault


class Dialogue:
    """Questions on standard error and answers from standard input.

    `asks` is False if only options and defaults may answer.
    """

    def __init__(self, *, asks: bool) -> None:
        """Remember whether there is a person to ask."""
        self._asks = asks

    def answer(
        self,
        given: str | None,
        question: str,
        option: str,
        *,
        default: str | None = None,
        find_faults: FindFaults = lambda _: (),
    ) -> str:
        """Return the option's value, else the person's, else the default.

        Asks again after a fault. Raises NotAnsweredError, and for a fault in an option's value.
        """
        if given is not None:
            for fault in find_faults(given):
                raise NotAnsweredError(f"{option}: {_without_place(fault)}")
            return given
        while True:
            text = self._read_line(question, default, option)
            faults = list(find_faults(text))
            if not faults:
                return text
            for fault in faults:
                print_message(f"  {_without_place(fault)}")

    def choose(
        self, given: str | None, question: str, option: str, choices: Sequence[str], default: str
    ) -> str:
        """Return one of the choices."""

        def find_faults(text: str) -> Iterable[str]:
            if text not in choices:
                suggestion = suggest_word(text, choices)
                ending = f"; did you mean {suggestion}?" if suggestion else ""
                yield f'found "{text}"; allowed: {", ".join(choices)}{ending}'

        question = f"{question}: {', '.join(choices)}"
        return self.answer(given, question, option, default=default, find_faults=find_faults)

    def ask_secret(self, question: str, option: str) -> str:
        """Return a secret, which a terminal does not show."""
        if not self._asks:
            raise NotAnsweredError(f"{option} is needed")
        if sys.stdin.isatty():
            return getpass(f"{question}: ").strip()
        return self._read_line(question, None, option)

    def _read_line(self, question: str, default: str | None, option: str) -> str:
        if self._asks:
            hint = f" [{default}]" if default else ""
            print_message(f"{question}{hint}:")
            line = sys.stdin.readline()
            if line.strip():
                return line.strip()
            # An end of the input is no consent to a default that matters; an empty line is.
            self._asks = bool(line)
        if default is None:
            if self._asks:
                return ""
            raise NotAnsweredError(f"{option} is needed")
        return default
