"""Building a part into the cache, from pinned sources only."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from provision.cache import alone_in, building
from provision.part import FilesPart, GoPart, Part, VenvPart, find_programs, home_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ADDRESS = re.compile(r"\b[a-z]+://\S+")
_LINES_OF_A_FAILURE = 15


class CannotBuildError(Exception):
    """A part cannot be had here; the text says why and what to do about it."""


def build(part: Part) -> dict[str, Path]:
    """Return the part's programs, built if need be. Waits for another process that is at it already.

    Raises CannotBuildError.
    """
    home = home_of(part)
    if (found := find_programs(part)) is not None:
        return found
    with alone_in(home):
        if (found := find_programs(part)) is not None:
            return found
        match part:
            case GoPart():
                _build_go(part, home)
            case VenvPart():
                _build_venv(part, home)
            case FilesPart():
                _copy_files(part, home)
            case _:
                assert_never(part)
    found = find_programs(part)
    if found is None:
        message = f"{part.name} was built, but its programs are not where part.toml says"
        raise CannotBuildError(message)
    return found


def _build_go(part: GoPart, home: Path) -> None:
    go, environment = _go()
    options = ["-mod=readonly", "-trimpath", "-buildvcs=false", f"-ldflags=-s -w {part.ldflags}".rstrip()]
    with building(home, movable=True) as work:
        for program, package in part.programs.items():
            target = work / "bin" / program
            _run([go, "build", *options, "-o", str(target), package], part.folder, environment)


def _copy_files(part: FilesPart, home: Path) -> None:
    go, environment = _go()
    with building(home, movable=True) as work:
        for name, source in part.programs.items():
            module = next(path for path in _required(part) if source.startswith(f"{path}/"))
            # go checks what it fetched against go.sum; nothing that the module requires is fetched.
            answer = _run([go, "mod", "download", "-json", module], part.folder, environment)
            folder = Path(json.loads(answer[answer.index("{") :])["Dir"]) / source.removeprefix(f"{module}/")
            (work / name).mkdir()
            for file in filter(Path.is_file, folder.iterdir()):
                shutil.copyfile(file, work / name / file.name)


def _required(part: FilesPart) -> list[str]:
    return re.findall(r"^\s+(\S+) v\S+$", (part.folder / "go.mod").read_text(), re.MULTILINE)


def _go() -> tuple[str, dict[str, str]]:
    """Return the go command and the environment to run it in."""
    go = shutil.which("go")
    if go is None:
        message = "Go is not on PATH: install it (any version from 1.25 on), then run `make parts`"
        raise CannotBuildError(message)
    # GOFLAGS and go.work of the caller must not change what is built; its proxy and cache settings may.
    return go, os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "", "GO111MODULE": "on"}


def _build_venv(part: VenvPart, home: Path) -> None:
    lock = part.folder / "requirements.lock"
    with building(home, movable=False) as work:
        _run([sys.executable, "-m", "venv", "--clear", str(work)], part.folder)
        python = str(work / "bin" / "python")
        options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]
        _run([python, "-m", "pip", "install", *options, "--require-hashes", "-r", str(lock)], part.folder)
        libraries = next(work.glob("lib/python*/site-packages"))
        for wanted, installed in part.stand_ins.items():
            _stand_in(libraries, wanted, installed)


def _stand_in(libraries: Path, wanted: str, installed: str) -> None:
    version = next(iter(metadata.distributions(name=installed, path=[str(libraries)]))).version
    folder = libraries / f"{wanted}-{version}.dist-info"
    folder.mkdir()
    summary = f"Its module comes from {installed}"
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {wanted}\nVersion: {version}\nSummary: {summary}\n")
    (folder / "INSTALLER").write_text("matrix-secrets-tests\n")
    (folder / "RECORD").write_text("")


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        close_fds=False,  # the lock (cache.alone_in) stays until the last of them ends
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = _ADDRESS.sub("<address>", done.stdout).strip().splitlines()[-_LINES_OF_A_FAILURE:]
        message = "\n    ".join([f"`{' '.join(command[:3])} …` ended with {done.returncode}:", *lines])
        raise CannotBuildError(message)
    return done.stdout
