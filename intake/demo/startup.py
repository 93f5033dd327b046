"""Brings the demo up, one part after the other, and ends it when it is told to or when a part ends by itself."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
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

ASKED_BEFORE = "omb-1997"
"""The question set in which the seeded people answered before."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the demo is asked for; `home` keeps the site's folder and what npm fetched, `fhir` is a server to use instead."""

    home: Path
    port: int
    fhir: str | None
    seed: bool


@dataclass(frozen=True, slots=True)
class DemoOutput:
    """Where the demo speaks: `out` is for what scripts read, `progress` for what only people do."""

    out: Say
    progress: Say


def run_demo(wanted: DemoOptions, voice: DemoOutput, stop: threading.Event) -> None:
    """Run the demo until `stop` is set; raises DemoFault, and Interrupted where it was stopped before it was up."""
    _refuse_strangers(wanted)
    port = find_free_port(wanted.port)
    with site.create_site_folder(wanted.home, port) as folder, ExitStack() as stack:
        watch_processes(_bring_up(stack, wanted, folder, port, voice, stop), stop)


def _bring_up(
    stack: ExitStack,
    wanted: DemoOptions,
    folder: Path,
    port: int,
    voice: DemoOutput,
    stop: threading.Event,
) -> Sequence[DemoProcess]:
    base_url, children = stack.enter_context(_fhir_server(wanted, folder, voice, stop))
    voice.progress("Seeding three clinics and 150 people …")
    seeded = _seeded(base_url, stop)
    public_url = f"http://127.0.0.1:{port}"
    settings = site.write_site(
        folder, public_url=public_url, base_url=base_url, references=seeded.references
    )
    voice.progress("Starting the pages and the worker …")
    environment = {"INTAKE_CONFIG": str(folder), "PYTHONUNBUFFERED": "1"}
    for name, command in (("the worker", ("worker",)), ("the pages", ("web", "--port", str(port)))):
        whole = (sys.executable, "-m", "intake.cli", *command)
        log = folder / f"{command[0]}.log"
        children = (
            *children,
            stack.enter_context(run_process(name, whole, log, environment=environment)),
        )
    wait_until_answering(f"{public_url}/ready", children, stop)
    database = stack.enter_context(_database(settings))
    wait_for_schedules(settings, database, children, stop)
    _speak(settings, database, seeded, voice)
    return children


@contextmanager
def _fhir_server(
    wanted: DemoOptions, folder: Path, voice: DemoOutput, stop: threading.Event
) -> Iterator[tuple[str, tuple[DemoProcess, ...]]]:
    if wanted.fhir is not None:
        yield wanted.fhir.rstrip("/"), ()
        return
    find_node()
    if not is_installed(wanted.home):
        voice.progress("Fetching the FHIR server's packages with npm, this first time only …")
    with launch_server(wanted.home, folder / "fhir-server.log", stop=stop) as server:
        yield server.url, (server.running,)


def _refuse_strangers(wanted: DemoOptions) -> None:
    if (
        wanted.fhir is not None
        and urlsplit(wanted.fhir).hostname not in LOOPBACK_HOSTS
        and not wanted.seed
    ):
        raise DemoError(
            f"{wanted.fhir} is not on this machine, so the demo writes its invented patients there only where you say so: "
            "add --seed, for a server that no real patient is on."
        )


def _seeded(base_url: str, stop: threading.Event) -> SeededServer:
    def keep_on() -> None:
        if stop.is_set():
            raise DemoStoppedError

    try:
        with FhirClient(base_url) as client:
            client.read_capabilities()
            return seed_server(
                client, system_clock(), load_settings().question_sets[ASKED_BEFORE], keep_on
            )
    except FhirError as error:
        raise DemoError(
            f"{base_url}: {error.message} Name the base URL of a FHIR R4 server with --fhir."
        ) from None


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.database_url, load_keys(settings.key_file), system_clock)
    try:
        yield database
    finally:
        database.close()


def _speak(settings: Settings, database: Database, seeded: SeededServer, voice: DemoOutput) -> None:
    guests = choose_personas(seeded.appointments, system_clock())
    doors = create_addresses(settings, database, _visit(database, seeded, guests))
    fhir = settings.servers[site.SERVER].base_url
    for line in messages.ready_lines(doors, fhir):
        voice.out(line)
    voice.out("")
    patient = seeded.patient_reference(guests.at_the_clinic.person)
    for line in messages.instructions(guests, fhir, patient, settings.data_dir.parent):
        voice.out(line)


def _visit(database: Database, seeded: SeededServer, guests: Personas) -> Visit:
    appointment = seeded.references[guests.at_home.key]
    with database.read() as tx:
        visit = visits.find_visit(tx, visit_id(site.SERVER, appointment))
    if visit is None:
        raise DemoError(
            f"The worker did not find {appointment}, which was seeded; report this, please."
        )
    return visit
