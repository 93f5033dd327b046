"""Keeps the results of tests at FHIR servers, and renders the README's tables."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support import markdown

Json = dict[str, Any]
SERVERS = {
    "medplum": "Medplum, in memory",
    "hapi": "HAPI JPA on H2",
    "hapi-postgresql": "HAPI JPA on PostgreSQL",
}

FEATURES = {
    "first write, read back": (
        "test_a_submission_is_written_and_read_back_without_harm",
        "test_the_command_line_delivers_and_verifies",
    ),
    "every version of US Core": ("test_every_version_reads_back",),
    "repeat": (
        "test_a_repeat_finds_itself",
        "test_a_request_sent_twice_by_a_proxy_leaves_one_provenance",
    ),
    "stale ETag": ("test_a_stale_etag_is_a_version_conflict",),
    "colleague writes at once": ("test_a_colleague_who_writes_between_is_merged_not_overwritten",),
    "two senders at once": ("test_two_senders_at_once_leave_one_effect",),
    "time-out after commit": (
        "test_a_retry_after_a_time_out_duplicates_nothing",
        "test_the_undo_record_is_stored_even_if_the_answer_was_lost",
    ),
    "worker killed at any step": (
        "test_a_worker_killed_at_any_step_leaves_one_effect",
        "test_killed_between_the_servers_commit_and_its_answer",
        "test_one_worker_is_killed_and_two_others_go_on",
    ),
    "200 patients by 4 workers": (
        "test_two_hundred_patients_by_four_workers",
        "test_two_hundred_patients_by_four_workers_on_postgres",
    ),
    "any order of faults": ("test_any_order_of_faults_delivers_once",),
    "tribal affiliation": ("test_every_tribe_is_in_the_chart_and_all_of_it_can_be_undone",),
    "the patient's own word": (
        "test_an_informant_never_replaces_the_patients_own_answer_without_review",
        "test_no_policy_replaces_the_patients_own_answer",
    ),
    "a correction at the same visit": (
        "test_a_correction_leaves_the_same_whether_or_not_the_first_was_written",
    ),
    "export in bulk, or a word that there is none": (
        "test_an_export_has_what_a_search_finds",
        "test_an_export_of_a_group_has_its_members_alone",
    ),
    "a chart found by record number": (
        "test_the_one_matching_chart_is_written_to",
        "test_without_exactly_one_match_nothing_is_written_until_corrected",
    ),
    "charts that were merged": (
        "test_a_merged_chart_is_followed_and_a_loop_is_held",
        "test_two_references_to_one_chart_are_sent_in_turn_and_the_later_stands",
    ),
    "a chart of which a part is hidden": (
        "test_a_partly_hidden_chart_is_never_put_back_as_the_whole",
    ),
    "searches by patient alone": (
        "test_each_submission_is_found_among_its_patients_resources",
        "test_an_attempt_whose_answer_was_lost_is_not_repeated",
    ),
    "searches that lag behind": (
        "test_a_resource_the_search_lacks_is_looked_for_again_then_missing",
        "test_nothing_is_sent_again_before_the_search_can_show_it",
    ),
    "undone without harm": (
        "test_the_prior_values_come_back_and_the_rest_is_marked_in_error",
        "test_what_others_wrote_beside_it_stays",
        "test_a_change_by_others_is_held_and_stays_if_a_reviewer_says_so",
        "test_an_undo_killed_between_write_and_read_back_is_done_once",
        "test_an_undo_that_the_server_forbids_is_held_and_delays_nothing_else",
    ),
    "dropped values are seen": (
        "test_a_value_that_the_server_dropped_is_seen",
        "test_a_declined_answer_that_the_server_drops_is_seen",
    ),
    "its surprises": (
        "test_a_stale_if_match",
        "test_a_put_with_our_own_id",
        "test_a_stale_delete",
        "test_a_read_of_a_deleted_resource",
        "test_an_unchanged_put",
        "test_a_conditional_create_that_matches_several",
        "test_a_reference_to_nothing",
        "test_a_conditional_reference_that_matches_nothing",
        "test_what_is_no_fhir_is_refused",
        "test_a_code_of_no_value_set",
        "test_a_resource_without_a_required_element",
        "test_a_search_by_an_unknown_parameter",
        "test_a_search_for_a_part_of_a_name",
        "test_the_etag_of_an_entry",
        "test_a_deleted_resource_that_is_written_again",
        "test_a_delete_of_a_referenced_resource",
        "test_an_unknown_operation",
        "test_a_reverse_chained_search",
        "test_a_conditional_read_of_an_unchanged_resource",
    ),
    "reference to nothing": ("test_a_reference_to_nothing_holds_the_submission_or_is_accepted",),
}
"""The features that a reader asks about, and the tests that show them."""


FIRE_TEST = "test_exactly_once_under_fire"


@dataclass(frozen=True, slots=True)
class ServerTestResult:
    """The result of one test at one server, and what the test recorded."""

    server: str
    test: str
    outcome: str
    properties: Json


def save_results(seen: Iterable[ServerTestResult], folder: Path, on: datetime) -> None:
    """Write a run's results into the folder.

    Results of a server that the run did not test stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    day = {"on": on.date().isoformat()}
    tests = [result for result in seen if result.test != FIRE_TEST]
    fires = [result for result in seen if result.test == FIRE_TEST]
    _update(
        folder / "servers.json",
        {
            result: {**day, **_features(result, tests)}
            for result in {result.server for result in tests}
        },
    )
    _update(folder / "fire.json", {result.server: {**day, **_fire(result)} for result in fires})


def _update(file: Path, results: Json) -> None:
    earlier = json.loads(file.read_text("utf-8")) if file.exists() else {}
    ordered = {
        server: (earlier | results)[server] for server in SERVERS if server in earlier | results
    }
    if results:
        file.write_text(json.dumps(ordered, indent=2) + "\n", "utf-8")


def _features(server: str, seen: list[ServerTestResult]) -> Json:
    return {feature: _cases(server, tests, seen) for feature, tests in FEATURES.items()}


def _cases(server: str, tests: Iterable[str], seen: list[ServerTestResult]) -> Json:
    outcomes = [
        result.outcome for result in seen if result.server == server and result.test in tests
    ]
    return {"passed": outcomes.count("passed"), "of": len(outcomes)}


def _fire(seen: ServerTestResult) -> Json:
    properties = {key: value for key, value in seen.properties.items() if key != "found"}
    return {
        "outcome": seen.outcome,
        **properties,
        **(asdict(seen.properties["found"]) if "found" in seen.properties else {}),
    }


def servers_table(result: Mapping[str, Json]) -> str:
    """Return the table of servers and features: how many cases passed.

    A feature that is newer than a run is shown as not run.
    """
    rows = [
        [feature, *(_cell(each.get(feature, NONE)) for each in result.values())]
        for feature in FEATURES
    ]
    return _table(result, rows)


NONE = {"passed": 0, "of": 0}


def _cell(cases: Mapping[str, int]) -> str:
    if not cases["of"]:
        return "not run"
    words = f"{cases['passed']} of {cases['of']}"
    return words if cases["passed"] == cases["of"] else f"**{words}**"


COUNTED = {
    "submissions": "submissions",
    "requests": "requests",
    "faults": "of them met a fault",
    "kills": "workers killed",
    "lost": "effects lost",
    "twice": "effects there twice",
    "strange": "resources that nobody sent",
    "harmed": "resources harmed",
    "seconds": "seconds",
}


def fire_table(result: Mapping[str, Json]) -> str:
    """Return the table of the fault storm: what was sent, met, lost or harmed."""
    verified = ["verified", *(f"{each['states'].get('verified', 0):,}" for each in result.values())]
    first, *rest = [
        [words, *(f"{each[key]:,}" for each in result.values())] for key, words in COUNTED.items()
    ]
    return _table(result, [first, verified, *rest])


def _table(result: Mapping[str, Json], rows: Iterable[list[str]]) -> str:
    days = ["run on", *(each["on"] for each in result.values())]
    return markdown.render_table(["", *(SERVERS[each] for each in result)], [*rows, days])
