"""`intake completion`: prints a script with which a shell completes commands and options."""

import argparse
from collections.abc import Iterator

from intake.cli import COMMANDS, build_parser
from intake.cli.command_parser import CommandParser

SHELLS = ("bash", "zsh", "fish")
GLOBAL_OPTIONS = ("--config", "--quiet", "--help")
INSTALL = {
    "bash": "intake completion bash > ~/.local/share/bash-completion/completions/intake",
    "zsh": "intake completion zsh > a folder of $fpath, as _intake",
    "fish": "intake completion fish > ~/.config/fish/completions/intake.fish",
}

_BASH = """# Completes the commands of intake: {install}
_intake() {{
    local word previous="" path="" words
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        [[ $word == -* || $previous == --config ]] || path="$path $word"
        previous=$word
    done
    case "${{path# }}" in
{cases}
        *) words="" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _intake intake
"""
_ZSH = """#compdef intake
# Completes the commands of intake: {install}
_intake() {{
    local word previous="" path_words=()
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        [[ $word == -* || $previous == --config ]] || path_words+=("$word")
        previous=$word
    done
    case "${{(j: :)path_words}}" in
{cases}
        *) _files ;;
    esac
}}
compdef _intake intake
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(_FORMATS[args.shell](), end="")
    return 0


def list_words() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield each path of commands and actions, with the words that may follow it."""
    yield (), (*COMMANDS, "--version", *GLOBAL_OPTIONS)
    for name in COMMANDS:
        yield from _list_parser_words((name,), build_parser(name))
    yield ("help",), tuple(COMMANDS)
    yield ("completion",), SHELLS


def _list_parser_words(
    path: tuple[str, ...], parser: CommandParser
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    words = (*parser.actions, *parser.own_options, *GLOBAL_OPTIONS)
    # These two complete with words of their own.
    if path not in (("help",), ("completion",)):
        yield path, tuple(dict.fromkeys(words))
    for name, action in parser.actions.items():
        yield from _list_parser_words((*path, name), action)


def _format_bash() -> str:
    # Longer paths come first: behind an action follow its own words, and any file.
    cases = (
        f'        "{" ".join(path)}") words="{" ".join(words)}" ;;' for path, words in list_words()
    )
    return _BASH.format(install=INSTALL["bash"], cases="\n".join(cases))


def _format_zsh() -> str:
    cases = (
        f'        "{" ".join(path)}") compadd -- {" ".join(words)} ;;'
        for path, words in list_words()
    )
    return _ZSH.format(install=INSTALL["zsh"], cases="\n".join(cases))


def _format_fish() -> str:
    lines = [f"# Completes the commands of intake: {INSTALL['fish']}"]
    for path, words in list_words():
        condition = _fish_condition(path)
        for word in words:
            option = f"-l {word.removeprefix('--')}" if word.startswith("--") else f"-a {word}"
            summary = COMMANDS.get(word, "") if not path else ""
            description = f" -d '{summary.replace(chr(39), chr(92) + chr(39))}'" if summary else ""
            lines.append(f"complete -c intake -n '{condition}' {option}{description}")
    return "\n".join(lines) + "\n"


def _fish_condition(path: tuple[str, ...]) -> str:
    if not path:
        return "__fish_use_subcommand"
    return "; and ".join(f"__fish_seen_subcommand_from {word}" for word in path)


_FORMATS = {"bash": _format_bash, "zsh": _format_zsh, "fish": _format_fish}
