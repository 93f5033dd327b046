"""Searches the code tables by the names that patients type, best first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from fhir_client.model import Element
from intake.questions import Question
from intake.terminology import tables
from intake.terminology.entry_names import (
    NATIVE,
    NO_ENTRY,
    LocaleNames,
    list_race_entries,
    name_languages,
    name_peoples,
    name_places,
    name_races,
    name_spoken_places,
    name_titles,
    name_tribes,
)
from intake.terminology.name_index import Match, Name, NameIndex, Reason
from intake.terminology.search_names import (
    load_language_names,
    load_race_names,
    load_tribe_names,
)

MOST_HITS = 12
# A hit this much worse than the best is noise beside it.
_WIDEST_SPREAD = 0.45
_PLACE_SPREAD = 0.1
# A name of a Native group with a higher cost matches in part only, such as "White Mountain".
_WHOLE_NAME_COST, _BEGINNING_COST = 0.04, 0.13
_CLEARLY_BETTER = 0.05
_NATIVE_COST = 0.5
_SECOND_COST = 0.03


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that a search found.

    `id` is a code of the table, or the id of a box or group of the question. `group` is the id of
    the question's group that it belongs to. `matched` is the name that fits the search term.
    """

    id: str
    reason: Reason
    matched: str
    group: str | None = None


class RaceSearch:
    """The groups, boxes and CDCREC codes of one question, by their names."""

    def __init__(
        self,
        question: Question,
        language_names: LocaleNames,
        place_names: LocaleNames,
        labels: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Index the names; `labels` are ids of groups and boxes with their words on the pages."""
        self._groups = {
            entry: group.id
            for entry in list_race_entries(question)
            if (group := tables.find_group_option(question, entry))
        }
        names = [
            name
            for name in (
                *(Name(entry, label) for entry, label in labels),
                *(Name(NO_ENTRY, word) for word in load_race_names().unlisted),
                *name_races(self._groups),
                *name_places(place_names),
                *name_peoples(language_names),
            )
            if name.entry in self._groups or name.entry == NO_ENTRY
        ]
        fillers = load_race_names().search.fillers
        self._natives = NameIndex((name for name in names if self._is_native(name)), fillers)
        self._others = NameIndex((name for name in names if not self._is_native(name)), fillers)

    def _is_native(self, name: Name) -> bool:
        return self._groups.get(name.entry) == NATIVE

    def find_hits(
        self, term: str, chosen: Collection[str] = (), limit: int = MOST_HITS
    ) -> tuple[Hit, ...]:
        """Return the entries that match, best first.

        Those of the `chosen` groups come first. The others would add their group to the answer.
        """
        others, natives = self._others.find_matches(term), self._natives.find_matches(term)
        best_other = others[0].cost if others else None
        # A word without an entry, such as "American", must not stand for names that contain it.
        if others and others[0].name.entry == NO_ENTRY and others[0].cost <= _WHOLE_NAME_COST:
            others = [match for match in others if match.cost <= _WHOLE_NAME_COST]
        is_native_chosen = NATIVE in chosen
        natives = [
            match for match in natives if _is_meant(match, best_other, chosen=is_native_chosen)
        ]
        matches = sorted(
            (match for match in (*others, *natives) if match.name.entry != NO_ENTRY),
            key=lambda match: (
                bool(chosen) and self._groups[match.name.entry] not in chosen,
                match.cost
                + (
                    _native_cost(match)
                    if self._is_native(match.name) and not is_native_chosen
                    else 0.0
                ),
            ),
        )
        return tuple(
            Hit(
                match.name.entry,
                match.name.reason,
                match.name.text,
                self._groups[match.name.entry],
            )
            for match in self._without_noise(matches, chosen, best_other)[:limit]
        )

    def _without_noise(
        self, matches: list[Match], chosen: Collection[str], best_other: float | None
    ) -> list[Match]:
        # A better hit of another group must not hide a doubtful one of a chosen group.
        in_chosen = [match for match in matches if self._groups[match.name.entry] in chosen]
        elsewhere = matches[len(in_chosen) :]
        # The best may be a word without an entry: then a similar name is noise, too.
        costs = [match.cost for match in matches]
        best = min([*costs, *([] if best_other is None else [best_other])], default=0.0)
        return [*_without_noise(in_chosen), *_within_spread(elsewhere, best)]


class LanguageSearch:
    """The languages, by their names in each language of the pages and in themselves."""

    def __init__(self, language_names: LocaleNames, place_names: LocaleNames) -> None:
        """Index the names."""
        search_names = load_language_names()
        names = (
            *name_languages(search_names, language_names),
            *name_spoken_places(place_names),
        )
        self._index = NameIndex(names, search_names.fillers)

    def find_hits(
        self, term: str, element: Element = Element.SPOKEN_LANGUAGE, limit: int = MOST_HITS
    ) -> tuple[Hit, ...]:
        """Return the languages that match and that can answer for the element, best first."""
        languages = tables.load_languages()
        return _plain_hits(
            (
                match
                for match in self._index.find_matches(term)
                if languages[match.name.entry].can_answer(element)
            ),
            limit,
        )


class TribeSearch:
    """The tribes, nations and villages, by their names."""

    def __init__(self) -> None:
        """Index the names."""
        search_names = load_tribe_names()
        tribes = tables.load_tribes().values()
        names = (
            name
            for tribe in tribes
            for name in (
                *name_titles(tribe.code, tribe.name),
                *name_tribes(search_names, tribe.code, tribe.name),
            )
        )
        self._index = NameIndex(names, search_names.fillers)

    def find_hits(self, term: str, limit: int = 2 * MOST_HITS) -> tuple[Hit, ...]:
        """Return the tribes that match, best first."""
        return _plain_hits(self._index.find_matches(term), limit)


def _plain_hits(matches: Iterable[Match], limit: int) -> tuple[Hit, ...]:
    return tuple(
        Hit(match.name.entry, match.name.reason, match.name.text)
        for match in _without_noise([*matches])[:limit]
    )


def _without_noise(matches: list[Match]) -> list[Match]:
    return _within_spread(matches, min((match.cost for match in matches), default=0.0))


def _within_spread(matches: list[Match], best: float) -> list[Match]:
    return [match for match in matches if match.cost <= best + _spread(match, best)]


def _spread(match: Match, best: float) -> float:
    # Beside the very name of an entry, a part of a country's name is chance: "Thai" of "Do Thái".
    is_of_place = match.name.reason in (Reason.PLACE, Reason.BROADER)
    return _PLACE_SPREAD if is_of_place and best <= _WHOLE_NAME_COST else _WIDEST_SPREAD


def _is_meant(native: Match, best_other: float | None, *, chosen: bool) -> bool:
    """Return whether to offer a Native group that matches, beside the best other match.

    A part of its name, such as "Russian Mission", must not stand for another people. A patient
    with American Indian `chosen` may also type the beginning of a name: "white" of "White Earth".
    """
    if best_other is None or native.cost < best_other - _CLEARLY_BETTER:
        return True
    return native.distance <= (_BEGINNING_COST if chosen else _WHOLE_NAME_COST)


def _native_cost(match: Match) -> float:
    """Return the extra cost of a Native group where the patient did not choose American Indian.

    A name that matches in part may be that of a village, from which few patients are.
    """
    return _SECOND_COST if match.distance <= _WHOLE_NAME_COST else _NATIVE_COST
