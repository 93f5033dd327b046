"""Loads the configuration folder: the shipped files with a site's own laid over them, file by file."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fhir_client.model import Element
from intake.answers import AnswerState
from intake.questions import QuestionSet
from intake.settings import rules
from intake.settings.composition import compose_questions
from intake.settings.files import ClinicTable, IntakeFile, QuestionSetFile, ServerTable, TimesTable
from intake.settings.tables import read_table
from intake.settings.values import Auth, Clinic, QuirksProfile, Server, Settings, Times
from intake.shipped import CONFIG


class SettingsError(Exception):
    """The configuration has faults; `faults` has a sentence for each."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the sentences."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


def load_settings(directory: Path | None = None) -> Settings:
    """Return the settings of the site's folder `directory`, else $INTAKE_CONFIG, else the shipped ones alone.

    Raises SettingsError with every fault of every file.
    """
    named = directory or _from_environment()
    folder = named.resolve() if named else None
    faults: list[str] = []
    if folder is not None and not folder.is_dir():
        raise SettingsError([f"{folder}: there is no such folder of configuration"])
    question_sets = _question_sets(folder, faults)
    file = read_table(IntakeFile, read_toml(folder, "intake.toml", faults), "intake.toml", faults)
    quirks = _quirks(folder, faults)
    servers = _servers(file, folder, tuple(quirks), faults)
    clinics = _clinics(
        read_toml(folder, "clinics.toml", faults), tuple(file.servers) if file else None, faults
    )
    if file:
        faults.extend(rules.find_intake_faults(file, tuple(question_sets)))
    if faults or file is None:
        raise SettingsError(faults)
    usable = {name: each for name, each in quirks.items() if each is not None}
    return _settings(folder, file, question_sets, servers, clinics, usable)


def _from_environment() -> Path | None:
    named = os.environ.get("INTAKE_CONFIG")
    return Path(named) if named else None


def _find(folder: Path | None, name: str) -> Path:
    own = folder / name if folder else None
    return own if own is not None and own.exists() else CONFIG / name


def read_toml(folder: Path | None, name: str, faults: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(_find(folder, name).read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{name}: this is not TOML: {error}")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{name}: cannot be read: {error}")
    return {}


def _question_sets(folder: Path | None, faults: list[str]) -> Mapping[str, QuestionSet]:
    places = _places(folder, "questions")
    files = {
        place: read_table(QuestionSetFile, read_toml(folder, place, faults), place, faults)
        for place in places
    }
    known = {each.id: each for each in files.values() if each is not None}
    for place, each in files.items():
        faults.extend(
            rules.find_question_set_faults(each, known, place) if each is not None else ()
        )
    return {
        name: QuestionSet(each.id, each.version, each.url, compose_questions(each, known))
        for name, each in known.items()
    }


def _places(folder: Path | None, kind: str) -> list[str]:
    """Return the TOML files of a folder of the configuration, the shipped and the site's own."""
    folders = [CONFIG / kind, *([folder / kind] if folder else [])]
    names = sorted({path.name for each in folders if each.is_dir() for path in each.glob("*.toml")})
    return [f"{kind}/{name}" for name in names]


def _quirks(folder: Path | None, faults: list[str]) -> Mapping[str, QuirksProfile | None]:
    """Return every profile by its file's name; None for one that has faults, which are told already."""
    found: dict[str, QuirksProfile | None] = {}
    for place in _places(folder, "quirks"):
        profile = read_table(QuirksProfile, read_toml(folder, place, faults), place, faults)
        faults.extend(rules.find_quirks_faults(profile, place) if profile else ())
        found[Path(place).stem] = profile
    return found


def _servers(
    file: IntakeFile | None, folder: Path | None, quirks: tuple[str, ...], faults: list[str]
) -> Mapping[str, Server]:
    servers = {}
    for name, raw in (file.servers if file else {}).items():
        where = f"intake.toml: servers.{name}"
        table = read_table(ServerTable, raw, where, faults)
        if table is not None:
            faults.extend(rules.find_server_faults(table, quirks, where))
            servers[name] = _server(name, table, folder)
    return servers


def _server(name: str, table: ServerTable, folder: Path | None) -> Server:
    auth = Auth(
        kind=table.auth,
        username=table.username,
        secret_file=_path(table.secret_file, folder),
        client_id=table.client_id,
        key_file=_path(table.key_file, folder),
        key_id=table.key_id,
        algorithm=table.algorithm,
        token_url=table.token_url,
        scopes=table.scopes,
    )
    return Server(
        id=name,
        base_url=table.base_url.rstrip("/"),
        us_core=table.us_core,
        quirks=table.quirks,
        timeout=timedelta(seconds=table.timeout_seconds),
        auth=auth,
        ca_file=_path(table.ca_file, folder),
        workers=table.workers,
        certificate_file=_path(table.certificate_file, folder),
        certificate_key_file=_path(table.certificate_key_file, folder),
        strategy=table.strategy,
        test_patient=table.test_patient,
    )


def _clinics(
    raw: dict[str, Any], servers: tuple[str, ...] | None, faults: list[str]
) -> Mapping[str, Clinic]:
    clinics = {}
    for name, each in raw.items():
        where = f"clinics.toml: {name}"
        table = read_table(ClinicTable, each, where, faults)
        if table is None:
            continue
        # Without a readable intake.toml nobody knows the servers, so a clinic is not blamed for naming one.
        found = list(
            rules.find_clinic_faults(table, (table.server,) if servers is None else servers, where)
        )
        faults.extend(found)
        if not found:
            clinics[name] = _clinic(name, table)
    if not raw:
        faults.append("clinics.toml: there is no clinic; add a table such as [riverside]")
    return clinics


def _clinic(name: str, table: ClinicTable) -> Clinic:
    return Clinic(
        id=name,
        name=table.name,
        time_zone=ZoneInfo(table.time_zone),
        server=table.server,
        organization=table.organization,
        locations=table.locations,
        record_number_system=table.record_number_system,
    )


def _times(table: TimesTable) -> Times:
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
        audit=timedelta(days=table.audit_days),
        staff_idle=timedelta(minutes=table.staff_idle_minutes),
        staff_longest=timedelta(hours=table.staff_longest_hours),
        reask_after={
            AnswerState.ANSWERED: timedelta(days=table.answered_again_days),
            AnswerState.DECLINED: timedelta(days=table.declined_again_days),
        },
    )


def _settings(
    folder: Path | None,
    file: IntakeFile,
    question_sets: Mapping[str, QuestionSet],
    servers: Mapping[str, Server],
    clinics: Mapping[str, Clinic],
    quirks: Mapping[str, QuirksProfile],
) -> Settings:
    data_dir = _data_dir(file, folder)
    return Settings(
        directory=folder,
        public_url=file.public_url.rstrip("/"),
        data_dir=data_dir,
        database_url=file.database or f"sqlite:///{data_dir / 'intake.sqlite3'}",
        key_file=_path(file.key_file, folder) or data_dir / "keys.json",
        trusted_proxies=file.trusted_proxies,
        languages=file.languages,
        question_set=question_sets[file.question_set],
        question_sets=question_sets,
        notice=file.notice,
        asked_first_from_age=file.asked_first_from_age,
        times=_times(file.times),
        mapping=file.mapping,
        merge=file.merge,
        common_languages={
            Element.SPOKEN_LANGUAGE: file.common_languages.spoken,
            Element.WRITTEN_LANGUAGE: file.common_languages.written,
        },
        servers=servers,
        clinics=clinics,
        quirks=quirks,
    )


def _data_dir(file: IntakeFile, folder: Path | None) -> Path:
    named = file.data_dir or os.environ.get("INTAKE_DATA")
    return (_path(named, folder) if named else None) or Path.home() / ".local" / "share" / "intake"


def _path(named: str, folder: Path | None) -> Path | None:
    """Return a path that a file names: as it is where absolute, else beside the site's files."""
    if not named:
        return None
    return (folder or Path.cwd()) / Path(named).expanduser()
