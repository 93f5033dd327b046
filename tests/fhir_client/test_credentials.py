"""Proofs for a token endpoint, its discovery, and secrets that reach no one else."""

import base64
from typing import Any

import pytest
from joserfc import jwt

from fhir_client.auth.credentials import ClientSecret
from fhir_client.auth.tokens import TokenAuth
from fhir_client.errors import AccessError, TemporaryError
from tests.support.stub_server import StubRequest, StubResponse
from tests.support.token_endpoint import (
    KEYS,
    SECRET,
    WELL_KNOWN,
    TokenSite,
    key_credential,
    oauth_refusal,
    secret_credential,
    token_error,
)


@pytest.mark.parametrize(
    ("methods", "posted"),
    [
        (["client_secret_basic", "client_secret_post"], False),
        (["client_secret_post"], True),
        (["private_key_jwt", "client_secret_post"], True),
        ([], False),
        (None, False),
    ],
)
def test_a_secret_goes_into_header_or_form_as_the_server_says(
    site: TokenSite, methods: list[str] | None, posted: bool
) -> None:
    if methods is not None:
        site.configuration["token_endpoint_auth_methods_supported"] = methods
    site.tokens(secret_credential()).current_grant()
    [heard] = site.asked
    if posted:
        assert (heard.form["client_id"], heard.form["client_secret"]) == ("in:take", SECRET)
        assert "Authorization" not in heard.headers
        return
    # RFC 6749, 2.3.1: both are encoded as in a form first, so that a colon in them does no harm.
    pair = base64.b64decode(heard.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "in%3Atake:a%3A+s3cret+%26+more"
    assert heard.form == {"grant_type": "client_credentials"}


def test_a_secret_is_read_again_for_each_token(site: TokenSite) -> None:
    held = ["old"]
    tokens = site.tokens(ClientSecret("intake", lambda: held[0]))
    tokens.current_grant()
    held[0] = "new"
    tokens.drop_token("token-1")
    tokens.current_grant()
    sent = [
        base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        for request in site.asked
    ]
    assert sent == ["intake:old", "intake:new"]


def test_the_newest_key_signs_else_the_one_before(site: TokenSite) -> None:
    def only_the_second(heard: StubRequest) -> StubResponse:
        kid = jwt.decode(heard.form["client_assertion"], key_of, algorithms=["ES384"]).header["kid"]
        return site.token() if kid == KEYS[1].id else oauth_refusal("invalid_client", 401)

    site.answer = only_the_second
    assert site.tokens(key_credential(KEYS)).current_grant().key_id == KEYS[1].id
    assert len(site.asked) == 2
    site.answer = None
    assert site.tokens(key_credential(KEYS)).current_grant().key_id == KEYS[2].id


def key_of(signed: Any) -> Any:
    return next(key.pair for key in KEYS if key.id == signed.headers()["kid"])


def test_at_most_two_keys_are_tried(site: TokenSite) -> None:
    site.answer = lambda _: oauth_refusal("invalid_client", 401)
    token_error(site.tokens(key_credential(KEYS)))
    assert len(site.asked) == 2


def test_a_named_key_is_the_only_one_to_sign(site: TokenSite) -> None:
    assert site.tokens(key_credential(KEYS, KEYS[0].id)).current_grant().key_id == KEYS[0].id
    assert (
        "There is no key other in the key file"
        in token_error(site.tokens(key_credential(KEYS, "other"))).message
    )
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({}, "no smart-configuration"),
        ({"issuer": "https://ehr.example"}, "names no token endpoint; set token_url"),
        ({"token_endpoint": 7}, "names no token endpoint; set token_url"),
        ({"token_endpoint": "http://ehr.example/token"}, "is not https"),
    ],
)
def test_a_missing_token_endpoint_asks_for_token_url(
    site: TokenSite, configuration: dict[str, Any], words: str
) -> None:
    site.configuration = configuration
    found = token_error(site.tokens())
    assert isinstance(found, AccessError)
    assert words in found.message
    assert site.tokens(token_url=f"{site.server.url}/token").current_grant().token == "token-1"


@pytest.mark.parametrize(
    "answer", [StubResponse(500), StubResponse(503, b"<html>"), None], ids=["500", "503", "none"]
)
def test_a_named_token_url_needs_no_smart_configuration(
    site: TokenSite, answer: StubResponse | None
) -> None:
    def in_trouble(heard: StubRequest) -> StubResponse:
        if heard.path != WELL_KNOWN:
            return site.respond(heard)
        if answer is None:
            raise ConnectionAbortedError
        return answer

    site.server.respond = in_trouble
    assert isinstance(token_error(site.tokens()), TemporaryError)
    assert site.tokens(token_url=f"{site.server.url}/token").current_grant().token == "token-1"


def test_a_named_token_url_outranks_the_servers(site: TokenSite) -> None:
    site.configuration["token_endpoint"] = "https://ehr.example/old"
    tokens = site.tokens(token_url=f"{site.server.url}/token")
    tokens.current_grant()
    tokens.drop_token("token-1")
    tokens.current_grant()
    assert len(site.server.requests_to(WELL_KNOWN)) == 1


def test_a_moved_token_endpoint_is_discovered_again(site: TokenSite) -> None:
    tokens = site.tokens()
    tokens.current_grant()
    site.configuration["token_endpoint"] = f"{site.server.url}/token?moved"
    tokens.drop_token("token-1")
    site.answer = lambda _: StubResponse(404)
    token_error(tokens)
    site.server.respond = lambda heard: (
        site.token() if heard.path == "/token?moved" else TokenSite.respond(site, heard)
    )
    assert tokens.current_grant().url.endswith("?moved")


@pytest.mark.parametrize(
    ("more", "scopes"), [({"scope": "system/Patient.r  a"}, ("system/Patient.r", "a")), ({}, None)]
)
def test_granted_scopes_are_those_in_the_response(
    site: TokenSite, more: dict[str, str], scopes: tuple[str, ...] | None
) -> None:
    site.answer = lambda _: site.token(**more)
    assert site.tokens(scopes=("system/Patient.r",)).current_grant().scopes == scopes


def test_a_repr_contains_no_secret(site: TokenSite) -> None:
    tokens = site.tokens(secret_credential())
    grant = tokens.current_grant()
    shown = repr([tokens, grant, TokenAuth(tokens), secret_credential(), key_credential(), KEYS[0]])
    assert not any(
        secret in shown for secret in (SECRET, grant.token, str(KEYS[0].private_jwk()["d"]))
    )
