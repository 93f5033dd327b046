"""An outbox whose FHIR server accepts only the tokens of an OAuth server."""

from dataclasses import dataclass, replace
from typing import Any

from intake.clock import system_clock
from intake.diagnostics.check import check_server
from intake.diagnostics.findings import Finding
from intake.settings import Server
from intake.store import servers
from tests.servers.oauth.guard import TokenGuard
from tests.servers.oauth.process import (
    OAuthServer,
)
from tests.support.outbox import Outbox


@dataclass
class ProtectedOutbox:
    """An outbox whose FHIR server accepts only tokens of `oauth`."""

    outbox: Outbox
    oauth: OAuthServer
    guard: TokenGuard

    @property
    def server(self) -> Server:
        return self.outbox.server

    def deliver_new(self) -> None:
        """Assert that the next round of work verifies a new patient's submission."""
        submission = self.outbox.submit_example(self.outbox.create_patient())
        self.outbox.deliver_due()
        assert self.outbox.read_state(submission) == ("verified", None), self.pause_reason()

    def hold_back(self) -> str:
        """Assert that a new submission waits for its paused server; return why."""
        submission = self.outbox.submit_example(self.outbox.create_patient())
        self.outbox.deliver_due()
        assert self.outbox.read_record(submission).status.value == "queued"
        words = self.pause_reason()
        assert words is not None
        return words

    def pause_reason(self) -> str | None:
        with self.outbox.database.read() as tx:
            return servers.read_state(tx, self.server.id).words

    def revoke_tokens(self) -> None:
        """Revoke every token that we hold."""
        self.guard.revoked_tokens.update(self.guard.accepted_tokens)

    def configure(self, **auth: Any) -> None:
        changed = replace(self.server, auth=replace(self.server.auth, **auth))
        self.outbox.settings = replace(self.outbox.settings, servers={"main": changed})

    def findings(self) -> list[Finding]:
        return [
            finding
            for finding in check_server(self.server, self.outbox.settings, system_clock)
            if finding.about == "server main"
        ]
