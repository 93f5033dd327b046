"""The needs that scopes permit, in both of SMART's syntaxes."""

import pytest

from fhir_client.auth.scopes import Action, ScopeNeed, limited_needs, missing_needs

CREATE, READ, UPDATE, SEARCH = (
    ScopeNeed("Observation", act)
    for act in (Action.CREATE, Action.READ, Action.UPDATE, Action.SEARCH)
)
ALL = (CREATE, READ, UPDATE, SEARCH)


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        (["system/*.*"], ()),
        (["system/*.cruds"], ()),
        (["system/Observation.*"], ()),
        (["system/Observation.read"], (CREATE, UPDATE)),
        (["system/*.write"], (READ, SEARCH)),
        (["system/*.read", "system/Observation.write"], ()),
        (["system/Observation.rs"], (CREATE, UPDATE)),
        (["system/Observation.r", "system/Observation.c"], (UPDATE, SEARCH)),
        (["system/Observation.cruds?category=survey"], ()),
        (["system/Patient.cruds"], ALL),
        (["user/*.cruds", "patient/Observation.cruds"], ALL),
        (["system/Observation.sr"], ALL),
        (["system/Observation."], ALL),
        (["openid", "offline_access", ""], ALL),
        ([], ALL),
    ],
)
def test_needs_that_no_scope_permits_are_missing(
    scopes: list[str], lacking: tuple[ScopeNeed, ...]
) -> None:
    assert missing_needs(scopes, ALL) == lacking


def test_needs_of_limited_scopes_are_listed() -> None:
    scopes = ["system/Observation.cruds?category=survey", "system/Observation.r"]
    assert limited_needs(scopes, ALL) == (CREATE, UPDATE, SEARCH)
    assert limited_needs([], ALL) == ()


def test_a_need_reads_as_action_and_resource_type() -> None:
    assert str(CREATE) == "create Observation"
