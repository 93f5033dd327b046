"""The options of a page beside the fixed ones: languages and search results."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from fhir_client.model import Element
from intake import i18n, journey, terminology
from intake.answers import OWN_WORDS
from intake.pages import language
from intake.pages.answer_forms import CHOICE, SEARCH, FormValues
from intake.pages.site import current_site
from intake.questions import Detail, Question, QuestionKind
from intake.store.drafts import Draft
from intake.terminology import Concept, Language, Tribe


@dataclass(frozen=True, slots=True)
class PageOptions:
    """The languages, concepts or tribes of a page, in page order.

    `term` is the search term, and `has_results` tells whether the search found anything. Each
    language comes with its name in the page's language; the name is empty if it equals the endonym.
    `on_page` are the boxes that the page already has for results of the search.
    """

    term: str = ""
    has_results: bool = False
    languages: tuple[tuple[Language, str], ...] = ()
    found_languages: tuple[tuple[Language, str], ...] = ()
    concepts: tuple[Concept, ...] = ()
    on_page: tuple[Detail, ...] = ()
    tribes: tuple[Tribe, ...] = ()


def page_options(question: Question, values: FormValues, draft: Draft) -> PageOptions:
    """Return the options of the page; they include the choices in `values`."""
    term = next(iter(values.get(SEARCH, ())), "").strip()
    if question.kind is QuestionKind.LANGUAGE:
        return _language_options(question, values, draft, term)
    if question.kind is QuestionKind.TRIBES:
        return _tribe_options(values, term)
    return _concept_options(question, values, draft, term)


def _tribe_options(values: FormValues, term: str) -> PageOptions:
    tribes = terminology.load_tribes()
    picked = [tribes[code] for code in values.get(CHOICE, ()) if code in tribes]
    results = terminology.search_tribes(term)
    return PageOptions(term, bool(results), tribes=tuple(dict.fromkeys([*picked, *results])))


def _language_options(
    question: Question, values: FormValues, draft: Draft, term: str
) -> PageOptions:
    element, tag = question.elements[0], language.current_locale().tag
    common = list(current_site().settings.common_languages[element])
    languages = terminology.load_languages()
    extra = [
        language_id
        for language_id in _suggested_languages(element, values, draft)
        if language_id in languages
        and languages[language_id].can_answer(element)
        and language_id not in common
    ]
    listed = [
        languages[language_id]
        for language_id in dict.fromkeys([*extra, *common])
        if language_id in languages
    ]
    results = terminology.search_languages(term, _language_names(tag), element) if term else ()
    return PageOptions(
        term,
        bool(results),
        _with_names(listed, tag),
        _with_names([result for result in results if result not in listed], tag),
    )


def _suggested_languages(element: Element, values: FormValues, draft: Draft) -> list[str]:
    """Return the chosen languages, and the spoken one for the written question."""
    chosen = [choice for choice in values.get(CHOICE, ()) if choice != OWN_WORDS]
    spoken = draft.state.answers.get(Element.SPOKEN_LANGUAGE)
    if spoken is not None and element is Element.WRITTEN_LANGUAGE:
        # Most people read the language that they speak, so it is listed, but never pre-selected.
        chosen += spoken.choices
    return chosen


def _with_names(languages: Sequence[Language], tag: str) -> tuple[tuple[Language, str], ...]:
    """Return each language with its name on the page, "" if that is its endonym."""
    names = _language_names(tag)
    return tuple(
        (
            item,
            "" if item.has_endonym and _same_name(names[item.id], item.endonym) else names[item.id],
        )
        for item in languages
    )


@cache
def _language_names(tag: str) -> dict[str, str]:
    """Return every language's name in the page's language, by CLDR or our catalog."""
    cldr_names, translator = i18n.language_names(tag), i18n.load_translator(tag)
    return {
        item.id: cldr_names.get(item.id) or translator.plain(item.name)
        for item in terminology.load_languages().values()
    }


def _same_name(name: str, endonym: str) -> bool:
    # CLDR and our table differ in case and in the kind of the apostrophe.
    return _plain_name(name) == _plain_name(endonym)


def _plain_name(name: str) -> str:
    return name.casefold().replace("’", "'")


def _concept_options(
    question: Question, values: FormValues, draft: Draft, term: str
) -> PageOptions:
    """Return the concepts picked before or found now, and those with a box."""
    concepts, answer = terminology.load_concepts(), draft.state.answers.get(question.id)
    group_ids = journey.groups_with_details(question, answer)
    groups = [question.find_option(group_id) for group_id in group_ids]
    boxes = {detail.id: detail for group in groups if group for detail in group.details}
    picked = [concepts[code] for code in values.get(CHOICE, ()) if code in concepts]
    results = terminology.search_concepts(term) if term else ()
    # A concept outside the question's groups, or a group itself, is no detail of this page.
    details = dict.fromkeys(
        concept
        for concept in (*picked, *results)
        if terminology.find_group_option(question, concept.code)
        and not question.find_option(concept.code)
    )
    on_page = tuple(boxes[result.code] for result in results if result.code in boxes)
    listed = tuple(concept for concept in details if concept.code not in boxes)
    return PageOptions(term, bool(listed or on_page), concepts=listed, on_page=on_page)
