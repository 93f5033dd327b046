"""An export holds answers unencrypted: its folder never outlives the process that uses it."""

import subprocess
import sys
from pathlib import Path

from intake.feed.export_files import LOCK_FILE, delete_abandoned_folders, private_folder

EXPORT_AND_WAIT = """
import sys
from pathlib import Path
from intake.feed.export_files import private_folder
with private_folder(Path(sys.argv[1])) as folder:
    (folder / "Patient.0.ndjson").write_text("in the clear")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_deletes_the_folder_of_a_killed_process_and_keeps_those_in_use(tmp_path: Path) -> None:
    parent = tmp_path / "exports"
    command = (sys.executable, "-c", EXPORT_AND_WAIT, str(parent))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        other_folder = Path(process.stdout.readline().strip())
        with private_folder(parent) as our_folder:
            delete_abandoned_folders(parent)
            assert other_folder.is_dir()
            process.kill()
            process.wait()
            assert (other_folder / "Patient.0.ndjson").exists()
            delete_abandoned_folders(parent)
            assert (our_folder.is_dir(), other_folder.exists()) == (True, False)
    assert [path.name for path in parent.iterdir()] == [LOCK_FILE]


def test_deletes_a_folder_that_was_abandoned_before_its_lock(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()
    delete_abandoned_folders(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_FILE]


def test_deletes_nothing_before_the_first_export(tmp_path: Path) -> None:
    delete_abandoned_folders(tmp_path / "exports")
    assert list(tmp_path.iterdir()) == []
