"""Real Git repositories for the tests."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str, stdin: str = "") -> str:
    done = subprocess.run(["git", *words], cwd=folder, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {words}: {done.stdout}{done.stderr}"
    return done.stdout


def new_repository(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Make a repository on the branch main, with one commit if there are files."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name, text in (files or {}).items():
        put(folder / name, text)
    if files:
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=first")
    return folder


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def hook(repository: Path, name: str, script: str) -> None:
    path = put(repository / ".git" / "hooks" / name, f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def committed(repository: Path) -> list[str]:
    """Name the files of the last commit."""
    return git(repository, "show", "--format=", "--name-status", "HEAD").replace("\t", " ").splitlines()


def status(repository: Path) -> list[str]:
    return git(repository, "status", "--porcelain").splitlines()
