"""Starts a real OAuth server with a test's clients and scopes."""

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from intake.demo.medplum import NPM_INSTALL, LaunchError
from intake.demo.node import find_node
from intake.demo.processes import run_process, wait_for_exit, wait_for_ready

SOURCE = Path(__file__).parent
LOCK = "package-lock.json"
SCOPES = (
    "system/*.cruds",
    "system/Patient.rs",
    "system/Patient.u",
    "system/QuestionnaireResponse.crs",
    "system/QuestionnaireResponse.crus",
    "system/Observation.crs",
    "system/Observation.crus",
)


@dataclass(frozen=True)
class OAuthSite:
    """The OAuth server's clients, the scopes that it grants, a token's lifetime."""

    clients: tuple[dict[str, Any], ...]
    scopes: tuple[str, ...] = SCOPES
    grants: tuple[str, ...] = SCOPES
    life: int = 300


@dataclass(frozen=True)
class OAuthServer:
    """A server that runs."""

    issuer: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def token_url(self) -> str:
        return f"{self.issuer}/token"

    def set_clock_ahead(self, seconds: int) -> None:
        """Set how far its clock is ahead."""
        self.session.put(f"{self.issuer}/clock/{seconds}", timeout=5).raise_for_status()

    def read_public_keys(self) -> dict[str, Any]:
        """Return its public keys, which verify tokens."""
        jwks: dict[str, Any] = self.session.get(f"{self.issuer}/jwks", timeout=5).json()
        return jwks


def install_packages(cache: Path) -> Path:
    """Install the packages into the folder `cache` if they are not there.

    Returns the folder to run in.
    """
    home = cache / f"oauth-{sha256((SOURCE / LOCK).read_bytes()).hexdigest()[:12]}"
    if not home.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix="installing-", dir=cache, ignore_cleanup_errors=True
        ) as folder:
            fresh = Path(folder) / "it"
            fresh.mkdir()
            for name in (LOCK, "package.json"):
                shutil.copyfile(SOURCE / name, fresh / name)
            with run_process(
                "npm", (*find_node().npm, *NPM_INSTALL), Path(folder) / "log", cwd=fresh
            ) as npm:
                if wait_for_exit(npm, threading.Event()) != 0:
                    raise LaunchError(
                        "npm could not fetch the OAuth server's packages: is there a network?"
                    )
            # Another test process may have been faster: its folder is as good.
            if not home.is_dir():
                fresh.rename(home)
    return home


@contextmanager
def oauth_server(home: Path, folder: Path, site: OAuthSite) -> Iterator[OAuthServer]:
    """Run the server; `folder` gets its site and its log."""
    site_file = folder / "oauth.json"
    site_file.write_text(json.dumps(asdict(site)), "utf-8")
    # The program starts where its packages are. Each start gets a copy of its own, which another
    # start cannot be writing at the same time.
    program = home / f"{uuid4()}.mjs"
    shutil.copyfile(SOURCE / "server.mjs", program)
    with run_process(
        "the OAuth server",
        (find_node().node, str(program), str(site_file)),
        folder / "oauth.log",
        cwd=home,
    ) as process:
        issuer = wait_for_ready(process, threading.Event())
        if issuer is None:
            raise LaunchError(f"The OAuth server did not start: {process.read_last_line()}")
        program.unlink()
        with requests.Session() as session:
            session.trust_env = False
            yield OAuthServer(issuer, session)


def packages_folder(fresh: Path) -> Path:
    """Return the machine's folder for packages that are kept, else this run's own."""
    return Path(os.environ.get("INTAKE_TESTS_CACHE", str(fresh)))
