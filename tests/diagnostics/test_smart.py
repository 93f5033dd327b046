"""The checks of a smart-configuration and of a profile's item map."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fhir_client.quirks import Quirks
from intake.diagnostics.findings import Finding, Verdict
from intake.diagnostics.item_map import check_item_map
from intake.diagnostics.smart import check_smart_configuration
from intake.ehr import client_keys
from intake.settings import Auth, AuthKind, Server, Settings, load_settings
from tests.support.scripted_server import ScriptedServer

CONFIGURATION: dict[str, Any] = {
    "token_endpoint": "https://ehr.example/token",
    "grant_types_supported": ["client_credentials"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
    "token_endpoint_auth_signing_alg_values_supported": ["ES384"],
    "capabilities": ["permission-v2"],
}
WELL_KNOWN = "GET .well-known"


@pytest.fixture
def server(scripted: ScriptedServer, tmp_path: Path) -> Server:
    auth = Auth(
        AuthKind.BACKEND_SERVICES,
        "",
        None,
        "intake",
        tmp_path / "key.json",
        "",
        "ES384",
        "",
        ("system/Patient.rs",),
    )
    server = Server(
        "main", scripted.base_url, "6.1.0", "generic", timedelta(seconds=5), auth, None, 1
    )
    client_keys.create_key_file(server, "ES384")
    return server


def verdicts(findings: list[Finding]) -> list[tuple[Verdict, str]]:
    assert all(finding.way_out for finding in findings if finding.verdict is Verdict.WRONG)
    return [(finding.verdict, finding.words) for finding in findings]


def test_calls_a_configuration_good_that_offers_our_authentication(
    scripted: ScriptedServer, server: Server
) -> None:
    scripted.answers[WELL_KNOWN] = (200, CONFIGURATION)
    assert verdicts(list(check_smart_configuration("server main", server))) == [
        (Verdict.GOOD, "its smart-configuration offers our kind of authentication")
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grant_types_supported": ["authorization_code"]}, "offers no client_credentials"),
        (
            {"token_endpoint_auth_methods_supported": ["client_secret_post"]},
            "offers neither of private_key_jwt",
        ),
        (
            {"token_endpoint_auth_signing_alg_values_supported": ["RS384"]},
            "takes no signature of ES384, but of RS384",
        ),
        ({"capabilities": ["permission-v1"]}, "only knows SMART's first syntax of scopes"),
    ],
)
def test_names_each_part_of_the_configuration_that_does_not_fit(
    scripted: ScriptedServer, server: Server, changes: dict[str, Any], words: str
) -> None:
    scripted.answers[WELL_KNOWN] = (200, {**CONFIGURATION, **changes})
    [(verdict, fault)] = verdicts(list(check_smart_configuration("server main", server)))
    assert (verdict, words in fault) == (Verdict.WRONG, True)


def test_calls_unknown_what_the_configuration_leaves_out(
    scripted: ScriptedServer, server: Server
) -> None:
    server_without_tokens = replace(server, auth=replace(server.auth, kind=AuthKind.NONE))
    assert list(check_smart_configuration("server main", server_without_tokens)) == []
    [(without_configuration, _)] = verdicts(list(check_smart_configuration("server main", server)))
    scripted.answers[WELL_KNOWN] = (
        200,
        {**CONFIGURATION, "scopes_supported": ["system/Observation.rs"]},
    )
    [(without_tokens, words)] = verdicts(
        list(check_smart_configuration("server main", server_without_tokens))
    )
    _, (listed, scopes) = verdicts(list(check_smart_configuration("server main", server)))
    assert {without_configuration, without_tokens, listed} == {Verdict.UNKNOWN}
    assert "it may want more than auth = 'none'" in words
    assert scopes.endswith("does not have system/Patient.rs")


def build_settings(**items: str) -> Settings:
    profile = Quirks(own_questionnaires=True, questionnaire="urn:theirs", items=items)
    return replace(load_settings(), quirks={"generic": profile})


def test_names_unmapped_questions_and_mapped_ones_that_are_not_asked(server: Server) -> None:
    unmapped, unasked = verdicts(
        list(check_item_map("server main", server, build_settings(**{"race.old": "R1"})))
    )
    assert unmapped[1].startswith("[items] of quirks/generic.toml has no item for ")
    assert unasked[1].endswith("does not ask: race.old")
    names = (
        unmapped[1]
        .removeprefix("[items] of quirks/generic.toml has no item for ")
        .partition(";")[0]
        .split(", ")
    )
    assert "notice" not in names
    [(verdict, words)] = verdicts(
        list(check_item_map("server main", server, build_settings(**dict.fromkeys(names, ""))))
    )
    assert (verdict, words) == (
        Verdict.GOOD,
        "[items] of quirks/generic.toml maps every question to urn:theirs",
    )
    assert list(check_item_map("server main", server, load_settings())) == []
