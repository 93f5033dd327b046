"""Questionnaires are published once, and updated only if they changed."""

from pathlib import Path

import pytest

from fhir_client.client import FhirClient
from intake.cli import main
from tests.support.command_site import write_site

URL = "https://intake.example.org/fhir/Questionnaire/spd15-2024"


def test_publishing_again_does_nothing_and_a_change_is_put_right(
    tmp_path: Path,
    server: str,
    client: FhirClient,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_site(tmp_path, server)
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path))

    def publish() -> str:
        assert main(["questionnaires", "publish", "--set", "spd15-2024"]) == 0
        return capsys.readouterr().out.strip()

    assert publish() == f"main: created {URL}|1.1.0"
    [first] = client.search("Questionnaire", {"url": URL})
    assert publish() == f"main: unchanged {URL}|1.1.0"
    changed = {"method": "PUT", "url": f"Questionnaire/{first['id']}"}
    entry = {"resource": {**first, "title": "Other"}, "request": changed}
    client.send_bundle({"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert publish() == f"main: updated {URL}|1.1.0"
    [last] = client.search("Questionnaire", {"url": URL})
    assert (last["id"], last["title"]) == (first["id"], first["title"])


def test_a_failed_publication_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_site(tmp_path, "http://127.0.0.1:9/fhir")
    monkeypatch.setenv("INTAKE_CONFIG", str(tmp_path))
    assert main(["questionnaires", "publish"]) == 1
    assert "main: The server cannot be reached." in capsys.readouterr().err
    for arguments, named in (
        (["publish", "--server", "other"], "main"),
        (["print", "--set", "x"], "spd15-2024"),
    ):
        assert main(["questionnaires", *arguments]) == 1
        assert named in capsys.readouterr().err
