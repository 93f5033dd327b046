"""`intake web`: the pages, in one process, until it is told to stop."""

import argparse
import signal
from types import FrameType
from typing import NoReturn

from intake.cli.kinds import port

THREADS = 8
STOPS = (signal.SIGTERM, signal.SIGINT)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument(
        "--port", type=port, default=8080, help="the port to listen on, 0 for any free one (8080)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve; says `ready web URL` on standard output once it listens."""
    from waitress.server import create_server

    from intake.app import create_app
    from intake.cli.opening import complain, opened
    from intake.settings import load

    settings = load()
    for number in STOPS:
        signal.signal(number, _stop)
    with opened(settings) as database:
        app, proxied = create_app(settings, database), settings.trusted_proxies > 0
        try:
            server = create_server(
                app,
                host=args.host,
                port=args.port,
                threads=THREADS,
                ident=None,
                # With trusted proxies their headers have to pass, for the application counts who may be believed.
                clear_untrusted_proxy_headers=not proxied,
            )
        except OSError as error:
            complain(
                f"{args.host}:{args.port} cannot be listened on ({error.strerror}); name another one with --port"
            )
            return 1
        except ValueError:
            complain(
                f"intake web: --host: '{args.host}' is no address to listen on, such as 127.0.0.1"
            )
            return 2
        print(f"ready web http://{args.host}:{server.effective_port}", flush=True)
        try:
            # It catches the interruption itself, and lets the requests that it has begun end.
            server.run()
        finally:
            server.close()
    return 0


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    # A terminal and a supervisor may both say it; the second time must not break into the orderly end of the first.
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
