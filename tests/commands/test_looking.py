"""`maestro projects`, `export` and `doctor`, and the command itself."""

from pathlib import Path

import pytest

from maestro import __version__
from maestro.__main__ import COMMANDS
from tests.answers import error_body
from tests.commands.shell import Shell
from tests.provider import Answer, Provider


def test_what_is_there_can_be_listed_and_taken_out(shell: Shell, provider: Provider) -> None:
    """By id or by name; frames and bundle."""
    made = shell.make("run", shell.clip(), "--project", "Spot 30").document
    out = shell.folder / "out"

    listed = shell.run("projects", "--json")
    table = shell.run("projects")
    frames = shell.run("export", "spot 30", "--out", out)
    bundle = shell.run("export", made["project_id"], "--bundle", "--shot-list", "--out", out, "--json")

    assert [(each["id"], each["name"], each["saved"]) for each in listed.document["projects"]] == [
        (made["project_id"], "Spot 30", 5)
    ]
    assert "Spot 30" in table.out
    assert (frames.code, len(frames.out.splitlines())) == (0, 6)
    assert sorted(Path(name).suffix for name in bundle.document["files"]) == [".csv", ".zip"]
    assert all(Path(name).is_file() for name in bundle.document["files"])
    assert provider.requests


def test_a_project_that_is_not_there_is_a_sentence(shell: Shell) -> None:
    """With the way to see which there are; one without frames says that instead."""
    told = shell.run("export", "nothing")
    shell.set(OPENROUTER_API_KEY="by-hand", MAESTRO_BASE_URL="http://127.0.0.1:9")
    empty = shell.make("run", shell.clip(), "--project", "Empty")
    without = shell.run("export", "Empty", "--storyboard", "--out", shell.folder)

    assert (told.code, empty.code, without.code) == (3, 4, 3), (empty, without)
    assert "maestro projects" in told.err
    assert "no frame yet" in without.err


def test_the_doctor_finds_a_sound_house_and_pays_for_nothing(shell: Shell, provider: Provider) -> None:
    """Key, models and price are asked for; no question is."""
    told = shell.run("doctor", "--json")

    grades = {each["what"]: each["grade"] for each in told.document["findings"]}
    assert (told.code, set(grades.values()) <= {"ok", "warning"}) == (0, True), told
    assert {"workspace", "decoder", "key", "text model", "image model", "price", "port", "fonts", "browser for tests"} <= set(
        grades
    )
    assert provider.requests == []


def test_the_doctor_says_what_to_do_about_a_refused_key(shell: Shell, provider: Provider) -> None:
    """A fault, and exit code 1."""
    provider.script("/key", Answer(401, error_body(401, "No")), is_repeated=True)
    shell.set(MAESTRO_HOST="192.0.2.1")

    told = shell.run("doctor", "--json")

    findings = {each["what"]: each for each in told.document["findings"]}
    assert (told.code, findings["key"]["grade"], findings["port"]["grade"]) == (1, "fault", "warning"), told
    assert "OPENROUTER_API_KEY" in findings["key"]["next_step"]


def test_the_doctor_works_without_a_key_and_without_a_workspace(shell: Shell) -> None:
    """Whoever has none of both learns what is missing."""
    shell.set(MAESTRO_WORKSPACE="/dev/null")

    told = shell.run("doctor")

    assert told.code == 1
    assert "OPENROUTER_API_KEY" in told.out


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), *((name, "--help") for name in COMMANDS)], ids=str)
def test_help_tells_what_a_command_does(shell: Shell, arguments: tuple[str, ...]) -> None:
    """And those that make frames tell their exit codes."""
    told = shell.run(*arguments)

    assert told.code == 0
    assert told.out.startswith(("Usage: maestro", f"Maestro {__version__}"))
    assert ("Exit codes" in told.out) == (arguments[0] in {"run", "batch", "export"})
