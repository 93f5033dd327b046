"""Finds the words of all names that a typed word may mean, with a cost for each."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from intake.terminology.folding import has_letters_of_sounds, sound_key, word_stems
from intake.terminology.spelling import allowed_mistakes, count_mistakes, shared_beginning

# Costs of a match, from 0 for the same word. Only their order matters; the corpus in
# tests/terminology tells whether it is right.
STEM_COST = 0.06
PREFIX_COST, PREFIX_LETTER_COST = 0.16, 0.02
SOUND_COST = 0.3
ENDING_COST, ENDING_LETTER_COST = 0.34, 0.05
MISTAKE_COST = 0.42
FIRST_LETTER_COST = 0.15
_MOST_PREFIX_COST = 0.36
_MOST_FUZZY_WORDS = 200


class Vocabulary:
    """The words of many names, indexed by beginning, sound and pairs of letters."""

    def __init__(self, words: Iterable[str]) -> None:
        """Index the folded words."""
        self._words = sorted(set(words))
        self._known = frozenset(self._words)
        self._sounds: Mapping[str, list[str]] = _group(self._words, _sound_keys)
        self._pairs: Mapping[str, list[str]] = _group(self._words, _letter_pairs)

    def match_word(self, typed: str) -> dict[str, float]:
        """Return the words that a folded word may mean, by their cost."""
        costs: dict[str, float] = {}
        for word, cost in self._candidates(typed):
            if cost < costs.get(word, cost + 1):
                costs[word] = cost
        return costs

    def _candidates(self, typed: str) -> Iterator[tuple[str, float]]:
        is_known = typed in self._known
        if is_known:
            yield typed, 0.0
        yield from self._same_beginnings(typed)
        for stem in word_stems(typed):
            yield from ((word, STEM_COST + cost) for word, cost in self._match_stem(stem))
        if not has_letters_of_sounds(typed[0]):
            return
        for word in self._sounds.get(sound_key(typed), ()):
            yield word, SOUND_COST
        if not is_known:
            yield from self._misspellings(typed)

    def _match_stem(self, stem: str) -> Iterator[tuple[str, float]]:
        if stem in self._known:
            yield stem, 0.0
        yield from self._same_beginnings(stem)

    def _same_beginnings(self, typed: str) -> Iterator[tuple[str, float]]:
        """Yield the words that the typed word begins, and words with another ending."""
        shortest = _shortest_beginning(typed)
        beginning = typed[: min(shortest, len(typed))]
        for word in self._words[bisect_left(self._words, beginning) :]:
            if not word.startswith(beginning):
                return
            if word.startswith(typed):
                rest = len(word) - len(typed)
                yield word, min(PREFIX_COST + PREFIX_LETTER_COST * rest, _MOST_PREFIX_COST)
            elif len(typed) >= shortest:
                yield from self._other_ending(typed, word, shortest)

    def _other_ending(self, typed: str, word: str, shortest: int) -> Iterator[tuple[str, float]]:
        """Yield the word if it differs in its ending only: `hondureño` and `Honduras`."""
        shared = shared_beginning(typed, word)
        typed_rest, word_rest = len(typed) - shared, len(word) - shared
        most = 4 if has_letters_of_sounds(typed[0]) else 2
        # A short beginning is too little for two long endings.
        if typed_rest > most or word_rest > min(most, 2 if shared > shortest else 1):
            return
        yield word, ENDING_COST + ENDING_LETTER_COST * (typed_rest + 1.5 * word_rest)

    def _misspellings(self, typed: str) -> Iterator[tuple[str, float]]:
        limit = allowed_mistakes(typed)
        if not limit:
            return
        counts = Counter(
            word for pair in _letter_pairs(typed) for word in self._pairs.get(pair, ())
        )
        # Each mistake spoils two pairs of letters.
        fewest = max(1, len(typed) + 1 - 2 * limit)
        for word, shared in counts.most_common(_MOST_FUZZY_WORDS):
            if shared < fewest:
                return
            mistakes = count_mistakes(typed, word, min(limit, allowed_mistakes(word)))
            if 0 < mistakes <= min(limit, allowed_mistakes(word)):
                share = mistakes / max(len(typed), 1)
                other_start = FIRST_LETTER_COST if typed[0] != word[0] else 0.0
                yield word, MISTAKE_COST + share + other_start


def _shortest_beginning(typed: str) -> int:
    """Return how many letters at a word's beginning tell it from other words."""
    if not has_letters_of_sounds(typed[0]):
        return 2
    # Arabic and Hebrew leave out vowels; Korean letters are parts of a syllable.
    return 3 if "\u0590" <= typed[0] <= "\u06ff" else 4


def _sound_keys(word: str) -> Iterator[str]:
    if key := sound_key(word):
        yield key


def _letter_pairs(word: str) -> Iterator[str]:
    padded = f" {word} "
    yield from {padded[index : index + 2] for index in range(len(padded) - 1)}


def _group(words: Iterable[str], keys: Callable[[str], Iterable[str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for word in words:
        for key in keys(word):
            groups[key].append(word)
    return groups
