"""What a server's `.well-known/smart-configuration` means for us: how it lets programs in, and by which words it permits."""

import re
from collections.abc import Iterator

from fhir_client.auth.discovery import Smart, smart
from intake.settings import AuthKind, Server
from intake.sync.access import WITH_TOKENS, keys_of, tls_for
from intake.sync.probe.findings import Finding, good, unknown, wrong

METHODS = {
    AuthKind.BACKEND_SERVICES: frozenset({"private_key_jwt"}),
    AuthKind.CLIENT_SECRET: frozenset({"client_secret_basic", "client_secret_post"}),
}
_SECOND = re.compile(r"system/[^.]+\.c?r?u?d?s?(\?.*)?")


def ways_in(about: str, server: Server) -> Iterator[Finding]:
    """Yield what it says and whether it fits our way in; raises the errors of fhir_client.errors."""
    said = smart(server.base_url, server.timeout.total_seconds(), tls_for(server))
    with_tokens = server.auth.kind in WITH_TOKENS
    if said is None:
        if with_tokens:
            yield unknown(
                about,
                "it has no smart-configuration, so how it lets programs in is not known before it does",
            )
        return
    if not with_tokens:
        words = f"it has a smart-configuration, so that it may want more than auth = '{server.auth.kind}'"
        yield unknown(about, words, "config/deploy/ehr-access.md has what to agree with the EHR.")
        return
    faults = tuple(_faults(said, server))
    for words in faults:
        yield wrong(
            about,
            words,
            f"Compare auth in [servers.{server.id}] in intake.toml with what the EHR registered.",
        )
    if not faults:
        yield good(about, "its smart-configuration offers the way in that we use")
    if unlisted := sorted(set(server.auth.scopes) - said.scopes) if said.scopes else []:
        yield unknown(
            about,
            f"its list of scopes, which need not be whole, does not have {' '.join(unlisted)}",
        )


def _faults(said: Smart, server: Server) -> Iterator[str]:
    if said.grants and "client_credentials" not in said.grants:
        yield "its smart-configuration offers no client_credentials, by which a program gets a token for itself"
    methods = METHODS[server.auth.kind]
    if said.methods and not said.methods & methods:
        yield f"its smart-configuration offers neither of {', '.join(sorted(methods))} at its token endpoint"
    if server.auth.kind is AuthKind.BACKEND_SERVICES and said.algorithms:
        ours = {key.algorithm for key in keys_of(server)}
        if not ours & said.algorithms:
            yield f"it takes no signature of {', '.join(sorted(ours))}, but of {', '.join(sorted(said.algorithms))}"
    versions = said.capabilities & {"permission-v1", "permission-v2"}
    if versions == {"permission-v1"} and any(map(_SECOND.fullmatch, server.auth.scopes)):
        yield "it knows SMART's first syntax of scopes alone, such as system/Patient.read"
