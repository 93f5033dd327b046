"""`intake users`: manages the staff accounts.

A password is asked for or read from standard input. It is never an argument, because every user
of the machine can read the arguments of a process.
"""

import argparse
import sys
from getpass import getpass

from intake.cli.output import print_json, print_message
from intake.cli.site import AUDIT_ACTOR, open_current_database, require_public_url
from intake.pages import addresses
from intake.settings import Settings, load_site_settings
from intake.store import audit, users
from intake.store.database import Database, Tx
from intake.store.users import ROLES, User


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser(
        "add", help="add a user; prints a one-time sign-in unless a password is given"
    )
    add.add_argument("name")
    add.add_argument(
        "--role",
        action="append",
        required=True,
        choices=sorted(ROLES),
        help="may be given several times",
    )
    add.add_argument(
        "--password",
        action="store_true",
        help="ask for a password, or read its line from standard input",
    )
    practitioner = actions.add_parser(
        "practitioner",
        help="name the account's Practitioner: the author of answers that it enters",
    )
    practitioner.add_argument("name")
    practitioner.add_argument(
        "reference", nargs="?", help="such as Practitioner/123; without it the account names none"
    )
    listing = actions.add_parser("list", help="list the users, their roles and states")
    listing.add_argument("--json", action="store_true", help="as JSON")
    # These three take nothing but a name.
    for name, summary in (
        ("once", "print a one-time sign-in, for example after a forgotten password"),
        ("disable", "disable an account and end its sessions at once"),
        ("enable", "enable a disabled account"),
    ):
        actions.add_parser(name, help=summary).add_argument("name")


def run(args: argparse.Namespace) -> int:
    """Run the chosen action; 1 if it is refused."""
    settings = load_site_settings()
    with open_current_database(settings) as database:
        try:
            return _ACTIONS[args.action](args, settings, database)
        except (LookupError, ValueError) as error:
            print_message(f"intake users: {error.args[0]}")
            return 1


def _add_user(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    password = _read_password() if args.password else None
    with database.write() as tx:
        user = users.add_user(tx, args.name, args.role, password)
        audit.record_action(tx, AUDIT_ACTOR, "user-added", user.id)
        # The sign-in belongs to the same transaction: no account stays without a way in.
        address = None if password else _create_sign_in(tx, user, settings)
    if address is not None:
        print(address)
    return 0


def _read_password() -> str:
    return getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def _list_users(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    with database.read() as tx:
        accounts = users.list_users(tx)
    if args.json:
        objects = [
            {
                "name": user.name,
                "roles": sorted(user.roles),
                "state": _user_state(user),
                **({"practitioner": user.practitioner} if user.practitioner else {}),
            }
            for user in accounts
        ]
        print_json(objects)
        return 0
    for user in accounts:
        print(f"{user.name:<24} {_user_state(user):<12} {','.join(sorted(user.roles))}")
    return 0


def _user_state(user: User) -> str:
    if user.disabled:
        return "disabled"
    return "active" if user.has_password else "no-password"


def _print_sign_in(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    with database.write() as tx:
        user = _find_user(tx, args.name)
        # A sign-in for a disabled account would fail only when its owner opens it.
        if user.disabled:
            raise LookupError(f"'{args.name}' is disabled; run `intake users enable` first")
        address = _create_sign_in(tx, user, settings)
    print(address)
    return 0


def _set_practitioner(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    with database.write() as tx:
        user = _find_user(tx, args.name)
        users.set_practitioner(tx, user, args.reference)
        audit.record_action(tx, AUDIT_ACTOR, "user-practitioner-set", user.id)
    return 0


def _disable_user(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    with database.write() as tx:
        user = _find_user(tx, args.name)
        users.disable_user(tx, user)
        audit.record_action(tx, AUDIT_ACTOR, "user-disabled", user.id)
    return 0


def _enable_user(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    with database.write() as tx:
        user = _find_user(tx, args.name)
        users.enable_user(tx, user)
        audit.record_action(tx, AUDIT_ACTOR, "user-enabled", user.id)
    return 0


_ACTIONS = {
    "add": _add_user,
    "list": _list_users,
    "once": _print_sign_in,
    "practitioner": _set_practitioner,
    "disable": _disable_user,
    "enable": _enable_user,
}


def _create_sign_in(tx: Tx, user: User, settings: Settings) -> str:
    """Create a one-time sign-in and return its address."""
    audit.record_action(tx, AUDIT_ACTOR, "once-made", user.id)
    public_url = require_public_url(settings)
    token = users.create_one_time_token(tx, user, users.ONE_TIME_LIFETIME)
    return addresses.sign_in_url(public_url, token)


def _find_user(tx: Tx, name: str) -> User:
    user = users.find_by_name(tx, name)
    if user is None:
        raise LookupError(f"there is no user '{name}'; `intake users list` shows all of them")
    return user
