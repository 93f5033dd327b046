"""A site's folder: a missing or misspelt file is a fault, and other files are named."""

from pathlib import Path

import pytest

from intake.settings import SettingsError, load_settings
from intake.settings.site_folder import find_unread_files


@pytest.mark.parametrize(
    ("renamed", "name", "fault"),
    [
        ("clinics.toml", "clinic.toml", "clinics.toml: found no such file in"),
        ("clinics.toml", "Clinics.TOML", "clinics.toml: found no such file in"),
        ("intake.toml", "intake.tml", "intake.toml: found no such file in"),
        ("clinics.toml", "old/clinics.toml", "clinics.toml: found no such file in"),
        ("", "settings.toml", "settings.toml: found a file that is not read"),
        ("", "question/ours.toml", "question: found a file that is not read"),
        ("", "questions/ours.tml", "questions/ours.tml: found a file that is not read"),
        ("", "quirks/ours.toml.txt", "quirks/ours.toml.txt: found a file that is not read"),
    ],
)
def test_refuses_a_missing_or_misspelt_file(
    site: Path, renamed: str, name: str, fault: str
) -> None:
    (site / name).parent.mkdir(exist_ok=True)
    if renamed:
        (site / renamed).rename(site / name)
    else:
        (site / name).write_text("", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(site)
    [words] = caught.value.faults
    assert words.startswith(fault)
    assert ("did you mean" in words) is (name not in ("settings.toml", "old/clinics.toml"))


def test_names_files_that_nothing_reads(site: Path) -> None:
    (site / "questions").mkdir()
    (site / "data").mkdir()
    lines = '\nauth = "bearer"\nsecret_file = "secrets/token"\n'
    with (site / "intake.toml").open("a", encoding="utf-8") as file:
        file.write(lines)
    for name in ("notes.txt", "clinics.toml~", "intake.toml.bak", ".hidden", "questions/notes.txt"):
        (site / name).write_text("", "utf-8")
    (site / "secrets").mkdir()
    assert list(find_unread_files(load_settings(site))) == [
        "clinics.toml~",
        "intake.toml.bak",
        "notes.txt",
        "questions/notes.txt",
    ]
