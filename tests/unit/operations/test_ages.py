"""Ages from real Git histories, with the built-in engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyrage
import pytest

from matrix_secrets.agekeys.identity import Identity as AgeIdentity
from matrix_secrets.gitrepo.locate import find_work_tree
from matrix_secrets.operations.ages import Ages, Known
from matrix_secrets.operations.encrypt import plan_encrypt
from matrix_secrets.operations.rotation.planning import plan_rotation
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.workspace import Workspace
from tests.unit.operations.sealing_repositories import KEY, filled, here, seal
from tests.unit.stack.repositories import SECRET, SYNAPSE, apply

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.operations.ages import Age

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
FORM, POSTGRES = "SYNAPSE_FORM_SECRET", "POSTGRES_PASSWORD"


def at(days: int) -> datetime:
    return START + days * DAY


class History:
    """A repository whose commits are days apart."""

    def __init__(self, root: Path, *, encrypted: bool = True) -> None:
        self.root = root
        filled(root, encrypted=encrypted)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit(0)

    def git(self, *words: str, when: datetime = START) -> str:
        env = {**os.environ, "GIT_AUTHOR_DATE": when.isoformat(), "GIT_COMMITTER_DATE": when.isoformat()}
        done = subprocess.run(["git", *words], cwd=self.root, env=env, capture_output=True, text=True, check=True)
        return done.stdout

    def commit(self, day: int) -> None:
        self.git("add", "--all", when=at(day))
        self.git("commit", "--quiet", "--message", f"day {day}", when=at(day))

    def rotate(self, name: str) -> None:
        workspace = here(self.root)
        apply(plan_rotation(workspace, find_stacks(workspace), [name]).plan)

    def age(self, name: str, identity: pyrage.x25519.Identity = KEY) -> Age:
        workspace = here(self.root)
        engine = BuiltinEngine(lambda: [AgeIdentity.from_age_key(str(identity), "test")])
        finder = Ages(find_work_tree(self.root), lambda text, file: engine.decrypt(text, file=file))
        (stack,) = find_stacks(workspace)
        (secret,) = [each for each in stack.managed if each.name == name]
        found = finder.of(secret)
        assert found is not None
        return found

    def since(self, name: str) -> datetime:
        found = self.age(name)
        assert found.known is Known.SINCE, found
        assert found.since is not None
        return found.since

    def bump(self, day: int) -> None:
        """Change something else in both files."""
        for file in (SECRET, SYNAPSE):
            (self.root / file).write_text((self.root / file).read_text() + f"# {day}\n")
        self.commit(day)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "r")


def test_the_first_commit_and_a_rotation(history: History) -> None:
    assert history.since(FORM) == START
    history.rotate(FORM)
    assert history.age(FORM).known is Known.NOT_COMMITTED
    assert history.since(POSTGRES) == START
    history.commit(10)
    assert history.since(FORM) == at(10)
    assert history.since(POSTGRES) == START
    history.bump(20)
    history.bump(30)
    assert history.since(FORM) == at(10)


def test_the_same_value_under_new_ciphertext_is_no_change(history: History) -> None:
    plain = here(history.root).read(SECRET).stream.text
    (history.root / SECRET).write_text(plain)
    history.commit(5)
    workspace = here(history.root)
    recipients = [(str(KEY.to_public()), "me")]
    apply(plan_encrypt(workspace, find_stacks(workspace), (), recipients=recipients))
    history.commit(6)
    assert history.since(FORM) == START
    history.rotate(FORM)
    history.commit(7)
    assert history.since(FORM) == at(7)
    assert history.since(POSTGRES) == START


def test_there_and_back_again(history: History) -> None:
    old = {file: (history.root / file).read_bytes() for file in (SECRET, SYNAPSE)}
    history.rotate(FORM)
    history.commit(5)
    for file, raw in old.items():
        (history.root / file).write_bytes(raw)
    history.commit(9)
    assert history.since(FORM) == at(9)


def test_sealing_makes_nothing_younger(history: History) -> None:
    history.rotate(FORM)
    history.commit(3)
    apply(seal(history.root))
    history.commit(9)
    assert history.since(FORM) == at(3)
    assert history.since(POSTGRES) == START


def test_a_rename_and_a_file_that_was_split(history: History) -> None:
    history.git("mv", SECRET, "apps/matrix/database.yaml")
    history.commit(4)
    assert history.since(FORM) == START
    # The Secret moves to a file of its own, which Git does not see as a rename.
    workspace = here(history.root)
    text = workspace.read("apps/matrix/database.yaml").stream.text
    head, _, rest = text.partition("---\n# 💾")
    secret = head[head.index("apiVersion: v1") :].removesuffix("---\n")
    (history.root / "apps/matrix/keys.yaml").write_text(secret)
    (history.root / "apps/matrix/database.yaml").write_text("# 💾" + rest)
    assert history.since(FORM) == START  # not committed, but not new either
    history.commit(8)
    assert history.since(FORM) == START


def test_a_file_that_was_deleted_for_a_while(history: History) -> None:
    raw = (history.root / SECRET).read_bytes()
    (history.root / SECRET).unlink()
    history.commit(3)
    (history.root / SECRET).write_bytes(raw)
    history.commit(6)
    assert history.since(FORM) == START


def test_a_merge_is_as_old_as_what_it_brings(history: History) -> None:
    history.git("switch", "--quiet", "--create", "side")
    history.rotate(FORM)
    history.commit(3)
    history.git("switch", "--quiet", "main")
    (history.root / "notes.md").write_text("x\n")
    history.commit(5)
    history.git("merge", "--quiet", "--no-ff", "--no-edit", "side", when=at(9))
    assert history.since(FORM) == at(3)
    # A branch that still has the old value, merged later, changes nothing.
    history.git("switch", "--quiet", "--create", "stale", "HEAD~1")
    element = history.root / "apps/matrix/element.yaml"
    element.write_text(element.read_text() + "# stale\n")
    history.commit(12)
    history.git("switch", "--quiet", "main")
    history.git("merge", "--quiet", "--no-ff", "--no-edit", "stale", when=at(14))
    assert history.since(FORM) == at(3)


def test_a_rebase_makes_nothing_younger(history: History) -> None:
    history.rotate(FORM)
    history.commit(3)
    env = {**os.environ, "GIT_COMMITTER_DATE": at(50).isoformat()}
    words = ["git", "commit", "--quiet", "--amend", "--no-edit"]
    subprocess.run(words, cwd=history.root, env=env, check=True)
    assert history.since(FORM) == at(3)


def test_a_shallow_clone_is_unknown_unless_it_holds_the_change(history: History, tmp_path: Path) -> None:
    history.bump(2)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", history.root.as_uri(), str(clone)], check=True)
    shallow = History.__new__(History)
    shallow.root = clone
    found = shallow.age(FORM)
    assert found.known is Known.UNKNOWN
    assert "shallow" in found.why
    history.rotate(FORM)
    history.commit(7)
    shutil.rmtree(clone)
    subprocess.run(["git", "clone", "--quiet", "--depth=2", history.root.as_uri(), str(clone)], check=True)
    assert shallow.since(FORM) == at(7)
    assert shallow.age(POSTGRES).known is Known.UNKNOWN


def test_old_versions_that_no_identity_opens(history: History) -> None:
    """The files were encrypted anew for somebody who came later: the ciphertexts before say nothing to them."""
    later = pyrage.x25519.Identity.generate()
    workspace = here(history.root)
    plain = {file: workspace.read(file).stream.text for file in (SECRET, SYNAPSE)}
    for file, text in plain.items():
        (history.root / file).write_text(text)
    (history.root / ".sops.yaml").unlink()
    recipients = [(str(key.to_public()), "both") for key in (KEY, later)]
    workspace = here(history.root)
    apply(plan_encrypt(workspace, find_stacks(workspace), (), recipients=recipients))
    history.commit(5)
    assert history.since(FORM) == START
    found = history.age(FORM, later)
    assert found.known is Known.UNKNOWN
    history.rotate(FORM)
    history.commit(9)
    assert history.age(FORM, later).since == at(9)


def test_a_version_that_does_not_parse_hides_no_change(history: History) -> None:
    raw = (history.root / SECRET).read_bytes()
    (history.root / SECRET).write_bytes(raw.replace(b"stringData:", b"stringData: : {"))
    history.commit(3)
    (history.root / SECRET).write_bytes(raw)
    history.commit(4)
    assert history.since(FORM) == START
    history.rotate(FORM)
    good = (history.root / SECRET).read_bytes()
    (history.root / SECRET).write_bytes(good.replace(b"stringData:", b"stringData: : {"))
    history.commit(6)
    (history.root / SECRET).write_bytes(good)
    history.commit(8)
    assert history.since(FORM) == at(6)  # the value may have come with the version that nobody can read


def test_plain_files_have_ages_too(tmp_path: Path) -> None:
    history = History(tmp_path / "r", encrypted=False)
    history.rotate(FORM)
    history.commit(4)
    assert history.since(FORM) == at(4)
    assert history.since(POSTGRES) == START


def test_what_has_no_age(history: History) -> None:
    locked = Workspace(history.root, history.root / ".git", lambda: BuiltinEngine(list))
    (stack,) = find_stacks(locked)
    finder = Ages(find_work_tree(history.root), lambda *_: "")
    found = finder.of(stack.managed[0])
    assert found is not None
    assert found.known is Known.UNKNOWN
