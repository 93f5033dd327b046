"""Checks how a server admits us: private files, our certificate, the token and its scopes."""

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

RENEWAL_NOTICE = timedelta(days=30)
"""How long before its expiry a check reports our certificate: both sides must act to renew it."""


def _scope_needs(**actions: str) -> tuple[ScopeNeed, ...]:
    return tuple(
        ScopeNeed(resource_type, Action(letter))
        for resource_type, letters in actions.items()
        for letter in letters
    )


SCHEDULE_NEEDS = _scope_needs(Appointment="s")
"""The schedule fetch needs these scopes, whatever the write strategy is."""
REPORT_NEEDS = _scope_needs(
    Organization="s", Location="s", Patient="s", Encounter="s", Appointment="s", Observation="s"
)
"""The nightly report needs these scopes."""


def check_files(about: str, server: Server, now: datetime) -> Iterator[Finding]:
    """Yield the findings about our secret, key and certificate files."""
    auth = server.auth
    private_files = (
        auth.secret_file,
        auth.key_file,
        server.certificate_key_file or server.certificate_file,
    )
    for path in private_files:
        if path is not None and _is_readable_by_others(path):
            yield wrong_finding(
                about,
                f"{path}: every user of this machine can read it",
                f"Remove their access: chmod o= {path}",
            )
    if server.certificate_file is not None:
        yield _check_certificate_file(about, server.certificate_file, now)


def _is_readable_by_others(path: Path) -> bool:
    # The group may read a secret: it often belongs to root, and the service reads it as a member
    # of the file's group.
    return os.name == "posix" and path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & 0o007)


def _check_certificate_file(about: str, path: Path, now: datetime) -> Finding:
    expiry = tls.certificate_file_expiry(path)
    if expiry is None:
        return wrong_finding(
            about,
            f"our client certificate cannot be read from {path}",
            "Name one in PEM as certificate_file.",
        )
    if expiry - now < RENEWAL_NOTICE:
        return wrong_finding(
            about,
            f"our client certificate ends on {expiry:%Y-%m-%d}",
            "Renew it, and inform the EHR's support.",
        )
    return good_finding(about, f"our client certificate is good until {expiry:%Y-%m-%d}")


def check_tokens(about: str, server: Server, strategy: WriteStrategy) -> Iterator[Finding]:
    """Yield the findings about the token endpoint, if the server has one.

    Raises the errors of fhir_client.errors.
    """
    if server.auth.kind not in TOKEN_AUTH_KINDS:
        return
    grant = shared_tokens(server).current_grant()
    yield good_finding(
        about, f"{grant.url} gives us tokens, each for {grant.lifetime.total_seconds():.0f} seconds"
    )
    if server.auth.kind is AuthKind.BACKEND_SERVICES:
        yield _check_signing_key(about, server, grant.key_id)
    yield from _check_scopes(about, server, grant.scopes, strategy)


def _check_signing_key(about: str, server: Server, used_key_id: str) -> Finding:
    keys = read_signing_keys(server)
    newest_id = server.auth.key_id or keys[-1].id
    algorithm = next((key.algorithm for key in keys if key.id == used_key_id), "")
    older_count = len(keys) - 1
    verb = "is" if older_count == 1 else "are"
    published = f"; {older_count} more {verb} published" if older_count else ""
    if used_key_id == newest_id:
        return good_finding(
            about, f"it accepts signatures of key {used_key_id} ({algorithm}){published}"
        )
    # The client falls back to an older key if the EHR does not have the newest public key yet.
    return wrong_finding(
        about,
        f"it accepts signatures of the older key {used_key_id} only, and not of {newest_id}",
        f"Hand it our public keys again: intake keys client jwks --server {server.id}",
    )


def _check_scopes(
    about: str, server: Server, granted: Sequence[str] | None, strategy: WriteStrategy
) -> Iterator[Finding]:
    if granted is None:
        yield unknown_finding(
            about,
            "it does not say which scopes it granted",
            "SMART requires this answer; ask the EHR's support for them.",
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
        yield from _check_scopes_for(about, server, granted, purpose, needs)


def _check_scopes_for(
    about: str,
    server: Server,
    granted: Sequence[str] | None,
    purpose: str,
    needs: Sequence[ScopeNeed],
) -> Iterator[Finding]:
    requested = server.auth.scopes
    lacking = missing_needs(requested if granted is None else granted, needs)
    # The administrator can add a scope that the settings do not request. Only the EHR can grant
    # one that they request already.
    unrequested = missing_needs(requested, lacking) if requested else ()
    if unrequested:
        words = f"scopes do not ask for what is needed {purpose}: {_join_needs(unrequested)}"
        yield wrong_finding(
            about, words, f"Add them to scopes in [servers.{server.id}] in intake.toml."
        )
    if granted is None:
        return
    if refused := [need for need in lacking if need not in unrequested]:
        words = f"it does not grant what is needed {purpose}: {_join_needs(refused)}"
        yield wrong_finding(about, words, "Ask the EHR's support to grant the scopes.")
    if not lacking:
        yield good_finding(about, f"they permit all that is needed {purpose}")
    if limited := limited_needs(granted, needs):
        yield unknown_finding(
            about,
            f"the scopes limit what is needed {purpose} to some resources: {_join_needs(limited)}",
        )


def _join_needs(needs: Sequence[ScopeNeed]) -> str:
    return ", ".join(str(need) for need in needs)
