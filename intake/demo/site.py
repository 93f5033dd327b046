"""The demo's site: a folder with its configuration, its key and its database, all new on every start."""

import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from intake.demo.clinics import CLINICS, RECORD_NUMBER_SYSTEM
from intake.demo.processes import DemoError
from intake.demo.toml import format_toml
from intake.settings import Settings, load_settings
from intake.shipped import CONFIG
from intake.store.crypto import create_keys
from intake.store.migrate import migrate_database

SERVER = "demo"
"""The id of the FHIR server in the settings."""


def write_site(
    folder: Path, *, public_url: str, base_url: str, references: Mapping[str, str]
) -> Settings:
    """Make the site in the empty `folder` and return its settings.

    `references` are those of the seeded Organizations and Locations, by their identifiers.
    """
    (folder / "intake.toml").write_text(
        format_toml(_installation(folder, public_url, base_url)), "utf-8"
    )
    (folder / "clinics.toml").write_text(format_toml(_clinics(references)), "utf-8")
    settings = load_settings(folder)
    create_keys(settings.key_file)
    migrate_database(settings.database_url)
    return settings


@contextmanager
def create_site_folder(home: Path, port: int) -> Iterator[Path]:
    """Yield an empty folder, which only this user can enter and which goes with the block; a fault leaves its logs there.

    What earlier demos at that port left goes now.
    """
    for old in home.glob(f"site-{port}-*"):
        shutil.rmtree(old, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    # A name of its own: an earlier demo at that port may still be busy deleting its folder.
    folder = Path(tempfile.mkdtemp(prefix=f"site-{port}-", dir=home))
    try:
        yield folder
    except DemoError:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


def _installation(folder: Path, public_url: str, base_url: str) -> dict[str, Any]:
    """Return the shipped intake.toml with what is this site's own."""
    shipped = tomllib.loads((CONFIG / "intake.toml").read_text("utf-8"))
    [shipped_server] = shipped["servers"].values()
    own = {
        "public_url": public_url,
        "data_dir": str(folder / "data"),
        "database": "",
        "key_file": "",
    }
    return {**shipped, **own, "servers": {SERVER: {**shipped_server, "base_url": base_url}}}


def _clinics(references: Mapping[str, str]) -> dict[str, Any]:
    return {
        place.id: {
            "name": place.name,
            "time_zone": place.zone.key,
            "server": SERVER,
            "organization": references[place.organization],
            "locations": [references[place.location], references[place.room]],
            "record_number_system": RECORD_NUMBER_SYSTEM,
        }
        for place in CLINICS
    }
