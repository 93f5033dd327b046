"""`intake devices`: pairs tablets with a clinic, lists and revokes them."""

import argparse
from datetime import datetime
from typing import Any

from intake.cli.output import print_json, print_message, print_note
from intake.cli.site import (
    AUDIT_ACTOR,
    is_unknown_clinic,
    open_current_database,
    require_public_url,
)
from intake.clock import format_duration
from intake.pages import addresses
from intake.settings import Settings, load_site_settings
from intake.store import audit, devices
from intake.store.database import Database
from intake.store.devices import MAX_LABEL_LENGTH, Device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True)
    pair = actions.add_parser(
        "pair", help="print a pairing code for a new tablet; it works once and for an hour"
    )
    pair.add_argument(
        "--clinic", required=True, metavar="ID", help="the clinic whose patients use the tablet"
    )
    pair.add_argument(
        "--label",
        required=True,
        type=_parse_label,
        help="where the tablet stands, such as 'Front door'",
    )
    listing = actions.add_parser("list", help="list the tablets and when each was last seen")
    listing.add_argument("--clinic", metavar="ID", help="only this clinic's")
    listing.add_argument("--json", action="store_true", help="as JSON")
    actions.add_parser("revoke", help="take a tablet out of use").add_argument("id")


def _parse_label(text: str) -> str:
    label = text.strip()
    if not 0 < len(label) <= MAX_LABEL_LENGTH:
        raise argparse.ArgumentTypeError(
            f"say in 1 to {MAX_LABEL_LENGTH} characters where the tablet stands"
        )
    return label


def run(args: argparse.Namespace) -> int:
    """Run the chosen action; 2 if the clinic is unknown."""
    settings = load_site_settings()
    if args.action != "revoke" and is_unknown_clinic(settings, args.clinic, "intake devices"):
        return 2
    with open_current_database(settings) as database:
        return _ACTIONS[args.action](args, settings, database)


def _pair_device(args: argparse.Namespace, settings: Settings, database: Database) -> int:
    # The address comes first: without a public URL no code is created.
    address = addresses.pairing_url(require_public_url(settings))
    with database.write() as tx:
        code = devices.invite_device(tx, args.clinic, args.label)
        audit.record_action(tx, AUDIT_ACTOR, "tablet-invited", args.clinic)
    # Only the code goes to standard output, so that a script can read it.
    print(code)
    print_note(f"Open {address} on the tablet and enter the code there within an hour.")
    return 0


def _list_devices(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    with database.read() as tx:
        tablets, now = devices.list_devices(tx, args.clinic), tx.now
    if args.json:
        print_json([_to_json(device) for device in tablets])
        return 0
    for device in tablets:
        seen = (
            f"seen {format_duration(now - device.last_seen)} ago"
            if device.last_seen
            else "never seen"
        )
        state = _device_state(device)
        print(f"{device.id}  {state:<8} {seen:<16} {device.clinic:<16} {device.label}")
    return 0


def _to_json(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "clinic": device.clinic,
        "label": device.label,
        "state": _device_state(device),
        "paired_at": _iso_time(device.paired_at),
        "last_seen": _iso_time(device.last_seen),
    }


def _iso_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _device_state(device: Device) -> str:
    if device.revoked_at is not None:
        return "revoked"
    return "paired" if device.paired_at is not None else "invited"


def _revoke_device(args: argparse.Namespace, _settings: Settings, database: Database) -> int:
    with database.write() as tx:
        revoked = devices.revoke_device(tx, args.id)
        if revoked:
            audit.record_action(tx, AUDIT_ACTOR, "tablet-revoked", args.id)
    # A second revocation changes nothing, and a mistyped id must not look like a success.
    if not revoked:
        print_message(
            f"intake devices: there is no tablet '{args.id}' to revoke; "
            "`intake devices list` shows their ids"
        )
    return 0 if revoked else 1


_ACTIONS = {"pair": _pair_device, "list": _list_devices, "revoke": _revoke_device}
