"""Every way out: exit code, one clear line on stderr, one JSON object on stdout."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from matrix_secrets.cli.output.addressing import addressed
from matrix_secrets.cli.registry import COMMANDS, NEITHER, STACKS, Entry
from matrix_secrets.cli.settings import Settings
from tests.cli.running import MEMORY, Cli

COMMAND = [sys.executable, "-m", "matrix_secrets"]
CONTRACT = {"schema", "command", "ok", "changes", "findings", "error", "next"}


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "said"),
    [
        (["genrate"], 2, "usage", "Did you mean generate?"),
        (["generate", "--nope"], 2, "usage", "--nope"),
        (["--engine", "magic", "show"], 2, "usage", "magic"),
        (["keys"], 2, "usage", "Missing command"),
        (["configure"], 2, "usage", "--server-name"),
        (["show", "-q", "-v"], 2, "usage", "contradict"),
        (["show", "nothing_like_it"], 2, "usage", "nothing_like_it"),
        (["generate", "nothing_like_it"], 2, "usage", "nothing_like_it"),
        (["decrypt", "nowhere.yaml"], 2, "usage", "nowhere.yaml"),
        (["decrypt", "/etc/hostname"], 2, "usage", "not in the repository"),
        (["show", "--stack", "elsewhere"], 2, "usage", "elsewhere"),
        (["show", "--stack", "apps/matrix", "--all-stacks"], 2, "usage", "contradict"),
        (["configure", "--server-name", "matrix.example.com", "--node-ip", "10.0.0.1"], 2, "usage", "placeholder"),
        (["decrypt", "apps/matrix/synapse.yaml"], 3, "refused", "not encrypted"),
        (["edit", "apps/matrix/synapse.yaml"], 3, "refused", "not encrypted"),
        (["encrypt"], 3, "refused", "placeholder"),
        (["encrypt", "--age", "age1nonsense"], 3, "refused", "age1nonsense"),
    ],
)
def test_a_failure_is_one_line_with_a_fix(arguments: list[str], code: int, kind: str, said: str, guide: Cli) -> None:
    before = guide.tree()
    text = guide(*arguments, code=code)
    lines = text.err.splitlines()
    assert text.out == ""
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert any(line.startswith("fix:   ") for line in lines)
    found = guide(*arguments, "--json", code=code)
    assert found.err == ""
    assert set(found.json) >= CONTRACT
    assert not found.json["ok"]
    assert found.json["error"]["code"] == kind
    assert said in found.json["error"]["message"]
    assert found.json["error"]["hint"]
    assert guide.tree() == before


def test_json_names_the_command_even_where_the_usage_is_wrong(guide: Cli) -> None:
    assert guide("keys", "generate", "--nope", "--json", code=2).json["command"] == "keys generate"
    assert guide("--json").json["command"] == "status"
    assert guide("--help", "--json").json["text"].startswith("Usage: matrix-secrets")
    assert guide("show", code=0, MATRIX_SECRETS_JSON="1").json["command"] == "show"


def test_no_repository(tmp_path: Path) -> None:
    done = Cli(tmp_path)("show", code=3)
    assert "is not in a Git repository" in done.err
    assert "fix:   git init" in done.err


def test_no_stack(empty: Cli) -> None:
    for command in ("show", "generate", "encrypt", "verify"):
        assert "no Matrix stack" in empty(command, code=3).err
    assert "no Matrix stack" in empty(code=3).err


def test_two_stacks_want_a_name(guide: Cli) -> None:
    (guide.repository / "apps" / "other").mkdir()
    for file in ("postgres.yaml", "synapse.yaml"):
        (guide.repository / "apps" / "other" / file).write_bytes(guide.read(f"apps/matrix/{file}"))
    done = guide("show", code=3)
    assert "2 Matrix stacks" in done.err
    assert "--stack apps/matrix" in done.err
    assert {row["stack"] for row in guide("--stack", "apps/other", "show", "--json").json["secrets"]} == {"apps/other"}
    there = guide("show", "--stack", "other", "--json", cwd=guide.repository / "apps").json
    assert {row["stack"] for row in there["secrets"]} == {"apps/other"}
    assert {row["stack"] for row in guide("show", "--all-stacks", "--json").json["secrets"]} == {
        "apps/matrix",
        "apps/other",
    }
    both = guide("show", "--json", MATRIX_SECRETS_STACK="apps/matrix:apps/other").json
    assert {row["stack"] for row in both["secrets"]} == {"apps/matrix", "apps/other"}
    assert "apps/other (guide layout)" in guide().out


def test_global_options_stand_before_or_after_the_command(guide: Cli, tmp_path: Path) -> None:
    before = guide("-C", str(guide.repository), "--json", "show", cwd=tmp_path)
    after = guide("show", "--json", "-C", str(guide.repository), cwd=tmp_path)
    by_variable = guide("show", "--json", cwd=tmp_path, MATRIX_SECRETS_REPO=str(guide.repository))
    assert before.out == after.out == by_variable.out
    won = guide("-C", str(tmp_path), "show", "--json", "-C", str(guide.repository), cwd=tmp_path)
    assert won.out == after.out


def test_broken_yaml_is_named_by_line_and_not_quoted(guide: Cli) -> None:
    file = guide.repository / "apps" / "matrix" / "synapse.yaml"
    text = file.read_text().replace('    server_name: "matrix', '    server_name: : "hunter2 matrix')
    file.write_text(text)
    done = guide("generate", code=3)
    assert "apps/matrix/synapse.yaml › ConfigMap/synapse-config › homeserver.yaml" in done.err
    assert ", line " in done.err
    assert "hunter2" not in done.err


def test_a_read_only_file_is_refused(guide: Cli) -> None:
    file = guide.repository / "apps" / "matrix" / "element.yaml"
    file.chmod(0o444)
    before = guide.tree()
    done = guide("configure", "--server-name", "10.0.0.1", "--node-ip", "10.0.0.1", code=3)
    assert "read-only" in done.err
    assert "chmod u+w" in done.err
    assert guide.tree() == before


def test_a_reader_that_goes_away_is_no_failure(guide: Cli) -> None:
    with subprocess.Popen(
        [*COMMAND, "show"], cwd=guide.repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.parametrize("arguments", [["show"], ["show", "--json"], ["--help"]])
def test_a_full_disk_behind_stdout_is_an_outside_failure(arguments: list[str], guide: Cli) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=guide.repository, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 4
    assert b"No space left" in done.stderr


def test_an_interrupt_ends_with_130_and_json(encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nkill -INT "$PPID"\nkill -INT "$$"\n')  # as Ctrl-C does: all of the terminal
    editor.chmod(0o755)
    before = encrypted.tree()
    for flags in ([], ["--json"]):
        done = subprocess.run(
            [*COMMAND, "edit", "apps/matrix/postgres.yaml", *flags],
            cwd=encrypted.repository,
            env={**os.environ, "EDITOR": str(editor), "TMPDIR": MEMORY},
            capture_output=True,
            check=False,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert done.returncode == 130
        assert b"Traceback" not in done.stderr
        if flags:
            assert json.loads(done.stdout)["error"]["code"] == "interrupted"
    assert encrypted.tree() == before


def test_ctrl_c_is_a_key_of_the_editor(encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nkill -INT "$PPID"\nsed -i s/50M/70M/ "$1"\n')
    editor.chmod(0o755)
    done = encrypted("edit", "apps/matrix/synapse.yaml", EDITOR=str(editor), TMPDIR=MEMORY)
    assert "homeserver.yaml   changed" in done.out
    assert "max_upload_size: 70M" in encrypted("decrypt", "apps/matrix/synapse.yaml").out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_plain_text_is_left_for_long(number: signal.Signals, encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\nkill -{number.value} "$PPID"\n')
    editor.chmod(0o755)
    with tempfile.TemporaryDirectory(dir=MEMORY) as memory:
        env = {"EDITOR": str(editor), "TMPDIR": memory}
        encrypted("edit", "apps/matrix/postgres.yaml", code=None if number is signal.SIGKILL else 130, **env)
        if number is signal.SIGKILL:
            (left,) = Path(memory).glob("matrix-secrets-plain-*")
            assert stat.S_IMODE(left.stat().st_mode) == 0o700
            os.utime(left, (0, 0))  # as old as it is by the next command
            encrypted("verify", "--quiet", **env)
        assert list(Path(memory).glob("matrix-secrets-plain-*")) == []


def test_what_an_editor_has_open_is_not_abandoned(encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        f'#!/bin/sh\ntouch -d @0 "$(dirname "$1")"\n{shlex.join([*COMMAND, "show"])} >&2 && sed -i s/50M/70M/ "$1"\n'
    )
    editor.chmod(0o755)
    encrypted("edit", "apps/matrix/synapse.yaml", EDITOR=str(editor), TMPDIR=MEMORY)
    assert "max_upload_size: 70M" in encrypted("decrypt", "apps/matrix/synapse.yaml").out


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_may_be_closed(closed: str, guide: Cli) -> None:
    script = f'exec {closed}\n"$@"'
    for arguments in (["--version"], ["show"], ["show", "--json"], ["generate"]):
        done = subprocess.run(
            ["sh", "-c", script, "sh", *COMMAND, *arguments], cwd=guide.repository, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
    assert "has a real value already" in guide("generate").out


def test_commands_are_addressed_as_this_one_was(guide: Cli, tmp_path: Path) -> None:
    shutil.copytree(guide.repository / "apps" / "matrix", guide.repository / "apps" / "my chat")
    done = guide("generate", "--stack", "apps/my chat")
    assert done.out.splitlines()[-1] == "Next: matrix-secrets encrypt --stack 'apps/my chat'"
    assert "    fix  matrix-secrets encrypt --stack 'apps/my chat'" in done.out.splitlines()
    where = str(guide.repository)
    there = guide("encrypt", "-C", where, "--all-stacks", code=3, cwd=tmp_path)
    assert f"matrix-secrets generate -C {where} --all-stacks" in there.err
    for finding in guide("verify", "--json", "--stack", "apps/matrix", code=1).json["findings"]:
        words = finding["fix"].split()
        assert words[:2] != ["matrix-secrets", "generate"] or words[2:4] == ["--stack", "apps/matrix"]
    found = guide("verify", "--json", "--all-stacks", code=1).json["findings"]
    assert "matrix-secrets generate POSTGRES_PASSWORD --stack apps/matrix" in {each["fix"] for each in found}
    assert guide("generate", "--nope", "--stack", "x", code=2).err.endswith("matrix-secrets generate --help\n")
    assert guide().out.splitlines()[-1] == "Next: matrix-secrets keys generate"  # once: keys are nobody's stack's


def every_command() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, entry in COMMANDS.items():
        inner = {name: entry} if isinstance(entry, Entry) else {f"{name} {key}": e for key, e in entry.commands.items()}
        found |= {each: command.on for each, command in inner.items()}
    return found


@pytest.mark.parametrize(("name", "on"), every_command().items())
def test_every_command_is_addressed_by_what_it_works_on(name: str, on: str) -> None:
    address = addressed(Settings(Path("my clusters"), stacks=("apps/matrix",)))
    repository = "" if on == NEITHER else " -C 'my clusters'"
    stack = " --stack apps/matrix" if on == STACKS else ""
    assert address(f"first matrix-secrets {name} X --yes") == f"first matrix-secrets {name}{repository}{stack} X --yes"
    assert address(f"matrix-secrets {name} --help") == f"matrix-secrets {name} --help"


def test_files_are_named_from_here_or_from_the_root(encrypted: Cli) -> None:
    here = encrypted.repository / "apps"
    assert "POSTGRES_DB" in encrypted("decrypt", "matrix/postgres.yaml", cwd=here).out
    assert "POSTGRES_DB" in encrypted("decrypt", "apps/matrix/postgres.yaml", cwd=here).out
    assert "there is no file" in encrypted("decrypt", "postgres.yaml", cwd=here, code=2).err
    assert "is not in the repository" in encrypted("decrypt", "../../cluster/../x", cwd=here, code=2).err


def test_a_bug_shows_frames_and_no_words(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from matrix_secrets.cli import root\n"
        "from matrix_secrets.cli.session import Session\n"
        "class Broken:\n"
        "    def make_context(self, *words, **more):\n"
        "        secret = 'hunter2'\n"
        "        raise ValueError(f'cannot use {secret}') from KeyError(secret)\n"
        "session = Session(sys.argv[1:], os.environ)\n"
        "code = root._invoke(Broken(), sys.argv[1:], session)\n"
        "session.output.close('', code)\n"
        "sys.exit(code)\n"
    )
    (tmp_path / "broken.py").write_text(script)
    for flags in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, str(tmp_path / "broken.py"), *flags], capture_output=True, text=True, check=False
        )
        assert done.returncode == 5
        assert "broken.py:7 in make_context" in done.stderr
        assert "KeyError" in done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert "please report" in done.stdout + done.stderr
        if flags:
            assert json.loads(done.stdout)["error"]["code"] == "bug"
