"""What a question's page offers beside its fixed options: common languages, and what a search found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intake import terminology
from intake.answers import OWN_WORDS
from intake.pages import language
from intake.pages.site import site
from intake.patient.reading import CHOICE, SEARCH
from intake.questions import Element, Kind, Question
from intake.store.drafts import Draft
from intake.terminology import Concept, Language

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Options:
    """Languages in the order in which they are shown, or codes by group; `term` is what was searched for, if anything."""

    term: str = ""
    languages: tuple[tuple[Language, str], ...] = ()
    found_languages: tuple[tuple[Language, str], ...] = ()
    concepts: tuple[Concept, ...] = ()


def options_of(question: Question, values: Values, draft: Draft) -> Options:
    """Return what the page of the question offers, with what `values` hold in any case."""
    term = next(iter(values.get(SEARCH, ())), "").strip()
    if question.kind is Kind.LANGUAGE:
        return _languages(question, values, draft, term)
    return Options(term, concepts=_concepts(question, values, term))


def _languages(question: Question, values: Values, draft: Draft, term: str) -> Options:
    element, tag = question.elements[0], language.current().tag
    common = list(site().settings.common_languages[element])
    chosen = [each for each in values.get(CHOICE, ()) if each != OWN_WORDS]
    spoken = draft.state.answers.get(Element.SPOKEN_LANGUAGE)
    first = [*chosen, *(spoken.choices if spoken and element is Element.WRITTEN_LANGUAGE else ())]
    known = terminology.languages()
    ahead = [each for each in first if each in known and known[each].serves(element) and each not in common]
    shown = [known[each] for each in dict.fromkeys([*ahead, *common]) if each in known]
    found = terminology.search_languages(term, tag, element) if term else ()
    return Options(term, _named(shown, tag), _named([each for each in found if each not in shown], tag))


def _named(shown: Sequence[Language], tag: str) -> tuple[tuple[Language, str], ...]:
    return tuple((each, terminology.language_name(each.id, tag)) for each in shown)


def _concepts(question: Question, values: Values, term: str) -> tuple[Concept, ...]:
    """Return the codes that were found, and those picked before; what has a box of its own on the page is left out."""
    boxes = {detail.id for option in question.options for detail in option.details}
    picked = [terminology.cdcrec()[each] for each in values.get(CHOICE, ()) if each in terminology.cdcrec()]
    found = terminology.search_concepts(term) if term else ()
    belongs = [each for each in (*picked, *found) if terminology.owner_of(question, each.code) and each.code not in boxes]
    return tuple(dict.fromkeys(each for each in belongs if question.option(each.code) is None))
