"""What a server's smart-configuration is found to mean, and a profile's map of our questions."""

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
from tests.diagnostics.conftest import Scripted

OFFERED: dict[str, Any] = {
    "token_endpoint": "https://ehr.example/token",
    "grant_types_supported": ["client_credentials"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
    "token_endpoint_auth_signing_alg_values_supported": ["ES384"],
    "capabilities": ["permission-v2"],
}
WELL_KNOWN = "GET .well-known"


@pytest.fixture
def server(scripted: Scripted, tmp_path: Path) -> Server:
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
    found = Server(
        "main", scripted.base_url, "6.1.0", "generic", timedelta(seconds=5), auth, None, 1
    )
    client_keys.create_key_file(found, "ES384")
    return found


def told(found: list[Finding]) -> list[tuple[Verdict, str]]:
    assert all(each.way_out for each in found if each.verdict is Verdict.WRONG)
    return [(each.verdict, each.words) for each in found]


def test_the_way_in_that_we_use_is_offered(scripted: Scripted, server: Server) -> None:
    scripted.answers[WELL_KNOWN] = (200, OFFERED)
    assert told(list(check_smart_configuration("server main", server))) == [
        (Verdict.GOOD, "its smart-configuration offers the way in that we use")
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
        ({"capabilities": ["permission-v1"]}, "knows SMART's first syntax of scopes alone"),
    ],
)
def test_what_does_not_fit_is_named(
    scripted: Scripted, server: Server, changes: dict[str, Any], words: str
) -> None:
    scripted.answers[WELL_KNOWN] = (200, {**OFFERED, **changes})
    [(verdict, said)] = told(list(check_smart_configuration("server main", server)))
    assert (verdict, words in said) == (Verdict.WRONG, True)


def test_what_is_not_said_is_not_called_good(scripted: Scripted, server: Server) -> None:
    open_door = replace(server, auth=replace(server.auth, kind=AuthKind.NONE))
    assert list(check_smart_configuration("server main", open_door)) == []
    [(silent, _)] = told(list(check_smart_configuration("server main", server)))
    scripted.answers[WELL_KNOWN] = (200, {**OFFERED, "scopes_supported": ["system/Observation.rs"]})
    [(door, words)] = told(list(check_smart_configuration("server main", open_door)))
    _, (listed, scopes) = told(list(check_smart_configuration("server main", server)))
    assert {silent, door, listed} == {Verdict.UNKNOWN}
    assert "it may want more than auth = 'none'" in words
    assert scopes.endswith("does not have system/Patient.rs")


def profile(**items: str) -> Settings:
    own = Quirks(own_questionnaires=True, questionnaire="urn:theirs", items=items)
    return replace(load_settings(), quirks={"generic": own})


def test_what_a_profile_does_not_map_and_maps_in_vain_is_named(server: Server) -> None:
    unmapped, strange = told(
        list(check_item_map("server main", server, profile(**{"race.old": "R1"})))
    )
    assert unmapped[1].startswith("[items] of quirks/generic.toml has no item for ")
    assert strange[1].endswith("does not ask: race.old")
    names = (
        unmapped[1]
        .removeprefix("[items] of quirks/generic.toml has no item for ")
        .partition(";")[0]
        .split(", ")
    )
    assert "notice" not in names
    [(verdict, words)] = told(
        list(check_item_map("server main", server, profile(**dict.fromkeys(names, ""))))
    )
    assert (verdict, words) == (
        Verdict.GOOD,
        "[items] of quirks/generic.toml maps every question to urn:theirs",
    )
    assert list(check_item_map("server main", server, load_settings())) == []
