"""What a server's `.well-known/smart-configuration` means for us: how it lets programs in, and by which words it permits."""

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
_SECOND = re.compile(r"system/[^.]+\.c?r?u?d?s?(\?.*)?")


def check_smart_configuration(about: str, server: Server) -> Iterator[Finding]:
    """Yield what it says and whether it fits our way in; raises the errors of fhir_client.errors."""
    said = read_smart_configuration(
        server.base_url, server.timeout.total_seconds(), build_tls(server)
    )
    with_tokens = server.auth.kind in TOKEN_AUTH_KINDS
    if said is None:
        if with_tokens:
            yield unknown_finding(
                about,
                "it has no smart-configuration, so how it lets programs in is not known before it does",
            )
        return
    if not with_tokens:
        words = f"it has a smart-configuration, so that it may want more than auth = '{server.auth.kind}'"
        yield unknown_finding(
            about, words, "config/deploy/ehr-access.md has what to agree with the EHR."
        )
        return
    faults = tuple(_faults(said, server))
    for words in faults:
        yield wrong_finding(
            about,
            words,
            f"Compare auth in [servers.{server.id}] in intake.toml with what the EHR registered.",
        )
    if not faults:
        yield good_finding(about, "its smart-configuration offers the way in that we use")
    if unlisted := sorted(set(server.auth.scopes) - said.scopes) if said.scopes else []:
        yield unknown_finding(
            about,
            f"its list of scopes, which need not be whole, does not have {' '.join(unlisted)}",
        )


def _faults(said: SmartConfiguration, server: Server) -> Iterator[str]:
    if said.grants and "client_credentials" not in said.grants:
        yield "its smart-configuration offers no client_credentials, by which a program gets a token for itself"
    methods = METHODS[server.auth.kind]
    if said.methods and not said.methods & methods:
        yield f"its smart-configuration offers neither of {', '.join(sorted(methods))} at its token endpoint"
    if server.auth.kind is AuthKind.BACKEND_SERVICES and said.algorithms:
        ours = {key.algorithm for key in read_signing_keys(server)}
        if not ours & said.algorithms:
            yield f"it takes no signature of {', '.join(sorted(ours))}, but of {', '.join(sorted(said.algorithms))}"
    versions = said.capabilities & {"permission-v1", "permission-v2"}
    if versions == {"permission-v1"} and any(map(_SECOND.fullmatch, server.auth.scopes)):
        yield "it knows SMART's first syntax of scopes alone, such as system/Patient.read"
