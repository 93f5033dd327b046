"""Checks the access to a server: private files, our certificate, the token and its scopes."""

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

# Both sides take part in the renewal of our certificate, so the reminder comes early.
RENEWAL = timedelta(days=30)


SCHEDULE_NEEDS = (ScopeNeed("Appointment", Action("s")),)
REPORTED_TYPES = (
    "Organization", "Location", "Patient", "Encounter", "Appointment", "Observation"
)  # fmt: skip
REPORT_NEEDS = tuple(ScopeNeed(resource_type, Action("s")) for resource_type in REPORTED_TYPES)


def check_files(about: str, server: Server, now: datetime) -> Iterator[Finding]:
    """Yield the findings about the files of our credentials."""
    auth = server.auth
    private_files = (
        auth.secret_file,
        auth.key_file,
        server.certificate_key_file or server.certificate_file,
    )
    for path in private_files:
        if path is not None and _is_world_readable(path):
            yield wrong_finding(
                about,
                f"{path}: every user of this machine can read it",
                f"Remove that right: chmod o= {path}",
            )
    if server.certificate_file is not None:
        yield _check_certificate(about, server.certificate_file, now)


def _is_world_readable(path: Path) -> bool:
    # A group may read: a secret often belongs to root, and the service reads it by its group.
    return os.name == "posix" and path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & 0o007)


def _check_certificate(about: str, path: Path, now: datetime) -> Finding:
    until = tls.certificate_file_expiry(path)
    if until is None:
        return wrong_finding(
            about,
            f"our certificate cannot be read from {path}",
            "Name one in PEM as certificate_file.",
        )
    if until - now < RENEWAL:
        return wrong_finding(
            about,
            f"our certificate ends on {until:%Y-%m-%d}",
            "Renew it, and tell the EHR's support.",
        )
    return good_finding(about, f"our certificate is good until {until:%Y-%m-%d}")


def check_tokens(about: str, server: Server, strategy: WriteStrategy) -> Iterator[Finding]:
    """Yield the findings about the token, if the server uses tokens.

    Raises the errors of fhir_client.errors.
    """
    if server.auth.kind not in TOKEN_AUTH_KINDS:
        return
    grant = shared_tokens(server).current_grant()
    yield good_finding(
        about, f"{grant.url} grants tokens, each for {grant.lifetime.total_seconds():.0f} seconds"
    )
    if server.auth.kind is AuthKind.BACKEND_SERVICES:
        yield _check_signing_key(about, server, grant.key_id)
    yield from _check_scopes(about, server, grant.scopes, strategy)


def _check_signing_key(about: str, server: Server, used_id: str) -> Finding:
    keys = read_signing_keys(server)
    newest_id = server.auth.key_id or keys[-1].id
    algorithm = next((key.algorithm for key in keys if key.id == used_id), "")
    others = len(keys) - 1
    also = f"; {others} more {'is' if others == 1 else 'are'} published" if others else ""
    if used_id == newest_id:
        return good_finding(about, f"it accepts the signature of key {used_id} ({algorithm}){also}")
    return wrong_finding(
        about,
        f"it accepts only the older key {used_id}, and not the newest, {newest_id}",
        f"Give it our public keys again: intake keys client jwks --server {server.id}",
    )


def _check_scopes(
    about: str, server: Server, granted: Sequence[str] | None, strategy: WriteStrategy
) -> Iterator[Finding]:
    if granted is None:
        yield unknown_finding(
            about,
            "it does not say which scopes it granted",
            "SMART demands it; ask the EHR's support for them.",
        )
    else:
        yield good_finding(about, f"it granted the scopes {' '.join(granted)}")
    write_needs = (*scope_needs(write_interactions(strategy)), *SCHEDULE_NEEDS)
    undo_needs = scope_needs(undo_interactions(strategy))
    for purpose, needs in (
        ("to write", write_needs),
        ("to undo", undo_needs),
        ("for the nightly report", REPORT_NEEDS),
    ):
        yield from _check_needs(about, server, granted, purpose, needs)


def _check_needs(
    about: str,
    server: Server,
    granted: Sequence[str] | None,
    purpose: str,
    needs: Sequence[ScopeNeed],
) -> Iterator[Finding]:
    requested = server.auth.scopes
    lacking = missing_needs(requested if granted is None else granted, needs)
    unrequested = missing_needs(requested, lacking) if requested else ()
    if unrequested:
        words = f"scopes do not ask for what is needed {purpose}: {_list_needs(unrequested)}"
        yield wrong_finding(
            about, words, f"Add them to scopes in [servers.{server.id}] in intake.toml."
        )
    if granted is None:
        return
    if refused := [need for need in lacking if need not in unrequested]:
        words = f"it does not grant what is needed {purpose}: {_list_needs(refused)}"
        yield wrong_finding(about, words, "Ask the EHR's support to grant the scopes.")
    if not lacking:
        yield good_finding(about, f"they permit everything needed {purpose}")
    # A scope such as Observation.s?category=survey permits some resources of a type only.
    if partial := limited_needs(granted, needs):
        yield unknown_finding(
            about,
            f"they permit only some resources {purpose}: {_list_needs(partial)}",
        )


def _list_needs(needs: Sequence[ScopeNeed]) -> str:
    return ", ".join(str(need) for need in needs)
