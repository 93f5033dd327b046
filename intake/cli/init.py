"""`intake init`: makes a site's folder and its keys, and says what to do next."""

import argparse
import json
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from intake.cli.keys import create_first_key
from intake.cli.output import print_message
from intake.cli.setup.answers import ask_site
from intake.cli.setup.dialogue import Dialogue, NotAnsweredError
from intake.cli.setup.site_files import SECRET_FILE, SERVER, SiteAnswers, write_site
from intake.ehr import client_keys
from intake.pages.well_known import JWKS_PATH
from intake.settings import AuthKind, Server, Settings
from intake.settings.files import ServerTable
from intake.settings.site_folder import REQUIRED_FILES
from intake.store import private_files
from intake.store.crypto import KeyFileError

FOLDER = "intake-site"
EHR_ACCESS = "config/deploy/ehr-access.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(FOLDER),
        metavar="DIR",
        help=f"the new site's folder ({FOLDER})",
    )
    parser.add_argument(
        "--no-input", action="store_true", help="ask nothing: only options and defaults answer"
    )
    _add_site_arguments(parser.add_argument_group("the installation"))
    _add_server_arguments(parser.add_argument_group("the FHIR server"))
    _add_clinic_arguments(parser.add_argument_group("the first clinic"))


def _add_site_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--public-url", metavar="URL", help="address of the pages")
    group.add_argument(
        "--trusted-proxies", type=int, metavar="N", help="reverse proxies (1 with https, else 0)"
    )
    group.add_argument(
        "--language", action="append", metavar="TAG", help="language of the pages; repeatable (en)"
    )
    group.add_argument(
        "--data-dir",
        metavar="DIR",
        help="folder of database, key and logs (data, in the site's folder; or $INTAKE_DATA)",
    )


def _add_server_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--fhir", metavar="URL", help="base URL")
    group.add_argument("--quirks", metavar="NAME", help="kind of server; default: what it says")
    group.add_argument("--us-core", metavar="VERSION", default=ServerTable("").us_core)
    group.add_argument("--auth", metavar="KIND", help=", ".join(AuthKind))
    group.add_argument("--username", metavar="NAME", help="for basic")
    group.add_argument("--client-id", metavar="ID", help="for client-secret, backend-services")
    group.add_argument(
        "--secret-file", type=Path, metavar="FILE", help="one line: password, token or secret"
    )
    group.add_argument(
        "--key-file", type=Path, metavar="FILE", help="your own signing key; default: a new one"
    )
    group.add_argument("--algorithm", choices=("ES384", "RS384"), default="ES384")
    group.add_argument("--token-url", metavar="URL", help="default: what the server says")


def _add_clinic_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--clinic", metavar="NAME", help="name that patients see")
    group.add_argument("--clinic-id", metavar="ID", help="name of its table; default: of its name")
    group.add_argument("--time-zone", metavar="ZONE", help="such as America/New_York")
    group.add_argument("--organization", metavar="REFERENCE", help="such as Organization/123")
    group.add_argument(
        "--location", action="append", metavar="REFERENCE", help="such as Location/5; repeatable"
    )
    group.add_argument("--record-number-system", metavar="URI", help="system of record numbers")


def run(args: argparse.Namespace) -> int:
    """Make the site; 1 if there is one already, 2 if an answer is missing."""
    folder: Path = args.folder.expanduser().resolve()
    for name in REQUIRED_FILES:
        if (folder / name).exists():
            print_message(f"intake init: {folder / name} exists already; edit it, or name another")
            return 1
    try:
        with TemporaryDirectory(prefix="intake-init-") as draft:
            answers = ask_site(args, Dialogue(asks=not args.no_input), Path(draft))
    except NotAnsweredError as error:
        print_message(f"intake init: {error}; `intake init --help` lists the options")
        return 2
    settings = write_site(folder, answers)
    try:
        _create_keys(folder, settings, answers)
    except KeyFileError as error:
        # The key of another site must not become this one's.
        for name in REQUIRED_FILES:
            (folder / name).unlink()
        print_message(f"{error} Name another folder with --data-dir.")
        return 1
    _print_handover(folder, settings)
    return 0


def _create_keys(folder: Path, settings: Settings, answers: SiteAnswers) -> None:
    """Create the key of the store, the secret and the key that signs; raises KeyFileError."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    create_first_key(settings)
    if answers.secret:
        (folder / SECRET_FILE).parent.mkdir(mode=0o700, exist_ok=True)
        private_files.create_file(folder / SECRET_FILE, f"{answers.secret}\n".encode())
    server = settings.servers[SERVER]
    key_file = server.auth.key_file
    if key_file is not None and not key_file.exists():
        client_keys.create_key_file(server, server.auth.algorithm)


def _print_handover(folder: Path, settings: Settings) -> None:
    """Print what was made, what the EHR's support needs, and the next commands."""
    [clinic] = settings.clinics.values()
    print(f"The site is in {folder}")
    print(f"  clinic {clinic.name}: {clinic.organization}, {clinic.time_zone.key}")
    print(f"  key {settings.key_file}: without it the data is lost, so keep a copy elsewhere")
    server = settings.servers[SERVER]
    if server.auth.kind is not AuthKind.NONE:
        print("\nFor the EHR's support:")
        for line in _describe_access(settings, server):
            print(f"  {line}")
    command = f"intake --config {shlex.quote(str(folder))}"
    print("\nNext:")
    # Behind a proxy any port will do; without one the pages must listen where their address says.
    parts = urlsplit(settings.public_url)
    port = "" if settings.is_https else f" --port {parts.port or 80}"
    print(f"  {command} serve{port}")
    print("While it runs, your sign-in, and what is right and wrong with the site:")
    print(f"  {command} users add NAME --role admin --role it")
    print(f"  {command} check")


def _describe_access(settings: Settings, server: Server) -> list[str]:
    auth = server.auth
    lines = [f"FHIR server   {server.base_url}", f"access        {auth.kind} ({EHR_ACCESS})"]
    if auth.username:
        lines.append(f"user name     {auth.username}")
    if auth.client_id:
        lines.append(f"client id     {auth.client_id}; if the EHR gives another, write that one")
    if auth.scopes:
        lines.append(f"scopes        {' '.join(auth.scopes)}")
    if auth.kind is AuthKind.BACKEND_SERVICES:
        keys = json.dumps(client_keys.public_key_set([server]))
        lines.append("grant         client_credentials with private_key_jwt")
        lines.append(f"public keys   {settings.public_url}{JWKS_PATH}, or this JWK Set:")
        lines.append(keys)
    return lines
