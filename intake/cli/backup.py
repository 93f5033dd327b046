"""`intake backup`: copies database and site folder to one place, and the keys to another."""

import argparse
import json
import shutil
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from intake.cli.output import print_message, print_note
from intake.cli.site import AUDIT_ACTOR, open_current_database
from intake.clock import system_clock
from intake.settings import Settings, load_site_settings
from intake.store import audit, private_files
from intake.store.backup import BackupError, copy_database
from intake.store.database import HEAD_REVISION

MANIFEST, SITE_FOLDER = "manifest.json", "site"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="the backup becomes a new folder in this one"
    )
    parser.add_argument(
        "--keys",
        type=Path,
        metavar="DIR",
        help="copy the keys and secrets there, on another disk: with both, answers can be read",
    )


def run(args: argparse.Namespace) -> int:
    """Make the backup while everything runs; prints its folder."""
    settings = load_site_settings()
    parent: Path = args.folder.expanduser().resolve()
    keys: Path | None = args.keys and args.keys.expanduser().resolve()
    if keys is not None and (keys == parent or parent in keys.parents or keys in parent.parents):
        print_message("intake backup: --keys must be apart from the backup, best on another disk")
        return 2
    name = f"intake-{system_clock():%Y%m%dT%H%M%SZ}"
    try:
        backup = _make_backup(settings, parent / name)
    except BackupError as error:
        print_message(f"intake backup: {error}")
        return 1
    secrets = sorted(secret_files(settings))
    if keys is None:
        names = ", ".join(map(str, secrets))
        print_note(f"Not in it, and needed to read it: {names}. `--keys DIR` copies them apart.")
    else:
        _copy_secrets(secrets, keys / name)
    print(backup)
    return 0


def _make_backup(settings: Settings, backup: Path) -> Path:
    """Write the folder under another name and rename it, so that half a backup never counts."""
    unfinished = backup.with_name(f".{backup.name}-unfinished")
    unfinished.mkdir(parents=True, mode=0o700)
    try:
        with open_current_database(settings) as database, database.write() as tx:
            audit.record_action(tx, AUDIT_ACTOR, "backup-made", backup.name)
        copy_database(settings.database_url, unfinished)
        _copy_site(settings, unfinished / SITE_FOLDER)
        manifest = {
            "made_at": system_clock().isoformat(),
            "schema": HEAD_REVISION,
            "sha256": {
                str(path.relative_to(unfinished)): file_digest(path)
                for path in list_files(unfinished)
            },
        }
        text = json.dumps(manifest, indent=1)
        private_files.create_file(unfinished / MANIFEST, f"{text}\n".encode())
        unfinished.rename(backup)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return backup


def _copy_site(settings: Settings, target: Path) -> None:
    """Copy the site's folder without data, keys and secrets."""
    source = settings.directory
    assert source is not None  # noqa: S101  # `load_site_settings` requires a folder.
    apart = {path.resolve() for path in (settings.data_dir, *secret_files(settings))}
    target.mkdir(mode=0o700)
    for path in list_files(source):
        if not apart & {path, *path.parents}:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            private_files.create_file(copy, path.read_bytes())


def secret_files(settings: Settings) -> Iterator[Path]:
    """Yield the files that must be kept apart from the data: keys and secrets."""
    yield settings.key_file
    for server in settings.servers.values():
        paths = (server.auth.key_file, server.auth.secret_file, server.certificate_key_file)
        yield from (path for path in paths if path is not None)


def _copy_secrets(secrets: Iterable[Path], target: Path) -> None:
    target.mkdir(parents=True, mode=0o700)
    for path in secrets:
        private_files.create_file(target / path.name, path.read_bytes())
    print_note(f"Keys and secrets: {target}")


def list_files(folder: Path) -> list[Path]:
    """Return the files of a folder and its subfolders, sorted."""
    return sorted(path.resolve() for path in folder.rglob("*") if path.is_file())


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()
