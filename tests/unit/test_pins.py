"""What is installed for development and tests is pinned by checksum, from no particular address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provision.part import FilesPart, GoPart, load_parts

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("requirements*.lock", "tests/parts/*/requirements.lock", "tools/fuzzing/requirements.lock")
LOCKS = [lock for place in PLACES for lock in ROOT.glob(place)]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_requirement_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"://|^\s*--(?!hash=sha256:)|@ file", text, re.MULTILINE)
    requirements = re.split(r"\n(?=[a-z])", text)
    assert all("==" in requirement and "--hash=sha256:" in requirement for requirement in requirements)


def test_development_installs_what_users_install() -> None:
    users, developers = (
        set(re.findall(r"^[a-z0-9-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert {pin for pin in users - developers if not pin.startswith("editables==")} == set()


@pytest.mark.parametrize(
    "part", [part for part in load_parts().values() if isinstance(part, GoPart | FilesPart)], ids=lambda part: part.name
)
def test_a_go_part_is_in_its_go_sum(part: GoPart) -> None:
    assert re.search(rf" v{re.escape(part.version)} h1:", (part.folder / "go.sum").read_text())
