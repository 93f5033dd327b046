"""`intake web`: serves the pages, in one process, until it is told to stop."""

import argparse
import signal
import threading
from types import FrameType
from typing import NoReturn

from waitress.server import create_server

from intake.app import create_app
from intake.cli.argument_types import add_listen_arguments
from intake.cli.output import print_message
from intake.cli.readiness import signal_ready
from intake.cli.site import open_current_database
from intake.patient.searches import prepare_searches
from intake.settings import load_site_settings
from intake.store.database import PAGE_PATIENCE

THREADS = 8
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_listen_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve the pages; prints `ready web URL` on standard output once the server listens."""
    settings = load_site_settings()
    for signal_number in STOP_SIGNALS:
        signal.signal(signal_number, _stop_serving)
    with open_current_database(settings, PAGE_PATIENCE) as database:
        app = create_app(settings, database)
        try:
            server = create_server(
                app,
                host=args.host,
                port=args.port,
                threads=THREADS,
                ident=None,
                # The headers of trusted proxies must reach the application, whose ProxyFix
                # decides how many of them to believe.
                clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
            )
        except OSError as error:
            print_message(
                f"intake web: cannot listen on {args.host}:{args.port} ({error.strerror}); "
                "choose another port with --port"
            )
            return 1
        except ValueError:
            print_message(
                f"intake web: --host: '{args.host}' is no address to listen on, such as 127.0.0.1"
            )
            return 2
        # In the background: the first page must not wait for the indexes of the searches.
        threading.Thread(
            target=prepare_searches, args=(settings.question_set,), daemon=True
        ).start()
        signal_ready()
        print(f"ready web http://{args.host}:{server.effective_port}", flush=True)
        try:
            # waitress catches the interruption and finishes the requests that it has begun.
            server.run()
        finally:
            server.close()
    return 0


def _stop_serving(_number: int, _frame: FrameType | None) -> NoReturn:
    # A terminal and a supervisor may both send a signal. A second one must not interrupt the
    # orderly shutdown that the first one started.
    for signal_number in STOP_SIGNALS:
        signal.signal(signal_number, signal.SIG_IGN)
    raise KeyboardInterrupt
