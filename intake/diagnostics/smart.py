"""Checks a server's `.well-known/smart-configuration` against our authentication."""

import re
from collections.abc import Iterator

from fhir_client.auth.discovery import SmartConfiguration, read_smart_configuration
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.ehr.credentials import TOKEN_AUTH_KINDS, build_tls, read_signing_keys
from intake.settings import AuthKind, Server

AUTH_METHODS = {
    AuthKind.BACKEND_SERVICES: frozenset({"private_key_jwt"}),
    AuthKind.CLIENT_SECRET: frozenset({"client_secret_basic", "client_secret_post"}),
}
# SMART's second syntax of scopes, such as system/Patient.rs (SMART App Launch 2.2, scopes).
_V2_SCOPE = re.compile(r"system/[^.]+\.c?r?u?d?s?(\?.*)?")


def check_smart_configuration(about: str, server: Server) -> Iterator[Finding]:
    """Yield whether the configuration fits our authentication.

    Raises the errors of fhir_client.errors.
    """
    configuration = read_smart_configuration(
        server.base_url, server.timeout.total_seconds(), build_tls(server)
    )
    uses_tokens = server.auth.kind in TOKEN_AUTH_KINDS
    if configuration is None:
        # A server without tokens needs no configuration.
        if uses_tokens:
            yield unknown_finding(
                about,
                "it has no smart-configuration, so only a token request shows how it admits "
                "programs",
            )
        return
    if not uses_tokens:
        words = (
            "it has a smart-configuration, so that it may want more than "
            f"auth = '{server.auth.kind}'"
        )
        yield unknown_finding(
            about, words, "config/deploy/ehr-access.md lists what to agree with the EHR."
        )
        return
    yield from _compare_configuration(about, configuration, server)


def _compare_configuration(
    about: str, configuration: SmartConfiguration, server: Server
) -> Iterator[Finding]:
    faults = tuple(_find_faults(configuration, server))
    for fault in faults:
        yield wrong_finding(
            about,
            fault,
            f"Compare auth in [servers.{server.id}] in intake.toml with the registration at the "
            "EHR.",
        )
    if not faults:
        yield good_finding(about, "its smart-configuration offers our kind of authentication")
    # SMART lets a server list only some of its scopes. An unlisted scope is no fault.
    if configuration.scopes:
        unlisted = sorted(set(server.auth.scopes) - configuration.scopes)
        if unlisted:
            yield unknown_finding(
                about,
                f"its list of scopes, which may be incomplete, does not have {' '.join(unlisted)}",
            )


def _find_faults(configuration: SmartConfiguration, server: Server) -> Iterator[str]:
    if configuration.grants and "client_credentials" not in configuration.grants:
        yield (
            "its smart-configuration offers no client_credentials, the grant by which a program "
            "gets a token for itself"
        )
    methods = AUTH_METHODS[server.auth.kind]
    if configuration.methods and not configuration.methods & methods:
        yield (
            f"its smart-configuration offers neither of {', '.join(sorted(methods))} at its token "
            "endpoint"
        )
    if server.auth.kind is AuthKind.BACKEND_SERVICES and configuration.algorithms:
        our_algorithms = {key.algorithm for key in read_signing_keys(server)}
        if not our_algorithms & configuration.algorithms:
            yield (
                f"it takes no signature of {', '.join(sorted(our_algorithms))}, but of "
                f"{', '.join(sorted(configuration.algorithms))}"
            )
    syntaxes = configuration.capabilities & {"permission-v1", "permission-v2"}
    if syntaxes == {"permission-v1"} and any(map(_V2_SCOPE.fullmatch, server.auth.scopes)):
        yield "it only knows SMART's first syntax of scopes, such as system/Patient.read"
