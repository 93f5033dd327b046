"""Tokens against a token endpoint that answers as real ones do, rightly and wrongly; time is moved, not waited for."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from joserfc import jwt

from fhir_client.auth.credentials import ClientSecret, PrivateKeyJwt
from fhir_client.auth.keys import Key, make
from fhir_client.auth.tokens import OAuth, Tokens
from fhir_client.client import Client
from fhir_client.errors import AccessFault, FhirError, ServerFault, Temporary
from tests.listening import Heard, Listening, Said, listening

SECRET = "a: s3cret & more"
KEYS = (make("ES384"), make("ES384"), make("ES384"))
WELL_KNOWN = "/fhir/.well-known/smart-configuration"
HTML = {"Content-Type": "text/html"}


def said(body: dict[str, Any], status: int = 200, **headers: str) -> Said:
    return Said(status, json.dumps(body).encode(), {key.replace("_", "-"): value for key, value in headers.items()})


def refusal(code: str, status: int = 400) -> Said:
    return said({"error": code, "error_description": f"{SECRET} is wrong", "error_uri": SECRET}, status)


@dataclass
class Site:
    """A FHIR server and its token endpoint at one address; what a test changes is answered from then on."""

    server: Listening
    configuration: dict[str, Any] = field(default_factory=dict)
    answer: Callable[[Heard], Said] | None = None
    life: int | str | None = 300
    good: set[str] = field(default_factory=set)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def base(self) -> str:
        return f"{self.server.url}/fhir"

    @property
    def asked(self) -> list[Heard]:
        return self.server.to("/token")

    def respond(self, heard: Heard) -> Said:
        if heard.path == WELL_KNOWN:
            return said(self.configuration) if self.configuration else Said(404)
        if heard.path == "/token":
            return self.answer(heard) if self.answer else self.token()
        known = heard.headers.get("Authorization", "").removeprefix("Bearer ") in self.good
        return said({"resourceType": "Patient", "id": "1"}) if known else Said(401)

    def token(self, **more: Any) -> Said:
        value = f"token-{len(self.asked)}"
        self.good.add(value)
        life = {} if self.life is None else {"expires_in": self.life}
        return said({"access_token": value, "token_type": "bearer", **life, **more})

    def tokens(self, credential: PrivateKeyJwt | ClientSecret | None = None, **changes: Any) -> Tokens:
        return Tokens(self.base, credential or signing(), **{"timeout": 5, "now": lambda: self.now, **changes})


@pytest.fixture
def site() -> Iterator[Site]:
    with listening(lambda _: Said(404)) as server:
        found = Site(server, {"token_endpoint": f"{server.url}/token"})
        server.answer = found.respond
        yield found


def signing(keys: tuple[Key, ...] = KEYS[:1], signer: str = "") -> PrivateKeyJwt:
    return PrivateKeyJwt("intake", lambda: keys, signer)


def knowing(*secret: str) -> ClientSecret:
    return ClientSecret("in:take", lambda: secret[0] if secret else SECRET)


def fault(tokens: Tokens) -> FhirError:
    with pytest.raises(FhirError) as caught:
        tokens.grant()
    assert SECRET not in caught.value.words
    assert caught.value.words.endswith(".")
    return caught.value


def test_the_assertion_says_what_smart_asks(site: Site) -> None:
    tokens = site.tokens(scopes=("system/Patient.rs", "system/Patient.u"))
    tokens.grant()
    site.now += timedelta(hours=1)
    tokens.grant()
    first, second = (jwt.decode(each.form["client_assertion"], KEYS[0].pair, algorithms=["ES384"]) for each in site.asked)
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


@pytest.mark.parametrize(("life", "used"), [(300, 270), ("300", 270), (60, 48), (5, 4), (None, 270), ("soon", 270)])
def test_a_token_is_used_until_shortly_before_its_end(site: Site, life: int | str | None, used: int) -> None:
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


def test_threads_that_waited_for_a_fetch_share_its_failure(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
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
        (refusal("invalid_client", 401), AccessFault, r"does not know us \(invalid_client\); check client_id, our public keys"),
        (refusal("unauthorized_client"), AccessFault, "does not know us"),
        (refusal("invalid_scope"), AccessFault, "does not grant the scopes that we ask for; compare scopes"),
        (refusal("unsupported_grant_type"), AccessFault, "gives no tokens to systems"),
        (refusal("invalid_request"), AccessFault, "check token_url and auth"),
        (refusal("a_code_of_its_own"), AccessFault, "answered 400: there is none, or it refuses us; check token_url"),
        (refusal("temporarily_unavailable"), Temporary, "try again later"),
        (Said(401, b"<html>sign in", HTML), AccessFault, "answered 401; check client_id"),
        (Said(403, b""), AccessFault, "answered 403; check client_id"),
        (Said(404, b"<html>", HTML), AccessFault, "check token_url"),
        (Said(405, b""), AccessFault, "check token_url"),
        (Said(302, b"", {"Location": "https://elsewhere.example/login"}), AccessFault, "has moved; check token_url"),
        (Said(200, b"<html>Please sign in", HTML), AccessFault, "no token in what the token endpoint answers"),
        (Said(200, b"  <!doctype html>"), AccessFault, "no token"),
        (Said(200, b'{"access_token": "abc', {}), Temporary, "cut off"),
        (Said(200, b""), Temporary, "cut off"),
        (said({"token_type": "bearer"}), AccessFault, "no token"),
        (said({"access_token": "abc", "token_type": "dpop"}), AccessFault, "no token"),
        (said({"access_token": "two\nlines", "token_type": "Bearer"}), AccessFault, "no token"),
        *[(Said(status, b"<html>oops", HTML), Temporary, "try again later") for status in (408, 429, 500, 502, 503, 504)],
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


@pytest.mark.parametrize(("off", "words"), [(600, "Its clock and ours are 600 seconds apart."), (30, "")])
def test_a_clock_that_explains_a_refusal_is_named(site: Site, off: int, words: str) -> None:
    site.now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    theirs = format_datetime(site.now + timedelta(seconds=off), usegmt=True)
    site.answer = lambda _: said({"error": "invalid_client"}, 401, Date=theirs)
    assert fault(site.tokens()).words.endswith(words or "both clocks.")


def test_a_clock_is_named_only_where_it_could_be_the_reason(site: Site) -> None:
    site.now = datetime.now(UTC) - timedelta(hours=1)
    site.answer = lambda _: refusal("invalid_scope")
    assert "apart" not in fault(site.tokens()).words


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
def test_a_secret_goes_where_the_server_wants_it(site: Site, methods: list[str] | None, posted: bool) -> None:
    if methods is not None:
        site.configuration["token_endpoint_auth_methods_supported"] = methods
    site.tokens(knowing()).grant()
    [heard] = site.asked
    if posted:
        assert (heard.form["client_id"], heard.form["client_secret"]) == ("in:take", SECRET)
        assert "Authorization" not in heard.headers
        return
    # RFC 6749, 2.3.1: both are encoded as in a form first, so that a colon in them does no harm.
    pair = base64.b64decode(heard.headers["Authorization"].removeprefix("Basic ")).decode()
    assert pair == "in%3Atake:a%3A+s3cret+%26+more"
    assert heard.form == {"grant_type": "client_credentials"}


def test_a_secret_is_read_again_for_each_token(site: Site) -> None:
    held = ["old"]
    tokens = site.tokens(ClientSecret("intake", lambda: held[0]))
    tokens.grant()
    held[0] = "new"
    tokens.drop("token-1")
    tokens.grant()
    sent = [base64.b64decode(each.headers["Authorization"].removeprefix("Basic ")).decode() for each in site.asked]
    assert sent == ["intake:old", "intake:new"]


def test_the_newest_key_signs_and_the_one_before_where_it_is_not_known_yet(site: Site) -> None:
    def only_the_second(heard: Heard) -> Said:
        kid = jwt.decode(heard.form["client_assertion"], key_of, algorithms=["ES384"]).header["kid"]
        return site.token() if kid == KEYS[1].id else refusal("invalid_client", 401)

    site.answer = only_the_second
    assert site.tokens(signing(KEYS)).grant().key_id == KEYS[1].id
    assert len(site.asked) == 2
    site.answer = None
    assert site.tokens(signing(KEYS)).grant().key_id == KEYS[2].id


def key_of(signed: Any) -> Any:
    return next(key.pair for key in KEYS if key.id == signed.headers()["kid"])


def test_two_keys_are_shown_and_no_more(site: Site) -> None:
    site.answer = lambda _: refusal("invalid_client", 401)
    fault(site.tokens(signing(KEYS)))
    assert len(site.asked) == 2


def test_a_key_that_the_site_names_signs_alone(site: Site) -> None:
    assert site.tokens(signing(KEYS, KEYS[0].id)).grant().key_id == KEYS[0].id
    assert "There is no key other in the key file" in fault(site.tokens(signing(KEYS, "other"))).words
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
def test_a_server_that_does_not_say_where_its_tokens_are(site: Site, configuration: dict[str, Any], words: str) -> None:
    site.configuration = configuration
    found = fault(site.tokens())
    assert isinstance(found, AccessFault)
    assert words in found.words
    assert site.tokens(token_url=f"{site.server.url}/token").grant().token == "token-1"


def test_what_the_site_names_goes_before_what_the_server_says(site: Site) -> None:
    site.configuration["token_endpoint"] = "https://ehr.example/old"
    tokens = site.tokens(token_url=f"{site.server.url}/token")
    tokens.grant()
    tokens.drop("token-1")
    tokens.grant()
    assert len(site.server.to(WELL_KNOWN)) == 1


def test_an_endpoint_that_moves_is_found_again(site: Site) -> None:
    tokens = site.tokens()
    tokens.grant()
    site.configuration["token_endpoint"] = f"{site.server.url}/token?moved"
    tokens.drop("token-1")
    site.answer = lambda _: Said(404)
    fault(tokens)
    site.server.answer = lambda heard: site.token() if heard.path == "/token?moved" else Site.respond(site, heard)
    assert tokens.grant().url.endswith("?moved")


@pytest.mark.parametrize(("more", "scopes"), [({"scope": "system/Patient.r  a"}, ("system/Patient.r", "a")), ({}, None)])
def test_granted_scopes_are_those_that_were_said(site: Site, more: dict[str, str], scopes: tuple[str, ...] | None) -> None:
    site.answer = lambda _: site.token(**more)
    assert site.tokens(scopes=("system/Patient.r",)).grant().scopes == scopes


def test_nothing_secret_is_in_a_representation(site: Site) -> None:
    tokens = site.tokens(knowing())
    grant = tokens.grant()
    shown = repr([tokens, grant, OAuth(tokens), knowing(), signing(), KEYS[0]])
    assert not any(each in shown for each in (SECRET, grant.token, str(KEYS[0].private()["d"])))
