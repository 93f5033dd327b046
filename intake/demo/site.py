"""The demo's site: a folder with its configuration, key and database, new at every start."""

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
from intake.i18n import existing_tags
from intake.settings import Settings, load_settings
from intake.shipped import CONFIG
from intake.store.crypto import create_keys
from intake.store.migrate import migrate_database

SERVER = "demo"
"""The id of the FHIR server in the settings."""


def write_site(
    folder: Path, *, public_url: str, base_url: str, references: Mapping[str, str]
) -> Settings:
    """Create the site in the empty `folder` and return its settings.

    `references` are those of the seeded Organizations and Locations, by their identifiers.
    """
    documents = {
        "intake.toml": _intake_document(folder, public_url, base_url),
        "clinics.toml": _clinics_document(references),
    }
    for name, document in documents.items():
        (folder / name).write_text(format_toml(document), "utf-8")
    settings = load_settings(folder)
    create_keys(settings.key_file)
    migrate_database(settings.database_url)
    return settings


@contextmanager
def create_site_folder(home: Path, port: int) -> Iterator[Path]:
    """Yield an empty folder of mode 0700 and delete it at the end.

    After a DemoError the folder stays for its logs, until the next demo on that port deletes it.
    """
    for old in home.glob(f"site-{port}-*"):
        shutil.rmtree(old, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    # The name is unique: an earlier demo on that port may still be deleting its folder.
    folder = Path(tempfile.mkdtemp(prefix=f"site-{port}-", dir=home))
    try:
        yield folder
    except DemoError:
        # Without logs the folder explains nothing.
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


def _intake_document(folder: Path, public_url: str, base_url: str) -> dict[str, Any]:
    """Return the shipped intake.toml with this site's own values."""
    # The shipped file keeps the demo equal to a new site in everything else.
    shipped = tomllib.loads((CONFIG / "intake.toml").read_text("utf-8"))
    [shipped_server] = shipped["servers"].values()
    own_values = {
        "public_url": public_url,
        "data_dir": str(folder / "data"),
        "database": "",
        "key_file": "",
        # A visitor sees every language; a site begins with English.
        "languages": list(existing_tags()),
    }
    server = {**shipped_server, "base_url": base_url}
    return {**shipped, **own_values, "servers": {SERVER: server}}


def _clinics_document(references: Mapping[str, str]) -> dict[str, Any]:
    return {
        clinic.id: {
            "name": clinic.name,
            "time_zone": clinic.zone.key,
            "server": SERVER,
            "organization": references[clinic.organization],
            "locations": [references[clinic.location], references[clinic.room]],
            "record_number_system": RECORD_NUMBER_SYSTEM,
        }
        for clinic in CLINICS
    }
