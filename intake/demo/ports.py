"""Finds the port for the pages before anything is started, so that a port in use is said at once."""

import errno
import os
import socket

from intake.demo.processes import DemoError


def find_free_port(wanted: int) -> int:
    """Return the port, or any free one for 0; raises DemoFault."""
    with socket.socket() as probe:
        if os.name == "posix":
            # As the pages' own socket: connections that just ended do not make a port one that is in use.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            why = (
                "is in use"
                if error.errno == errno.EADDRINUSE
                else f"cannot be used ({error.strerror})"
            )
            raise DemoError(
                f"Port {wanted} {why}; choose another one with --port, or any free one with --port 0."
            ) from None
        return int(probe.getsockname()[1])
