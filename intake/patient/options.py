"""The options of a page beside the fixed ones: languages and search results."""

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_client.model import Element
from intake import journey, terminology
from intake.answers import OWN_WORDS
from intake.pages import language
from intake.pages.answer_forms import CHOICE, SEARCH, FormValues
from intake.pages.site import current_site
from intake.patient import searches
from intake.questions import Question, QuestionKind
from intake.store.drafts import Draft
from intake.terminology import Hit, Language, Reason


@dataclass(frozen=True, slots=True)
class FoundChoice:
    """An entry of a code table that a search found, or that the patient picked before.

    `message` is its label on the page, to be translated; without one, `name` is its name in
    `language` (a tag, or "" for the page's own). `group` is the message of its group, and `matched`
    the name of a place or people by which it was found. `hint` is another name, in the page's
    language.
    """

    id: str
    name: str = ""
    message: str = ""
    language: str = "en"
    direction: str = "ltr"
    hint: str = ""
    group: str = ""
    matched: str = ""
    is_group: bool = False
    """A group that the patient has chosen already: there is nothing to tick."""
    is_on_page: bool = False
    """The page has a box for it above the search."""
    adds_group: bool = False
    """Picking it adds a group that the patient did not choose."""


@dataclass(frozen=True, slots=True)
class PageOptions:
    """The languages of a page and the results of its search, in page order.

    `term` is the search term. `picked` were found by an earlier search. Each language comes with
    its name in the page's language; the name is empty if it equals the endonym.
    """

    term: str = ""
    found: tuple[FoundChoice, ...] = ()
    picked: tuple[FoundChoice, ...] = ()
    languages: tuple[tuple[Language, str], ...] = ()


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
    ids = [hit.id for hit in searches.tribe_search().find_hits(term)] if term else []
    found = tuple(FoundChoice(code, tribes[code].name) for code in ids)
    picked = tuple(
        FoundChoice(code, tribes[code].name)
        for code in values.get(CHOICE, ())
        if code in tribes and code not in ids
    )
    return PageOptions(term, found, picked)


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
    search = searches.language_search()
    hits = search.find_hits(term, element) if term else ()
    found = [languages[hit.id] for hit in hits]
    return PageOptions(
        term,
        tuple(
            _found_language(item, name, is_on_page=item in listed)
            for item, name in searches.names_beside_endonyms(found, tag)
        ),
        languages=searches.names_beside_endonyms(listed, tag),
    )


def _found_language(item: Language, name: str, *, is_on_page: bool) -> FoundChoice:
    if not item.has_endonym:
        return FoundChoice(item.id, name, language="", direction="", is_on_page=is_on_page)
    tag = item.id if item.is_tag else ""
    return FoundChoice(
        item.id, item.endonym, "", tag, item.direction, hint=name, is_on_page=is_on_page
    )


def _suggested_languages(element: Element, values: FormValues, draft: Draft) -> list[str]:
    """Return the chosen languages, and the spoken one for the written question."""
    chosen = [choice for choice in values.get(CHOICE, ()) if choice != OWN_WORDS]
    spoken = draft.state.answers.get(Element.SPOKEN_LANGUAGE)
    if spoken is not None and element is Element.WRITTEN_LANGUAGE:
        # Most people read the language that they speak, so it is listed, but never pre-selected.
        chosen += spoken.choices
    return chosen


def _concept_options(
    question: Question, values: FormValues, draft: Draft, term: str
) -> PageOptions:
    """Return the codes, boxes and groups picked before or found now."""
    answer = draft.state.answers.get(question.id)
    chosen = journey.groups_with_details(question, answer)
    hits: tuple[Hit, ...] = ()
    if term:
        search = searches.race_search(question)
        hits = search.find_hits(term, chosen)
    found = tuple(_found_concept(question, hit, chosen) for hit in hits)
    boxes = _boxes(question, chosen)
    found_ids = {choice.id for choice in found}
    picked = tuple(
        _found_concept(question, Hit(code, Reason.NAME, ""), chosen)
        for code in values.get(CHOICE, ())
        # The page has a heading for a chosen group, and boxes for some of its details.
        if code not in chosen
        and code not in boxes
        and code not in found_ids
        and terminology.find_group_option(question, code)
    )
    return PageOptions(term, found, picked)


def _found_concept(question: Question, hit: Hit, chosen: Iterable[str]) -> FoundChoice:
    concepts = terminology.load_concepts()
    group = terminology.find_group_option(question, hit.id)
    messages = searches.option_labels(group) if group else {}
    is_chosen = group is not None and group.id in chosen
    is_group = group is not None and hit.id == group.id
    # The place or people explains a hit whose own name is another: "Ghana" and "African".
    is_explained = hit.reason in (Reason.PLACE, Reason.BROADER)
    return FoundChoice(
        hit.id,
        concepts[hit.id].display if hit.id in concepts else "",
        messages.get(hit.id, ""),
        group=group.label if group and not is_group else "",
        matched=hit.matched if is_explained else "",
        is_group=is_group and is_chosen,
        is_on_page=hit.id in _boxes(question, chosen),
        adds_group=not is_chosen,
    )


def _boxes(question: Question, groups: Iterable[str]) -> set[str]:
    """Return the ids of the boxes that the page has for the groups."""
    options = (question.find_option(group_id) for group_id in groups)
    return {detail.id for option in options if option for detail in option.details}
