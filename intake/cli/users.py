"""`intake users`: who may sign in; a password is asked for or read from standard input, never an argument."""

import argparse
import json
import sys

from intake.settings import Settings
from intake.store.database import Database, Tx
from intake.store.users import ROLES, User

AUDIT_ACTOR = "command line"
"""Whom the audit names for what was done here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    does = parser.add_subparsers(dest="does", required=True)
    add = does.add_parser(
        "add", help="add a user; prints a one-time sign-in unless a password is given"
    )
    add.add_argument("name")
    add.add_argument(
        "--role",
        action="append",
        required=True,
        choices=sorted(ROLES),
        help="may be named several times",
    )
    add.add_argument(
        "--password",
        action="store_true",
        help="ask for a password, or read its line from standard input",
    )
    listing = does.add_parser("list", help="who may sign in")
    listing.add_argument("--json", action="store_true", help="as JSON")
    for name, words in (
        ("once", "print a one-time sign-in, as for one who forgot the password"),
        ("disable", "shut a user out, at once and everywhere"),
        ("enable", "let a user in again"),
    ):
        does.add_parser(name, help=words).add_argument("name")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from intake.cli.site import open_current_database, print_message
    from intake.settings import load_settings

    settings = load_settings()
    with open_current_database(settings) as database:
        try:
            return _DOES[args.does](args, settings, database)
        except (LookupError, ValueError) as fault:
            print_message(f"intake users: {fault.args[0]}")
            return 1


def _add(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    from intake.store import audit, users

    password = _password() if args.password else None
    with database.write() as tx:
        user = users.add_user(tx, args.name, args.role, password)
        audit.record_action(tx, AUDIT_ACTOR, "user-added", user.id)
        address = None if password else _once(tx, user, settings)
    if address is not None:
        print(address)
    return 0


def _password() -> str:
    from getpass import getpass

    return getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def _list(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    from intake.store import users

    with database.read() as tx:
        found = users.list_users(tx)
    if args.json:
        held = [
            {"name": each.name, "roles": sorted(each.roles), "state": _state(each)}
            for each in found
        ]
        json.dump(held, sys.stdout, indent=1)
        print()
        return 0
    for user in found:
        print(f"{user.name:<24} {_state(user):<12} {','.join(sorted(user.roles))}")
    return 0


def _state(user: User) -> str:
    if user.disabled:
        return "disabled"
    return "active" if user.has_password else "no-password"


def _make_once(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    with database.write() as tx:
        user = _named(tx, args.name)
        if user.disabled:
            raise LookupError(f"'{args.name}' is disabled; `intake users enable` comes first")
        address = _once(tx, user, settings)
    print(address)
    return 0


def _disable(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    from intake.store import audit, users

    with database.write() as tx:
        user = _named(tx, args.name)
        users.disable_user(tx, user)
        audit.record_action(tx, AUDIT_ACTOR, "user-disabled", user.id)
    return 0


def _enable(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    from intake.store import audit, users

    with database.write() as tx:
        user = _named(tx, args.name)
        users.enable_user(tx, user)
        audit.record_action(tx, AUDIT_ACTOR, "user-enabled", user.id)
    return 0


_DOES = {"add": _add, "list": _list, "once": _make_once, "disable": _disable, "enable": _enable}


def _once(tx: Tx, user: User, settings: Settings) -> str:
    from intake.cli.site import require_public_url
    from intake.pages import addresses
    from intake.store import audit, users

    audit.record_action(tx, AUDIT_ACTOR, "once-made", user.id)
    return addresses.sign_in_url(
        require_public_url(settings), users.create_one_time_token(tx, user, users.ONE_TIME_LIFETIME)
    )


def _named(tx: Tx, name: str) -> User:
    from intake.store import users

    user = users.find_by_name(tx, name)
    if user is None:
        raise LookupError(f"there is no user '{name}'; `intake users list` names them")
    return user
