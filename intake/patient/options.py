"""What a question's page offers beside its fixed options: common languages, and what a search found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from fhir_client.model import Element
from intake import i18n, journey, terminology
from intake.answers import OWN_WORDS
from intake.pages import language
from intake.pages.site import current_site
from intake.patient.forms import CHOICE, SEARCH
from intake.questions import Detail, Question, QuestionKind
from intake.store.drafts import Draft
from intake.terminology import Concept, Language, Tribe

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Languages in the order in which they are shown, codes, or tribes.

    `term` is what was searched for, if anything, and `found` whether there is such a thing, be it on the page already.
    Each language comes with its name in the page's language, empty where that is its own name. `on_page` are the boxes that
    the page has already for what was searched for.
    """

    term: str = ""
    found: bool = False
    languages: tuple[tuple[Language, str], ...] = ()
    found_languages: tuple[tuple[Language, str], ...] = ()
    concepts: tuple[Concept, ...] = ()
    on_page: tuple[Detail, ...] = ()
    tribes: tuple[Tribe, ...] = ()


def page_options(question: Question, values: Values, draft: Draft) -> PageOptions:
    """Return what the page of the question offers, with what `values` hold in any case."""
    term = next(iter(values.get(SEARCH, ())), "").strip()
    if question.kind is QuestionKind.LANGUAGE:
        return _languages(question, values, draft, term)
    if question.kind is QuestionKind.TRIBES:
        return _tribes(values, term)
    return _concepts(question, values, draft, term)


def _tribes(values: Values, term: str) -> PageOptions:
    known = terminology.load_tribes()
    picked = [known[each] for each in values.get(CHOICE, ()) if each in known]
    found = terminology.search_tribes(term)
    return PageOptions(term, bool(found), tribes=tuple(dict.fromkeys([*picked, *found])))


def _languages(question: Question, values: Values, draft: Draft, term: str) -> PageOptions:
    element, tag = question.elements[0], language.current_locale().tag
    common = list(current_site().settings.common_languages[element])
    chosen = [each for each in values.get(CHOICE, ()) if each != OWN_WORDS]
    spoken = draft.state.answers.get(Element.SPOKEN_LANGUAGE)
    first = [*chosen, *(spoken.choices if spoken and element is Element.WRITTEN_LANGUAGE else ())]
    known = terminology.load_languages()
    ahead = [
        each
        for each in first
        if each in known and known[each].can_answer(element) and each not in common
    ]
    shown = [known[each] for each in dict.fromkeys([*ahead, *common]) if each in known]
    found = terminology.search_languages(term, _names(tag), element) if term else ()
    return PageOptions(
        term,
        bool(found),
        _named(shown, tag),
        _named([each for each in found if each not in shown], tag),
    )


def _named(shown: Sequence[Language], tag: str) -> tuple[tuple[Language, str], ...]:
    names = _names(tag)
    named = ((each, names[each.id]) for each in shown)
    return tuple(
        (each, "" if each.has_endonym and _plain(name) == _plain(each.endonym) else name)
        for each, name in named
    )


@cache
def _names(tag: str) -> Mapping[str, str]:
    """Return what every language is called in the language of the page: by CLDR, else by our catalog."""
    known, speaks = i18n.language_names(tag), i18n.load_translator(tag)
    return {
        each.id: known.get(each.id) or speaks.plain(each.name)
        for each in terminology.load_languages().values()
    }


def _plain(name: str) -> str:
    return name.casefold().replace("’", "'")


def _concepts(question: Question, values: Values, draft: Draft, term: str) -> PageOptions:
    """Return the codes that were picked before or found now, and which of them have a box on the page."""
    table, answer = terminology.load_concepts(), draft.state.answers.get(question.id)
    groups = [question.find_option(each) for each in journey.groups_with_details(question, answer)]
    boxes = {detail.id: detail for group in groups if group for detail in group.details}
    picked = [table[each] for each in values.get(CHOICE, ()) if each in table]
    found = terminology.search_concepts(term) if term else ()
    fitting = dict.fromkeys(
        each
        for each in (*picked, *found)
        if terminology.find_group_option(question, each.code)
        and not question.find_option(each.code)
    )
    on_page = tuple(boxes[each.code] for each in found if each.code in boxes)
    concepts = tuple(each for each in fitting if each.code not in boxes)
    return PageOptions(term, bool(concepts or on_page), concepts=concepts, on_page=on_page)
