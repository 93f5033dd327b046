"""The translator: whatever a catalog or a value says, it reaches the page escaped and with its numbers in place."""

import gettext
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

from intake.i18n import Translator, load_translator, month_names
from intake.i18n.catalogs import format_catalog


def _speaks(tag: str, source: str | tuple[str, str], string: str | tuple[str, ...]) -> Translator:
    catalog = Catalog(locale=tag)
    catalog.add(source, string)
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(format_catalog(catalog, tag).encode())))
    compiled.seek(0)
    return Translator(gettext.GNUTranslations(compiled))


def test_markup_in_a_translation_is_escaped() -> None:
    speaks = _speaks("es", "Thank you", "<script>alert(1)</script>")
    assert speaks.gettext("Thank you") == Markup("&lt;script&gt;alert(1)&lt;/script&gt;")


def test_markup_in_a_value_is_escaped_and_markup_of_ours_is_kept() -> None:
    speaks = _speaks("es", "Hello %(name)s", "Hola %(name)s")
    assert speaks.gettext("Hello %(name)s", name="<b>") == "Hola &lt;b&gt;"
    assert speaks.gettext("Hello %(name)s", name=Markup("<bdi>Ana</bdi>")) == "Hola <bdi>Ana</bdi>"


def test_a_percent_sign_without_values_is_a_percent_sign() -> None:
    assert _speaks("es", "All", "100 %").gettext("All") == "100 %"


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "لا"), (1, "واحدة"), (2, "اثنتان"), (3, "3 ق"), (11, "11 ك"), (100, "100 غ")],
)
def test_each_number_has_its_own_plural_form(count: int, said: str) -> None:
    forms = ("لا", "واحدة", "اثنتان", "%(count)s ق", "%(count)s ك", "%(count)s غ")
    speaks = _speaks("ar", ("%(count)s answer", "%(count)s answers"), forms)
    assert speaks.ngettext("%(count)s answer", "%(count)s answers", count) == said


def test_plain_text_is_left_to_others_to_escape() -> None:
    speaks = _speaks("es", "Hello %(name)s", "Hola & %(name)s")
    assert speaks.plain("Hello %(name)s", name="<b>") == "Hola & <b>"
    assert not isinstance(speaks.plain("Hello %(name)s", name="Ana"), Markup)


def test_english_is_the_message_itself() -> None:
    speaks = load_translator("en")
    assert speaks.gettext("Yes & no") == "Yes &amp; no"
    assert speaks.ngettext("%(count)s day", "%(count)s days", 2) == "2 days"


def test_months_stand_alone_in_the_language() -> None:
    assert month_names("es")[0] == "enero"
    assert month_names("ar")[0] == "يناير"
