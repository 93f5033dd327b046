"""Export files are found by name; broken lines are named, and the others count."""

import gzip
import json
from pathlib import Path

import pytest

from intake.report.build import build_tally
from intake.report.files import find_files, line_fault
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


def test_a_cut_off_archive_is_named(export_folder: ExportFolder) -> None:
    for key in "abc":
        export_folder.add_encounter(key)
    folder = export_folder.write_files()
    data = gzip.compress("\n".join(GOOD).encode())
    (folder / "Patient.ndjson.gz").write_bytes(data[: len(data) - 12])
    tally = build_tally(folder, report_request())
    assert tally.broken[-1].fault.startswith("the file cannot be read further")


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
