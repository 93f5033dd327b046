"""A Provenance names the person who answered, if the Observation does not."""

import pytest

from intake.report.values import State
from tests.support.report_export import (
    CountExport,
    ExportFolder,
    Resource,
    communication_entry,
    read_state,
)


def test_provenance_names_the_person_if_the_observation_does_not(
    export_folder: ExportFolder, count_export: CountExport
) -> None:
    export_folder.add_patient()
    export_folder.add_observation("spoken-language", "vi", method=None, id="obs")
    export_folder.resources.append(
        build_provenance({"reference": "Observation/obs"}, "RelatedPerson/1")
    )
    assert read_state(count_export(), "spoken-language") is State.PROXY


@pytest.mark.parametrize("identity", ["written-language", "written-language-2"])
def test_provenance_names_the_person_who_gave_the_written_language(
    export_folder: ExportFolder, count_export: CountExport, identity: str
) -> None:
    export_folder.add_patient(communication=[communication_entry("zh", "简体中文", modes=("RWR",))])
    target = {
        "reference": "Patient/p",
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/targetElement", "valueUri": identity}
        ],
    }
    export_folder.resources.append(build_provenance(target, "Patient/p"))
    assert read_state(count_export(), "written-language") is State.SELF


def build_provenance(target: Resource, who: str) -> Resource:
    return {
        "resourceType": "Provenance",
        "id": "v",
        "recorded": "2026-08-04T13:11:00Z",
        "target": [target],
        "agent": [{"type": {"coding": [{"code": "author"}]}, "who": {"reference": who}}],
    }
