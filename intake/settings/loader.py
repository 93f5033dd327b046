"""Loads the configuration: a site's files replace the shipped ones."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fhir_client.model import Element
from fhir_client.quirks import Quirks
from intake.answers import AnswerState
from intake.questions import QuestionSet
from intake.settings import rules
from intake.settings.composition import compose_questions
from intake.settings.files import ClinicTable, IntakeFile, QuestionSetFile, ServerTable, TimesTable
from intake.settings.tables import read_table
from intake.settings.values import Auth, Clinic, Server, Settings, Times
from intake.shipped import CONFIG


class SettingsError(Exception):
    """The configuration has faults; `faults` has one sentence for each."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the sentences."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


def load_settings(directory: Path | None = None) -> Settings:
    """Return the settings of the site's folder, or the shipped settings alone.

    The site's folder is `directory`, else $INTAKE_CONFIG. Raises SettingsError with every fault of
    every file.
    """
    path = directory or _folder_from_environment()
    folder = path.resolve() if path else None
    faults: list[str] = []
    # Without its folder every other file would be the shipped one, which hides the mistake.
    if folder is not None and not folder.is_dir():
        raise SettingsError([f"{folder}: there is no such folder of configuration"])
    question_sets = _load_question_sets(folder, faults)
    intake_toml = read_toml(folder, "intake.toml", faults)
    file = read_table(IntakeFile, intake_toml, "intake.toml", faults)
    quirks = _load_quirks(folder, faults)
    servers = _read_servers(file, folder, tuple(quirks), faults)
    clinics = _read_clinics(
        read_toml(folder, "clinics.toml", faults), tuple(file.servers) if file else None, faults
    )
    if file:
        faults.extend(rules.find_intake_faults(file, tuple(question_sets)))
    if faults or file is None:
        raise SettingsError(faults)
    # Without faults every profile is usable; the filter is for the type checker.
    usable_quirks = {name: profile for name, profile in quirks.items() if profile is not None}
    return _build_settings(folder, file, question_sets, servers, clinics, usable_quirks)


def _folder_from_environment() -> Path | None:
    path = os.environ.get("INTAKE_CONFIG")
    return Path(path) if path else None


def _find_file(folder: Path | None, name: str) -> Path:
    site_file = folder / name if folder else None
    return site_file if site_file is not None and site_file.exists() else CONFIG / name


def read_toml(folder: Path | None, name: str, faults: list[str]) -> dict[str, Any]:
    """Return the content of the site's file, else the shipped one; empty on faults."""
    try:
        return tomllib.loads(_find_file(folder, name).read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{name}: this is not TOML: {error}")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{name}: cannot be read: {error}")
    return {}


def _load_question_sets(folder: Path | None, faults: list[str]) -> Mapping[str, QuestionSet]:
    files = {
        name: file
        for name in _list_files(folder, "questions")
        if (file := read_table(QuestionSetFile, read_toml(folder, name, faults), name, faults))
    }
    # All files are read before any is checked, because a set may extend a set of a later file.
    files_by_id = {file.id: file for file in files.values()}
    for name, file in files.items():
        faults.extend(rules.find_question_set_faults(file, files_by_id, name))
    return {
        set_id: QuestionSet(file.id, file.version, file.url, compose_questions(file, files_by_id))
        for set_id, file in files_by_id.items()
    }


def _list_files(folder: Path | None, kind: str) -> list[str]:
    """Return the names of the TOML files in a subfolder, shipped and the site's."""
    parents = [CONFIG / kind, *([folder / kind] if folder else [])]
    names = {path.name for parent in parents if parent.is_dir() for path in parent.glob("*.toml")}
    return [f"{kind}/{name}" for name in sorted(names)]


def _load_quirks(folder: Path | None, faults: list[str]) -> Mapping[str, Quirks | None]:
    """Return every quirk profile by its file's name; None for a profile with faults.

    A server that names a faulty profile is not reported again.
    """
    profiles: dict[str, Quirks | None] = {}
    for name in _list_files(folder, "quirks"):
        raw = _rename_old_keys(read_toml(folder, name, faults))
        profile = read_table(Quirks, raw, name, faults)
        faults.extend(rules.find_quirks_faults(profile, name) if profile else ())
        profiles[Path(name).stem] = profile
    return profiles


def _rename_old_keys(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a quirk profile, with `rungs` read as `write_strategies`."""
    # The key had that name in the first releases, and the files of sites may still use it.
    return {("write_strategies" if key == "rungs" else key): value for key, value in raw.items()}


def _read_servers(
    file: IntakeFile | None, folder: Path | None, quirks: tuple[str, ...], faults: list[str]
) -> Mapping[str, Server]:
    servers = {}
    for name, raw in (file.servers if file else {}).items():
        where = f"intake.toml: servers.{name}"
        table = read_table(ServerTable, raw, where, faults)
        if table is not None:
            faults.extend(rules.find_server_faults(table, quirks, where))
            servers[name] = _build_server(name, table, folder)
    return servers


def _build_server(name: str, table: ServerTable, folder: Path | None) -> Server:
    auth = Auth(
        kind=table.auth,
        username=table.username,
        secret_file=_resolve_path(table.secret_file, folder),
        client_id=table.client_id,
        key_file=_resolve_path(table.key_file, folder),
        key_id=table.key_id,
        algorithm=table.algorithm,
        token_url=table.token_url,
        scopes=table.scopes,
    )
    # FHIR paths are appended with a slash.
    return Server(
        id=name,
        base_url=table.base_url.rstrip("/"),
        us_core=table.us_core,
        quirks=table.quirks,
        timeout=timedelta(seconds=table.timeout_seconds),
        auth=auth,
        ca_file=_resolve_path(table.ca_file, folder),
        workers=table.workers,
        certificate_file=_resolve_path(table.certificate_file, folder),
        certificate_key_file=_resolve_path(table.certificate_key_file, folder),
        strategy=table.strategy,
        test_patient=table.test_patient,
    )


def _read_clinics(
    raw: dict[str, Any], servers: tuple[str, ...] | None, faults: list[str]
) -> Mapping[str, Clinic]:
    clinics = {}
    for name, raw_table in raw.items():
        where = f"clinics.toml: {name}"
        table = read_table(ClinicTable, raw_table, where, faults)
        if table is None:
            continue
        # Without a readable intake.toml no server is known, so any server's name is accepted.
        server_names = (table.server,) if servers is None else servers
        clinic_faults = list(rules.find_clinic_faults(table, server_names, where))
        faults.extend(clinic_faults)
        # An unknown time zone cannot become a ZoneInfo.
        if not clinic_faults:
            clinics[name] = _build_clinic(name, table)
    if not raw:
        faults.append("clinics.toml: there is no clinic; add a table such as [riverside]")
    return clinics


def _build_clinic(name: str, table: ClinicTable) -> Clinic:
    return Clinic(
        id=name,
        name=table.name,
        time_zone=ZoneInfo(table.time_zone),
        server=table.server,
        organization=table.organization,
        locations=table.locations,
        record_number_system=table.record_number_system,
    )


def _build_times(table: TimesTable) -> Times:
    return Times(
        draft_idle=timedelta(minutes=table.draft_idle_minutes),
        kiosk_idle=timedelta(seconds=table.kiosk_idle_seconds),
        kiosk_warning=timedelta(seconds=table.kiosk_warning_seconds),
        kiosk_drop=timedelta(minutes=table.kiosk_drop_minutes),
        code=timedelta(minutes=table.code_minutes),
        appointment_window=timedelta(hours=table.appointment_window_hours),
        link=timedelta(days=table.link_days),
        payload=timedelta(days=table.payload_days),
        undo=timedelta(days=table.undo_days),
        facts=timedelta(days=table.facts_days),
        audit=timedelta(days=table.audit_days),
        staff_idle=timedelta(minutes=table.staff_idle_minutes),
        staff_longest=timedelta(hours=table.staff_longest_hours),
        reask_after={
            AnswerState.ANSWERED: timedelta(days=table.answered_again_days),
            AnswerState.DECLINED: timedelta(days=table.declined_again_days),
        },
    )


def _build_settings(
    folder: Path | None,
    file: IntakeFile,
    question_sets: Mapping[str, QuestionSet],
    servers: Mapping[str, Server],
    clinics: Mapping[str, Clinic],
    quirks: Mapping[str, Quirks],
) -> Settings:
    data_dir = _find_data_dir(file, folder)
    return Settings(
        directory=folder,
        public_url=file.public_url.rstrip("/"),
        data_dir=data_dir,
        database_url=file.database or f"sqlite:///{data_dir / 'intake.sqlite3'}",
        key_file=_resolve_path(file.key_file, folder) or data_dir / "keys.json",
        trusted_proxies=file.trusted_proxies,
        languages=file.languages,
        question_set=question_sets[file.question_set],
        question_sets=question_sets,
        notice=file.notice,
        asked_first_from_age=file.asked_first_from_age,
        times=_build_times(file.times),
        mapping=file.mapping,
        merge=file.merge,
        common_languages={
            Element.SPOKEN_LANGUAGE: file.common_languages.spoken,
            Element.WRITTEN_LANGUAGE: file.common_languages.written,
        },
        servers=servers,
        clinics=clinics,
        exact_for=frozenset(file.report.exact_for),
        quirks=quirks,
    )


def _find_data_dir(file: IntakeFile, folder: Path | None) -> Path:
    """Return data_dir of intake.toml, else $INTAKE_DATA, else a default folder."""
    path = file.data_dir or os.environ.get("INTAKE_DATA", "")
    return _resolve_path(path, folder) or Path.home() / ".local" / "share" / "intake"


def _resolve_path(path: str, folder: Path | None) -> Path | None:
    """Return a path of the configuration, or None if it is empty.

    A relative path is relative to the site's folder.
    """
    if not path:
        return None
    return (folder or Path.cwd()) / Path(path).expanduser()
