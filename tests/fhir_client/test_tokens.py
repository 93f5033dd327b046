"""Tokens from an endpoint that answers as real ones do; the clock is moved by hand."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from joserfc import jwt

from fhir_client.auth.tokens import TokenAuth
from fhir_client.client import FhirClient
from fhir_client.errors import AccessError, FhirError, ServerError, TemporaryError
from tests.support.stub_server import StubRequest, StubResponse
from tests.support.token_endpoint import (
    HTML,
    KEYS,
    TokenSite,
    json_answer,
    oauth_refusal,
    token_error,
)


def test_the_assertion_has_the_claims_of_smart(site: TokenSite) -> None:
    tokens = site.tokens(scopes=("system/Patient.rs", "system/Patient.u"))
    tokens.current_grant()
    site.now += timedelta(hours=1)
    tokens.current_grant()
    first, second = (
        jwt.decode(request.form["client_assertion"], KEYS[0].pair, algorithms=["ES384"])
        for request in site.asked
    )
    assert first.header == {"typ": "JWT", "alg": "ES384", "kid": KEYS[0].id}
    assert first.claims["iss"] == first.claims["sub"] == "intake"
    assert first.claims["aud"] == f"{site.server.url}/token"
    left = first.claims["exp"] - (site.now - timedelta(hours=1)).timestamp()
    assert 60 < left <= 300
    assert first.claims["jti"] != second.claims["jti"]
    form = {key: value for key, value in site.asked[0].form.items() if key != "client_assertion"}
    assert form == {
        "grant_type": "client_credentials",
        "scope": "system/Patient.rs system/Patient.u",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }


@pytest.mark.parametrize(
    ("life", "used"), [(300, 270), ("300", 270), (60, 48), (5, 4), (None, 270), ("soon", 270)]
)
def test_a_token_is_used_until_shortly_before_its_end(
    site: TokenSite, life: int | str | None, used: int
) -> None:
    site.life = life
    tokens, began = site.tokens(), site.now
    for after, fetched in ((0, 1), (used - 1, 1), (used, 2)):
        site.now = began + timedelta(seconds=after)
        tokens.current_grant()
        assert len(site.asked) == fetched


def test_threads_share_one_token_and_one_fetch(site: TokenSite) -> None:
    started = threading.Barrier(8)
    tokens = site.tokens()

    def read(_: int) -> None:
        with FhirClient(site.base, TokenAuth(tokens), timeout=5) as client:
            started.wait()
            client.read("Patient/1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(8)))
    assert len(site.asked) == 1


class CountingLock:
    """A lock that counts the threads that want it."""

    def __init__(self) -> None:
        self.lock, self.wanted = threading.Lock(), threading.Semaphore(0)

    def __enter__(self) -> None:
        self.wanted.release()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_threads_that_waited_for_a_fetch_share_its_failure(
    site: TokenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, lock, all_there = site.tokens(), CountingLock(), threading.Event()
    monkeypatch.setattr(tokens, "_lock", lock)

    def slow(_: StubRequest) -> StubResponse:
        all_there.wait(5)
        return StubResponse(503, b"", {"Retry-After": "7"})

    site.answer = slow
    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(tokens.current_grant) for _ in range(4)]
        assert all(lock.wanted.acquire(timeout=5) for _ in asking)
        all_there.set()
        found = [future.exception() for future in asking]
    assert [type(error) for error in found] == [TemporaryError] * 4
    assert len(site.asked) == 1
    assert isinstance(token_error(tokens), TemporaryError)
    assert len(site.asked) == 2


def test_a_refused_token_is_dropped_once_for_all_threads(site: TokenSite) -> None:
    tokens = site.tokens()
    first, second = TokenAuth(tokens), TokenAuth(tokens)
    assert first.headers() == second.headers() == {"Authorization": "Bearer token-1"}
    assert first.renew()
    assert first.headers() == {"Authorization": "Bearer token-2"}
    assert second.renew()
    assert second.headers() == {"Authorization": "Bearer token-2"}
    assert len(site.asked) == 2


def test_after_a_401_a_request_is_repeated_with_a_new_token(site: TokenSite) -> None:
    with FhirClient(site.base, TokenAuth(site.tokens()), timeout=5) as client:
        client.read("Patient/1")
        site.good.clear()
        assert client.read("Patient/1")["id"] == "1"
        site.good.clear()
        site.answer = lambda _: json_answer({"access_token": "odd", "expires_in": 60})
        with pytest.raises(ServerError, match="401"):
            client.read("Patient/1")
    assert len(site.server.requests_to("/fhir/Patient/1")) == 1 + 2 + 2


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (
            oauth_refusal("invalid_client", 401),
            AccessError,
            r"does not know us \(invalid_client\); check client_id, our public keys",
        ),
        (oauth_refusal("unauthorized_client"), AccessError, "does not know us"),
        (
            oauth_refusal("invalid_scope"),
            AccessError,
            "does not grant the scopes that we ask for; compare scopes",
        ),
        (oauth_refusal("unsupported_grant_type"), AccessError, "gives no tokens to systems"),
        (oauth_refusal("invalid_request"), AccessError, "check token_url and auth"),
        (
            oauth_refusal("a_code_of_its_own"),
            AccessError,
            "answered 400: there is none, or it refuses us; check token_url",
        ),
        (oauth_refusal("temporarily_unavailable"), TemporaryError, "try again later"),
        (StubResponse(401, b"<html>sign in", HTML), AccessError, "answered 401; check client_id"),
        (StubResponse(403, b""), AccessError, "answered 403; check client_id"),
        (StubResponse(404, b"<html>", HTML), AccessError, "check token_url"),
        (StubResponse(405, b""), AccessError, "check token_url"),
        (
            StubResponse(302, b"", {"Location": "https://elsewhere.example/login"}),
            AccessError,
            "has moved; check token_url",
        ),
        (
            StubResponse(200, b"<html>Please sign in", HTML),
            AccessError,
            "no token in the token endpoint's answer",
        ),
        (StubResponse(200, b"  <!doctype html>"), AccessError, "no token"),
        (StubResponse(200, b'{"access_token": "abc', {}), TemporaryError, "cut off"),
        (StubResponse(200, b""), TemporaryError, "cut off"),
        (json_answer({"token_type": "bearer"}), AccessError, "no token"),
        (json_answer({"access_token": "abc", "token_type": "dpop"}), AccessError, "no token"),
        (
            json_answer({"access_token": "two\nlines", "token_type": "Bearer"}),
            AccessError,
            "no token",
        ),
        *[
            (StubResponse(status, b"<html>oops", HTML), TemporaryError, "try again later")
            for status in (408, 429, 500, 502, 503, 504)
        ],
    ],
)
def test_a_missing_token_raises_the_error_for_the_next_step(
    site: TokenSite, answer: StubResponse, expected: type[FhirError], words: str
) -> None:
    site.answer = lambda _: answer
    found = token_error(site.tokens())
    assert isinstance(found, expected)
    assert re.search(words, found.message), found.message


def test_a_token_endpoint_in_trouble_names_the_wait(site: TokenSite) -> None:
    site.answer = lambda _: StubResponse(503, b"", {"Retry-After": "120"})
    found = token_error(site.tokens())
    assert isinstance(found, TemporaryError)
    assert found.retry_after == timedelta(minutes=2)


def test_an_unreachable_token_endpoint_is_temporary(site: TokenSite) -> None:
    site.configuration["token_endpoint"] = "http://127.0.0.1:9/token"
    assert type(token_error(site.tokens())) is TemporaryError


@pytest.mark.parametrize(
    ("off", "words"), [(600, "Its clock and ours are 600 seconds apart."), (30, "")]
)
def test_a_clock_that_explains_a_refusal_is_named(site: TokenSite, off: int, words: str) -> None:
    site.now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    theirs = format_datetime(site.now + timedelta(seconds=off), usegmt=True)
    site.answer = lambda _: json_answer({"error": "invalid_client"}, 401, Date=theirs)
    assert token_error(site.tokens()).message.endswith(words or "both clocks.")


def test_a_clock_is_named_only_where_it_could_be_the_reason(site: TokenSite) -> None:
    site.now = datetime.now(UTC) - timedelta(hours=1)
    site.answer = lambda _: oauth_refusal("invalid_scope")
    assert "apart" not in token_error(site.tokens()).message
