"""What runs have seen of the FHIR servers, as JSON, and the tables that README.md makes of it: never typed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]
SERVERS = {"medplum": "Medplum, in memory", "hapi": "HAPI JPA on H2", "hapi-postgresql": "HAPI JPA on PostgreSQL"}

FEATURES = {
    "first write, read back": ("test_written_and_read_back_without_harm", "test_from_the_command_line_to_verified"),
    "every version of US Core": ("test_every_version_reads_back",),
    "repeat": ("test_a_repeat_finds_itself", "test_a_request_sent_twice_by_a_proxy_leaves_one_provenance"),
    "stale ETag": ("test_412_swallowed",),
    "colleague writes at once": ("test_a_colleague_who_writes_between_is_merged_not_overwritten",),
    "two senders at once": ("test_conditional_create_racing_itself_into_two_resources",),
    "time-out after commit": (
        "test_retry_after_a_time_out_duplicating",
        "test_what_undo_needs_is_known_though_the_answer_was_lost",
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
    "charts that were merged": ("test_a_merged_chart_is_followed_and_a_loop_is_held",),
    "undone without harm": (
        "test_the_earlier_values_come_back_and_all_of_it_is_marked_in_error",
        "test_what_others_wrote_beside_it_stays",
        "test_what_others_changed_since_is_held_shown_and_left_where_a_reviewer_says_so",
        "test_killed_between_write_and_read_back_it_is_done_once",
    ),
    "dropped values are seen": (
        "test_a_value_that_the_server_dropped_is_seen",
        "test_declined_accepted_by_the_server_and_silently_not_stored",
    ),
    "reference to nothing": ("test_a_reference_to_nothing_holds_the_row_or_is_taken",),
}
"""What a reader asks about, and the tests that show it."""


FIRE = "test_exactly_once_under_fire"


@dataclass(frozen=True, slots=True)
class Seen:
    """How a test of a server went, and what it noted."""

    server: str
    test: str
    outcome: str
    noted: Json


def written(seen: Iterable[Seen], on: datetime) -> dict[str, str]:
    """Return what a run saw, as JSON, by the name that it is kept under; a run that saw nothing of one leaves it alone."""
    tests = [each for each in seen if each.test != FIRE]
    fires = [each for each in seen if each.test == FIRE]
    found = {"servers": _servers(tests) if tests else {}, "fire": {each.server: _fire(each) for each in fires}}
    day = on.date().isoformat()
    return {name: json.dumps({"on": day, "servers": each}, indent=2) + "\n" for name, each in found.items() if each}


def _servers(seen: list[Seen]) -> Json:
    return {
        server: {feature: _cases(server, tests, seen) for feature, tests in FEATURES.items()}
        for server in SERVERS
        if any(each.server == server for each in seen)
    }


def _cases(server: str, tests: Iterable[str], seen: list[Seen]) -> Json:
    outcomes = [each.outcome for each in seen if each.server == server and each.test in tests]
    return {"passed": outcomes.count("passed"), "of": len(outcomes)}


def _fire(seen: Seen) -> Json:
    noted = {key: each for key, each in seen.noted.items() if key != "found"}
    return {"outcome": seen.outcome, **noted, **(asdict(seen.noted["found"]) if "found" in seen.noted else {})}


def servers_table(result: Mapping[str, Any]) -> str:
    """Return the table of servers and features: how many cases passed."""
    servers = [each for each in SERVERS if each in result["servers"]]
    rows = [["", *(SERVERS[each] for each in servers)], ["---"] * (len(servers) + 1)]
    rows += [[feature, *(_cell(result["servers"][each][feature]) for each in servers)] for feature in FEATURES]
    return f"{_markdown(rows)}\nCases passed in the run of {result['on']}.\n"


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
    "harmed": "charts harmed",
    "seconds": "seconds",
}


def fire_table(result: Mapping[str, Any]) -> str:
    """Return the table of the fire: per server what was sent, what it met and what became of it."""
    servers = [each for each in SERVERS if each in result["servers"]]
    rows = [["", *(SERVERS[each] for each in servers)], ["---"] * (len(servers) + 1)]
    rows += [[words, *(f"{result['servers'][each].get(key, '?'):,}" for each in servers)] for key, words in COUNTED.items()]
    verified = [f"{result['servers'][each]['states'].get('verified', 0):,}" for each in servers]
    rows.insert(3, ["verified", *verified])
    return f"{_markdown(rows)}\nCounted in the run of {result['on']}.\n"


def _markdown(rows: Iterable[Iterable[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
