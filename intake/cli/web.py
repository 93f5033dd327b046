"""`intake web`: the pages, in one process, until it is told to stop."""

import argparse
import signal
from types import FrameType
from typing import NoReturn

from intake.cli.argument_types import parse_port

THREADS = 8
STOPS = (signal.SIGTERM, signal.SIGINT)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument(
        "--port",
        type=parse_port,
        default=8080,
        help="the port to listen on, 0 for any free one (8080)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve; says `ready web URL` on standard output once it listens."""
    from waitress.server import create_server

    from intake.app import create_app
    from intake.cli.site import open_current_database, print_message
    from intake.settings import load_settings

    settings = load_settings()
    for number in STOPS:
        signal.signal(number, _stop)
    with open_current_database(settings) as database:
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
            print_message(
                f"{args.host}:{args.port} cannot be listened on ({error.strerror}); name another one with --port"
            )
            return 1
        except ValueError:
            print_message(
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
