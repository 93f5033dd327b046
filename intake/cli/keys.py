"""`intake keys`: the key that encrypts the store, and the keys that sign for FHIR servers."""

import argparse
import json

from sqlalchemy import make_url

from intake.cli.output import print_message, print_note
from intake.cli.site import find_server
from intake.ehr import client_keys
from intake.ehr.client_keys import ClientKeyError
from intake.settings import AuthKind, Server, Settings, load_site_settings
from intake.store.crypto import KeyFileError, create_keys, rotate_keys
from intake.store.site_keys import holds_encrypted_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    scopes = parser.add_subparsers(dest="scope", required=True)
    scopes.add_parser("new", help="create the key that encrypts the store")
    # There is no command to remove a key that encrypts: stored submissions need it.
    scopes.add_parser("rotate", help="add a key that encrypts from now on")
    client = scopes.add_parser(
        "client", help="the keys that sign our requests to a FHIR server (SMART Backend Services)"
    )
    actions = client.add_subparsers(dest="action", required=True)
    for name, summary in (
        ("new", "create the first key"),
        ("rotate", "add a key that signs from now on"),
    ):
        action = actions.add_parser(name, help=summary)
        _add_server_argument(action, required=True)
        action.add_argument(
            "--algorithm", choices=("ES384", "RS384"), help="default: the one in intake.toml"
        )
    remove = actions.add_parser("remove", help="remove a key that the EHR no longer needs")
    _add_server_argument(remove, required=True)
    remove.add_argument(
        "key",
        metavar="KID",
        help="the key's id, as `jwks` shows it; write -- before an id that begins with a dash",
    )
    jwks = actions.add_parser("jwks", help="print the public keys to hand to the EHR")
    _add_server_argument(jwks, required=False)


def _add_server_argument(parser: argparse.ArgumentParser, *, required: bool) -> None:
    suffix = "" if required else "; default: all of them"
    parser.add_argument(
        "--server",
        required=required,
        metavar="ID",
        help=f"the FHIR server, as in intake.toml{suffix}",
    )


def run(args: argparse.Namespace) -> int:
    """Create, add, remove or print keys."""
    settings = load_site_settings()
    if args.scope == "client":
        return _manage_client_keys(args, settings)
    return _manage_store_keys(args.scope, settings)


def _manage_store_keys(action: str, settings: Settings) -> int:
    path = settings.key_file
    try:
        if action == "new":
            create_first_key(settings)
        else:
            rotate_keys(path)
    except KeyFileError as error:
        print_message(error)
        return 1
    print(path)
    return 0


def create_first_key(settings: Settings) -> None:
    """Create the key file; raises KeyFileError beside a database that another key encrypted."""
    path = settings.key_file
    # With the new key the site would go on, and its older submissions would be lost unseen.
    if not path.exists() and holds_encrypted_rows(settings.database_url):
        database = make_url(settings.database_url).render_as_string(hide_password=True)
        raise KeyFileError(
            f"{database} holds encrypted rows, which a new key cannot decrypt. "
            f"Restore {path} from its backup."
        )
    create_keys(path)


def _manage_client_keys(args: argparse.Namespace, settings: Settings) -> int:
    try:
        print(_apply_action(args, _select_servers(args.server, settings)))
    except ClientKeyError as error:
        print_message(error)
        return 1
    return 0


def _select_servers(server_id: str | None, settings: Settings) -> list[Server]:
    """Return the named server, else every server that uses SMART Backend Services."""
    if server_id is not None:
        return [find_server(settings, server_id)]
    return [
        server
        for server in settings.servers.values()
        if server.auth.kind is AuthKind.BACKEND_SERVICES
    ]


def _apply_action(args: argparse.Namespace, servers: list[Server]) -> str:
    """Apply the action and return the line to print."""
    match args.action:
        case "new":
            algorithm = args.algorithm or servers[0].auth.algorithm
            return str(client_keys.create_key_file(servers[0], algorithm))
        case "rotate":
            algorithm = args.algorithm or servers[0].auth.algorithm
            key = client_keys.rotate_key(servers[0], algorithm)
            # The EHR rejects signatures of a key that it does not know yet.
            print_note(
                "Hand the EHR the new public keys. Until it has them, the previous key signs."
            )
            return key.id
        case "remove":
            client_keys.remove_key(servers[0], args.key)
            return f"{args.key} no longer signs and is no longer published"
        case _:
            return json.dumps(client_keys.public_key_set(servers), indent=1)
