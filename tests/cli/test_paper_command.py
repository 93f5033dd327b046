"""`intake paper` prints the question set as a sheet in one language."""

from pathlib import Path

import pytest
from justhtml import JustHTML

from intake.cli import main
from intake.pages.listed_languages import listed_languages
from intake.settings import load_settings
from intake.sheet import box_codes
from tests.support.strict_pages import node_attributes


def print_sheet(capsys: pytest.CaptureFixture[str], *options: str) -> JustHTML:
    assert main(["paper", *options]) == 0
    return JustHTML(capsys.readouterr().out)


def offer_languages(site: Path, *tags: str) -> None:
    path = site / "intake.toml"
    path.write_text(f"languages = {list(tags)}\n{path.read_text('utf-8')}", "utf-8")


@pytest.mark.parametrize("set_id", ["spd15-2024", "spd15-2024-tribal", "omb-1997"])
def test_prints_every_code_once_in_the_sheets_language(
    site: Path, capsys: pytest.CaptureFixture[str], set_id: str
) -> None:
    offer_languages(site, "en", "ar")
    sheet = print_sheet(capsys, "--language", "ar", "--set", set_id, "--clinic", "riverside")
    [root] = sheet.query("html")
    assert node_attributes(root) == {"lang": "ar", "dir": "rtl"}
    settings = load_settings()
    question_set = settings.question_sets[set_id]
    listed = listed_languages(question_set, settings)
    wanted = [code for codes in box_codes(question_set, listed).values() for code in codes.values()]
    printed = [str(node.to_text()) for node in sheet.query(".code")]
    assert sorted(printed) == sorted([*wanted, "1", "2", "3", "4"])
    words = sheet.to_text()
    assert "Riverside Family Clinic" in words
    assert "أفضّل عدم الإجابة" in words


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--language", "xx"], "'xx' is not offered here"),
        (["--set", "mine"], "There is no question set 'mine'"),
        (["--clinic", "moon"], "There is no clinic 'moon'"),
    ],
)
def test_names_an_unknown_language_set_or_clinic(
    site: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert main(["paper", *options]) == 1
    assert sentence in capsys.readouterr().err


def test_escapes_a_clinics_name(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = site / "clinics.toml"
    path.write_text(path.read_text("utf-8").replace("Family Clinic", "<b>&</b>"), "utf-8")
    assert main(["paper", "--clinic", "riverside"]) == 0
    assert "Riverside &lt;b&gt;&amp;&lt;/b&gt;" in capsys.readouterr().out
