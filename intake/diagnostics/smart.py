"""Checks a server's `.well-known/smart-configuration` against our authentication and scopes."""

import re
from collections.abc import Iterator

from fhir_client.auth.discovery import SmartConfiguration, read_smart_configuration
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.ehr.credentials import TOKEN_AUTH_KINDS, build_tls, read_signing_keys
from intake.settings import AuthKind, Server

METHODS = {
    AuthKind.BACKEND_SERVICES: frozenset({"private_key_jwt"}),
    AuthKind.CLIENT_SECRET: frozenset({"client_secret_basic", "client_secret_post"}),
}
# Scopes in the syntax of SMART 2, such as system/Patient.rs.
_SMART_2_SCOPE = re.compile(r"system/[^.]+\.c?r?u?d?s?(\?.*)?")


def check_smart_configuration(about: str, server: Server) -> Iterator[Finding]:
    """Yield whether the configuration fits ours; raises the errors of fhir_client.errors."""
    configuration = read_smart_configuration(
        server.base_url, server.timeout.total_seconds(), build_tls(server)
    )
    uses_tokens = server.auth.kind in TOKEN_AUTH_KINDS
    if configuration is None:
        if uses_tokens:
            yield unknown_finding(
                about,
                "it has no smart-configuration, so only a token request shows how to authenticate",
            )
        return
    if not uses_tokens:
        words = (
            f"it has a smart-configuration, so it may demand more than auth = '{server.auth.kind}'"
        )
        yield unknown_finding(
            about, words, "config/deploy/ehr-access.md says what to agree with the EHR."
        )
        return
    faults = tuple(_find_faults(configuration, server))
    for words in faults:
        yield wrong_finding(
            about,
            words,
            f"Compare auth in [servers.{server.id}] in intake.toml with what the EHR registered.",
        )
    if not faults:
        yield good_finding(about, "its smart-configuration offers our way to authenticate")
    # The list may be incomplete (SMART App Launch 2, conformance), so a missing scope is no fault.
    if configuration.scopes and (
        unlisted := sorted(set(server.auth.scopes) - configuration.scopes)
    ):
        yield unknown_finding(
            about, f"its list of scopes, which may be incomplete, lacks {' '.join(unlisted)}"
        )


def _find_faults(configuration: SmartConfiguration, server: Server) -> Iterator[str]:
    if configuration.grants and "client_credentials" not in configuration.grants:
        yield "its smart-configuration lacks client_credentials, the grant for a program"
    methods = METHODS[server.auth.kind]
    if configuration.methods and not configuration.methods & methods:
        names = ", ".join(sorted(methods))
        yield f"its token endpoint offers none of {names} by its smart-configuration"
    if server.auth.kind is AuthKind.BACKEND_SERVICES and configuration.algorithms:
        own_algorithms = {key.algorithm for key in read_signing_keys(server)}
        if not own_algorithms & configuration.algorithms:
            accepted = ", ".join(sorted(configuration.algorithms))
            yield f"it accepts no signature by {', '.join(sorted(own_algorithms))}, only {accepted}"
    versions = configuration.capabilities & {"permission-v1", "permission-v2"}
    if versions == {"permission-v1"} and any(map(_SMART_2_SCOPE.fullmatch, server.auth.scopes)):
        yield "it knows only the scope syntax of SMART 1, such as system/Patient.read"
