"""What a part is, as its folder under ``tests/parts`` describes it, and where its programs are."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from provision.cache import cache_root, fingerprint, is_complete, platform_tag

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS_FOLDER = Path(__file__).resolve().parents[2] / "tests" / "parts"


@dataclass(frozen=True, slots=True)
class GoPart:
    """Programs built from a wrapper module; ``programs`` maps each name to its main package."""

    name: str
    folder: Path
    version: str
    programs: Mapping[str, str]
    seconds: int
    ldflags: str = ""


@dataclass(frozen=True, slots=True)
class VenvPart:
    """A virtual environment from a hashed lock file; ``programs`` maps each name to a (glob) path inside it.

    ``stand_ins`` maps the name of a distribution somebody looks for to that of an installed one with the same module.
    ``system_folders`` are (glob) folders whose own programs are used instead, where they hold all of them.
    """

    name: str
    folder: Path
    version: str
    programs: Mapping[str, str]
    seconds: int
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    system_folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilesPart:
    """Folders copied out of Go modules that nothing is built from; ``programs`` maps each name to MODULE/FOLDER."""

    name: str
    folder: Path
    version: str
    programs: Mapping[str, str]
    seconds: int


Part = GoPart | VenvPart | FilesPart


def load_part(folder: Path) -> Part:
    """Read ``part.toml``; the version comes from what pins it, ``go.mod`` or the lock file."""
    spec = tomllib.loads((folder / "part.toml").read_text())
    match spec["kind"]:
        case "go":
            version = _pinned(folder / "go.mod", rf"{re.escape(spec['module'])} v(\S+)")
            ldflags = spec.get("ldflags", "").format(version=version)
            return GoPart(folder.name, folder, version, spec["programs"], spec["seconds"], ldflags)
        case "venv":
            version = _pinned(folder / "requirements.lock", rf"^{re.escape(spec['distribution'])}==(\S+)")
            system = tuple(spec.get("system", {}).get("folders", ()))
            stand_ins = spec.get("stand-ins", {})
            return VenvPart(folder.name, folder, version, spec["programs"], spec["seconds"], stand_ins, system)
        case "files":
            version = _pinned(folder / "go.mod", rf"{re.escape(spec['module'])} v(\S+)")
            return FilesPart(folder.name, folder, version, spec["folders"], spec["seconds"])
        case kind:
            message = f"{folder / 'part.toml'}: kind {kind!r} is neither go, venv nor files"
            raise ValueError(message)


def load_parts() -> dict[str, Part]:
    """Return every part there is, by name."""
    return {spec.parent.name: load_part(spec.parent) for spec in sorted(PARTS_FOLDER.glob("*/part.toml"))}


def home_of(part: Part) -> Path:
    """Return the folder in the cache that holds this part, built or not."""
    match part:
        case GoPart():
            pins = [part.folder / "go.mod", part.folder / "go.sum", *part.folder.rglob("*.go")]
            recipe = f"{part.programs} {part.ldflags}"
            tag = platform_tag()
        case FilesPart():
            pins = [part.folder / "go.mod", part.folder / "go.sum"]
            recipe = f"{part.programs}"
            tag = "any"
        case VenvPart():
            pins = [part.folder / "requirements.lock"]
            recipe = f"{part.stand_ins}"
            tag = f"{platform_tag()}-py{sys.version_info.major}.{sys.version_info.minor}"
        case _:
            assert_never(part)
    return cache_root() / f"{part.name}-{part.version}-{tag}-{fingerprint(pins, recipe)}"


def find_programs(part: Part) -> dict[str, Path] | None:
    """Return where each program of ``part`` is, or None when it has to be built first."""
    if isinstance(part, VenvPart) and (system := _system_programs(part)) is not None:
        return system
    home = home_of(part)
    if not is_complete(home):
        return None
    match part:
        case GoPart():
            return {name: home / "bin" / name for name in part.programs}
        case FilesPart():
            return {name: home / name for name in part.programs}
        case VenvPart():
            return {name: next(home.glob(pattern)) for name, pattern in part.programs.items()}
        case _:
            assert_never(part)


def _system_programs(part: VenvPart) -> dict[str, Path] | None:
    if not part.system_folders:
        return None
    for folder in _candidate_folders(part):
        found = {name: folder / name for name in part.programs}
        if all(os.access(program, os.X_OK) for program in found.values()):
            return found
    return None


def _candidate_folders(part: VenvPart) -> list[Path]:
    on_path = shutil.which(next(iter(part.programs)))
    first = [Path(on_path).resolve().parent] if on_path else []  # a symbolic link's target, where its siblings are
    globbed = [folder for pattern in part.system_folders for folder in Path("/").glob(pattern.lstrip("/"))]
    return [*first, *sorted(globbed, key=_version_in, reverse=True)]


def _version_in(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(folder)))


def _pinned(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text(), re.MULTILINE)
    if found is None:
        message = f"{file}: does not pin {pattern}"
        raise ValueError(message)
    return found.group(1)
