"""Delivery behind a real OAuth server: tokens, keys, scopes and secrets."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from fhir_client.auth.credentials import PrivateKeyJwt
from fhir_client.auth.discovery import TokenEndpoint
from intake.app import create_app
from intake.clock import system_clock
from intake.demo.medplum import LaunchError
from intake.demo.node import NodeMissingError
from intake.diagnostics.findings import Verdict
from intake.ehr import client_keys
from intake.ehr.credentials import read_signing_keys, shared_tokens
from intake.settings import Auth, AuthKind
from tests.servers.oauth.guard import TokenGuard
from tests.servers.oauth.process import (
    SCOPES,
    OAuthSite,
    install_packages,
    oauth_server,
    packages_folder,
)
from tests.servers.oauth.protected_outbox import ProtectedOutbox
from tests.support.outbox import Outbox
from tests.support.prerequisites import skip_or_fail

pytestmark = pytest.mark.server
SECRET = "s3cret that stays & secret"


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the OAuth server's packages."""
    try:
        return install_packages(packages_folder(tmp_path_factory.mktemp("oauth")))
    except (NodeMissingError, LaunchError) as fault:
        skip_or_fail(str(fault))


Start = Callable[..., ProtectedOutbox]


class QuietHandler(WSGIRequestHandler):
    def log(self, *_: object, **__: object) -> None:
        """Log nothing."""


@pytest.fixture
def behind(outbox: Outbox, packages: Path, tmp_path: Path) -> Iterator[Start]:
    """Start an OAuth server that knows our keys, or `client`.

    The outbox's FHIR server then accepts only its tokens.
    """
    with ExitStack() as stack:

        def start(
            algorithm: str = "ES384",
            client: dict[str, Any] | None = None,
            methods: tuple[str, ...] = (),
            limit: str = "",
            **site: Any,
        ) -> ProtectedOutbox:
            kind = AuthKind.CLIENT_SECRET if methods else AuthKind.BACKEND_SERVICES
            secret, key = tmp_path / "secret", tmp_path / "client.json"
            auth = Auth(kind, "", secret, "intake", key, "", algorithm, "", SCOPES)
            server = replace(outbox.server, auth=auth)
            outbox.settings = replace(outbox.settings, servers={"main": server})
            client_keys.create_key_file(server, algorithm)
            registration = {
                "jwks": client_keys.public_key_set([server]),
                "token_endpoint_auth_method": "private_key_jwt",
            }
            oauth_site = OAuthSite(
                (
                    {
                        "client_id": "intake",
                        **(client or registration),
                        **({"scope": limit} if limit else {}),
                    },
                ),
                **site,
            )
            oauth = stack.enter_context(oauth_server(packages, tmp_path, oauth_site))
            configuration = {
                "token_endpoint": oauth.token_url,
                "token_endpoint_auth_methods_supported": list(methods),
            }
            outbox.proxy.default_fault = guard = TokenGuard(oauth.read_public_keys(), configuration)
            return ProtectedOutbox(outbox, oauth, guard)

        yield start


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_the_first_token_leads_to_a_verified_submission(
    behind: Start, algorithm: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site = behind(algorithm)
    site.deliver_new()
    site.deliver_new()
    assert (len(site.guard.accepted_tokens), site.guard.refused_count) == (1, 0)
    [key] = read_signing_keys(site.server)
    assert (key.algorithm, site.server.auth.token_url) == (algorithm, "")
    assert site.guard.accepted_tokens[0] not in caplog.text


def test_expiring_tokens_interrupt_nothing(behind: Start) -> None:
    site = behind(life=1)
    while len(site.guard.accepted_tokens) < 3:
        site.deliver_new()


def test_a_revoked_token_is_replaced_once_and_nothing_is_lost(behind: Start) -> None:
    site = behind()
    site.deliver_new()
    site.revoke_tokens()
    site.deliver_new()
    assert (len(site.guard.accepted_tokens), site.guard.refused_count) == (2, 1)


def test_a_server_that_accepts_no_token_is_paused(
    behind: Start,
) -> None:
    site = behind()
    site.guard.advance_clock(hours=1)
    assert "401" in site.hold_back()
    assert site.guard.refused_count == 2


def test_an_assertion_is_accepted_once(behind: Start) -> None:
    site = behind()
    credential = PrivateKeyJwt("intake", lambda: read_signing_keys(site.server))
    endpoint = TokenEndpoint(site.oauth.token_url)
    [proof] = credential.client_proofs(endpoint, system_clock())
    form = {"grant_type": "client_credentials", **proof.form}
    answers = [site.oauth.session.post(endpoint.url, form, timeout=5) for _ in range(2)]
    assert [response.status_code for response in answers] == [200, 401]
    site.deliver_new()


def test_a_scope_we_may_not_request_pauses_the_server_until_it_is_granted(
    behind: Start,
) -> None:
    site = behind(scopes=(*SCOPES, "system/Group.r"), limit=" ".join(SCOPES))
    site.configure(scopes=(*SCOPES, "system/Group.r"))
    assert (
        "invalid_scope: it does not grant the scopes that we ask for; compare scopes"
        in site.hold_back()
    )
    site.configure(scopes=SCOPES)
    site.outbox.clock.advance(minutes=2)
    site.deliver_new()


def test_missing_scopes_pause_the_server_and_the_check_names_them(
    behind: Start,
) -> None:
    site = behind(
        grants=("system/Patient.rs", "system/QuestionnaireResponse.crs", "system/Observation.crs")
    )
    site.configure(
        scopes=(
            "system/Patient.rs",
            "system/Patient.u",
            "system/QuestionnaireResponse.crs",
            "system/Observation.crs",
        )
    )
    assert "403: it does not let us in; check credentials and scopes" in site.hold_back()
    wrong = [finding.words for finding in site.findings() if finding.verdict is Verdict.WRONG]
    assert any(
        "no transaction: our scopes do not permit to create Provenance, search Provenance" in words
        for words in wrong
    )
    assert "scopes do not ask for what is needed to write: search Appointment" in wrong
    assert "it does not grant what is needed to write: update Patient" in wrong
    assert (
        "scopes do not ask for what is needed to undo: update QuestionnaireResponse,"
        " update Observation" in wrong
    )


def test_a_key_that_the_server_does_not_know_yet_interrupts_nothing(behind: Start) -> None:
    site = behind()
    site.deliver_new()
    [old] = read_signing_keys(site.server)
    new = client_keys.rotate_key(site.server, "RS384")
    site.revoke_tokens()
    site.deliver_new()
    assert shared_tokens(site.server).current_grant().key_id == old.id
    wrong = [finding.words for finding in site.findings() if finding.verdict is Verdict.WRONG]
    assert wrong == [
        f"it takes only what the older key {old.id} signs, and not the newest, {new.id}"
    ]


def test_a_server_that_fetches_our_keys_accepts_each_new_one(behind: Start, outbox: Outbox) -> None:
    def app(*wsgi: Any) -> Any:
        # The settings are complete only after the OAuth server has started, and that server has to
        # know this address.
        return create_app(outbox.settings, outbox.database)(*wsgi)

    pages = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = Thread(target=pages.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        uri = f"http://127.0.0.1:{pages.port}/.well-known/jwks.json"
        site = behind(client={"jwks_uri": uri, "token_endpoint_auth_method": "private_key_jwt"})
        site.deliver_new()
        [old] = read_signing_keys(site.server)
        new = client_keys.rotate_key(site.server, "ES384")
        site.revoke_tokens()
        site.deliver_new()
        # The OAuth server caches the fetched keys for a minute.
        site.oauth.set_clock_ahead(61)
        site.revoke_tokens()
        client_keys.remove_key(site.server, old.id)
        site.deliver_new()
        assert shared_tokens(site.server).current_grant().key_id == new.id
    finally:
        pages.shutdown()
        thread.join()
        pages.server_close()


def test_clocks_that_are_far_apart_are_named(behind: Start) -> None:
    site = behind()
    site.oauth.set_clock_ahead(600)
    words = site.hold_back()
    assert (
        "(invalid_client); check client_id, our public keys as the EHR has them, and both clocks."
        in words
    )
    assert "seconds apart" in words


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_corrected_client_secret_is_read_from_its_file(
    behind: Start, method: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "secret").write_text("wrong\n", "utf-8")
    site = behind(
        client={"client_secret": SECRET, "token_endpoint_auth_method": method}, methods=(method,)
    )
    words = site.hold_back()
    assert "check client_id and the secret" in words
    (tmp_path / "secret").write_text(f"{SECRET}\n", "utf-8")
    site.outbox.clock.advance(minutes=2)
    site.deliver_new()
    assert SECRET not in caplog.text + words + repr(shared_tokens(site.server))


def test_the_check_shows_how_the_server_authenticates_us(behind: Start) -> None:
    site = behind("RS384")
    findings = site.findings()
    assert [finding for finding in findings if finding.verdict is Verdict.WRONG] == []
    words = "\n".join(finding.words for finding in findings)
    [key] = read_signing_keys(site.server)
    assert f"{site.oauth.token_url} gives us tokens, each for 300 seconds" in words
    assert f"it takes what key {key.id} signs (RS384)" in words
    assert f"it granted the scopes {' '.join(SCOPES)}" in words
    assert "they permit all that is needed to write" in words
    assert "they permit all that is needed for the nightly report" in words
    assert json.loads(site.server.auth.key_file.read_text("utf-8"))["keys"][0]["kid"] == key.id  # type: ignore[union-attr]
