"""Finds entries of a code table by their names, best first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from intake.terminology.folding import fold_text, word_stems
from intake.terminology.vocabulary import STEM_COST, Vocabulary

# Costs beside those of the words; see `vocabulary`.
LEFT_OVER_COST, MOST_LEFT_OVER_COST = 0.05, 0.25
NOT_FIRST_COST = 0.08
OTHER_ORDER_COST = 0.05
CHANCE_COST = 0.3
UNMATCHED_COST = 1.5
MOST_COST = 1.0
"""A name with a higher cost is no match."""
MOST_JOINED_WORDS = 3


class Reason(StrEnum):
    """Why a search found an entry: the kind of name that matches."""

    NAME = "name"
    """Its name in the code table, or its label on the page."""
    OTHER_NAME = "other name"
    """Another name of the same: an endonym, an everyday name, a name in another language."""
    PLACE = "place"
    """The name of its country or place, or of people from there."""
    BROADER = "broader group"
    """A place or people that the table has no code for; the entry is the group around it."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name of an entry; `cost` puts less usual names behind the others."""

    entry: str
    text: str
    reason: Reason = Reason.NAME
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Match:
    """A name that fits a search term, and its cost: 0 is the very name."""

    name: Name
    cost: float

    @property
    def distance(self) -> float:
        """How far the term is from the name, however usual the name is."""
        return self.cost - self.name.cost


@dataclass(frozen=True, slots=True)
class _Posting:
    """A word's place in a name; `covered` words of the name are the same as this word."""

    number: int
    position: int
    covered: int
    cost: float = 0.0


class NameIndex:
    """The names of a code table's entries, by their words."""

    def __init__(self, names: Iterable[Name], fillers: Iterable[str] = ()) -> None:
        """Index the names.

        `fillers` are words such as "language" or "people", which tell nothing in a search term.
        """
        self._names = tuple(dict.fromkeys(names))
        self._fillers = frozenset(word for filler in fillers for word in fold_text(filler).split())
        self._sizes: list[int] = []
        self._postings: dict[str, list[_Posting]] = defaultdict(list)
        for number, name in enumerate(self._names):
            self._add_name(number, fold_text(name.text).split())
        self._vocabulary = Vocabulary(self._postings)
        entries = dict.fromkeys(name.entry for name in self._names)
        # Between equals, the entry that was named first wins.
        self._order = {entry: position for position, entry in enumerate(entries)}

    def _add_name(self, number: int, words: list[str]) -> None:
        telling = [word for word in words if word not in self._fillers] or words
        self._sizes.append(len(telling))
        for position, word in enumerate(telling):
            self._postings[word].append(_Posting(number, position, 1))
            for stem in word_stems(word):
                self._postings[stem].append(_Posting(number, position, 1, STEM_COST))
        # `viet nam` and `vietnam` are one name.
        if 1 < len(telling) <= MOST_JOINED_WORDS:
            joined = _Posting(number, position=0, covered=len(telling))
            self._postings["".join(telling)].append(joined)

    def find_matches(self, term: str) -> list[Match]:
        """Return the best match of each entry, best first."""
        best: dict[str, Match] = {}
        for number, cost in self._name_costs(term):
            name = self._names[number]
            total = cost + name.cost
            known = best.get(name.entry)
            if total <= MOST_COST and (known is None or total < known.cost):
                best[name.entry] = Match(name, total)
        return sorted(best.values(), key=lambda match: (match.cost, self._order[match.name.entry]))

    def _name_costs(self, term: str) -> Iterator[tuple[int, float]]:
        words = fold_text(term).split()
        telling = [word for word in words if word not in self._fillers] or words
        if not telling:
            return
        yield from self._word_costs(telling)
        if 1 < len(telling) <= MOST_JOINED_WORDS:
            yield from self._word_costs(["".join(telling)])
        # A filler may belong to the name: "language" of "sign language".
        if len(words) > len(telling):
            yield from self._word_costs(["".join(words)])

    def _word_costs(self, words: list[str]) -> Iterator[tuple[int, float]]:
        matches = [self._match_postings(word) for word in words]
        for number in {number for match in matches for number in match}:
            hits = [match[number] for match in matches if number in match]
            unmatched = len(words) - len(hits)
            # Half of the words may be strange to the name, such as "Syrian" of "Syrian Arabic".
            if 2 * unmatched > len(words):
                continue
            left_over = max(0, self._sizes[number] - sum(covered for _, _, covered in hits))
            cost = (sum(cost for cost, _, _ in hits) + UNMATCHED_COST * unmatched) / len(words)
            cost += _place_cost(left_over, [position for _, position, _ in hits])
            # One word of a long other name is chance: "Thai" of "Thái Bình Dương", the Pacific.
            is_chance = left_over > len(hits) and self._names[number].reason is not Reason.NAME
            yield number, cost + (CHANCE_COST if is_chance else 0.0)

    def _match_postings(self, word: str) -> Mapping[int, tuple[float, int, int]]:
        """Return the names with a word like that: cost, position, words covered."""
        best: dict[int, tuple[float, int, int]] = {}
        for known_word, cost in self._vocabulary.match_word(word).items():
            for posting in self._postings[known_word]:
                total = cost + posting.cost
                known = best.get(posting.number)
                if known is None or (total, posting.position) < known[:2]:
                    best[posting.number] = (total, posting.position, posting.covered)
        return best


def _place_cost(left_over: int, positions: list[int]) -> float:
    """Return the cost of a name's other words, and of its words in another place or order."""
    cost = min(LEFT_OVER_COST * left_over, MOST_LEFT_OVER_COST)
    if min(positions) > 0:
        cost += NOT_FIRST_COST
    return cost + (OTHER_ORDER_COST if positions != sorted(positions) else 0.0)
