"""Extraction collects the messages for patients, with comments, and leaves out those for staff."""

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
words = translator.gettext("Too long"), translator.plain("Back")
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


def _extract(sources: Path) -> Catalog:
    return extract_messages(("ar",), sources, sources / "config")


def test_extracts_messages_for_patients_but_not_for_staff(sources: Path) -> None:
    assert {message.id for message in _extract(sources) if message.id} == {
        "Thank you",
        "Hello %(name)s",
        ("%(count)s answer", "%(count)s answers"),
        "Check your answers",
        "Too long",
        "Back",
        # CLDR has Arabic names for Spanish and written Chinese, but not for sign languages.
        "American Sign Language",
        "Colour",
        "Which one?",
        "Which one do they like?",
        "Asian",
        "For example",
        "Korean",
    }


def test_gives_translators_comments_and_locations(sources: Path) -> None:
    text = format_catalog(_extract(sources))
    for comment in (
        (
            "#. said on the last page\n#: intake/patient/templates/patient/done.html\n"
            "#, python-format\n"
        ),
        "#. Translators: a title\n#: intake/pages/errors.py\n",
        "#. a box under “Asian”\n#: config/questions/one.toml\n",
        "#. write in of option “Asian” of question colour\n",
    ):
        assert comment in text


def test_a_new_line_in_a_template_changes_nothing(sources: Path) -> None:
    before = format_catalog(_extract(sources))
    page = sources / "patient/templates/patient/done.html"
    page.write_text(f"\n\n{PAGE}", "utf-8")
    assert format_catalog(_extract(sources)) == before


def test_names_a_template_that_cannot_be_parsed(sources: Path) -> None:
    (sources / "patient/templates/patient/done.html").write_text('{{ _("Thank you" }}', "utf-8")
    with pytest.raises(
        UnreadableError, match=r"^intake/patient/templates/patient/done\.html: unexpected '}'"
    ):
        _extract(sources)


def test_names_an_invalid_question_set(sources: Path) -> None:
    (sources / "config/questions/one.toml").write_text('id = "one"', "utf-8")
    with pytest.raises(
        UnreadableError, match=r"^config/questions/one\.toml: .*missing required field `version`"
    ):
        _extract(sources)


def _make_catalog(*messages: tuple[str | tuple[str, str], str | tuple[str, ...]]) -> Catalog:
    catalog = Catalog(locale="es")
    for source, string in messages:
        catalog.add(source, string)
    return catalog


def _write_catalog(folder: Path, catalog: Catalog) -> None:
    path = catalog_file("es", folder)
    path.parent.mkdir(parents=True)
    path.write_text(format_catalog(catalog, "es"), "utf-8")


def test_update_adds_new_messages_and_removes_obsolete_ones(tmp_path: Path) -> None:
    before = _make_catalog(("Stay", "Quédese"), ("Stays", "Se queda"), ("Gone", "Se fue"))
    before["Stay"].user_comments.append("asked the clinic")
    _write_catalog(tmp_path, before)
    after = update_catalog(
        "es", _make_catalog(("Stay", ""), ("Stays", ""), ("Stayed", "")), tmp_path
    )
    assert {message.id: message.string for message in after if message.id} == {
        "Stay": "Quédese",
        "Stays": "Se queda",
        "Stayed": None,
    }
    assert after["Stay"].user_comments == ["asked the clinic"]
    assert not any(message.fuzzy for message in after if message.id)


def test_a_message_with_a_new_plural_loses_its_translation(tmp_path: Path) -> None:
    _write_catalog(tmp_path, _make_catalog(("%(count)s answer", "%(count)s respuesta")))
    after = update_catalog(
        "es", _make_catalog((("%(count)s answer", "%(count)s answers"), "")), tmp_path
    )
    assert after["%(count)s answer"].string == ("", "")


def test_reads_back_the_catalog_that_it_wrote(tmp_path: Path) -> None:
    catalog = _make_catalog(
        ("Yes", "Sí"),
        (("%(count)s answer", "%(count)s answers"), ("Una respuesta", "%(count)s respuestas")),
    )
    _write_catalog(tmp_path, catalog)
    assert format_catalog(read_catalog("es", tmp_path), "es") == format_catalog(catalog, "es")
    assert catalog_tags(tmp_path) == ("es",)


def test_finds_stale_catalogs(tmp_path: Path) -> None:
    _write_catalog(tmp_path, _make_catalog(("Gone", "Se fue")))
    stale_files = [fault.file for fault in find_stale_files(["es"], tmp_path)]
    assert stale_files == [str(tmp_path / "messages.pot"), str(catalog_file("es", tmp_path))]


def test_names_a_broken_catalog_and_does_not_overwrite_it(tmp_path: Path) -> None:
    _write_catalog(tmp_path, _make_catalog(("Yes", "Sí")))
    path = catalog_file("es", tmp_path)
    path.write_text('msgid "Yes"\nmsgtsr "Sí"\n', "utf-8")
    assert [
        fault.what.split(":")[0]
        for fault in find_stale_files(["es"], tmp_path)
        if fault.file == str(path)
    ] == ["cannot be read"]
