"""`intake i18n`: judges shipped and broken catalogs; a second extraction changes nothing."""

import json
import shutil
from pathlib import Path

import pytest

from intake.cli import i18n, main
from intake.shipped import TRANSLATIONS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped catalogs that the command takes for them."""
    copy = tmp_path / "translations"
    shutil.copytree(TRANSLATIONS, copy)
    monkeypatch.setattr(i18n, "TRANSLATIONS", copy)
    return copy


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_finds_the_shipped_catalogs_complete(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["i18n", "check", "en", "es", "ar"]) == 0
    said = _said(capsys)
    assert said.startswith(
        "en: the language of the messages\n"
        "es: complete; drafted: machine-assisted draft, 2026-11-24;"
    )
    assert len(said.splitlines()) == 3


def test_checks_the_sites_languages_by_default(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site / "intake.toml").write_text(
        f'languages = ["es"]\n{(site / "intake.toml").read_text("utf-8")}', "utf-8"
    )
    assert main(["i18n", "check"]) == 0
    assert [line.split(":")[0] for line in _said(capsys).splitlines()] == ["es"]


def test_names_every_fault_with_file_message_and_remedy(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spanish = folder / "es/LC_MESSAGES/messages.po"
    spanish.write_text(
        spanish.read_text("utf-8").replace('msgstr "Asiática"', 'msgstr "<b>Asiática</b>"'), "utf-8"
    )
    arabic = folder / "ar/LC_MESSAGES/messages.po"
    arabic.write_text(
        arabic.read_text("utf-8").replace('msgstr "من أصل آسيوي"', 'msgstr ""'), "utf-8"
    )
    assert main(["i18n", "check", "--json", "es", "ar"]) == 1
    told = json.loads(_said(capsys))
    assert told["general"] == []
    assert {
        tag: [(each["message"], each["what"]) for each in found]
        for tag, found in told["languages"].items()
    } == {
        "es": [("Asian", "has markup, '<'")],
        "ar": [("Asian", "has no translation")],
    }
    assert main(["i18n", "check", "es", "ar"]) == 1
    assert 'es/LC_MESSAGES/messages.po: "Asian" has markup' in _said(capsys)


def test_extracts_stale_catalogs_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "messages.pot").unlink()
    assert main(["i18n", "check", "es"]) == 1
    assert "messages.pot: is older than the pages" in _said(capsys)
    assert main(["i18n", "extract"]) == 0
    assert _said(capsys) == f"{folder / 'messages.pot'}\n"
    assert (folder / "messages.pot").read_bytes() == (TRANSLATIONS / "messages.pot").read_bytes()
    assert main(["i18n", "extract"]) == 0
    assert _said(capsys) == ""


def test_starts_a_new_language_with_empty_messages(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["i18n", "extract", "--new", "ja"]) == 0
    assert _said(capsys) == f"{folder / 'ja/LC_MESSAGES/messages.po'}\n"
    assert main(["i18n", "check", "ja"]) == 1
    said = _said(capsys)
    assert 'ja/LC_MESSAGES/messages.po: "Asian" has no translation; translate it' in said
    assert "ledger.toml: has no entry [ja]" in said


def test_keeps_the_given_tag_and_skips_names_that_cldr_has(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # CLDR has Tagalog under Filipino, which names a hundred languages fewer; its names for
    # Haitian Creole are French.
    for tag in ("tl", "ht"):
        shutil.rmtree(folder / tag)
        assert main(["i18n", "extract", "--new", tag]) == 0
    template, tagalog, haitian, spanish = (
        (folder / name).read_text("utf-8")
        for name in (
            "messages.pot",
            *(f"{tag}/LC_MESSAGES/messages.po" for tag in ("tl", "ht", "es")),
        )
    )
    for text in (template, tagalog, haitian):
        assert 'msgid "Akkadian"' in text
    assert 'msgid "Akan"' in template
    assert 'msgid "Akan"' in haitian
    assert 'msgid "Akan"' not in tagalog
    assert 'msgid "Akkadian"' not in spanish
    assert main(["i18n", "check", "es"]) == 0
    _said(capsys)


def test_refuses_a_language_unknown_to_cldr(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.rglob("*"))
    assert main(["i18n", "extract", "--new", "qq"]) == 2
    assert "'qq' is no language that CLDR knows" in capsys.readouterr().err
    assert sorted(folder.rglob("*")) == before


def test_writes_nothing_if_a_catalog_is_unreadable(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = folder / "es/LC_MESSAGES/messages.po"
    broken.write_text('msgid "Yes"\nmsgtsr "Sí"\n', "utf-8")
    (folder / "messages.pot").unlink()
    assert main(["i18n", "extract"]) == 1
    assert f"{broken}: Unknown or misformatted keyword" in capsys.readouterr().err
    assert not (folder / "messages.pot").exists()
