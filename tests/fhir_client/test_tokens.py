"""Tokens against a token endpoint that answers as real ones do, rightly and wrongly; time is moved, not waited for."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from joserfc import jwt

from fhir_client.auth.tokens import OAuth
from fhir_client.client import Client
from fhir_client.errors import AccessFault, FhirError, ServerFault, Temporary
from tests.fhir_client.tokens import HTML, KEYS, Site, fault, refusal, said
from tests.listening import Heard, Said


def test_the_assertion_says_what_smart_asks(site: Site) -> None:
    tokens = site.tokens(scopes=("system/Patient.rs", "system/Patient.u"))
    tokens.grant()
    site.now += timedelta(hours=1)
    tokens.grant()
    first, second = (
        jwt.decode(each.form["client_assertion"], KEYS[0].pair, algorithms=["ES384"])
        for each in site.asked
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
    site: Site, life: int | str | None, used: int
) -> None:
    site.life = life
    tokens, began = site.tokens(), site.now
    for after, fetched in ((0, 1), (used - 1, 1), (used, 2)):
        site.now = began + timedelta(seconds=after)
        tokens.grant()
        assert len(site.asked) == fetched


def test_threads_share_one_token_and_one_fetch(site: Site) -> None:
    started = threading.Barrier(8)
    tokens = site.tokens()

    def read(_: int) -> None:
        with Client(site.base, OAuth(tokens), timeout=5) as client:
            started.wait()
            client.read("Patient/1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(8)))
    assert len(site.asked) == 1


class Watched:
    """A lock that tells how many came to it."""

    def __init__(self) -> None:
        self.lock, self.wanted = threading.Lock(), threading.Semaphore(0)

    def __enter__(self) -> None:
        self.wanted.release()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_threads_that_waited_for_a_fetch_share_its_failure(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, lock, all_there = site.tokens(), Watched(), threading.Event()
    monkeypatch.setattr(tokens, "_lock", lock)

    def slow(_: Heard) -> Said:
        all_there.wait(5)
        return Said(503, b"", {"Retry-After": "7"})

    site.answer = slow
    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(tokens.grant) for _ in range(4)]
        assert all(lock.wanted.acquire(timeout=5) for _ in asking)
        all_there.set()
        found = [each.exception() for each in asking]
    assert [type(each) for each in found] == [Temporary] * 4
    assert len(site.asked) == 1
    assert isinstance(fault(tokens), Temporary)
    assert len(site.asked) == 2


def test_a_token_that_is_refused_is_dropped_once_for_all_threads(site: Site) -> None:
    tokens = site.tokens()
    first, second = OAuth(tokens), OAuth(tokens)
    assert first.headers() == second.headers() == {"Authorization": "Bearer token-1"}
    assert first.renew()
    assert first.headers() == {"Authorization": "Bearer token-2"}
    assert second.renew()
    assert second.headers() == {"Authorization": "Bearer token-2"}
    assert len(site.asked) == 2


def test_after_a_401_the_request_goes_once_more_with_a_new_token(site: Site) -> None:
    with Client(site.base, OAuth(site.tokens()), timeout=5) as client:
        client.read("Patient/1")
        site.good.clear()
        assert client.read("Patient/1")["id"] == "1"
        site.good.clear()
        site.answer = lambda _: said({"access_token": "odd", "expires_in": 60})
        with pytest.raises(ServerFault, match="401"):
            client.read("Patient/1")
    assert len(site.server.to("/fhir/Patient/1")) == 1 + 2 + 2


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (
            refusal("invalid_client", 401),
            AccessFault,
            r"does not know us \(invalid_client\); check client_id, our public keys",
        ),
        (refusal("unauthorized_client"), AccessFault, "does not know us"),
        (
            refusal("invalid_scope"),
            AccessFault,
            "does not grant the scopes that we ask for; compare scopes",
        ),
        (refusal("unsupported_grant_type"), AccessFault, "gives no tokens to systems"),
        (refusal("invalid_request"), AccessFault, "check token_url and auth"),
        (
            refusal("a_code_of_its_own"),
            AccessFault,
            "answered 400: there is none, or it refuses us; check token_url",
        ),
        (refusal("temporarily_unavailable"), Temporary, "try again later"),
        (Said(401, b"<html>sign in", HTML), AccessFault, "answered 401; check client_id"),
        (Said(403, b""), AccessFault, "answered 403; check client_id"),
        (Said(404, b"<html>", HTML), AccessFault, "check token_url"),
        (Said(405, b""), AccessFault, "check token_url"),
        (
            Said(302, b"", {"Location": "https://elsewhere.example/login"}),
            AccessFault,
            "has moved; check token_url",
        ),
        (
            Said(200, b"<html>Please sign in", HTML),
            AccessFault,
            "no token in what the token endpoint answers",
        ),
        (Said(200, b"  <!doctype html>"), AccessFault, "no token"),
        (Said(200, b'{"access_token": "abc', {}), Temporary, "cut off"),
        (Said(200, b""), Temporary, "cut off"),
        (said({"token_type": "bearer"}), AccessFault, "no token"),
        (said({"access_token": "abc", "token_type": "dpop"}), AccessFault, "no token"),
        (said({"access_token": "two\nlines", "token_type": "Bearer"}), AccessFault, "no token"),
        *[
            (Said(status, b"<html>oops", HTML), Temporary, "try again later")
            for status in (408, 429, 500, 502, 503, 504)
        ],
    ],
)
def test_why_there_is_no_token_is_said_for_what_to_do_next(
    site: Site, answer: Said, expected: type[FhirError], words: str
) -> None:
    site.answer = lambda _: answer
    found = fault(site.tokens())
    assert isinstance(found, expected)
    assert re.search(words, found.words), found.words


def test_a_token_endpoint_in_trouble_says_how_long(site: Site) -> None:
    site.answer = lambda _: Said(503, b"", {"Retry-After": "120"})
    found = fault(site.tokens())
    assert isinstance(found, Temporary)
    assert found.retry_after == timedelta(minutes=2)


def test_nobody_at_the_token_endpoint_is_temporary(site: Site) -> None:
    site.configuration["token_endpoint"] = "http://127.0.0.1:9/token"
    assert type(fault(site.tokens())) is Temporary


@pytest.mark.parametrize(
    ("off", "words"), [(600, "Its clock and ours are 600 seconds apart."), (30, "")]
)
def test_a_clock_that_explains_a_refusal_is_named(site: Site, off: int, words: str) -> None:
    site.now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    theirs = format_datetime(site.now + timedelta(seconds=off), usegmt=True)
    site.answer = lambda _: said({"error": "invalid_client"}, 401, Date=theirs)
    assert fault(site.tokens()).words.endswith(words or "both clocks.")


def test_a_clock_is_named_only_where_it_could_be_the_reason(site: Site) -> None:
    site.now = datetime.now(UTC) - timedelta(hours=1)
    site.answer = lambda _: refusal("invalid_scope")
    assert "apart" not in fault(site.tokens()).words
