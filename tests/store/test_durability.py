"""Commits survive a kill, and encrypted rows need their own key and row."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from intake.answers import Answer, AnswerState, Channel
from intake.store import audit, codes, crypto, drafts, links, visits
from intake.store.crypto import Cipher, KeyFileError, create_keys, load_keys, rotate_keys
from intake.store.database import (
    HEAD_REVISION,
    Database,
    describe_journal,
    is_wal_safe,
    open_database,
    sqlite_pragmas,
)
from intake.store.migrate import VERSIONS, migrate_database
from tests.support.store import TestClock, make_visit


def test_the_newest_migration_is_the_codes_revision(database: Database) -> None:
    assert max(path.stem.split("_")[0] for path in VERSIONS.glob("0*.py")) == HEAD_REVISION
    assert database.is_current()


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_the_write_ahead_log_is_used_only_if_it_is_safe(
    version: tuple[int, ...], safe: bool
) -> None:
    assert is_wal_safe(version) is safe
    assert sqlite_pragmas(version)[:2] == (
        ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
        if safe
        else ("PRAGMA journal_mode=TRUNCATE", "PRAGMA synchronous=EXTRA")
    )
    assert ("can corrupt" in describe_journal(version)) is not safe


WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from intake.clock import system_clock
from intake.store import audit
from intake.store.crypto import load_keys
from intake.store.database import open_database
database = open_database(sys.argv[1], load_keys(Path(sys.argv[2])), system_clock)
with database.write() as tx:
    audit.record_action(tx, "me", "committed")
print("thank you", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_commit_is_on_disk_although_the_process_is_killed(
    url: str, tmp_path: Path, clock: TestClock
) -> None:
    keys = tmp_path / "k.json"
    create_keys(keys)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.run(
        [sys.executable, "-c", WRITE_AND_DIE, url, str(keys)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert (process.stdout, process.returncode) == ("thank you\n", -signal.SIGKILL)
    database = open_database(url, load_keys(keys), clock)
    with database.read() as tx:
        assert [entry.action for entry in audit.recent_entries(tx)] == ["committed"]
    database.close()


def _fill_disk(database: Database) -> None:
    """Write until the file cannot grow, as on a full disk."""
    with database.write() as tx:
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        for _ in range(1000):
            audit.record_action(tx, "me", "x" * 80)


def test_a_full_disk_raises_and_nothing_is_stored(
    tmp_path: Path, cipher: Cipher, clock: TestClock
) -> None:
    url = f"sqlite:///{tmp_path / 'full.sqlite3'}"
    migrate_database(url)
    database = open_database(url, cipher, clock)
    with pytest.raises(OperationalError, match="full"):
        _fill_disk(database)
    with database.read() as tx:
        assert audit.recent_entries(tx) == ()
    database.close()


def test_no_answer_is_readable_in_the_file(
    tmp_path: Path, cipher: Cipher, clock: TestClock
) -> None:
    path = tmp_path / "encrypted.sqlite3"
    migrate_database(f"sqlite:///{path}")
    database = open_database(f"sqlite:///{path}", cipher, clock)
    with database.write() as tx:
        visit = make_visit(clock)
        visits.save_visit(tx, visit)
        draft, token = drafts.start_draft(tx, visit, channel=Channel.KIOSK, locale="es")
        answer = Answer(AnswerState.ANSWERED, ("2047-9",), {"own-words": "Mixteco bajo"})
        drafts.save_state(tx, draft, replace(draft.state, answers={"race-ethnicity": answer}))
        secrets = [
            token,
            codes.create_code(tx, visit, timedelta(minutes=5)),
            links.create_link(tx, visit, clock())[1],
        ]
    database.close()
    raw = path.read_bytes()
    for secret in ("Mixteco", "2047-9", "Nguyen", "1980-02-29", "Patient/1", *secrets):
        assert secret.encode() not in raw


def test_an_encrypted_row_is_decrypted_only_for_itself(cipher: Cipher) -> None:
    encrypted = cipher.encrypt(b"said", "a")
    assert cipher.decrypt(encrypted, "a") == b"said"
    for wrong, row in (
        (encrypted, "b"),
        (encrypted[:-1] + bytes([encrypted[-1] ^ 1]), "a"),
        (b"\x02" + encrypted[1:], "a"),
    ):
        with pytest.raises(KeyFileError):
            cipher.decrypt(wrong, row)


def test_an_older_key_still_decrypts_and_derives(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    create_keys(path)
    old = load_keys(path)
    encrypted = old.encrypt(b"said", "a")
    rotate_keys(path)
    new = load_keys(path)
    assert new.decrypt(encrypted, "a") == b"said"
    assert new.derive_key("cookies") == old.derive_key("cookies")


def test_a_running_process_decrypts_with_a_newer_key_and_encrypts_with_its_own(
    tmp_path: Path,
) -> None:
    path = tmp_path / "k.json"
    create_keys(path)
    running = load_keys(path)
    for _ in range(2):
        rotate_keys(path)
        assert running.decrypt(load_keys(path).encrypt(b"later", "a"), "a") == b"later"
    path.unlink()
    assert running.decrypt(running.encrypt(b"said", "a"), "a") == b"said"


def test_an_unknown_key_makes_the_process_read_the_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other_path = tmp_path / "k.json", tmp_path / "other.json"
    create_keys(path)
    create_keys(other_path)
    running, encrypted = load_keys(path), load_keys(other_path).encrypt(b"said", "a")
    rotate_keys(path)
    reads, read = [], crypto._read_keys

    def count_read(key_file: Path) -> Mapping[bytes, bytes]:
        reads.append(key_file)
        return read(key_file)

    monkeypatch.setattr(crypto, "_read_keys", count_read)
    for _ in range(3):
        with pytest.raises(KeyFileError, match="is not in the key file"):
            running.decrypt(encrypted, "a")
    assert reads == [path]


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has these file modes")
def test_an_unreadable_newer_key_file_is_reported_and_read_later(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    create_keys(path)
    running = load_keys(path)
    rotate_keys(path)
    encrypted = load_keys(path).encrypt(b"later", "a")
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        running.decrypt(encrypted, "a")
    path.chmod(0o600)
    assert running.decrypt(encrypted, "a") == b"later"


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has these file modes")
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    create_keys(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_keys(path)
