"""/ready proves that an answer can be stored: writing, the key on disk, space."""

import shutil
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select

from intake.pages import health
from intake.store.crypto import create_keys, rotate_keys
from intake.store.tables import site_values
from tests.support.sites import TestSite


def read_ready(site: TestSite) -> tuple[int, str]:
    answer = site.open_client().get("/ready")
    return answer.status_code, answer.text.strip()


def test_each_check_leaves_one_small_row(pages: TestSite) -> None:
    assert [read_ready(pages) for _ in range(3)] == [(200, "ready")] * 3
    with pages.database.read() as tx:
        query = select(func.count()).select_from(site_values)
        assert tx.connection.execute(query).scalar_one() == 1


def test_a_deleted_key_file_is_reported_until_it_is_back(pages: TestSite, tmp_path: Path) -> None:
    key_file = pages.settings.key_file
    backup = shutil.copy2(key_file, tmp_path / "backup.json")
    key_file.unlink()
    status, reason = read_ready(pages)
    assert (status, "key file" in reason) == (503, True)
    shutil.copy2(backup, key_file)
    assert read_ready(pages)[0] == 200


def test_a_replaced_or_damaged_key_file_is_reported(pages: TestSite) -> None:
    key_file = pages.settings.key_file
    for content in ("", "{}", '{"keys": []}', "null"):
        key_file.write_text(content, "utf-8")
        assert read_ready(pages)[0] == 503
    key_file.unlink()
    create_keys(key_file)
    assert read_ready(pages)[0] == 503


def test_a_rotated_key_file_is_ready(pages: TestSite) -> None:
    rotate_keys(pages.settings.key_file)
    assert read_ready(pages) == (200, "ready")


def test_a_database_without_room_is_reported(pages: TestSite) -> None:
    def forbid_growth(connection: sqlite3.Connection, *_: object) -> None:
        pages_now = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages_now}")

    engine: Engine = pages.database._engine
    engine.dispose()
    event.listen(engine, "connect", forbid_growth)
    status, reason = read_ready(pages)
    assert (status, "written" in reason) == (503, True)


def test_a_locked_database_is_reported(pages: TestSite) -> None:
    lock = sqlite3.connect(pages.settings.data_dir / "intake.sqlite3", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    assert read_ready(pages)[0] == 503
    lock.close()
    assert read_ready(pages)[0] == 200


def test_a_full_disk_is_reported(pages: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # as in shutil
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _folder: usage(100, 99, health.MIN_FREE_BYTES - 1)
    )
    assert read_ready(pages) == (503, "the disk is almost full")
