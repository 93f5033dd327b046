"""The table of servers and features, from what a run has seen pass and fail: never typed."""

from collections.abc import Iterable, Mapping

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
        "test_two_workers_and_one_of_them_is_killed",
    ),
    "any order of faults": ("test_any_order_of_faults_delivers_once",),
    "charts that were merged": ("test_a_merged_chart_is_followed_and_a_loop_is_held",),
    "dropped values are seen": ("test_declined_accepted_by_the_server_and_silently_not_stored",),
    "reference to nothing": ("test_a_reference_to_nothing_holds_the_row_or_is_taken",),
}
"""What a reader asks about, and the tests that show it."""


def table(outcomes: Mapping[tuple[str, str], Iterable[str]]) -> str:
    """Return the table in Markdown: per feature and server how many cases passed; `outcomes` are by server and test."""
    servers = sorted({server for server, _ in outcomes})
    rows = [["", *servers], ["---"] * (len(servers) + 1)]
    for feature, tests in FEATURES.items():
        cells = [_cell([each for test in tests for each in outcomes.get((server, test), ())]) for server in servers]
        rows.append([feature, *cells])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(seen: list[str]) -> str:
    passed = seen.count("passed")
    if not seen:
        return "not run"
    return f"{passed} of {passed}" if passed == len(seen) else f"**{passed} of {len(seen)}**"
