"""An export holds answers in the clear: it goes with whoever uses it, be it that they are killed, and with nobody else."""

import subprocess
import sys
from pathlib import Path

from intake.feed.export_files import LOCK_FILE, delete_abandoned_folders, private_folder

USING = """
import sys
from pathlib import Path
from intake.feed.export_files import private_folder
with private_folder(Path(sys.argv[1])) as folder:
    (folder / "Patient.0.ndjson").write_text("in the clear")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_left_is_deleted_and_what_is_in_use_stays(tmp_path: Path) -> None:
    parent = tmp_path / "exports"
    command = (sys.executable, "-c", USING, str(parent))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        with private_folder(parent) as mine:
            delete_abandoned_folders(parent)
            assert theirs.is_dir()
            process.kill()
            process.wait()
            assert (theirs / "Patient.0.ndjson").exists()
            delete_abandoned_folders(parent)
            assert (mine.is_dir(), theirs.exists()) == (True, False)
    assert [each.name for each in parent.iterdir()] == [LOCK_FILE]


def test_one_that_was_left_before_it_could_be_locked_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()
    delete_abandoned_folders(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [LOCK_FILE]


def test_where_nothing_was_ever_exported_there_is_nothing_to_delete(tmp_path: Path) -> None:
    delete_abandoned_folders(tmp_path / "exports")
    assert list(tmp_path.iterdir()) == []
