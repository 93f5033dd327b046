"""Templates that are compiled for a language: translated, and escaped as any untrusted text."""

import gettext

from jinja2 import Environment, select_autoescape

from intake import i18n
from intake.i18n import Translator
from intake.pages.renderer import translation_extension
from tests.support.patients import PatientSession
from tests.support.sites import TestSite


class _Catalog(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return {"Thank you": "<script>alert(1)</script>", "Back": "Atrás"}.get(message, message)


def _rendered(template: str, **values: object) -> str:
    speaks = Translator(_Catalog())
    page = Environment(
        autoescape=select_autoescape(default_for_string=True),
        extensions=[translation_extension(speaks)],
    )
    return page.from_string(template).render(_=speaks.gettext, **values)


def test_a_message_is_translated_when_the_template_is_compiled() -> None:
    # The page's own `_` is not asked: without it the message would be undefined.
    page = Environment(autoescape=True, extensions=[translation_extension(Translator(_Catalog()))])
    assert page.from_string('<a>{{ _("Back") }}</a>').render() == "<a>Atrás</a>"


def test_markup_in_a_translation_is_escaped() -> None:
    assert _rendered('{{ _("Thank you") }}') == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_a_macro_that_gets_a_translation_escapes_it() -> None:
    template = '{% macro said(words) %}<p title="{{ words }}">{{ words }}</p>{% endmacro %}{{ said(_("Thank you")) }}'
    assert "<script>" not in _rendered(template)


def test_a_message_with_values_or_from_a_variable_is_left_to_the_page() -> None:
    assert _rendered('{{ _(said) }} {{ _("of %(total)s", total=3) }}', said="Back") == "Atrás of 3"


def test_percent_signs_stay_as_they_are() -> None:
    assert _rendered('{{ _("100 %") }}') == "100 %"


def test_each_language_says_what_stands_in_a_variable(pages: TestSite) -> None:
    people = {tag: PatientSession(pages) for tag in ("en", "es")}
    for tag, person in people.items():
        pages.expect_visit("1")
        person.reach_first_question(language=tag)
    assert people["en"].heading == "What is your race and/or ethnicity?"
    assert (
        people["es"].heading
        == i18n.load_translator("es").plain("What is your race and/or ethnicity?")
        != people["en"].heading
    )
