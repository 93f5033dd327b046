"""How the server lets us in: files that not everybody may read, our own certificate, the token, and what its scopes permit."""

import os
import stat
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from fhir_client.auth.scopes import Action, ScopeNeed, limited_needs, missing_needs
from fhir_client.transport import tls
from fhir_client.write.strategy import (
    WriteStrategy,
    scope_needs,
    undo_interactions,
    write_interactions,
)
from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.ehr.credentials import TOKEN_AUTH_KINDS, read_signing_keys, shared_tokens
from intake.settings import AuthKind, Server

RENEWAL = timedelta(days=30)
"""How long before its end our own certificate is told: to renew it takes both sides."""


def _needs(**kinds: str) -> tuple[ScopeNeed, ...]:
    return tuple(
        ScopeNeed(kind, Action(letter)) for kind, letters in kinds.items() for letter in letters
    )


SCHEDULE = _needs(Appointment="s")
"""What is read whatever is written."""
REPORT = _needs(
    Organization="s", Location="s", Patient="s", Encounter="s", Appointment="s", Observation="s"
)
"""What the nightly report searches."""


def check_files(about: str, server: Server, now: datetime) -> Iterator[Finding]:
    """Yield what is found of the files with which the server knows us."""
    auth = server.auth
    private = (
        auth.secret_file,
        auth.key_file,
        server.certificate_key_file or server.certificate_file,
    )
    for path in private:
        if path is not None and _others_read(path):
            yield wrong_finding(
                about,
                f"{path}: everybody on this machine can read it",
                f"Take their right away: chmod o= {path}",
            )
    if server.certificate_file is not None:
        yield _certificate(about, server.certificate_file, now)


def _others_read(path: Path) -> bool:
    # A group may: secrets often belong to root and are lent to the service through its group.
    return os.name == "posix" and path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & 0o007)


def _certificate(about: str, path: Path, now: datetime) -> Finding:
    until = tls.certificate_file_expiry(path)
    if until is None:
        return wrong_finding(
            about,
            f"the certificate that we show cannot be read from {path}",
            "Name one in PEM as certificate_file.",
        )
    if until - now < RENEWAL:
        return wrong_finding(
            about,
            f"the certificate that we show ends on {until:%Y-%m-%d}",
            "Have it renewed, and tell the EHR's support.",
        )
    return good_finding(about, f"the certificate that we show is good until {until:%Y-%m-%d}")


def check_tokens(about: str, server: Server, strategy: WriteStrategy) -> Iterator[Finding]:
    """Yield what the token endpoint gives us, if the server has one; raises the errors of fhir_client.errors."""
    if server.auth.kind not in TOKEN_AUTH_KINDS:
        return
    grant = shared_tokens(server).current_grant()
    yield good_finding(
        about, f"{grant.url} gives us tokens, each for {grant.lifetime.total_seconds():.0f} seconds"
    )
    if server.auth.kind is AuthKind.BACKEND_SERVICES:
        yield _signed(about, server, grant.key_id)
    yield from _scopes(about, server, grant.scopes, strategy)


def _signed(about: str, server: Server, by: str) -> Finding:
    held = read_signing_keys(server)
    newest = server.auth.key_id or held[-1].id
    algorithm = next((key.algorithm for key in held if key.id == by), "")
    others = len(held) - 1
    also = f"; {others} more {'is' if others == 1 else 'are'} published" if others else ""
    if by == newest:
        return good_finding(about, f"it takes what key {by} signs ({algorithm}){also}")
    return wrong_finding(
        about,
        f"it takes only what the older key {by} signs, and not the newest, {newest}",
        f"Hand it our public keys again: intake keys client jwks --server {server.id}",
    )


def _scopes(
    about: str, server: Server, granted: Sequence[str] | None, strategy: WriteStrategy
) -> Iterator[Finding]:
    if granted is None:
        yield unknown_finding(
            about,
            "it does not say which scopes it granted",
            "SMART wants it said; ask the EHR's support for them.",
        )
    else:
        yield good_finding(about, f"it granted the scopes {' '.join(granted)}")
    to_write, to_undo = (
        (*scope_needs(write_interactions(strategy)), *SCHEDULE),
        scope_needs(undo_interactions(strategy)),
    )
    for use, wanted in (
        ("to write", to_write),
        ("to undo", to_undo),
        ("for the nightly report", REPORT),
    ):
        yield from _scopes_for(about, server, granted, use, wanted)


def _scopes_for(
    about: str, server: Server, granted: Sequence[str] | None, use: str, wanted: Sequence[ScopeNeed]
) -> Iterator[Finding]:
    asked = server.auth.scopes
    lacking = missing_needs(asked if granted is None else granted, wanted)
    unasked = missing_needs(asked, lacking) if asked else ()
    if unasked:
        words = f"scopes do not ask for what is needed {use}: {_said(unasked)}"
        yield wrong_finding(
            about, words, f"Add them to scopes in [servers.{server.id}] in intake.toml."
        )
    if granted is None:
        return
    if refused := [need for need in lacking if need not in unasked]:
        words = f"it does not grant what is needed {use}: {_said(refused)}"
        yield wrong_finding(about, words, "Ask the EHR's support to grant the scopes.")
    if not lacking:
        yield good_finding(about, f"they permit all that is needed {use}")
    if partly := limited_needs(granted, wanted):
        yield unknown_finding(
            about,
            f"what is needed {use} is permitted for some resources only, of those to: {_said(partly)}",
        )


def _said(needs: Sequence[ScopeNeed]) -> str:
    return ", ".join(str(need) for need in needs)
