"""`intake restore`: puts a backup back where a site or its database is lost."""

import argparse
import json
import os
from pathlib import Path

from intake.cli.backup import MANIFEST, SITE_FOLDER, file_digest, list_files, secret_files
from intake.cli.output import print_message, print_note
from intake.settings import Settings, load_site_settings
from intake.store import private_files
from intake.store.backup import POSTGRES_FILE, SQLITE_FILE, BackupError, restore_database
from intake.store.crypto import load_keys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("backup", type=Path, metavar="BACKUP", help="a folder of `intake backup`")
    parser.add_argument(
        "--keys", type=Path, metavar="DIR", help="the folder of its keys, if they are lost, too"
    )


def run(args: argparse.Namespace) -> int:
    """Restore what is missing, and write over nothing; 1 if the backup or the place is wrong."""
    backup: Path = args.backup.expanduser().resolve()
    try:
        _verify_backup(backup)
        _restore_site(backup / SITE_FOLDER)
        settings = load_site_settings()
        _restore_secrets(settings, args.keys and args.keys.expanduser().resolve())
        # The database comes last: without its key it would only look restored.
        load_keys(settings.key_file)
        restore_database(settings.database_url, _find_database(backup))
    except BackupError as error:
        print_message(f"intake restore: {error}")
        return 1
    print_note("Next: `intake migrate`, then `intake check`, which decrypts two submissions.")
    return 0


def _verify_backup(backup: Path) -> None:
    """Raise BackupError unless the backup is whole."""
    try:
        digests = json.loads((backup / MANIFEST).read_text("utf-8"))["sha256"]
    except (OSError, ValueError, KeyError):
        raise BackupError(f"{backup} is no folder that `intake backup` made.") from None
    found = {
        str(path.relative_to(backup)): file_digest(path)
        for path in list_files(backup)
        if path.name != MANIFEST
    }
    damaged = sorted(name for name in {*digests, *found} if digests.get(name) != found.get(name))
    if damaged:
        raise BackupError(f"{backup} is damaged: {', '.join(damaged)}.")


def _find_database(backup: Path) -> Path:
    for name in (SQLITE_FILE, POSTGRES_FILE):
        if (backup / name).is_file():
            return backup / name
    raise BackupError(f"{backup} has no database.")


def _restore_site(source: Path) -> None:
    """Write the files that the site's folder lacks; a newer file of the site stays."""
    folder = os.environ.get("INTAKE_CONFIG")
    if not folder:
        raise BackupError("--config DIR must name the site's folder, or where it shall be.")
    for path in list_files(source):
        target = Path(folder) / path.relative_to(source)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            private_files.create_file(target, path.read_bytes())
            print_note(target)


def _restore_secrets(settings: Settings, keys: Path | None) -> None:
    for path in secret_files(settings):
        if path.exists():
            continue
        copy = None if keys is None else keys / path.name
        if copy is None or not copy.is_file():
            raise BackupError(f"{path} is missing: name the folder that has it with --keys DIR.")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_files.create_file(path, copy.read_bytes())
        print_note(path)
