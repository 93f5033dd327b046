"""The translator escapes catalogs and values and fills in their numbers."""

import gettext
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

from intake.i18n import Translator, load_translator, month_names
from intake.i18n.catalogs import format_catalog


def _make_translator(
    tag: str, source: str | tuple[str, str], string: str | tuple[str, ...]
) -> Translator:
    catalog = Catalog(locale=tag)
    catalog.add(source, string)
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(format_catalog(catalog, tag).encode())))
    compiled.seek(0)
    return Translator(gettext.GNUTranslations(compiled))


def test_escapes_markup_in_a_translation() -> None:
    translator = _make_translator("es", "Thank you", "<script>alert(1)</script>")
    assert translator.gettext("Thank you") == Markup("&lt;script&gt;alert(1)&lt;/script&gt;")


def test_escapes_markup_in_a_value_but_keeps_safe_markup() -> None:
    translator = _make_translator("es", "Hello %(name)s", "Hola %(name)s")
    assert translator.gettext("Hello %(name)s", name="<b>") == "Hola &lt;b&gt;"
    assert (
        translator.gettext("Hello %(name)s", name=Markup("<bdi>Ana</bdi>")) == "Hola <bdi>Ana</bdi>"
    )


def test_keeps_a_percent_sign_without_values() -> None:
    assert _make_translator("es", "All", "100 %").gettext("All") == "100 %"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "لا"), (1, "واحدة"), (2, "اثنتان"), (3, "3 ق"), (11, "11 ك"), (100, "100 غ")],
)
def test_selects_the_plural_form_by_number(count: int, text: str) -> None:
    forms = ("لا", "واحدة", "اثنتان", "%(count)s ق", "%(count)s ك", "%(count)s غ")
    translator = _make_translator("ar", ("%(count)s answer", "%(count)s answers"), forms)
    assert translator.ngettext("%(count)s answer", "%(count)s answers", count) == text


def test_plain_text_is_not_escaped() -> None:
    translator = _make_translator("es", "Hello %(name)s", "Hola & %(name)s")
    assert translator.plain("Hello %(name)s", name="<b>") == "Hola & <b>"
    assert not isinstance(translator.plain("Hello %(name)s", name="Ana"), Markup)


def test_english_returns_the_message_itself() -> None:
    translator = load_translator("en")
    assert translator.gettext("Yes & no") == "Yes &amp; no"
    assert translator.ngettext("%(count)s day", "%(count)s days", 2) == "2 days"


def test_returns_stand_alone_month_names() -> None:
    assert month_names("es")[0] == "enero"
    assert month_names("ar")[0] == "يناير"
