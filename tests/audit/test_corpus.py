"""The corpus is found entirely, with no false alarm; what gitleaks and detect-secrets find stands beside it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.audit.corpus import BY_HAND, CLEAN, LEAKS, PASSWORD, Leak
from tests.audit.scanners import Hit, detect_secrets, gitleaks, trees
from tests.hooks.hooked import Hooked
from tests.keys.team import POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


NEAR = 4  # lines: of wrapped base64 a scanner may name any


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
    scanners = Scanners(programs, tmp_path)
    before = {
        by_hand: scanners.of(fresh(job, tmp_path / f"base-{by_hand}", by_hand=by_hand)) for by_hand in (False, True)
    }
    rows: list[tuple[str, ...]] = []
    totals = [0, 0, 0]
    for number, leak in enumerate(LEAKS):
        base = before[leak.value == "by hand"]
        repository = Hooked(*copied(base.repository, tmp_path / str(number)))
        file = planted(repository, leak)
        ours = [each for each in repository.audit().json["leaks"] if each["file"] == file]
        lines = {each["line"] for each in ours}
        after = scanners.of(repository, known=base.trees)
        theirs = [is_named(file, lines, now - was) for was, now in zip(base.hits, after.hits, strict=True)]
        found = (bool(ours), *theirs)
        totals = [total + each for total, each in zip(totals, found, strict=True)]
        rows.append((leak.name, *("found" if each else "-" for each in found)))
        shutil.rmtree(tmp_path / str(number))
    alarms = [0, 0, 0]
    for clean in CLEAN:
        repository = Hooked(*copied(before[False].repository, tmp_path / clean.__name__))
        clean(repository)
        counts = [len(repository.audit().json["leaks"]), *map(len, scanners.of(repository).hits)]
        alarms = [total + each for total, each in zip(alarms, counts, strict=True)]
    rows.append((f"of {len(LEAKS)} leaks", *map(str, totals)))
    rows.append((f"false alarms in {len(CLEAN)} clean histories", *map(str, alarms)))
    with capsys.disabled():
        print()  # noqa: T201
        for row in [("", "matrix-secrets audit", "gitleaks", "detect-secrets"), *rows]:
            print(f"  {row[0]:42}{row[1]:22}{row[2]:10}{row[3]}")  # noqa: T201
    assert totals[0] == len(LEAKS)
    assert alarms[0] == 0


def is_named(file: str, lines: set[int | None], hits: Iterable[Hit]) -> bool:
    """Whether a scanner named the leak: near its line, where it has one (what moved by a line was there before)."""
    known = [line for line in lines if line is not None]
    near = [hit for hit in hits if hit.file == file]
    return any(not known or any(abs(hit.line - line) <= NEAR for line in known) for hit in near)


@dataclass(frozen=True)
class Scanned:
    """What gitleaks and detect-secrets named in a repository, and the trees that it has."""

    repository: Hooked
    hits: tuple[set[Hit], set[Hit]]
    trees: set[str]


@dataclass(frozen=True)
class Scanners:
    """The two programs."""

    programs: dict[str, Path]
    folder: Path

    def of(self, repository: Hooked, known: Iterable[str] = ()) -> Scanned:
        """Run both; detect-secrets on the trees that are not ``known``."""
        root, found = repository.repository, trees(repository.repository)
        leaks = gitleaks(self.programs["gitleaks"], root, self.folder / "report.json")
        named = detect_secrets(self.programs["detect-secrets"], root, self.folder / "files", found - set(known))
        return Scanned(repository, (set(leaks), set(named)), found)


def fresh(job: Path, folder: Path, *, by_hand: bool) -> Hooked:
    for name in ("cluster", "people"):
        shutil.copytree(job / name, folder / name)
    repository = Hooked(folder / "cluster", folder / "people")
    for file, key in ((POSTGRES, PASSWORD), (SYNAPSE, "password")) if by_hand else ():
        repository("edit", file, "--commit", EDITOR=f"sed -i 's|\\b{key}:.*|{key}: \"{BY_HAND}\"|'")
    return repository


def copied(repository: Hooked, folder: Path) -> tuple[Path, Path]:
    shutil.copytree(repository.repository, folder / "cluster")
    shutil.copytree(repository.people, folder / "people")
    return folder / "cluster", folder / "people"
