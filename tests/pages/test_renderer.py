"""Templates compiled for a language: messages are translated and escaped."""

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


def _render(template: str, **values: object) -> str:
    translator = Translator(_Catalog())
    page = Environment(
        autoescape=select_autoescape(default_for_string=True),
        extensions=[translation_extension(translator)],
    )
    return page.from_string(template).render(_=translator.gettext, **values)


def test_translates_a_message_when_compiling_the_template() -> None:
    # The page's own `_` is not called: it is undefined here.
    page = Environment(autoescape=True, extensions=[translation_extension(Translator(_Catalog()))])
    assert page.from_string('<a>{{ _("Back") }}</a>').render() == "<a>Atrás</a>"


def test_escapes_markup_in_a_translation() -> None:
    assert _render('{{ _("Thank you") }}') == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_a_macro_escapes_a_translation() -> None:
    template = (
        '{% macro quote(words) %}<p title="{{ words }}">{{ words }}</p>{% endmacro %}'
        '{{ quote(_("Thank you")) }}'
    )
    assert "<script>" not in _render(template)


def test_leaves_messages_with_values_or_from_variables_to_the_page() -> None:
    assert (
        _render('{{ _(message) }} {{ _("of %(total)s", total=3) }}', message="Back") == "Atrás of 3"
    )


def test_keeps_percent_signs() -> None:
    assert _render('{{ _("100 %") }}') == "100 %"


def test_translates_a_message_in_a_variable_per_language(pages: TestSite) -> None:
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
