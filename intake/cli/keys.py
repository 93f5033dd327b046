"""`intake keys`: make the key that seals what is kept, and add a newer one."""

import argparse

from intake.cli.opening import complain


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("what", choices=("new", "rotate"), help="make the first key, or add one that seals from now on")


def run(args: argparse.Namespace) -> int:
    """Make or add a key."""
    from intake.settings import load
    from intake.store.crypto import KeyFault, new_keys, rotate_keys

    path = load().key_file
    try:
        (new_keys if args.what == "new" else rotate_keys)(path)
    except FileExistsError:
        complain(f"{path}: there is a key already, which opens what is stored; `intake keys rotate` adds a newer one")
        return 1
    except KeyFault as fault:
        complain(fault)
        return 1
    print(path)
    return 0
