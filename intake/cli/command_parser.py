"""An argparse parser that suggests the word which a misspelt one means."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from intake.suggestions import suggest_word

_INVALID_CHOICE = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)")
_UNKNOWN_OPTION = re.compile(r"unrecognized arguments: .*?(--[A-Za-z][\w-]*)")


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors suggest a choice or an option; its subparsers are like it.

    `actions` are the parsers of the command's actions by name, such as `list` of `users`.
    """

    def __init__(self, **keywords: Any) -> None:
        """Create a parser; the keywords are those of ArgumentParser."""
        self.actions: dict[str, CommandParser] = {}
        # An abbreviation that works today breaks a script when another option is added.
        super().__init__(**{**keywords, "allow_abbrev": False})

    @property
    def own_options(self) -> tuple[str, ...]:
        """The long options of this parser alone, also those in groups."""
        return tuple(name for name in self._option_string_actions if name.startswith("--"))

    def list_options(self) -> list[str]:
        """Return the long options of this parser and of all its actions."""
        parsers = self.actions.values()
        return [*self.own_options, *(name for parser in parsers for name in parser.list_options())]

    def add_subparsers(self, **keywords: Any) -> Any:
        """Add actions; without a `metavar`, errors call them ACTION and no internal name."""
        keywords.setdefault("metavar", "ACTION")
        keywords.setdefault("title", "actions")
        subparsers = super().add_subparsers(**keywords)
        self.actions = subparsers.choices
        return subparsers

    def refuse_unknown_options(self, words: Sequence[str]) -> None:
        """Exit as `error` does if a word is an option that neither command nor action has.

        argparse would take the option's value for the name of an action, and complain of that.
        """
        end = words.index("--") if "--" in words else len(words)
        known_names = self.list_options()
        for word in words[:end]:
            name = word.partition("=")[0]
            if name.startswith("--") and name not in known_names:
                self.error(f"unrecognized arguments: {name}")

    def error(self, message: str) -> NoReturn:
        """Print usage, fault and suggestion to standard error; exit with code 2."""
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}{self._suggest(message)}\n")

    def _suggest(self, message: str) -> str:
        if match := _INVALID_CHOICE.search(message):
            choices = [choice.strip("' ") for choice in match[2].split(",")]
            suggestion = suggest_word(match[1], choices)
        elif match := _UNKNOWN_OPTION.search(message):
            suggestion = suggest_word(match[1], self.list_options())
        else:
            suggestion = ""
        return f"; did you mean {suggestion}?" if suggestion else ""
