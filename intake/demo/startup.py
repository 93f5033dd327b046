"""Starts the demo's parts in order, and ends them when it is stopped or a part ends by itself."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fhir_client.client import FhirClient
from fhir_client.errors import FhirError
from intake.clock import system_clock
from intake.demo import messages, site
from intake.demo.addresses import create_addresses
from intake.demo.medplum import is_installed, launch_server
from intake.demo.node import find_node
from intake.demo.personas import Personas, choose_personas
from intake.demo.ports import find_free_port
from intake.demo.processes import DemoError, DemoProcess, DemoStoppedError, run_process
from intake.demo.readiness import wait_for_schedules, wait_until_answering, watch_processes
from intake.demo.seed import SeededServer, seed_server
from intake.settings import Settings, load_settings
from intake.settings.rules import LOOPBACK_HOSTS
from intake.store import visits
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database
from intake.store.visits import Visit, visit_id

PAST_QUESTION_SET = "omb-1997"
"""The question set that the seeded people answered a year ago."""

PrintLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The command's options.

    `home` is the folder for sites and npm packages; `fhir` is a server to use instead of our own.
    """

    home: Path
    port: int
    fhir: str | None
    seed: bool


@dataclass(frozen=True, slots=True)
class DemoOutput:
    """Where the demo prints: results, which scripts read, and progress, for people alone."""

    print_result: PrintLine
    print_progress: PrintLine


def run_demo(options: DemoOptions, output: DemoOutput, stop: threading.Event) -> None:
    """Run the demo until `stop` is set.

    Raises DemoError, and DemoStoppedError if it is stopped before it is ready.
    """
    _refuse_remote_server(options)
    # Both refusals come before anything starts or is written.
    port = find_free_port(options.port)
    with site.create_site_folder(options.home, port) as folder, ExitStack() as stack:
        children = _start_parts(stack, options, folder, port, output, stop)
        watch_processes(children, stop)


def _start_parts(
    stack: ExitStack,
    options: DemoOptions,
    folder: Path,
    port: int,
    output: DemoOutput,
    stop: threading.Event,
) -> Sequence[DemoProcess]:
    """Start everything, print the addresses and return the processes to watch."""
    base_url, children = stack.enter_context(_run_fhir_server(options, folder, output, stop))
    output.print_progress("Seeding three clinics and 150 people …")
    seeded = _seed(base_url, stop)
    public_url = f"http://127.0.0.1:{port}"
    settings = site.write_site(
        folder, public_url=public_url, base_url=base_url, references=seeded.references
    )
    output.print_progress("Starting the pages and the worker …")
    # Unbuffered output, so that the last line of a log is never missing.
    environment = {"INTAKE_CONFIG": str(folder), "PYTHONUNBUFFERED": "1"}
    for name, words in (("the worker", ("worker",)), ("the pages", ("web", "--port", str(port)))):
        command = (sys.executable, "-m", "intake", *words)
        log = folder / f"{words[0]}.log"
        child = run_process(name, command, log, environment=environment)
        children = (*children, stack.enter_context(child))
    wait_until_answering(f"{public_url}/ready", children, stop)
    cipher = load_keys(settings.key_file)
    database = stack.enter_context(
        closing(open_database(settings.database_url, cipher, system_clock))
    )
    # The link needs tomorrow's visit, which the worker stores when it has fetched the schedules.
    wait_for_schedules(settings, database, children, stop)
    _print_addresses(settings, database, seeded, output)
    return children


@contextmanager
def _run_fhir_server(
    options: DemoOptions, folder: Path, output: DemoOutput, stop: threading.Event
) -> Iterator[tuple[str, tuple[DemoProcess, ...]]]:
    """Yield the base URL, and the process unless the server is the visitor's own."""
    if options.fhir is not None:
        yield options.fhir.rstrip("/"), ()
        return
    # A missing Node is reported before the slow part begins.
    find_node()
    if not is_installed(options.home):
        output.print_progress("Fetching the FHIR server's packages with npm, only this once …")
    with launch_server(options.home, folder / "fhir-server.log", stop=stop) as server:
        yield server.url, (server.process,)


def _refuse_remote_server(options: DemoOptions) -> None:
    """Raise DemoError for a server elsewhere, which may hold real patients, without --seed."""
    if (
        options.fhir is not None
        and urlsplit(options.fhir).hostname not in LOOPBACK_HOSTS
        and not options.seed
    ):
        raise DemoError(
            f"{options.fhir} is not on this machine. To let the demo write its invented patients "
            "there, add --seed; never use a server with real patients."
        )


def _seed(base_url: str, stop: threading.Event) -> SeededServer:
    def stop_if_asked() -> None:
        if stop.is_set():
            raise DemoStoppedError

    try:
        with FhirClient(base_url) as client:
            # The first request: it shows whether a FHIR server answers there at all.
            client.read_capabilities()
            question_set = load_settings().question_sets[PAST_QUESTION_SET]
            return seed_server(client, system_clock(), question_set, stop_if_asked)
    except FhirError as error:
        raise DemoError(
            f"{base_url}: {error.message} Name the base URL of a FHIR R4 server with --fhir."
        ) from None


def _print_addresses(
    settings: Settings, database: Database, seeded: SeededServer, output: DemoOutput
) -> None:
    personas = choose_personas(seeded.appointments, system_clock())
    addresses = create_addresses(settings, database, _find_home_visit(database, seeded, personas))
    fhir_url = settings.servers[site.SERVER].base_url
    for line in messages.ready_lines(addresses, fhir_url):
        output.print_result(line)
    output.print_result("")
    patient = seeded.patient_reference(personas.at_the_clinic.person)
    for line in messages.instructions(personas, fhir_url, patient, settings.data_dir.parent):
        output.print_result(line)


def _find_home_visit(database: Database, seeded: SeededServer, personas: Personas) -> Visit:
    """Return the stored visit of the persona with the link."""
    appointment = seeded.references[personas.at_home.key]
    with database.read() as tx:
        visit = visits.find_visit(tx, visit_id(site.SERVER, appointment))
    if visit is None:
        raise DemoError(
            f"The worker did not find {appointment}, which was seeded; please report this."
        )
    return visit
