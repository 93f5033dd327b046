"""The catalog gate: each rule finds a faulty catalog and accepts a correct one."""

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from intake.i18n.catalogs import catalog_file, format_catalog, template_file
from intake.i18n.ledger import ledger_file
from intake.i18n.lint import (
    find_catalog_faults,
    find_language_faults,
    find_ledger_faults,
    find_template_faults,
)
from intake.i18n.locales import cldr_locale

PLURAL = ("%(count)s answer", "%(count)s answers")
ARABIC = (
    "لا إجابات",
    "إجابة واحدة",
    "إجابتان",
    "%(count)s إجابات",
    "%(count)s إجابة",
    "%(count)s إجابة",
)


def _make_template(*messages: str | tuple[str, str]) -> Catalog:
    template = Catalog()
    for message in messages:
        template.add(message)
    return template


def _make_catalog(
    tag: str, source: str | tuple[str, str], string: str | tuple[str, ...]
) -> Catalog:
    """Return the catalog as read from its file; the header has the plural forms."""
    catalog = Catalog(locale=cldr_locale(tag))
    catalog.add(source, string)
    return read_po(BytesIO(format_catalog(catalog, tag).encode()), locale=cldr_locale(tag))


def _find_faults(
    tag: str, source: str | tuple[str, str], string: str | tuple[str, ...]
) -> list[str]:
    catalog = _make_catalog(tag, source, string)
    return [fault.what for fault in find_catalog_faults(tag, catalog, _make_template(source))]


@pytest.mark.parametrize(
    ("tag", "source", "string", "what"),
    [
        ("es", "Thank you", "", "has no translation"),
        ("es", "Thank you", " ", "has no translation"),
        ("es", "Hello %(name)s", "Hola", "lacks the placeholder %(name)s"),
        (
            "es",
            "Hello %(name)s",
            "Hola %(nombre)s",
            "has the placeholder %(nombre)s, which the message does not fill",
        ),
        (
            "es",
            "Hello",
            "Hola %(name)s",
            "has the placeholder %(name)s, which the message does not fill",
        ),
        ("es", "Thank you", "<b>Gracias</b>", "has markup, '<'"),
        ("es", "Thank you", "Gracias&nbsp;", "has markup, '&nbsp;'"),
        ("es", "Thank you", "Gracias {name}", "has markup, '{'"),
        ("es", "All of them", "El 100 %", "has a bare %"),
        ("es", "Hello %(name)s", "Hola %(name)s %s", "has a bare %"),
        ("es", "Thank you", "Gracias ", "begins or ends with other spaces than the message"),
        ("es", "Thank you", " Gracias", "begins or ends with other spaces than the message"),
        ("es", "Thank you", "Graciаs", "mixes Cyrillic and Latin letters in 'Graciаs'"),
        ("ar", "Thank you", "شكرaا", "mixes Arabic and Latin letters in 'شكرaا'"),
        ("es", "Thank you", "Gracias\u202e", "has the unseen character U+202E"),
        ("ar", "Thank you", "\u2067شكرًا\u2069", "has the unseen character U+2067"),
        ("es", "Thank you", "Gra\u0007cias", "has the unseen character U+0007"),
        ("es", "Thank you", "Gracias\ufffd", "has the unseen character U+FFFD"),
        ("es", "Ready?", "¿Listo", "ends with no mark, the message with a question mark"),
        ("es", "Ready?", "Listo?", "has a ? without ¿, or the other way round"),
        ("es", "Language:", "Idioma", "ends with no mark, the message with a colon"),
        (
            "es",
            "Wait…",
            "Espere.",
            "ends with a full stop or exclamation mark, the message with an ellipsis",
        ),
        (
            "es",
            "Thank you",
            "Gracias.",
            "ends with a full stop or exclamation mark, the message with no mark",
        ),
        ("ar", "Ready?", "جاهز?", "has the Latin '?' in Arabic script"),
        ("ar", "One, two", "واحد, اثنان", "has the Latin ',' in Arabic script"),
        ("es", "Please ask the front desk", "Please ask the front desk", "is the English text"),
    ],
)
def test_finds_a_faulty_translation(tag: str, source: str, string: str, what: str) -> None:
    assert what in _find_faults(tag, source, string)


@pytest.mark.parametrize(
    ("tag", "source", "string"),
    [
        ("es", "Chamorro", "Chamorro"),
        ("es", "Wait...", "Espere…"),
        ("es", "Are you “ready”?", "¿Está «listo»?"),
        ("es", "1st visit", "1.ª visita"),
        ("ar", "Hello %(name)s, ready?", "مرحبًا %(name)s، جاهز؟"),
        ("fa", "Thank you!", "می\u200cخواهم!"),
        ("zh-Hans", "Open FHIR now.", "打开FHIR。"),
        ("ja", "Language:", "ことばと言語コード："),
        ("ko", "Ready?", "준비되셨나요?"),
        ("hi", "Thank you.", "धन्यवाद।"),
    ],
)
def test_accepts_a_correct_translation(tag: str, source: str, string: str) -> None:
    assert _find_faults(tag, source, string) == []


def test_finds_fuzzy_missing_and_obsolete_messages() -> None:
    catalog = Catalog(locale="es")
    catalog.add("Yes", "Sí", flags=["fuzzy"])
    catalog.add("Old", "Viejo")
    faults = [
        (fault.message, fault.what)
        for fault in find_catalog_faults("es", catalog, _make_template("Yes", "No"))
    ]
    assert sorted(faults) == [
        ("No", "is missing"),
        ("Old", "is no longer on any page"),
        ("Yes", "is marked fuzzy"),
    ]


def test_finds_a_sites_own_wording_without_translation() -> None:
    faults = list(
        find_catalog_faults("es", Catalog(locale="es"), _make_template(), ["Which tribe?"])
    )
    assert [(fault.message, "take 'es' out" in fault.way_out) for fault in faults] == [
        ("Which tribe?", True)
    ]


def test_requires_all_plural_forms_of_the_language() -> None:
    assert _find_faults("ar", PLURAL, ARABIC) == []
    incomplete = _make_catalog("ar", PLURAL, ARABIC)
    incomplete[PLURAL].string = ARABIC[:2]
    assert [
        fault.what for fault in find_catalog_faults("ar", incomplete, _make_template(PLURAL))
    ] == ["has 2 forms where the message has 6"]
    assert _find_faults("ar", PLURAL, ARABIC[:2]) == ["has no translation"] * 4
    plural = _make_catalog("es", PLURAL, ("Una respuesta", "%(count)s respuestas"))
    assert [
        fault.what for fault in find_catalog_faults("es", plural, _make_template(PLURAL[0]))
    ] == ["has 2 forms where the message has 1"]
    assert _find_faults("es", PLURAL, ("Una respuesta", "%(count)s respuestas")) == []
    assert _find_faults("es", PLURAL, ("%(count)s respuesta", "")) == ["has no translation"]


def test_only_a_form_for_one_number_may_omit_the_number() -> None:
    assert _find_faults("ar", PLURAL, (*ARABIC[:3], "إجابات", *ARABIC[4:])) == [
        "lacks the placeholder %(count)s"
    ]
    # French has one form for 0 and 1, and Russian has one for 1, 21, 31 and so on.
    assert _find_faults("fr", PLURAL, ("une réponse", "%(count)s réponses")) == [
        "lacks the placeholder %(count)s"
    ]
    assert "lacks the placeholder %(count)s" in _find_faults(
        "ru", PLURAL, ("ответ", "%(count)s ответа", "%(count)s ответов")
    )


def test_finds_a_wrong_plural_rule_in_the_header(tmp_path: Path) -> None:
    _write_folder(tmp_path, "ar", ARABIC, PLURAL)
    path = catalog_file("ar", tmp_path)
    path.write_text(
        path.read_text("utf-8").replace("plural=(n==0 ? 0 :", "plural=(n==1 ? 0 :"), "utf-8"
    )
    assert [
        fault.what.split(" than ")[0] for fault in find_language_faults("ar", folder=tmp_path)
    ] == ["has other plural forms"]


def test_checks_the_english_messages_by_the_same_rules(tmp_path: Path) -> None:
    template_file(tmp_path).write_text(
        format_catalog(_make_template("Fill 100% <b>now</b>")), "utf-8"
    )
    assert [fault.what for fault in find_template_faults(tmp_path)] == [
        "has markup, '<'",
        "has a bare %",
    ]


@pytest.mark.parametrize(
    ("ledger", "what"),
    [
        ("", "has no entry [es]"),
        ("[es", "cannot be read: Expected"),
        ("[es]\ndrafted = 3", "cannot be read: [es] Expected `str`, got `int` - at `$.drafted`"),
        ("[es]\nreviewd = ''", "cannot be read: [es] Object contains unknown field `reviewd`"),
        (
            '[es]\nreviewed = "Ana Ruiz, 2026-12-01"',
            "[es] drafted: '' does not name its author and day",
        ),
        (
            '[es]\ndrafted = "2026-12-01"',
            "[es] drafted: '2026-12-01' does not name its author and day",
        ),
        (
            '[es]\ndrafted = "Ana Ruiz, 2026-13-01"',
            "[es] drafted: 'Ana Ruiz, 2026-13-01' does not name its author and day",
        ),
        (
            '[es]\ndrafted = "Ana Ruiz, 2026-12-01"\nreviewed = "yes"',
            "[es] reviewed: 'yes' does not name its author and day",
        ),
        (
            '[es]\ndrafted = "Ana Ruiz, 2026-12-01"\nreviewed = "Luz Vega, 2026-11-30"',
            "[es] was reviewed before it was drafted",
        ),
    ],
)
def test_finds_a_faulty_ledger_entry(tmp_path: Path, ledger: str, what: str) -> None:
    ledger_file(tmp_path).write_text(ledger, "utf-8")
    faults = [fault.what for fault in find_ledger_faults("es", tmp_path)]
    assert len(faults) == 1
    assert faults[0].startswith(what)


def test_a_ledger_entry_may_wait_for_its_review(tmp_path: Path) -> None:
    ledger_file(tmp_path).write_text('[es]\ndrafted = "Ana Ruiz, translator, 2026-12-01"', "utf-8")
    assert list(find_ledger_faults("es", tmp_path)) == []


def test_a_language_without_a_catalog_is_incomplete(tmp_path: Path) -> None:
    _write_folder(tmp_path, "es", "Sí", "Yes")
    assert find_language_faults("es", folder=tmp_path) == ()
    assert [fault.what.split(":")[0] for fault in find_language_faults("vi", folder=tmp_path)] == [
        "cannot be read",
        "has no entry [vi]",
    ]
    assert "no language that CLDR knows" in str(find_language_faults("qq", folder=tmp_path)[0])


def test_names_a_catalog_that_cannot_be_read(tmp_path: Path) -> None:
    _write_folder(tmp_path, "es", "Sí", "Yes")
    catalog_file("es", tmp_path).write_text('msgid "Yes"\nmsgtsr "Sí"\n', "utf-8")
    (fault,) = find_language_faults("es", folder=tmp_path)
    assert str(fault).startswith(f"{catalog_file('es', tmp_path)}: cannot be read:")


def test_english_needs_no_catalog(tmp_path: Path) -> None:
    assert find_language_faults("en", folder=tmp_path) == ()


def test_a_fault_names_file_message_and_remedy() -> None:
    (fault,) = find_catalog_faults("es", Catalog(locale="es"), _make_template("Yes"))
    assert (
        str(fault)
        == 'translations/es/LC_MESSAGES/messages.po: "Yes" is missing; run `intake i18n extract`'
    )


def _write_folder(
    folder: Path, tag: str, string: str | tuple[str, ...], source: str | tuple[str, str]
) -> None:
    path = catalog_file(tag, folder)
    path.parent.mkdir(parents=True)
    template_file(folder).write_text(format_catalog(_make_template(source)), "utf-8")
    path.write_text(format_catalog(_make_catalog(tag, source, string), tag), "utf-8")
    ledger_file(folder).write_text(f'[{tag}]\ndrafted = "Ana Ruiz, 2026-12-01"', "utf-8")
