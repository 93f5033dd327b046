"""Fixtures of the report: an export folder, and its exact counts."""

from pathlib import Path
from typing import Any

import pytest

from intake.report.build import Tally, build_tally
from intake.report.values import ClinicScope, LocalFact
from tests.support.report_export import CountExport, ExportFolder, report_request


@pytest.fixture
def export_folder(tmp_path: Path) -> ExportFolder:
    return ExportFolder(tmp_path)


@pytest.fixture
def count_export(export_folder: ExportFolder) -> CountExport:
    """Write the export and count it exactly."""

    def count(
        period: str = "2026-Q3",
        *clinics: ClinicScope,
        local_facts: tuple[LocalFact, ...] = (),
        **options: Any,
    ) -> Tally:
        request = report_request(period, *clinics, **options)
        return build_tally(export_folder.write_files(), request, local_facts)

    return count
