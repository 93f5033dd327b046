"""`intake keys`: the key that seals what is kept, and the keys by which the FHIR servers know us."""

import argparse
import json
from pathlib import Path

from intake.cli.site import NotReadyError, print_message
from intake.settings import Server, Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("new", help="make the key that seals what is kept")
    what.add_parser("rotate", help="add one that seals from now on")
    client = what.add_parser(
        "client", help="the keys that sign for us at a FHIR server (SMART Backend Services)"
    )
    does = client.add_subparsers(dest="does", required=True)
    for name, words in (
        ("new", "make the first key"),
        ("rotate", "add one that signs from now on"),
    ):
        each = does.add_parser(name, help=words)
        each.add_argument(
            "--server", required=True, metavar="ID", help="the FHIR server, as in intake.toml"
        )
        each.add_argument(
            "--algorithm", choices=("ES384", "RS384"), help="else the one in intake.toml"
        )
    remove = does.add_parser("remove", help="take away a key that the EHR needs no more")
    remove.add_argument(
        "--server", required=True, metavar="ID", help="the FHIR server, as in intake.toml"
    )
    remove.add_argument(
        "key",
        metavar="KID",
        help="the key's id, as `jwks` shows it; one that begins with a dash after --",
    )
    jwks = does.add_parser("jwks", help="print the public keys to hand to the EHR")
    jwks.add_argument("--server", metavar="ID", help="those for one FHIR server only")


def run(args: argparse.Namespace) -> int:
    """Make, add, remove or print keys."""
    from intake.settings import load_settings

    settings = load_settings()
    return (
        _of_servers(args, settings)
        if args.what == "client"
        else _of_store(args.what, settings.key_file)
    )


def _of_store(what: str, path: Path) -> int:
    from intake.store.crypto import KeyFileError, create_keys, rotate_keys

    try:
        (create_keys if what == "new" else rotate_keys)(path)
    except KeyFileError as fault:
        print_message(fault)
        return 1
    print(path)
    return 0


def _of_servers(args: argparse.Namespace, settings: Settings) -> int:
    from intake.ehr.client_keys import ClientKeyError

    try:
        print(_done(args, _servers(args.server, settings)))
    except ClientKeyError as fault:
        print_message(fault)
        return 1
    return 0


def _servers(named: str | None, settings: Settings) -> list[Server]:
    from intake.settings import AuthKind

    if named is None:
        return [
            each
            for each in settings.servers.values()
            if each.auth.kind is AuthKind.BACKEND_SERVICES
        ]
    if named not in settings.servers:
        raise NotReadyError(
            f"There is no FHIR server '{named}' in intake.toml; there are {', '.join(settings.servers)}."
        )
    return [settings.servers[named]]


def _done(args: argparse.Namespace, servers: list[Server]) -> str:
    from intake.ehr import client_keys

    match args.does:
        case "new":
            return str(
                client_keys.create_key_file(servers[0], args.algorithm or servers[0].auth.algorithm)
            )
        case "rotate":
            fresh = client_keys.rotate_key(servers[0], args.algorithm or servers[0].auth.algorithm)
            print_message(
                "Hand the EHR the new public keys; until it has them, the key before goes on signing."
            )
            return fresh.id
        case "remove":
            client_keys.remove_key(servers[0], args.key)
            return f"{args.key} is no longer signed with or published"
        case _:
            return json.dumps(client_keys.public_key_set(servers), indent=1)
