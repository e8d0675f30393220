"""Hooks stand beside what is there, whatever Git was told about hooks, and go away again."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.keys.team import POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hooks.hooked import Hooked


def script(path: Path, text: str, mode: int = 0o755) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)


def state(repository: Hooked) -> dict[str, tuple[bytes, int]]:
    folder = repository.repository / ".git" / "hooks"
    hooks = {
        path.name: (path.read_bytes(), path.stat().st_mode) for path in folder.iterdir() if "sample" not in path.name
    }
    config = {"config": ((repository.repository / ".git" / "config").read_bytes(), 0)}
    return hooks | config | {name: (content, 0) for name, content in repository.tree().items()}


def test_twice_is_once(repository: Hooked) -> None:
    repository("hooks", "install")
    before = state(repository)
    assert "installed already" in repository("hooks", "install").out
    assert state(repository) == before


def test_a_plan_changes_nothing(repository: Hooked) -> None:
    before = state(repository)
    done = repository("hooks", "install", "--dry-run", "--json")
    assert {change["action"] for change in done.json["changes"]} == {"installed", "set"}
    assert state(repository) == before


def test_uninstalling_leaves_what_there_was(repository: Hooked) -> None:
    script(repository.repository / ".git/hooks/pre-commit", "exit 0")
    repository.write(".gitattributes", "*.png binary")
    before = state(repository)
    repository("hooks", "install")
    assert state(repository) != before
    repository("hooks", "uninstall")
    assert state(repository) == {**before, ".gitattributes": (b"*.png binary\n", 0)}
    assert "no hooks" in repository("hooks", "uninstall").out


def test_a_hook_that_is_there_runs_first_and_has_the_last_word(repository: Hooked) -> None:
    log = repository.people / "log"
    script(repository.repository / ".git/hooks/pre-commit", f'echo "it ran: $*" >> {log}; exit ${{IT_SAYS:-0}}')
    repository("hooks", "install")
    repository.stage("notes.md", f"{repository.value()}\n")
    repository.refused(said="POSTGRES_PASSWORD stands here")
    assert log.read_text() == "it ran: \n"
    repository.stage("notes.md", "clean\n")
    assert repository.commit(env={"IT_SAYS": "7"}).returncode != 0
    repository.taken()


def test_a_push_hook_that_is_there_is_told_the_same(repository: Hooked, tmp_path: Path) -> None:
    log = repository.people / "log"
    script(repository.repository / ".git/hooks/pre-push", f'echo "$1" >> {log}; cat >> {log}')
    repository("hooks", "install")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote.git"], check=True)
    repository.git("remote", "add", "somewhere", str(tmp_path / "remote.git"))
    repository.git("push", "--quiet", "somewhere", "main")
    head = repository.git("rev-parse", "HEAD").strip()
    assert log.read_text() == f"somewhere\nrefs/heads/main {head} refs/heads/main {'0' * 40}\n"


def test_a_hook_that_git_would_not_run_is_not_run(repository: Hooked) -> None:
    script(repository.repository / ".git/hooks/pre-commit", "exit 1", 0o644)
    repository("hooks", "install")
    repository.stage("README.md", "# a cluster\n")
    repository.taken()


def test_a_hook_that_was_put_over_ours(repository: Hooked) -> None:
    hooks = repository.repository / ".git/hooks"
    script(hooks / "pre-commit", "exit 0")
    repository("hooks", "install")
    script(hooks / "pre-commit", "exit 0  # another")
    done = repository("hooks", "install", code=3)
    assert "one would be lost" in done.err
    assert (hooks / "pre-commit.before-matrix-secrets").read_text() == "#!/bin/sh\nexit 0\n"


@pytest.mark.parametrize("relative", [True, False])
def test_core_hooks_path(repository: Hooked, tmp_path: Path, relative: bool) -> None:
    path = ".githooks" if relative else str(tmp_path / "elsewhere")
    repository.git("config", "core.hooksPath", path)
    done = repository("hooks", "install")
    assert "core.hooksPath is set" in done.out
    folder = repository.repository / path
    assert (folder / "pre-commit").is_file()
    repository.stage("notes.md", f"{repository.value()}\n")
    repository.refused(said="POSTGRES_PASSWORD stands here")
    repository("hooks", "uninstall")
    assert not (folder / "pre-commit").exists()


def test_a_second_work_tree(hooked: Hooked, tmp_path: Path) -> None:
    other = tmp_path / "other work tree"
    hooked.git("worktree", "add", "--quiet", str(other), "-b", "topic")
    (other / "notes.md").write_text(f"{hooked.value()}\n")
    subprocess.run(["git", "add", "notes.md"], cwd=other, check=True)
    done = hooked.commit(cwd=other)
    assert done.returncode != 0
    assert "notes.md, line 1: the value of POSTGRES_PASSWORD stands here" in done.stderr
    (other / "notes.md").write_text("clean\n")
    subprocess.run(["git", "add", "notes.md"], cwd=other, check=True)
    hooked.taken(cwd=other)
    assert "installed already" in hooked("hooks", "install", cwd=other).out


def test_a_commit_from_a_folder_of_the_work_tree(hooked: Hooked) -> None:
    hooked.stage("apps/notes.md", f"{hooked.value()}\n")
    done = hooked.commit(cwd=hooked.repository / "apps")
    assert done.returncode != 0
    assert "apps/notes.md" in done.stderr


def test_a_program_that_is_gone(hooked: Hooked, tmp_path: Path) -> None:
    hook = hooked.repository / ".git/hooks/pre-commit"
    lines = hook.read_text().splitlines(keepends=True)
    program = next(line.split()[3] for line in lines if line.startswith("if command -v"))
    hook.write_text(hook.read_text().replace(program, str(tmp_path / "gone")))
    hooked.stage("README.md", "# a cluster\n")
    done = hooked.commit(env={"PATH": "/usr/bin:/bin"})
    assert done.returncode != 0
    assert "so nothing was looked at" in done.stderr
    found = tmp_path / "bin" / "matrix-secrets"  # on PATH it is found again
    script(found, f'exec {program} "$@"')
    hooked.taken(env={"PATH": f"{found.parent}{os.pathsep}/usr/bin:/bin"})


def test_the_attributes_name_the_files_that_are_or_should_be_encrypted(hooked: Hooked) -> None:
    hooked.write("apps/other/a [b] c.yaml", "kind: Secret\nstringData: {a: one, b: two}\n")
    hooked("encrypt", "apps/other/a [b] c.yaml")
    hooked("hooks", "install")
    asked = [POSTGRES, SYNAPSE, "apps/other/a [b] c.yaml", "apps/matrix/element.yaml", "apps/other/a b c.yaml"]
    answers = hooked.git("check-attr", "-z", "merge", "--", *asked).split("\0")[2::3]
    assert answers == ["matrix-secrets", "matrix-secrets", "matrix-secrets", "unspecified", "unspecified"]


def test_windows_line_ends_in_the_attributes_stay(repository: Hooked) -> None:
    repository.write(".gitattributes", b"*.png binary\r\n")
    repository("hooks", "install")
    text = (repository.repository / ".gitattributes").read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") > 1
    repository("hooks", "uninstall")
    assert (repository.repository / ".gitattributes").read_bytes() == b"*.png binary\r\n"


def test_the_hook_of_a_private_repository(guide_with_hooks: Hooked) -> None:
    guide_with_hooks("hooks", "install", "--allow-plaintext")
    guide_with_hooks("generate")
    guide_with_hooks.git("add", "--all")
    guide_with_hooks.taken()


def test_a_broken_manifest_is_no_reason_to_go_without(repository: Hooked) -> None:
    repository.write(SYNAPSE, "kind: : ConfigMap\nhomeserver.yaml: |\n")
    repository("hooks", "install")
    repository.git("add", SYNAPSE)
    repository.refused(said=SYNAPSE)
