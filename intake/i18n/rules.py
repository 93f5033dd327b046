"""The rules for translations and for every text; each breach has a remedy."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_MARKUP = re.compile(r"[<>{}]|&#?\w+;")

# Khmer, Burmese, Persian and Indic words need zero-width spaces and joiners. The other marks set
# the direction at one place.
_ALLOWED = frozenset("\u200b\u200c\u200d\u200e\u200f\u061c")
_INVISIBLE_CATEGORIES = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))

# Han, kana, Hangul and Latin letters follow each other without a space. Elsewhere a word has one
# script, and a letter of another script is a typing mistake or a look-alike.
_EAST_ASIAN = "East Asian"
_SCRIPTS = dict.fromkeys(
    ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"), _EAST_ASIAN
)

_CLOSING_MARKS = "\"'”’»›」』)]）】"
_ENDINGS = {
    "?？؟፧": "a question mark",
    ":：": "a colon",
    "…": "an ellipsis",
    ".!。！۔।።။។": "a full stop or exclamation mark",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken rule (`what`) and its remedy (`way_out`)."""

    what: str
    way_out: str


def find_translation_breaches(
    source: str, text: str, language: str, *, may_omit: Collection[str] = ()
) -> Iterator[Breach]:
    """Yield the breaches of `text`, the translation of `source` into `language`.

    The translation may omit the placeholders in `may_omit`.
    """
    yield from _placeholder_breaches(source, text, may_omit)
    yield from find_text_breaches(text)
    yield from _ending_breaches(source, text)
    yield from _spanish_pair_breaches(text, language)
    yield from _copy_breaches(source, text)


def find_text_breaches(text: str) -> Iterator[Breach]:
    """Yield the breaches of rules that hold for a text in any language."""
    bare_text = PLACEHOLDER.sub(" ", text)
    if markup := _MARKUP.search(bare_text):
        yield Breach(
            f"has markup, '{markup.group()}'", "say it in words; the pages have their own markup"
        )
    if "%" in bare_text:
        yield Breach(
            "has a bare %",
            "write the word for percent; % only begins a placeholder such as %(count)s",
        )
    for character in sorted(set(filter(_is_invisible, text))):
        yield Breach(f"has the unseen character U+{ord(character):04X}", "take it out")
    for word in _letter_runs(bare_text):
        if scripts := _mixed_scripts(word):
            yield Breach(
                f"mixes {' and '.join(scripts)} letters in '{word}'",
                "type the word again in one script",
            )
    if _has_arabic(text) and (mark := re.search(r"[?,;]", text)):
        yield Breach(f"has the Latin '{mark.group()}' in Arabic script", "use ؟ ، ؛")


def _placeholder_breaches(source: str, text: str, may_omit: Collection[str]) -> Iterator[Breach]:
    expected, actual = set(PLACEHOLDER.findall(source)), set(PLACEHOLDER.findall(text))
    for name in sorted(expected - actual - set(may_omit)):
        yield Breach(
            f"lacks the placeholder %({name})s", "put it where the value belongs, letter for letter"
        )
    for name in sorted(actual - expected):
        yield Breach(
            f"has the placeholder %({name})s, which the message does not fill", "take it out"
        )


def _ending_breaches(source: str, text: str) -> Iterator[Breach]:
    if _outer_spaces(source) != _outer_spaces(text):
        yield Breach("begins or ends with other spaces than the message", "make them the same")
    expected, actual = _ending_name(source), _ending_name(text)
    if expected != actual:
        yield Breach(
            f"ends with {actual or 'no mark'}, the message with {expected or 'no mark'}",
            "end it in the same way",
        )


def _spanish_pair_breaches(text: str, language: str) -> Iterator[Breach]:
    for opening, closing in ("¿?", "¡!"):
        if language == "es" and text.count(opening) != text.count(closing):
            yield Breach(f"has a {closing} without {opening}, or the other way round", "write both")


def _copy_breaches(source: str, text: str) -> Iterator[Breach]:
    # Up to three words may rightly be the same in both languages, such as "Chat" or a name.
    if source == text and len(PLACEHOLDER.sub("", source).split()) > 3:
        yield Breach("is the English text", "translate it")


def _outer_spaces(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _ending_name(text: str) -> str:
    """Return what kind of mark ends the text, in words; "" if no mark does."""
    last = text.rstrip().rstrip(_CLOSING_MARKS).replace("...", "…")[-1:]
    return next((name for marks, name in _ENDINGS.items() if last and last in marks), "")


def _is_invisible(character: str) -> bool:
    return character == "\ufffd" or (
        unicodedata.category(character) in _INVISIBLE_CATEGORIES and character not in _ALLOWED
    )


def _letter_runs(text: str) -> Iterator[str]:
    """Yield the runs of letters, marks and joiners."""
    spaced = "".join(
        character if unicodedata.category(character)[0] in "LM" or character in _ALLOWED else " "
        for character in text
    )
    yield from spaced.split()


def _mixed_scripts(word: str) -> tuple[str, ...]:
    """Return the scripts of a word that mixes scripts, else nothing."""
    scripts = {script for character in word if (script := _script_of(character))}
    if len(scripts) < 2 or scripts == {_EAST_ASIAN, "LATIN"}:
        return ()
    return tuple(sorted(script.capitalize() for script in scripts))


def _script_of(character: str) -> str:
    """Return the script of a letter by its Unicode name.

    The script is "" for marks, and for letters that many scripts share.
    """
    if unicodedata.category(character) not in ("Lu", "Ll", "Lt", "Lo"):
        return ""
    name = unicodedata.name(character, "").split()
    first = name[0] if name else ""
    # The ordinal indicators ª and º are Latin, but their names begin with these words.
    return "" if first in ("FEMININE", "MASCULINE") else _SCRIPTS.get(first, first)


def _has_arabic(text: str) -> bool:
    return any(_script_of(character) == "ARABIC" for character in text)
