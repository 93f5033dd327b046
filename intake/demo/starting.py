"""Brings the demo up, one part after the other, and ends it when it is told to or when a part ends by itself."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fhir_client.client import Client
from fhir_client.errors import FhirError
from intake.clock import system_clock
from intake.demo import site, words
from intake.demo.doors import open_doors
from intake.demo.guests import Guests, choose
from intake.demo.launch import is_installed, launched
from intake.demo.node import find_node
from intake.demo.ports import free_port
from intake.demo.processes import DemoFault, Interrupted, Running, running
from intake.demo.seeding import Seeded, seed
from intake.demo.waiting import until_answering, until_fetched, watch
from intake.settings import Settings, load
from intake.settings.rules import LOOPBACK
from intake.store import visits
from intake.store.crypto import load_keys
from intake.store.database import Database, open_database
from intake.store.visits import Visit, visit_id

ASKED_BEFORE = "omb-1997"
"""The question set in which the seeded people answered before."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the demo is asked for; `home` keeps the site's folder and what npm fetched, `fhir` is a server to use instead."""

    home: Path
    port: int
    fhir: str | None
    seed: bool


@dataclass(frozen=True, slots=True)
class Voice:
    """Where the demo speaks: `out` is for what scripts read, `progress` for what only people do."""

    out: Say
    progress: Say


def run(wanted: Wanted, voice: Voice, stop: threading.Event) -> None:
    """Run the demo until `stop` is set; raises DemoFault, and Interrupted where it was stopped before it was up."""
    _refuse_strangers(wanted)
    port = free_port(wanted.port)
    with site.fresh(wanted.home, port) as folder, ExitStack() as stack:
        watch(_bring_up(stack, wanted, folder, port, voice, stop), stop)


def _bring_up(
    stack: ExitStack, wanted: Wanted, folder: Path, port: int, voice: Voice, stop: threading.Event
) -> Sequence[Running]:
    base_url, children = stack.enter_context(_fhir_server(wanted, folder, voice, stop))
    voice.progress("Seeding three clinics and 150 people …")
    seeded = _seeded(base_url, stop)
    public_url = f"http://127.0.0.1:{port}"
    settings = site.lay_out(
        folder, public_url=public_url, base_url=base_url, references=seeded.references
    )
    voice.progress("Starting the pages and the worker …")
    environment = {"INTAKE_CONFIG": str(folder), "PYTHONUNBUFFERED": "1"}
    for name, command in (("the worker", ("worker",)), ("the pages", ("web", "--port", str(port)))):
        whole = (sys.executable, "-m", "intake.cli", *command)
        log = folder / f"{command[0]}.log"
        children = (
            *children,
            stack.enter_context(running(name, whole, log, environment=environment)),
        )
    until_answering(f"{public_url}/ready", children, stop)
    database = stack.enter_context(_database(settings))
    until_fetched(settings, database, children, stop)
    _speak(settings, database, seeded, voice)
    return children


@contextmanager
def _fhir_server(
    wanted: Wanted, folder: Path, voice: Voice, stop: threading.Event
) -> Iterator[tuple[str, tuple[Running, ...]]]:
    if wanted.fhir is not None:
        yield wanted.fhir.rstrip("/"), ()
        return
    find_node()
    if not is_installed(wanted.home):
        voice.progress("Fetching the FHIR server's packages with npm, this first time only …")
    with launched(wanted.home, folder / "fhir-server.log", stop=stop) as server:
        yield server.url, (server.running,)


def _refuse_strangers(wanted: Wanted) -> None:
    if (
        wanted.fhir is not None
        and urlsplit(wanted.fhir).hostname not in LOOPBACK
        and not wanted.seed
    ):
        raise DemoFault(
            f"{wanted.fhir} is not on this machine, so the demo writes its invented patients there only where you say so: "
            "add --seed, for a server that no real patient is on."
        )


def _seeded(base_url: str, stop: threading.Event) -> Seeded:
    def keep_on() -> None:
        if stop.is_set():
            raise Interrupted

    try:
        with Client(base_url) as client:
            client.capabilities()
            return seed(client, system_clock(), load().question_sets[ASKED_BEFORE], keep_on)
    except FhirError as error:
        raise DemoFault(
            f"{base_url}: {error.words} Name the base URL of a FHIR R4 server with --fhir."
        ) from None


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.database_url, load_keys(settings.key_file), system_clock)
    try:
        yield database
    finally:
        database.close()


def _speak(settings: Settings, database: Database, seeded: Seeded, voice: Voice) -> None:
    guests = choose(seeded.coming, system_clock())
    doors = open_doors(settings, database, _visit(database, seeded, guests))
    fhir = settings.servers[site.SERVER].base_url
    for line in words.ready(doors, fhir):
        voice.out(line)
    voice.out("")
    patient = seeded.patient(guests.at_the_clinic.person)
    for line in words.try_this(guests, fhir, patient, settings.data_dir.parent):
        voice.out(line)


def _visit(database: Database, seeded: Seeded, guests: Guests) -> Visit:
    appointment = seeded.references[guests.at_home.key]
    with database.read() as tx:
        visit = visits.get(tx, visit_id(site.SERVER, appointment))
    if visit is None:
        raise DemoFault(
            f"The worker did not find {appointment}, which was seeded; report this, please."
        )
    return visit
