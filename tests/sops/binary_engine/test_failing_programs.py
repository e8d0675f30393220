"""Programs that are no good sops: each ends in one clear error, and no word of theirs that could be a value."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from matrix_secrets.errors import (
    BadManifestError,
    MatrixSecretsError,
    NoIdentityError,
    OutsideError,
    RefusedError,
    TamperedError,
)
from matrix_secrets.sops.failures import failure
from matrix_secrets.sops.process import SopsProgram, find_sops

GOOD = 'if [ "$1" = --version ]; then echo "sops 3.13.3"; exit 0; fi\n'
CANARY = "canary-7f3a9"


@pytest.fixture
def env() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}


def fake(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "sops"
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('echo "sops 3.9.4 (latest)"', "is sops 3.9.4, which is too old"),
        ('echo "sops 2.0.8"', "is sops 2.0.8, which is too old"),
        ('echo "a shop of some kind 3.13.3"', "does not say which version of sops it is"),
        ("exit 0", "does not say which version of sops it is"),
        ("kill -SEGV $$", "crashed (SIGSEGV)"),
        ("echo 'panic: runtime error' >&2; exit 2", "crashed (exit code 2)"),
        ("exit 3", "failed with exit code 3"),
    ],
)
def test_a_program_that_will_not_do(body: str, message: str, tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(OutsideError) as caught:
        SopsProgram.at(fake(tmp_path, body), env)
    assert message in str(caught.value)
    assert "--engine builtin" in (caught.value.hint or "") or "sops" in (caught.value.hint or "")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(("mode", "content"), [(0o644, b"#!/bin/sh\n"), (0o755, b"\x00\x01 no program")])
def test_what_cannot_be_run(mode: int, content: bytes, tmp_path: Path, env: dict[str, str]) -> None:
    path = tmp_path / "sops"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(OutsideError, match=r"sops cannot be run: (Permission denied|Exec format error)$"):
        SopsProgram.at(path, env)


def test_path_is_searched(tmp_path: Path) -> None:
    assert find_sops({"PATH": str(tmp_path)}) is None
    assert find_sops({}) is None
    path = fake(tmp_path, GOOD)
    assert find_sops({"PATH": f"/nowhere:{tmp_path}"}) == path
    path.chmod(0o644)
    assert find_sops({"PATH": str(tmp_path)}) is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f"cat >&2; echo {CANARY} >&2; exit 1", "sops decrypt failed with exit code 1"),
        ("cat >&2; kill -KILL $$", "sops decrypt crashed (SIGKILL)"),
        ("cat >&2; echo 'fatal error: all goroutines are asleep' >&2; exit 2", "sops decrypt crashed (exit code 2)"),
        ("exit 7", "sops decrypt failed with exit code 7"),
        ("printf '\\377'", "returned something that is no text"),
    ],
)
def test_a_run_that_fails_says_nothing_of_the_file(
    body: str, message: str, tmp_path: Path, env: dict[str, str]
) -> None:
    program = SopsProgram.at(fake(tmp_path, GOOD + body), env)
    with pytest.raises(OutsideError) as caught:
        program.decrypt(f"a: {CANARY}\n" * 20_000, file="apps/x.yaml")
    assert message in str(caught.value)
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.cause} {caught.value.hint}"


@pytest.mark.parametrize(
    ("code", "stderr", "kind"),
    [
        (128, "Failed to get the data key", NoIdentityError),
        (51, f"MAC mismatch. File has {CANARY}, computed {CANARY}", TamperedError),
        (52, "", TamperedError),
        (25, f"Could not decrypt value: Input string {CANARY} does not match sops' data format", TamperedError),
        (2, f"Error unmarshalling file: yaml: cannot unmarshal !!str `{CANARY}`", BadManifestError),
        (92, "", BadManifestError),
        (203, "", RefusedError),
        (111, "", RefusedError),
        (1, "sops metadata not found", BadManifestError),
        (1, f"something about {CANARY}", OutsideError),
        (-11, CANARY, OutsideError),
        (-99, CANARY, OutsideError),
    ],
)
def test_exit_codes(code: int, stderr: str, kind: type[MatrixSecretsError]) -> None:
    error = failure(code, stderr, file="apps/x.yaml", doing="encrypt")
    assert type(error) is kind
    assert str(error).startswith("apps/x.yaml: ")
    assert error.hint
    assert CANARY not in f"{error!r} {error} {error.cause} {error.hint}"


def test_child_gets_what_it_needs_and_nothing_that_changes_the_rule(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    body = f'env >>"{seen}.$1.$3"; cat'
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SOPS_AGE_KEY": CANARY,
        "SOPS_AGE_RECIPIENTS": "age1other",
        "SOPS_CONFIG": "/elsewhere",
        "SOPS_EDITOR": "vi",
        "AWS_PROFILE": "mine",
        "MATRIX_SECRETS_ENGINE": "binary",
        "SOMETHING_ELSE": "x",
    }
    program = SopsProgram.at(fake(tmp_path, GOOD + body), env)
    program.encrypt("a: b\n", "{}", file="x.yaml")
    program.decrypt("a: b\n", file="x.yaml")
    encrypting = seen.with_name("seen.--config.encrypt").read_text()
    decrypting = seen.with_name("seen.--config.decrypt").read_text()
    assert CANARY not in encrypting
    assert f"SOPS_AGE_KEY={CANARY}" in decrypting
    for text in (encrypting, decrypting):
        assert "AWS_PROFILE=mine" in text
        assert not [name for name in ("RECIPIENTS", "SOPS_CONFIG", "EDITOR", "MATRIX", "SOMETHING") if name in text]
    program = SopsProgram.at(program.path, {**env, "SOPS_AGE_KEY_CMD": "op read key"})
    program.decrypt("a: b\n", file="x.yaml")
    assert "SOMETHING_ELSE=x" in seen.with_name("seen.--config.decrypt").read_text()


def test_an_interruption_ends_the_program_too(tmp_path: Path, env: dict[str, str]) -> None:
    started = tmp_path / "pid"
    path = fake(tmp_path, GOOD + f'echo $$ >"{started}.new"; mv "{started}.new" "{started}"; exec sleep 600')
    code = (
        "import os, sys; from pathlib import Path; from matrix_secrets.sops.process import SopsProgram\n"
        "try: SopsProgram.at(Path(sys.argv[1]), os.environ).decrypt('a: b', file='x')\n"
        "except KeyboardInterrupt: sys.exit(130)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], env={**os.environ, **env})
    while not started.exists():
        time.sleep(0.02)
    child.send_signal(2)
    assert child.wait(timeout=30) == 130
    assert not runs(int(started.read_text()))


def runs(process: int) -> bool:
    """Tell whether a process runs: one that has ended stays in the table until somebody asks for its exit code."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (ProcessLookupError, FileNotFoundError):
        return False
