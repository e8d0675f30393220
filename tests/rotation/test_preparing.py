"""A rotation's commit: the new values and nothing else, whatever the layout, and what is read from it again."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.agekeys.discovery import find_identities
from matrix_secrets.cluster.connection import Connection
from matrix_secrets.cluster.flux import ObjectName
from matrix_secrets.gitrepo.locate import find_work_tree
from matrix_secrets.operations.rotation.acts import Outside
from matrix_secrets.operations.rotation.bench import Bench
from matrix_secrets.operations.rotation.commits import Commits
from matrix_secrets.operations.rotation.journal import read_journal
from matrix_secrets.operations.rotation.livepods import restarting
from matrix_secrets.operations.rotation.livevalues import side_of
from matrix_secrets.operations.rotation.preparing import prepare
from matrix_secrets.operations.rotation.site import Site
from matrix_secrets.operations.rotation.world import Side
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.sops.builtin import BuiltinEngine
from tests.cli.conftest import GUIDE
from tests.cli.running import Cli
from tests.rotation.home import NAMES
from tests.unit.gitrepo.repositories import git

if TYPE_CHECKING:
    from pathlib import Path

FLUX = ObjectName("Kustomization", "flux-system", "apps")


@pytest.fixture(params=["plain", "encrypted", "sealed", "sealed and plain"])
def cli(request: pytest.FixtureRequest, tmp_path: Path) -> Cli:
    """The guide's repository with values, in either layout, encrypted or not."""
    shutil.copytree(GUIDE, tmp_path / "cluster")
    made = Cli(tmp_path / "cluster")
    made.git("init", "--quiet")
    made.commit_all()
    made("keys", "generate")
    made.configure()
    made("generate")
    if "plain" not in request.param:
        made("encrypt")
    if "sealed" in request.param:
        made("seal", "--fresh")
    made.commit_all()
    return made


def bench_of(cli: Cli) -> Bench:
    """One that needs no cluster: only what a commit is made with."""
    tree = find_work_tree(cli.repository)
    engine = BuiltinEngine(lambda: find_identities(os.environ).identities)
    nowhere = Connection("nowhere", "https://127.0.0.1:1", chosen=False, client=None)
    site = Site(nowhere, FLUX, FLUX, (FLUX,), "main", "")
    acts, commits = Outside(tree, "origin", site, 1, {}), Commits(tree, lambda: engine, "apps/matrix")
    return Bench(tree, "origin", site, commits, acts, 1, {})


def new_values() -> dict[str, SecretValue]:
    return {name: SecretValue(f"{number}" * 64) for number, name in enumerate(NAMES)}


def test_the_commit_and_what_is_read_from_it(cli: Cli) -> None:
    bench, values = bench_of(cli), new_values()
    head, before = cli.git("rev-parse", "HEAD").strip(), cli.tree()
    commit = prepare(bench, head, values)
    assert cli.tree() == before
    assert cli.git("rev-parse", "HEAD").strip() == head
    assert cli.git("status", "--porcelain") == ""

    journal = read_journal(bench.work_tree, commit, "origin")
    assert (journal.commit, journal.before, journal.turned) == (commit, head, False)
    assert (journal.directory, journal.main, set(journal.names)) == ("apps/matrix", "main", set(NAMES))
    assert not any(value.reveal() in cli.git("log", "-1", "--format=%B", commit) for value in values.values())

    old, new = bench.commits.at(head), bench.commits.at(commit)
    assert {name: new.values[name] for name in NAMES} == values
    assert side_of(new.values, old.values, values) is Side.NEW
    assert side_of(old.values, old.values, values) is Side.OLD
    mixed = {**old.values, NAMES[0]: values[NAMES[0]]}
    assert side_of(mixed, old.values, values) is Side.OTHER
    had = "secret-digest" in cli.git("show", f"{head}:apps/matrix/synapse.yaml")
    restarted = [each.label for each in restarting(bench.site, old.stack, new.stack)]
    assert restarted == ([] if had else ["Deployment/element-web"]) + ["Deployment/synapse"]

    files = git(cli.repository, "diff", "--name-only", head, commit).split()
    element = set() if had else {"apps/matrix/element.yaml"}
    assert set(files) <= {"apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml", *element}


def test_back_to_what_was_before(cli: Cli) -> None:
    bench = bench_of(cli)
    head = cli.git("rev-parse", "HEAD").strip()
    there = prepare(bench, head, new_values())
    old = bench.commits.at(head).values
    back = prepare(bench, there, {name: old[name] for name in NAMES}, instead_of=there, turned=True)
    journal = read_journal(bench.work_tree, back, "origin")
    assert (journal.before, journal.turned) == (there, True)
    assert {name: bench.commits.at(back).values[name] for name in NAMES} == {name: old[name] for name in NAMES}
    stacks = (bench.commits.at(commit).stack for commit in (there, back))
    assert [each.label for each in restarting(bench.site, *stacks)] == ["Deployment/synapse"]


def test_on_a_main_that_has_moved_on(cli: Cli) -> None:
    bench, values = bench_of(cli), new_values()
    first = prepare(bench, cli.git("rev-parse", "HEAD").strip(), values)
    path = cli.repository / "apps/matrix/element.yaml"
    path.write_text(path.read_text() + "# meanwhile\n")
    cli.commit_all()
    main = cli.git("rev-parse", "HEAD").strip()
    again = prepare(bench, main, values, instead_of=first)
    journal = read_journal(bench.work_tree, again, "origin")
    assert (journal.tip, journal.before) == (again, main)
    assert cli.git("show", f"{again}:apps/matrix/element.yaml").endswith("# meanwhile\n")
    assert cli.git("merge-base", "--is-ancestor", first, again) == ""
    # Who updates a merge request puts a commit on top: the rotation is found below it.
    cli.git("checkout", "--quiet", "--detach", again)
    cli.git("commit", "--quiet", "--allow-empty", "--message", "Merge branch main")
    tip = cli.git("rev-parse", "HEAD").strip()
    assert read_journal(bench.work_tree, tip, "origin").commit == again
