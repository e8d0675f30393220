"""The corpus is found entirely, with no false alarm; what gitleaks and detect-secrets find stands beside it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.audit.corpus import BY_HAND, CLEAN, LEAKS, PASSWORD, Leak
from tests.audit.scanners import Hit, detect_secrets, gitleaks
from tests.hooks.hooked import Hooked
from tests.keys.team import POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


@pytest.fixture
def made_up(repository: Hooked) -> Hooked:
    """The same repository with a password that somebody made up."""
    for file, key in ((POSTGRES, PASSWORD), (SYNAPSE, "password")):
        repository("edit", file, "--commit", EDITOR=f"sed -i 's|\\b{key}:.*|{key}: \"{BY_HAND}\"|'")
    return repository


def planted(repository: Hooked, leak: Leak) -> str:
    values = {"random": repository.value(), "by hand": BY_HAND, "key": repository.me.secret}
    return leak.plant(repository, values[leak.value])


def of_leak(request: pytest.FixtureRequest, leak: Leak) -> Hooked:
    found = request.getfixturevalue("made_up" if leak.value == "by hand" else "repository")
    assert isinstance(found, Hooked)
    return found


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_each_leak_is_found(request: pytest.FixtureRequest, leak: Leak) -> None:
    repository = of_leak(request, leak)
    file = planted(repository, leak)
    done = repository.audit()
    found = [each for each in done.json["leaks"] if each["file"] == file]
    assert found, done.out
    named = {each["secret"] or "key" for each in found}
    assert ("key" if leak.value == "key" else PASSWORD) in named
    wanted = [each for each in found if each["secret"] in {PASSWORD, None}]
    assert [each["in_use"] for each in wanted] == [leak.in_use] * len(wanted)
    assert all(each["commit"] for each in found) or leak.name.startswith("staged")
    assert BY_HAND not in done.out + done.err
    assert done.code == (1 if any(each["in_use"] for each in found) else 0)


@pytest.mark.parametrize("leak", [leak for leak in LEAKS if leak.hook], ids=lambda leak: leak.name)
def test_the_hook_would_have_refused_it(request: pytest.FixtureRequest, leak: Leak) -> None:
    repository = of_leak(request, leak)
    before = repository.git("rev-parse", "HEAD")
    repository("hooks", "install")
    try:
        planted(repository, leak)
    except Exception as error:  # noqa: BLE001  git says no, wherever in the planting that is
        assert "commit" in str(error)  # noqa: PT017
    else:
        assert repository.commit().returncode != 0
    if leak.name != "put in by a merge":
        assert repository.git("rev-parse", "--all", "HEAD").split() == [before.strip()] * len(
            set(repository.git("for-each-ref", "--format=%(refname)").split())
        ) + [before.strip()]


@pytest.mark.parametrize("clean", CLEAN, ids=lambda clean: clean.__name__)
def test_a_clean_history_is_clean(repository: Hooked, clean: Callable[[Hooked], None]) -> None:
    clean(repository)
    done = repository.audit()
    assert done.code == 0, done.out
    assert done.json["leaks"] == []
    repository("hooks", "install")
    repository.git("add", "--all")
    repository.taken("--amend")


@pytest.mark.needs("gitleaks", "detect-secrets")
def test_the_table(
    job: Path,
    tmp_path: Path,
    programs: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MATRIX_SECRETS_ENGINE", "builtin")
    rows: list[tuple[str, ...]] = []
    totals = [0, 0, 0]
    for number, leak in enumerate(LEAKS):
        repository = fresh(job, tmp_path / str(number), by_hand=leak.value == "by hand")
        before = scanned(repository.repository, programs, tmp_path / f"{number}-before")
        file = planted(repository, leak)
        ours = [each for each in repository.audit().json["leaks"] if each["file"] == file]
        after = scanned(repository.repository, programs, tmp_path / f"{number}-after")
        theirs = [any(hit.file == file for hit in new(was, now)) for was, now in zip(before, after, strict=True)]
        found = [bool(ours), *theirs]
        totals = [total + each for total, each in zip(totals, found, strict=True)]
        rows.append((leak.name, *("found" if each else "-" for each in found)))
        shutil.rmtree(tmp_path / str(number))
    alarms = [0, 0, 0]
    for number, clean in enumerate(CLEAN):
        repository = fresh(job, tmp_path / f"clean-{number}")
        clean(repository)
        counts = [len(each) for each in scanned(repository.repository, programs, tmp_path / f"clean-{number}-scan")]
        alarms = [
            total + each for total, each in zip(alarms, (len(repository.audit().json["leaks"]), *counts), strict=True)
        ]
    rows.append((f"of {len(LEAKS)} leaks", *map(str, totals)))
    rows.append((f"false alarms in {len(CLEAN)} clean histories", *map(str, alarms)))
    with capsys.disabled():
        print()  # noqa: T201
        for row in [("", "matrix-secrets audit", "gitleaks", "detect-secrets"), *rows]:
            print(f"  {row[0]:42}{row[1]:22}{row[2]:10}{row[3]}")  # noqa: T201
    assert totals[0] == len(LEAKS)
    assert alarms[0] == 0


def fresh(job: Path, folder: Path, *, by_hand: bool = False) -> Hooked:
    for name in ("cluster", "people"):
        shutil.copytree(job / name, folder / name)
    repository = Hooked(folder / "cluster", folder / "people")
    for file, key in ((POSTGRES, PASSWORD), (SYNAPSE, "password")) if by_hand else ():
        repository("edit", file, "--commit", EDITOR=f"sed -i 's|\\b{key}:.*|{key}: \"{BY_HAND}\"|'")
    return repository


def scanned(repository: Path, programs: dict[str, Path], folder: Path) -> list[list[Hit]]:
    folder.mkdir()
    try:
        return [
            gitleaks(programs["gitleaks"], repository, folder / "report.json"),
            detect_secrets(programs["detect-secrets"], repository, folder),
        ]
    finally:
        shutil.rmtree(folder)


def new(before: Iterable[Hit], after: Iterable[Hit]) -> set[Hit]:
    return set(after) - set(before)
