"""`intake devices`: the tablets; pairing one with a clinic, listing and revoking them."""

import argparse
import json
import sys
from datetime import datetime
from typing import Any

from intake.clock import format_duration
from intake.settings import Settings
from intake.store.database import Database
from intake.store.devices import Device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    does = parser.add_subparsers(dest="does", required=True)
    pair = does.add_parser(
        "pair", help="print a pairing code for a new tablet, good once and for an hour"
    )
    pair.add_argument(
        "--clinic", required=True, metavar="ID", help="the clinic whose patients it serves"
    )
    pair.add_argument(
        "--label", required=True, type=_label, help="where it stands, such as 'Front door'"
    )
    listing = does.add_parser("list", help="the tablets and when each was last seen")
    listing.add_argument("--clinic", metavar="ID", help="only this clinic's")
    listing.add_argument("--json", action="store_true", help="as JSON")
    does.add_parser("revoke", help="take a tablet out of use").add_argument("id")


def _label(given: str) -> str:
    from intake.store.devices import MAX_LABEL_LENGTH

    found = given.strip()
    if not 0 < len(found) <= MAX_LABEL_LENGTH:
        raise argparse.ArgumentTypeError(
            f"say in 1 to {MAX_LABEL_LENGTH} characters where the tablet stands"
        )
    return found


def run(args: argparse.Namespace) -> int:
    """Do it."""
    from intake.cli.site import open_current_database, print_message
    from intake.settings import load_settings

    settings = load_settings()
    if args.does != "revoke" and args.clinic is not None and args.clinic not in settings.clinics:
        print_message(
            f"intake devices: --clinic: '{args.clinic}' is not among {', '.join(settings.clinics)}"
        )
        return 2
    with open_current_database(settings) as database:
        return _DOES[args.does](args, settings, database)


def _pair(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    from intake.cli.site import print_message, require_public_url
    from intake.cli.users import AUDIT_ACTOR
    from intake.pages import addresses
    from intake.store import audit, devices

    address = addresses.pairing_url(require_public_url(settings))
    with database.write() as tx:
        code = devices.invite_device(tx, args.clinic, args.label)
        audit.record_action(tx, AUDIT_ACTOR, "tablet-invited", args.clinic)
    print(code)
    print_message(f"Open {address} on the tablet and enter the code there, within an hour.")
    return 0


def _list(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    from intake.store import devices

    with database.read() as tx:
        found, now = devices.list_devices(tx, args.clinic), tx.now
    if args.json:
        json.dump([_json(each) for each in found], sys.stdout, indent=1)
        print()
        return 0
    for device in found:
        seen = (
            f"seen {format_duration(now - device.last_seen)} ago"
            if device.last_seen
            else "never seen"
        )
        print(f"{device.id}  {_state(device):<8} {seen:<16} {device.clinic:<16} {device.label}")
    return 0


def _json(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "clinic": device.clinic,
        "label": device.label,
        "state": _state(device),
        "paired_at": _iso(device.paired_at),
        "last_seen": _iso(device.last_seen),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _state(device: Device) -> str:
    if device.revoked_at is not None:
        return "revoked"
    return "paired" if device.paired_at is not None else "invited"


def _revoke(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    from intake.cli.site import print_message
    from intake.cli.users import AUDIT_ACTOR
    from intake.store import audit, devices

    with database.write() as tx:
        done = devices.revoke_device(tx, args.id)
        if done:
            audit.record_action(tx, AUDIT_ACTOR, "tablet-revoked", args.id)
    if not done:
        print_message(
            f"intake devices: there is no tablet '{args.id}' to revoke; `intake devices list` names them"
        )
    return 0 if done else 1


_DOES = {"pair": _pair, "list": _list, "revoke": _revoke}
