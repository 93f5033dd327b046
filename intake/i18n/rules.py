"""What a translation has to keep of its message, and what no text of ours may have; each breach in words, with the way out."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_MARKUP = re.compile(r"[<>{}]|&#?\w+;")

# Zero-width space and joiners shape Khmer, Burmese, Persian and Indic words; the marks settle the direction at one place.
_ALLOWED = frozenset("\u200b\u200c\u200d\u200e\u200f\u061c")
_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))

# Han, kana and Hangul stand beside one another and beside Latin letters without a space; elsewhere a word has one script.
_EAST_ASIAN = "East Asian"
_SCRIPTS = dict.fromkeys(
    ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"), _EAST_ASIAN
)

_CLOSING = "\"'”’»›」』)]）】"
_ENDINGS = {
    "?？؟፧": "a question mark",
    ":：": "a colon",
    "…": "an ellipsis",
    ".!。！۔।።။។": "a full stop or exclamation mark",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong with a text, and the way out."""

    what: str
    way_out: str


def find_translation_breaches(
    source: str, text: str, language: str, *, may_omit: Collection[str] = ()
) -> Iterator[Breach]:
    """Yield what is wrong with `text`, which says `source` in `language` (`es`) and may leave out some placeholders."""
    yield from _placeholders(source, text, may_omit)
    yield from find_text_breaches(text)
    yield from _ends(source, text)
    yield from _pairs(text, language)
    yield from _copied(source, text)


def find_text_breaches(text: str) -> Iterator[Breach]:
    """Yield what no text may have, whatever its language."""
    bare = PLACEHOLDER.sub(" ", text)
    if found := _MARKUP.search(bare):
        yield Breach(
            f"has markup, '{found.group()}'", "say it in words; the pages have their own markup"
        )
    if "%" in bare:
        yield Breach(
            "has a bare %",
            "write the word for percent; % only begins a placeholder such as %(count)s",
        )
    for character in sorted(set(filter(_is_unseen, text))):
        yield Breach(f"has the unseen character U+{ord(character):04X}", "take it out")
    for word in _words(bare):
        if scripts := _mixed(word):
            yield Breach(
                f"mixes {' and '.join(scripts)} letters in '{word}'",
                "type the word again in one script",
            )
    if _has_arabic(text) and (found := re.search(r"[?,;]", text)):
        yield Breach(f"has the Latin '{found.group()}' in Arabic script", "use ؟ ، ؛")


def _placeholders(source: str, text: str, may_omit: Collection[str]) -> Iterator[Breach]:
    wanted, found = set(PLACEHOLDER.findall(source)), set(PLACEHOLDER.findall(text))
    for name in sorted(wanted - found - set(may_omit)):
        yield Breach(
            f"lacks the placeholder %({name})s", "put it where the value belongs, letter for letter"
        )
    for name in sorted(found - wanted):
        yield Breach(
            f"has the placeholder %({name})s, which the message does not fill", "take it out"
        )


def _ends(source: str, text: str) -> Iterator[Breach]:
    if _margins(source) != _margins(text):
        yield Breach("begins or ends with other spaces than the message", "make them the same")
    wanted, found = _ending(source), _ending(text)
    if wanted != found:
        yield Breach(
            f"ends with {found or 'no mark'}, the message with {wanted or 'no mark'}",
            "end it in the same way",
        )


def _pairs(text: str, language: str) -> Iterator[Breach]:
    for opening, closing in ("¿?", "¡!"):
        if language == "es" and text.count(opening) != text.count(closing):
            yield Breach(f"has a {closing} without {opening}, or the other way round", "write both")


def _copied(source: str, text: str) -> Iterator[Breach]:
    if source == text and len(PLACEHOLDER.sub("", source).split()) > 3:
        yield Breach("is the English text", "translate it")


def _margins(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _ending(text: str) -> str:
    last = text.rstrip().rstrip(_CLOSING).replace("...", "…")[-1:]
    return next((name for marks, name in _ENDINGS.items() if last and last in marks), "")


def _is_unseen(character: str) -> bool:
    return character == "\ufffd" or (
        unicodedata.category(character) in _UNSEEN and character not in _ALLOWED
    )


def _words(text: str) -> Iterator[str]:
    """Yield the runs of letters, marks and joiners."""
    kept = "".join(
        each if unicodedata.category(each)[0] in "LM" or each in _ALLOWED else " " for each in text
    )
    yield from kept.split()


def _mixed(word: str) -> tuple[str, ...]:
    scripts = {script for each in word if (script := _script(each))}
    one = len(scripts) < 2 or scripts == {_EAST_ASIAN, "LATIN"}
    return () if one else tuple(sorted(script.capitalize() for script in scripts))


def _script(character: str) -> str:
    """Return the script of a letter by its Unicode name; "" for marks and for letters that many scripts share."""
    if unicodedata.category(character) not in ("Lu", "Ll", "Lt", "Lo"):
        return ""
    name = unicodedata.name(character, "").split()
    first = name[0] if name else ""
    return "" if first in ("FEMININE", "MASCULINE") else _SCRIPTS.get(first, first)


def _has_arabic(text: str) -> bool:
    return any(_script(character) == "ARABIC" for character in text)
