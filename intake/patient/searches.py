"""The searches of the patient's pages: one per code table, with every language of the pages."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from intake import i18n
from intake.questions import Option, Question, QuestionKind, QuestionSet
from intake.terminology import (
    Language,
    LanguageSearch,
    LocaleNames,
    RaceSearch,
    TribeSearch,
    load_languages,
)


@cache
def race_search(question: Question) -> RaceSearch:
    """Return the search of a question's groups, by their names in every translated language.

    Patients of a site in English alone search in their own language, too.
    """
    tags = i18n.existing_tags()
    return RaceSearch(question, _language_names(tags), _place_names(tags), _labels(question, tags))


@cache
def language_search() -> LanguageSearch:
    """Return the search of languages, by their names in every translated language."""
    tags = i18n.existing_tags()
    return LanguageSearch(_language_names(tags), _place_names(tags))


@cache
def tribe_search() -> TribeSearch:
    """Return the search of tribes."""
    return TribeSearch()


def prepare_searches(questions: QuestionSet) -> None:
    """Build the searches of a question set now, so that no patient waits for their indexes."""
    for question in questions.questions:
        if question.kind is QuestionKind.GROUPS:
            race_search(question)
        elif question.kind is QuestionKind.TRIBES:
            tribe_search()
        elif question.kind is QuestionKind.LANGUAGE:
            language_search()


@cache
def language_names(tag: str) -> Mapping[str, str]:
    """Return every language's name in the page's language, by CLDR or our catalog."""
    cldr_names, translator = i18n.language_names(tag), i18n.load_translator(tag)
    return {
        item.id: cldr_names.get(item.id) or translator.plain(item.name)
        for item in load_languages().values()
    }


def names_beside_endonyms(
    languages: Sequence[Language], tag: str
) -> tuple[tuple[Language, str], ...]:
    """Return each language with its name on the page, "" if that is its endonym."""
    names = language_names(tag)
    return tuple(
        (
            item,
            "" if item.has_endonym and _same_name(names[item.id], item.endonym) else names[item.id],
        )
        for item in languages
    )


def _same_name(name: str, endonym: str) -> bool:
    # CLDR and our table differ in case and in the kind of the apostrophe.
    return _plain_name(name) == _plain_name(endonym)


def _plain_name(name: str) -> str:
    return name.casefold().replace("’", "'")


@cache
def page_labels(question: Question, tag: str) -> Mapping[str, str]:
    """Return the words of the question's groups and boxes in the page's language, by their ids."""
    translator = i18n.load_translator(tag)
    return {
        item: translator.plain(label)
        for option in question.options
        for item, label in option_labels(option).items()
    }


def option_labels(option: Option) -> Mapping[str, str]:
    """Return the labels of a group and of its boxes, by their ids."""
    return {option.id: option.label, **{detail.id: detail.label for detail in option.details}}


def _language_names(tags: tuple[str, ...]) -> LocaleNames:
    return {tag: language_names(tag) for tag in tags}


def _place_names(tags: tuple[str, ...]) -> LocaleNames:
    return {tag: i18n.place_names(tag) for tag in tags}


def _labels(question: Question, tags: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for tag in tags:
        yield from page_labels(question, tag).items()
