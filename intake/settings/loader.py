"""Loads the configuration: a site's files replace the shipped ones."""

import os
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
from intake.settings.faults import missing_value
from intake.settings.files import ClinicTable, IntakeFile, QuestionSetFile, ServerTable, TimesTable
from intake.settings.site_folder import (
    find_folder_faults,
    folder_from_environment,
    list_toml_files,
    read_toml,
)
from intake.settings.tables import read_table
from intake.settings.values import Auth, Clinic, Server, Settings, Times

NO_SITE = (
    "There is no site yet: `intake init DIR` makes its folder. "
    "`--config DIR` or INTAKE_CONFIG=DIR names the folder of a site that exists."
)


class SettingsError(Exception):
    """The configuration has faults; `faults` has one sentence for each."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the sentences."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


def load_site_settings() -> Settings:
    """Return the settings of the site's folder, which $INTAKE_CONFIG names.

    Raises SettingsError with every fault, and without a folder: the shipped files hold examples,
    which a site must never use.
    """
    settings = load_settings()
    if settings.directory is None:
        raise SettingsError([NO_SITE])
    return settings


def load_settings(directory: Path | None = None) -> Settings:
    """Return the settings of the site's folder, or the shipped settings alone.

    The site's folder is `directory`, else $INTAKE_CONFIG. Raises SettingsError with every fault of
    every file.
    """
    path = directory or folder_from_environment()
    folder = path.resolve() if path else None
    faults: list[str] = []
    if folder is not None:
        # Without its folder every file would be the shipped one, which hides the mistake.
        if not folder.is_dir():
            raise SettingsError([f"{folder}: there is no such folder of configuration"])
        faults.extend(find_folder_faults(folder))
    question_sets = _load_question_sets(folder, faults)
    intake_toml = read_toml(folder, "intake.toml", faults)
    file = None
    if intake_toml is not None:
        file = read_table(IntakeFile, intake_toml, "intake.toml", faults)
    quirks = _load_quirks(folder, faults)
    servers = _read_servers(intake_toml or {}, folder, tuple(quirks), faults)
    server_names = tuple(file.servers) if file else None
    clinics = _read_clinics(read_toml(folder, "clinics.toml", faults), server_names, faults)
    if file:
        faults.extend(rules.find_intake_faults(file, question_sets))
    if faults or file is None or question_sets is None:
        raise SettingsError(faults)
    # Without faults every profile is usable; the filter is for the type checker.
    usable_quirks = {name: profile for name, profile in quirks.items() if profile is not None}
    return _build_settings(folder, file, question_sets, servers, clinics, usable_quirks)


def _load_question_sets(folder: Path | None, faults: list[str]) -> Mapping[str, QuestionSet] | None:
    """Return the question sets by id; None if a file has a fault that hides its id."""
    files = {
        name: None if raw is None else read_table(QuestionSetFile, raw, name, faults)
        for name in list_toml_files(folder, "questions")
        for raw in [read_toml(folder, name, faults)]
    }
    # All files are read before any is checked, because a set may extend a set of a later file.
    files_by_id = {file.id: file for file in files.values() if file}
    is_complete = None not in files.values()
    for name, file in files.items():
        # An unreadable file may hold the set that this one extends: it is not reported as missing.
        if file and (is_complete or file.extends in ("", *files_by_id)):
            faults.extend(rules.find_question_set_faults(file, files_by_id, name))
    if not is_complete:
        return None
    return {
        set_id: QuestionSet(file.id, file.version, file.url, compose_questions(file, files_by_id))
        for set_id, file in files_by_id.items()
    }


def _load_quirks(folder: Path | None, faults: list[str]) -> Mapping[str, Quirks | None]:
    """Return every quirk profile by its file's name; None for a profile with faults.

    A server that names a faulty profile is not reported again.
    """
    profiles: dict[str, Quirks | None] = {}
    for name in list_toml_files(folder, "quirks"):
        raw = read_toml(folder, name, faults)
        profile = None if raw is None else _read_quirks(raw, name, faults)
        faults.extend(rules.find_quirks_faults(profile, name) if profile else ())
        profiles[Path(name).stem] = profile
    return profiles


def _read_quirks(raw: dict[str, Any], name: str, faults: list[str]) -> Quirks | None:
    """Return the quirk profile, with the key `rungs` read as `write_strategies`."""
    # The key had that name in the first releases, and the files of sites may still use it.
    renamed = {("write_strategies" if key == "rungs" else key): raw[key] for key in raw}
    return read_table(Quirks, renamed, name, faults)


def _read_servers(
    intake_toml: dict[str, Any], folder: Path | None, quirks: tuple[str, ...], faults: list[str]
) -> Mapping[str, Server]:
    servers = {}
    tables = intake_toml.get("servers")
    # Another fault in the file must not hide the faults of its servers.
    for name, raw in tables.items() if isinstance(tables, dict) else ():
        where = f"intake.toml: servers.{name}"
        table = read_table(ServerTable, raw, where, faults)
        if table is not None:
            faults.extend(rules.find_server_faults(table, quirks, where))
            servers[name] = build_server(name, table, folder)
    return servers


def build_server(name: str, table: ServerTable, folder: Path | None) -> Server:
    """Return the server of a table without faults; its paths are relative to the folder."""
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
    raw: dict[str, Any] | None, servers: tuple[str, ...] | None, faults: list[str]
) -> Mapping[str, Clinic]:
    clinics = {}
    for name, raw_table in (raw or {}).items():
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
    # None: the file cannot be read, which is a fault of its own.
    if raw == {}:
        faults.append(missing_value("clinics.toml", "one table for each clinic, as [riverside]"))
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
        help_phone=file.help_phone,
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
