"""Finds the files of a site's folder, and names those that nothing reads."""

import os
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from intake.settings.faults import FILE_NAME_CUTOFF, missing_file, unknown_file
from intake.settings.values import Settings
from intake.shipped import CONFIG
from intake.suggestions import suggest_word

REQUIRED_FILES = {
    "intake.toml": "the installation and its FHIR servers",
    "clinics.toml": "one table for each clinic",
}
"""The files that a site must have, and their content: the shipped ones hold examples."""

TOML_FOLDERS = ("questions", "quirks")
"""The subfolders whose TOML files are read beside the shipped ones."""

UNREAD_FOLDERS = ("deploy",)
"""The subfolders that a site may copy from the shipped folder, and that only people read."""

BACKUP_ENDINGS = ("~", ".bak", ".orig", ".old", ".save", ".dpkg-dist", ".dpkg-old", ".rpmnew")
"""The endings of copies that editors and package managers leave beside a file."""


def folder_from_environment() -> Path | None:
    """Return the folder that INTAKE_CONFIG names, or None."""
    path = os.environ.get("INTAKE_CONFIG")
    return Path(path) if path else None


def find_folder_faults(folder: Path) -> Iterator[str]:
    """Yield the faults of the names in a site's folder: missing and misspelt files."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        yield f"{folder}: cannot be read: {error.strerror}"
        return
    misspelt = dict(_find_misspelt_names(names))
    for required, content in REQUIRED_FILES.items():
        if required not in names:
            other = next((name for name, meant in misspelt.items() if meant == required), "")
            yield missing_file(required, str(folder), content, other)
    readable = (*REQUIRED_FILES, *(f"{kind}/" for kind in TOML_FOLDERS))
    for name, meant in misspelt.items():
        if meant not in REQUIRED_FILES:
            yield unknown_file(name, readable, meant)
    for kind in TOML_FOLDERS:
        yield from _find_misspelt_endings(folder, kind)


def _find_misspelt_names(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each misspelt name with the missing name that it means, or ""."""
    known_names = (*REQUIRED_FILES, *TOML_FOLDERS, *UNREAD_FOLDERS)
    missing = [name for name in known_names if name not in names]
    for name in names:
        if name in known_names or name.endswith(BACKUP_ENDINGS):
            continue
        meant = suggest_word(name, missing, FILE_NAME_CUTOFF)
        # Nothing but the two files is TOML here, so another one is a setting that has no effect.
        if meant or name.lower().endswith(".toml"):
            yield name, meant


def _find_misspelt_endings(folder: Path, kind: str) -> Iterator[str]:
    for path in _list_unread(folder, kind):
        ending = path.suffix
        if not path.name.endswith(BACKUP_ENDINGS) and (
            ".toml" in path.name.lower() or suggest_word(ending, [".toml"], FILE_NAME_CUTOFF)
        ):
            meant = f"{kind}/{path.name.partition('.')[0]}.toml"
            yield unknown_file(f"{kind}/{path.name}", [f"{kind}/NAME.toml"], meant)


def _list_unread(folder: Path, kind: str) -> list[Path]:
    parent = folder / kind
    paths = sorted(parent.iterdir()) if parent.is_dir() else []
    return [path for path in paths if path.suffix != ".toml" and not path.name.startswith(".")]


def find_unread_files(settings: Settings) -> Iterator[str]:
    """Yield the names in the site's folder that neither a file nor a setting refers to."""
    folder = settings.directory
    if folder is None:
        return
    used_paths = {path.resolve() for path in _referenced_paths(settings)}
    known_names = (*REQUIRED_FILES, *TOML_FOLDERS, *UNREAD_FOLDERS)
    top_level = (path for path in sorted(folder.iterdir()) if path.name not in known_names)
    in_subfolders = (path for kind in TOML_FOLDERS for path in _list_unread(folder, kind))
    for path in (*top_level, *in_subfolders):
        is_used = any(used == path or path in used.parents for used in used_paths)
        if not is_used and not path.name.startswith("."):
            yield str(path.relative_to(folder))


def _referenced_paths(settings: Settings) -> Iterable[Path]:
    yield settings.data_dir
    yield settings.key_file
    for server in settings.servers.values():
        files = (
            server.ca_file,
            server.certificate_file,
            server.certificate_key_file,
            server.auth.secret_file,
            server.auth.key_file,
        )
        yield from (path for path in files if path is not None)


def read_toml(folder: Path | None, name: str, faults: list[str]) -> dict[str, Any] | None:
    """Return the content of the site's file, else the shipped one; None on a fault."""
    path = _find_file(folder, name)
    if path is None:
        return None
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{name}: this is not TOML: {error}")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{name}: cannot be read: {error}")
    return None


def _find_file(folder: Path | None, name: str) -> Path | None:
    """Return the path of the file, or None if the site's folder lacks a file of its own."""
    site_file = folder / name if folder else None
    if site_file is not None and site_file.exists():
        return site_file
    # Each site has its own servers and clinics: the shipped ones are examples.
    return None if folder is not None and name in REQUIRED_FILES else CONFIG / name


def list_toml_files(folder: Path | None, kind: str) -> list[str]:
    """Return the names of the TOML files in a subfolder, shipped and the site's."""
    parents = [CONFIG / kind, *([folder / kind] if folder else [])]
    names = {path.name for parent in parents if parent.is_dir() for path in parent.glob("*.toml")}
    return [f"{kind}/{name}" for name in sorted(names)]
