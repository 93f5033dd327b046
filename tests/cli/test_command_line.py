"""The habits of the command line: help, suggestions, global options, encodings, closed pipes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from intake.cli import COMMANDS, build_parser, main
from intake.cli.completion import SHELLS, list_words

INTAKE = (sys.executable, "-m", "intake")


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        (*INTAKE, *words), env={**os.environ, **environment}, capture_output=True, check=False
    )


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"], ["help"]])
def test_lists_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    listed = re.findall(r"^  (\S+) +\S", capsys.readouterr().out, re.MULTILINE)
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_is_the_commands_help(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = []
    for words in (["help", name], [name, "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0].startswith(f"usage: intake {name}")


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["chek"], "check"),
        (["user"], "users"),
        (["Serve"], "serve"),
        (["--versoin"], "--version"),
        (["users", "lst"], "list"),
        (["help", "chek"], "check"),
        (["check", "--jsn"], "--json"),
        (["submissions", "--stat", "held"], "--state"),
        (["submissions", "--state", "hold"], "held"),
        (["devices", "list", "--clinc", "riverside"], "--clinic"),
        (["keys", "client", "rotat", "--server", "main"], "rotate"),
    ],
)
def test_suggests_what_a_misspelt_word_means(
    words: list[str], suggestion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        exit_code: object = main(words)
    except SystemExit as ended:
        exit_code = ended.code
    assert exit_code == 2
    assert f"; did you mean {suggestion}?\n" in capsys.readouterr().err


def test_suggests_nothing_for_a_word_like_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xyzzy"]) == 2
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in COMMANDS if build_parser(name).actions])
def test_names_no_variable_of_ours_in_an_error(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([name, "--", "no-such-action"])
    words = capsys.readouterr().err
    assert not re.search(r"argument (action|scope)\b|Namespace|Traceback", words)


def test_takes_no_abbreviated_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--js"])
    assert "did you mean --json?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("--config", "{site}", "users", "list", "--json"),
        ("users", "--config", "{site}", "list", "--json"),
        ("users", "list", "--json", "--config={site}"),
    ],
)
def test_takes_the_sites_folder_before_or_after_the_command(
    ready: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    monkeypatch.setenv("INTAKE_CONFIG", "/nowhere")
    assert main([word.format(site=ready) for word in words]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_quiet_leaves_out_advice_and_keeps_faults(
    ready: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INTAKE_QUIET", "")
    assert main(["submissions"]) == 0
    assert "oldest waiting" in capsys.readouterr().err
    assert main(["-q", "submissions"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["submissions", "undo", "x", "--quiet"]) == 1
    assert "There is no submission 'x'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("iso-8859-1", ("check",)),
        ("cp1252", ("check", "--json")),
        ("ascii", ("help",)),
        ("utf-8", ("check", "--json")),
    ],
)
def test_writes_in_every_encoding(site: Path, encoding: str, words: tuple[str, ...]) -> None:
    clinics = (site / "clinics.toml").read_text("utf-8")
    (site / "clinics.toml").write_text(clinics.replace("Organization/", "診療所 Ж😀 →"), "utf-8")
    done = run(*words, PYTHONIOENCODING=encoding, INTAKE_CONFIG=str(site))
    text = done.stdout.decode(encoding)
    assert b"Traceback" not in done.stderr
    if "--json" in words:
        assert any("診療所 Ж😀 →" in item["words"] for item in json.loads(text)["findings"])
    elif words == ("check",) and encoding != "utf-8":
        assert r"\u8a3a\u7642\u6240 " in text
        assert "-> Correct it" in text


def test_a_closed_pipe_is_calm() -> None:
    for words in (("help",), ("report", "--help"), ("--version",), ("completion", "bash")):
        with subprocess.Popen(
            (*INTAKE, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_full_disk_is_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run((*INTAKE, "help"), stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"No space left on device\n")


def test_works_with_closed_streams() -> None:
    done = subprocess.run(("sh", "-c", '"$0" -m intake help >&- 2>&-', sys.executable), check=False)
    assert done.returncode == 0


def test_completes_every_command_action_and_option() -> None:
    words = dict(list_words())
    assert set(COMMANDS) < set(words[()])
    assert {"--state", "retry", "discard", "--config"} < set(words["submissions",])
    assert "--yes" in words["submissions", "discard"]
    assert words["completion",] == SHELLS


CHECKS = {"bash": ("bash", "-n"), "zsh": ("zsh", "-n"), "fish": ("fish", "--no-execute")}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script of each shell."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in SHELLS:
        (folder / shell).write_bytes(run("completion", shell).stdout)
    return folder


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_the_script_of_a_shell_is_of_its_grammar(shell: str, scripts: Path) -> None:
    subprocess.run((*CHECKS[shell], scripts / shell), check=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("intake che", ["check"]),
        ("intake --config x che", ["check"]),
        ("intake submissions --st", ["--state"]),
        ("intake keys client ro", ["rotate"]),
        ("intake init --time", ["--time-zone"]),
        ("intake completion f", ["fish"]),
    ],
)
def test_bash_completes_a_line(scripts: Path, line: str, expected: list[str]) -> None:
    program = (
        'source "$0"; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _intake; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ("bash", "-c", program, scripts / "bash", line), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == expected
