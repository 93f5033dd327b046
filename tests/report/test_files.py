"""Export files are found by name; broken lines are named, and the others count."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from intake.report.build import IncompleteFilesError, build_tally
from intake.report.files import find_files, line_fault
from intake.report.loader import LoadedFiles, load_tables
from intake.report.values import BrokenLine
from tests.support.report_export import CountExport, ExportFolder, report_request


def test_export_files_are_found_by_name(tmp_path: Path) -> None:
    names = [
        "Patient.ndjson",
        "Patient.000.ndjson",
        "Patient-1.ndjson.gz",
        "Encounter_2.ndjson",
        "Location.2026-11.ndjson",
    ]
    for name in [*names, "PatientLink.ndjson", "Patient.json", "log.ndjson", "Claim.ndjson"]:
        (tmp_path / name).touch()
    names_found = {path.name for paths in find_files(tmp_path).values() for path in paths}
    assert names_found == set(names)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"resourceType":"Patient","id":"a"}', ""),
        (b'\xef\xbb\xbf{"resourceType":"Patient","id":"a"}', ""),
        (b'{"resourceType":"Patient","id":"a"', "is not JSON"),
        (b'{"resourceType":"Patient","id":"a","id":"b"}', "is not JSON"),
        (b'{"resourceType":"Patient","id":"a","x":NaN}', "is not JSON"),
        (b'{"resourceType":"Patient","id":"a","x":1e999}', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"resourceType":"Patient","id":"\xff"}', "is not UTF-8"),
        (b'["Patient"]', "is not an object"),
        (b"null", "is not an object"),
        (b'{"resourceType":"Group","id":"a"}', "is not of type Patient"),
        (b'{"resourceType":"Patient","id":"a","x":"\\ud83d\\ude00"}', ""),
        (b'{"resourceType":"Patient","id":"a","x":"\\ud83d"}', "has half of a surrogate pair"),
        (b'{"resourceType":"Patient"}', "has no id"),
        (b'{"resourceType":"Patient","id":7}', "has no id"),
    ],
)
def test_a_broken_line_has_its_fault(line: bytes, fault: str) -> None:
    assert line_fault(line, "Patient") == fault


GOOD = [json.dumps({"resourceType": "Patient", "id": key}) for key in "abc"]


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"not json",
        b'{"resourceType":"Patient","id":"\xff"}',
        b"[1]",
        b"null",
        b'"x"',
        b'{"resourceType":"Patient"}',
        b'{"resourceType":"Patient","id":"z","id":"y"}',
        b'{"resourceType":"Claim","id":"z"}',
        b'{"id":"a"}{"id":"b"}',
        b'{"resourceType":"Patient","id":"z","name":[{"family":"\\ud83d"}]}',
        b'{"resourceType":"Patient","id":"z","\\uDC00":1}',
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_broken_line_is_named_and_the_rest_counts(
    export_folder: ExportFolder, bad: bytes, packed: bool
) -> None:
    for key in "abc":
        export_folder.add_encounter(key)
    folder = export_folder.write_files()
    data = b"\n".join([GOOD[0].encode(), b"", bad, GOOD[1].encode() + b"\r", GOOD[2].encode()])
    name = "Patient.1.ndjson.gz" if packed else "Patient.1.ndjson"
    (folder / name).write_bytes(gzip.compress(data) if packed else data)
    tally = build_tally(folder, report_request())
    assert tally.rows[-1].people == 3
    assert [(line.file, line.line) for line in tally.broken] == [(name, 3)]
    assert tally.broken_lines == 1


def cut_off(data: bytes, form: str) -> tuple[str, bytes]:
    """Return the name and the content of a Patient file whose end is missing."""
    packed = gzip.compress(data)
    return {
        "archive": ("Patient.000.ndjson.gz", packed[: len(packed) - 12]),
        "archive without its checksum": ("Patient.000.ndjson.gz", packed[:-6]),
        "empty archive": ("Patient.000.ndjson.gz", b""),
        "second member": ("Patient.000.ndjson.gz", packed + packed[:-20]),
        "bytes behind": ("Patient.000.ndjson.gz", packed + b"rest"),
        "plain": ("Patient.000.ndjson", data[:-5]),
    }[form]


@pytest.mark.parametrize(
    "form",
    [
        "archive",
        "archive without its checksum",
        "empty archive",
        "second member",
        "bytes behind",
        "plain",
    ],
)
def test_a_cut_off_file_refuses_the_report(export_folder: ExportFolder, form: str) -> None:
    for key in "abc":
        export_folder.add_encounter(key)
    folder = export_folder.write_files()
    name, content = cut_off("\n".join(GOOD).encode(), form)
    (folder / name).write_bytes(content)
    with pytest.raises(IncompleteFilesError, match=re.escape(name)):
        build_tally(folder, report_request())
    tally = build_tally(folder, report_request(allow_partial=True))
    assert [(part.kind, part.file) for part in tally.missing] == [("Patient", name)]
    assert tally.rows[-1].people <= 3


def test_a_folder_that_changes_while_it_is_read_is_refused(
    export_folder: ExportFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_folder.add_patient()
    folder = export_folder.write_files()

    def load_and_append(*args: Any) -> LoadedFiles:
        loaded = load_tables(*args)
        with (folder / "Patient.ndjson").open("a", encoding="utf-8") as file:
            file.write(GOOD[0] + "\n")
        return loaded

    monkeypatch.setattr("intake.report.build.load_tables", load_and_append)
    with pytest.raises(IncompleteFilesError, match="changed while it was read"):
        build_tally(folder, report_request())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("1.Patient.ndjson", "Patient"),
        ("Patient.000.ndjson.gz", "Patient"),
        ("Patient/part-00000.ndjson", "Patient"),
        ("Patient/1.ndjson.gz", "Patient"),
        ("fhir_Patient_2.ndjson", "Patient"),
        ("Patient.jsonl", "Patient"),
        ("Patient-Encounter.ndjson", None),
        ("Patient/.part.ndjson", None),
        ("Patient/part.ndjson.crc", None),
        ("deleted/Patient.ndjson", None),
    ],
)
def test_the_names_of_usual_bulk_clients_are_found(
    tmp_path: Path, name: str, kind: str | None
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    kinds = [kind for kind, paths in find_files(tmp_path).items() if paths]
    assert kinds == ([] if kind is None else [kind])


@pytest.mark.parametrize("packed", [False, True])
def test_the_content_of_a_file_says_whether_it_is_packed(
    export_folder: ExportFolder, packed: bool
) -> None:
    export_folder.add_encounter("a")
    folder = export_folder.write_files()
    data = GOOD[0].encode() + b"\n"
    name = "Patient.ndjson" if packed else "Patient.ndjson.gz"
    (folder / name).write_bytes(gzip.compress(data) if packed else data)
    assert build_tally(folder, report_request()).rows[-1].people == 1


def test_a_byte_order_mark_leaves_every_line_readable(export_folder: ExportFolder) -> None:
    for key in "ab":
        export_folder.add_encounter(key)
    folder = export_folder.write_files()
    text = "".join(f"\ufeff{line}\n" for line in GOOD[:2])
    (folder / "Patient.ndjson").write_text(text, encoding="utf-8")
    tally = build_tally(folder, report_request())
    assert (tally.rows[-1].people, tally.broken_lines) == (2, 0)


def test_odd_parts_are_read_as_nothing(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    odd = {"extension": "none", "communication": {"language": 3}, "link": 7, "meta": []}
    export_folder.resources.append({"resourceType": "Patient", "id": "p", **odd})
    export_folder.add_encounter("p")
    export_folder.add_encounter("p", period="yesterday", location=3)
    export_folder.resources.append(
        {"resourceType": "Observation", "id": "o", "status": 3, "code": "72826-1", "component": 3}
    )
    tally = count_export()
    assert tally.rows[-1].people == 1
    assert tally.broken == ()


def test_the_same_files_have_the_same_snapshot(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    for key in "abc":
        export_folder.add_patient(key)
    first = count_export().snapshot
    export_folder.resources.reverse()
    assert count_export().snapshot == first
    export_folder.add_patient("d")
    assert count_export().snapshot != first


def test_packed_files_count_as_plain_ones(export_folder: ExportFolder) -> None:
    export_folder.add_patient()
    assert (
        build_tally(export_folder.write_files(packed=True), report_request()).rows[-1].people == 1
    )


def test_broken_lines_beyond_the_thousandth_are_counted(export_folder: ExportFolder) -> None:
    export_folder.add_patient()
    folder = export_folder.write_files()
    (folder / "Encounter.1.ndjson").write_text("{\n" * 1500, encoding="utf-8")
    tally = build_tally(folder, report_request())
    assert (len(tally.broken), tally.broken_lines) == (1000, 1500)
    assert tally.broken[0] == BrokenLine("Encounter.1.ndjson", 1, "is not JSON")
