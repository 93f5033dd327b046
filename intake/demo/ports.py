"""Finds the port for the pages before anything starts, to report a port in use at once."""

import errno
import os
import socket

from intake.demo.processes import DemoError


def find_free_port(port: int) -> int:
    """Return the port, or any free one for 0; raises DemoError if it is in use."""
    with socket.socket() as probe:
        if os.name == "posix":
            # The pages' own socket has this option: connections that have just ended do not
            # keep the port in use.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = (
                "is in use"
                if error.errno == errno.EADDRINUSE
                else f"cannot be used ({error.strerror})"
            )
            raise DemoError(
                f"Port {port} {reason}; choose another one with --port, "
                "or any free one with --port 0."
            ) from None
        return int(probe.getsockname()[1])
