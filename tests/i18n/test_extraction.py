"""Extraction: what patients read is collected with its comments, what only staff read is not, and nothing else moves."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from intake.i18n.catalogs import catalog_file, catalog_tags, format_catalog, read_catalog
from intake.i18n.extraction import (
    UnreadableError,
    extract_messages,
    find_stale_files,
    update_catalog,
)

PAGE = """<title>{{ _("Thank you") }}</title>
{# Translators: said on the last page #}
<p>{{ _("Hello %(name)s", name=name) }}</p>
<p>{{ ngettext("%(count)s answer", "%(count)s answers", answers) }}</p>
<label>{{ _(option.label) }}</label>
"""
CODE = """
# Translators: a title
TITLE = N_("Check your answers")
words = speaks.gettext("Too long"), speaks.plain("Back")
"""
QUESTIONS = """
id = "one"
version = "1"
url = "https://example.org/one"
[[questions]]
id = "colour"
label = "Colour"
kind = "choice"
elements = ["race"]
title = "Which one?"
proxy_title = "Which one do they like?"
[[questions.options]]
id = "a"
element = "race"
label = "Asian"
write_in = "For example"
details = [{ id = "b", label = "Korean" }]
"""
LANGUAGES = """{"rows": [
["es", "es", "Spanish", "Español", "ltr", false, []],
["zh-Hans", "zh", "Chinese (Simplified)", "简体中文", "ltr", false, []],
["ase", "sgn", "American Sign Language", "ASL", "ltr", true, ["ASL"]]
]}"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name, text in {
        "patient/templates/patient/done.html": PAGE,
        "pages/errors.py": CODE,
        "staff/templates/staff/today.html": '{{ _("Only for staff") }}',
        "config/questions/one.toml": QUESTIONS,
        "config/terminology/languages.json": LANGUAGES,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def _extracted(sources: Path) -> Catalog:
    return extract_messages(("ar",), sources, sources / "config")


def test_what_patients_read_is_collected_and_what_staff_read_is_not(sources: Path) -> None:
    assert {message.id for message in _extracted(sources) if message.id} == {
        "Thank you",
        "Hello %(name)s",
        ("%(count)s answer", "%(count)s answers"),
        "Check your answers",
        "Too long",
        "Back",
        # CLDR names Spanish and the written kinds of Chinese in Arabic, and no sign language.
        "American Sign Language",
        "Colour",
        "Which one?",
        "Which one do they like?",
        "Asian",
        "For example",
        "Korean",
    }


def test_comments_and_places_reach_the_translator(sources: Path) -> None:
    text = format_catalog(_extracted(sources))
    for comment in (
        "#. said on the last page\n#: intake/patient/templates/patient/done.html\n#, python-format\n",
        "#. Translators: a title\n#: intake/pages/errors.py\n",
        "#. a box under “Asian”\n#: config/questions/one.toml\n",
        "#. write in of option “Asian” of question colour\n",
    ):
        assert comment in text


def test_a_line_more_in_a_template_changes_nothing(sources: Path) -> None:
    before = format_catalog(_extracted(sources))
    page = sources / "patient/templates/patient/done.html"
    page.write_text(f"\n\n{PAGE}", "utf-8")
    assert format_catalog(_extracted(sources)) == before


def test_a_template_that_cannot_be_parsed_is_not_left_out_silently(sources: Path) -> None:
    (sources / "patient/templates/patient/done.html").write_text('{{ _("Thank you" }}', "utf-8")
    with pytest.raises(
        UnreadableError, match=r"^intake/patient/templates/patient/done\.html: unexpected '}'"
    ):
        _extracted(sources)


def test_a_question_set_that_is_none_is_named(sources: Path) -> None:
    (sources / "config/questions/one.toml").write_text('id = "one"', "utf-8")
    with pytest.raises(
        UnreadableError, match=r"^config/questions/one\.toml: .*missing required field `version`"
    ):
        _extracted(sources)


def _catalog(*messages: tuple[str | tuple[str, str], str | tuple[str, ...]]) -> Catalog:
    catalog = Catalog(locale="es")
    for source, string in messages:
        catalog.add(source, string)
    return catalog


def _keep(folder: Path, catalog: Catalog) -> None:
    path = catalog_file("es", folder)
    path.parent.mkdir(parents=True)
    path.write_text(format_catalog(catalog, "es"), "utf-8")


def test_new_messages_come_empty_gone_ones_go_and_the_rest_stays(tmp_path: Path) -> None:
    before = _catalog(("Stay", "Quédese"), ("Stays", "Se queda"), ("Gone", "Se fue"))
    before["Stay"].user_comments.append("asked the clinic")
    _keep(tmp_path, before)
    after = update_catalog("es", _catalog(("Stay", ""), ("Stays", ""), ("Stayed", "")), tmp_path)
    assert {message.id: message.string for message in after if message.id} == {
        "Stay": "Quédese",
        "Stays": "Se queda",
        "Stayed": None,
    }
    assert after["Stay"].user_comments == ["asked the clinic"]
    assert not any(message.fuzzy for message in after if message.id)


def test_a_message_that_gains_a_plural_is_translated_anew(tmp_path: Path) -> None:
    _keep(tmp_path, _catalog(("%(count)s answer", "%(count)s respuesta")))
    after = update_catalog(
        "es", _catalog((("%(count)s answer", "%(count)s answers"), "")), tmp_path
    )
    assert after["%(count)s answer"].string == ("", "")


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    catalog = _catalog(
        ("Yes", "Sí"),
        (("%(count)s answer", "%(count)s answers"), ("Una respuesta", "%(count)s respuestas")),
    )
    _keep(tmp_path, catalog)
    assert format_catalog(read_catalog("es", tmp_path), "es") == format_catalog(catalog, "es")
    assert catalog_tags(tmp_path) == ("es",)


def test_a_folder_behind_the_pages_is_stale(tmp_path: Path) -> None:
    _keep(tmp_path, _catalog(("Gone", "Se fue")))
    found = [fault.file for fault in find_stale_files(["es"], tmp_path)]
    assert found == [str(tmp_path / "messages.pot"), str(catalog_file("es", tmp_path))]


def test_a_broken_catalog_is_said_and_not_overwritten(tmp_path: Path) -> None:
    _keep(tmp_path, _catalog(("Yes", "Sí")))
    path = catalog_file("es", tmp_path)
    path.write_text('msgid "Yes"\nmsgtsr "Sí"\n', "utf-8")
    assert [
        fault.what.split(":")[0]
        for fault in find_stale_files(["es"], tmp_path)
        if fault.file == str(path)
    ] == ["cannot be read"]
