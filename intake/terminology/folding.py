"""Reduces names and search terms to plain words, so that spellings of one name meet."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

# Unicode does not decompose these letters, yet people without the keyboard type the plain ones.
_PLAIN_LETTERS = str.maketrans(
    {
        "đ": "d",
        "ł": "l",
        "ø": "o",
        "ħ": "h",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "ŋ": "ng",
        "ɓ": "b",
        "ɗ": "d",
        "ɛ": "e",
        "ɔ": "o",
        "ƙ": "k",
        "ʋ": "v",
        "ə": "e",
        # Ukrainian and Belarusian letters, as typed on a Russian keyboard.
        "і": "и",
        "є": "е",
        "ґ": "г",
        "ў": "у",
        # Persian and Arabic keyboards have different letters of the same look.
        "ک": "ك",
        "ی": "ي",
        "ى": "ي",
        "ې": "ي",
        "ة": "ه",
        "ہ": "ه",
        "ھ": "ه",
        "ە": "ه",
        "گ": "ك",
        "پ": "ب",
        "چ": "ج",
        "ڤ": "ف",
        "ـ": "",
        # Marks of glottal stops, clicks and ejectives, which most people leave out.
        **dict.fromkeys("'’‘ʻʼʽ`´ꞌʔʾʿ՚＇·", ""),
        # Joiners that some keyboards insert unseen.
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
    }
)
_NO_WORD = re.compile(r"[^\w\s\u0780-\u07bf\u0900-\u109f\u1780-\u17ff]|_", re.UNICODE)

# Languages without spaces, or with articles, join "people" or "language" to a name.
_PREFIXES = tuple(
    unicodedata.normalize("NFKD", part)
    for part in ("ال", "ภาษา", "ชาว", "คน", "ພາສາ", "ຄົນ", "ភាសា", "ជនជាតិ", "ខ្មែរ")
)
_SUFFIXES = tuple(
    unicodedata.normalize("NFKD", part)
    for part in (
        *("人", "裔", "族", "语", "語", "话", "話", "文", "系", "国", "國"),
        *("어", "말", "인", "계", "사람", "ဘာသာ", "စကား", "လူမျိုး"),
    )
)
_SHORTEST_REST = {"ال": 3}

# Letters and groups of letters that sound alike in the romanizations of many languages.
_SOUNDS = (
    ("tch", "c"), ("tsch", "c"), ("sch", "s"), ("kh", "k"), ("gh", "g"), ("ph", "f"), ("th", "t"),
    ("dh", "d"), ("bh", "b"), ("sh", "s"), ("ch", "c"), ("tz", "s"), ("ts", "s"), ("dj", "j"),
    ("dz", "s"), ("ck", "k"), ("qu", "k"), ("gu", "g"), ("q", "k"), ("c", "k"), ("x", "s"),
    ("z", "s"), ("w", "u"), ("v", "b"), ("y", "i"), ("j", "i"), ("ee", "i"), ("oo", "u"),
    ("ou", "u"), ("ie", "i"), ("ei", "i"), ("ea", "i"), ("h", ""),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")
_LATIN_WORD = re.compile(r"[a-z]+")


def fold_text(text: str) -> str:
    """Return the text without case, diacritics and apostrophes: `Q’anjob’al` as `qanjobal`.

    People type names this way when their keyboard lacks the letters.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN_LETTERS))
    plain = "".join(
        character for character in decomposed if not unicodedata.combining(character)
    ).translate(_PLAIN_LETTERS)
    return " ".join(_NO_WORD.sub(" ", plain).split())


def word_stems(word: str) -> Iterator[str]:
    """Yield a folded word without an article, a plural ending, or "people" and "language"."""
    if word.startswith(_PREFIXES):
        for prefix in filter(word.startswith, _PREFIXES):
            if len(word) - len(prefix) >= _SHORTEST_REST.get(prefix, 2):
                yield word.removeprefix(prefix)
    if word.endswith(_SUFFIXES):
        for suffix in filter(word.endswith, _SUFFIXES):
            if len(word) > len(suffix):
                yield word.removesuffix(suffix)
    if len(word) > 4 and word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]


@cache
def has_letters_of_sounds(character: str) -> bool:
    """Return whether the character belongs to an alphabet, and not to Chinese characters."""
    return not unicodedata.name(character, "").startswith("CJK UNIFIED")


def sound_key(word: str) -> str:
    """Return how a word in Latin letters sounds, or "" for another script or a short word.

    Only equal sounds fall together: vowels stay, because short names differ by little else.
    """
    if len(word) < 4 or not _LATIN_WORD.fullmatch(word):
        return ""
    for letters, sound in _SOUNDS:
        word = word.replace(letters, sound)
    return _DOUBLED.sub(r"\1", word)
