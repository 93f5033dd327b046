"""A stub FHIR server that exports in bulk, as a test tells it to."""

import json
from dataclasses import dataclass, field

from tests.support.stub_server import StubRequest, StubResponse, StubServer

TOKEN = "a-secret-token"
PATIENTS = b'{"resourceType":"Patient","id":"1"}\n\n{"resourceType":"Patient","id":"2"}\n'
LINES = PATIENTS.split()


@dataclass
class ExportStub:
    """The responses to each path in turn; the last one is repeated."""

    server: StubServer
    answers: dict[str, list[StubResponse]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"{self.server.url}/fhir"

    def answer(self, heard: StubRequest) -> StubResponse:
        turns = self.answers.get(heard.path.partition("?")[0], [StubResponse(404)])
        return turns.pop(0) if len(turns) > 1 else turns[0]

    def serve_export(self, *polls: StubResponse, **files: StubResponse) -> None:
        """Answer the polls in turn, and then with the manifest of the files by resource type."""
        listed = [{"type": kind, "url": f"{self.base}/files/{kind}"} for kind in files]
        manifest = {
            "transactionTime": "2026-11-28T00:00:00Z",
            "requiresAccessToken": True,
            "output": listed,
            "error": [],
        }
        self.answers["/fhir/$export"] = [
            StubResponse(202, headers={"Content-Location": f"{self.base}/jobs/7"})
        ]
        self.answers["/fhir/jobs/7"] = [*polls, StubResponse(body=json.dumps(manifest).encode())]
        self.answers |= {f"/fhir/files/{kind}": [answer] for kind, answer in files.items()}
