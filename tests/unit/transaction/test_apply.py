from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import RefusedError
from matrix_secrets.transaction import FileWrite, Recovery, apply, pending, recover
from matrix_secrets.transaction.journal import Entry, Journal, Mark


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    return tmp_path / "repo"


@pytest.fixture
def state(root: Path) -> Path:
    return root / ".git" / "matrix-secrets"


def everything(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def write(path: Path, data: bytes, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    return path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_changes_creates_and_deletes_together(root: Path, state: Path) -> None:
    changed = write(root / "a.yaml", b"old", 0o640)
    gone = write(root / "b.yaml", b"bye")
    fresh = root / "deep" / "er" / "c.yaml"
    apply(
        root,
        state,
        [FileWrite(changed, b"old", b"new\xff"), FileWrite(gone, b"bye", None), FileWrite(fresh, None, b"c")],
    )
    assert everything(root) == {"a.yaml": b"new\xff", "deep/er/c.yaml": b"c"}
    assert mode_of(changed) == 0o640
    assert mode_of(fresh) == 0o644
    assert mode_of(state) == 0o700
    assert not pending(state)


def test_a_mode_can_be_asked_for(root: Path, state: Path) -> None:
    old = write(root / "a", b"same", 0o644)
    apply(root, state, [FileWrite(old, b"same", b"same", 0o600), FileWrite(root / "key", None, b"k", 0o600)])
    assert mode_of(old) == 0o600
    assert mode_of(root / "key") == 0o600


def test_nothing_to_change_touches_nothing(root: Path, state: Path) -> None:
    path = write(root / "a.yaml", b"same", 0o444)
    before = path.stat()
    apply(root, state, [FileWrite(path, b"same", b"same")])
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(("old", "on_disk"), [(b"planned", b"edited"), (b"planned", None), (None, b"appeared")])
def test_a_file_that_changed_meanwhile_stops_everything(
    root: Path, state: Path, old: bytes | None, on_disk: bytes | None
) -> None:
    first = write(root / "first.yaml", b"1")
    if on_disk is not None:
        write(root / "second.yaml", on_disk)
    before = everything(root)
    with pytest.raises(RefusedError, match=r"second\.yaml: changed on disk meanwhile") as caught:
        apply(root, state, [FileWrite(first, b"1", b"2"), FileWrite(root / "second.yaml", old, b"new")])
    assert caught.value.hint == "run the command again"
    assert everything(root) == before
    assert not pending(state)


def test_a_read_only_file_is_refused_even_for_root(root: Path, state: Path) -> None:
    first = write(root / "first.yaml", b"1")
    locked = write(root / "apps" / "ro.yaml", b"old", 0o444)
    with pytest.raises(RefusedError, match=r"apps/ro\.yaml: is read-only") as caught:
        apply(root, state, [FileWrite(first, b"1", b"2"), FileWrite(locked, b"old", b"new")])
    assert caught.value.hint == "chmod u+w apps/ro.yaml"
    assert everything(root) == {"first.yaml": b"1", "apps/ro.yaml": b"old"}


def test_a_link_is_written_through(root: Path, state: Path) -> None:
    real = write(root / "base" / "real.yaml", b"old")
    link = root / "link.yaml"
    link.symlink_to("base/real.yaml")
    apply(root, state, [FileWrite(link, b"old", b"new")])
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_link_out_of_the_repository_is_refused(root: Path, state: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside.yaml", b"old")
    (root / "link.yaml").symlink_to(outside)
    with pytest.raises(RefusedError, match="leads out of the repository"):
        apply(root, state, [FileWrite(root / "link.yaml", b"old", b"new")])
    assert outside.read_bytes() == b"old"


def test_a_loop_of_links_is_refused(root: Path, state: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(RefusedError):
        apply(root, state, [FileWrite(root / "a", None, b"new")])


def test_one_file_under_two_names_is_refused(root: Path, state: Path) -> None:
    real = write(root / "real.yaml", b"old")
    (root / "link.yaml").symlink_to("real.yaml")
    with pytest.raises(RefusedError, match="twice"):
        apply(root, state, [FileWrite(real, b"old", b"1"), FileWrite(root / "link.yaml", b"old", b"2")])
    assert real.read_bytes() == b"old"


def test_a_directory_or_pipe_is_refused(root: Path, state: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(RefusedError, match="not a regular file"):
        apply(root, state, [FileWrite(root / "pipe", None, b"x")])
    with pytest.raises(RefusedError, match="not a regular file"):
        apply(root, state, [FileWrite(root / ".git", None, b"x")])
    write(root / "file", b"")
    with pytest.raises(RefusedError, match=r"file/below"):
        apply(root, state, [FileWrite(root / "file" / "below", None, b"x")])


def staged(root: Path, state: Path, *, committed: bool) -> Path:
    """Leave what a run killed while staging, or between two renames, leaves."""
    target = write(root / "a.yaml", b"old")
    temp = write(root / ".a.yaml.matrix-secrets-0123abcd.tmp", b"new")
    state.mkdir(mode=0o700)
    marks = (Mark.of(target.stat()), Mark.of(temp.stat())) if committed else (None, None)
    journal = Journal((Entry("a.yaml", temp.name, *marks),))
    (state / ("committed.json" if committed else "intent.json")).write_bytes(journal.to_bytes())
    return target


def test_recover_undoes_what_was_only_staged(root: Path, state: Path) -> None:
    staged(root, state, committed=False)
    assert recover(root, state) == Recovery(undone=("a.yaml",))
    assert everything(root) == {"a.yaml": b"old"}
    assert recover(root, state) == Recovery()


def test_recover_finishes_what_was_committed(root: Path, state: Path) -> None:
    staged(root, state, committed=True)
    assert pending(state)
    assert recover(root, state) == Recovery(finished=("a.yaml",))
    assert everything(root) == {"a.yaml": b"new"}
    assert not pending(state)


def test_recover_does_not_overwrite_a_later_edit(root: Path, state: Path) -> None:
    target = staged(root, state, committed=True)
    target.write_bytes(b"edited by hand since")
    with pytest.raises(RefusedError, match="changed by something else after a run was interrupted") as caught:
        recover(root, state)
    assert target.read_bytes() == b"edited by hand since"
    hint = caught.value.hint or ""
    assert hint.startswith("to keep every file as it is now: rm ")
    for name in hint.partition(" rm ")[2].split():
        Path(name).unlink()
    assert recover(root, state) == Recovery()
    assert everything(root) == {"a.yaml": b"edited by hand since"}


def test_recover_sees_that_a_finished_file_was_put_back(root: Path, state: Path) -> None:
    """The user ran `git checkout .` on the half-finished tree: no half of it may come back."""
    staged(root, state, committed=True)
    (root / ".a.yaml.matrix-secrets-0123abcd.tmp").unlink()
    with pytest.raises(RefusedError, match=r"a\.yaml: was changed by something else"):
        recover(root, state)


def test_the_next_apply_recovers_first(root: Path, state: Path) -> None:
    staged(root, state, committed=True)
    with pytest.raises(RefusedError, match="changed on disk"):
        apply(root, state, [FileWrite(root / "a.yaml", b"old", b"other")])
    assert everything(root) == {"a.yaml": b"new"}
    apply(root, state, [FileWrite(root / "a.yaml", b"new", b"other")])
    assert everything(root) == {"a.yaml": b"other"}


def test_a_torn_intent_is_dropped_and_a_torn_commitment_refused(root: Path, state: Path) -> None:
    state.mkdir()
    (state / "intent.json").write_bytes(b'{"schema": 1, "entr')
    assert recover(root, state) == Recovery()
    (state / "committed.json").write_bytes(b"[]")
    with pytest.raises(RefusedError, match="is damaged"):
        recover(root, state)


NAMES = st.binary(min_size=1, max_size=20).map(os.fsdecode)
SCALARS = st.none() | st.integers() | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
MARKS = st.none() | st.builds(Mark, st.integers(0, 2**40), st.integers(0, 2**63))
JOURNALS = st.builds(
    Journal,
    st.lists(st.builds(Entry, NAMES, st.none() | NAMES, MARKS, MARKS)).map(tuple),
    st.lists(NAMES).map(tuple),
)


@given(JOURNALS)
def test_a_journal_reads_back(journal: Journal) -> None:
    assert Journal.from_bytes(journal.to_bytes()) == journal


@given(JSON)
def test_what_is_no_journal_is_a_value_error(thing: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Journal.from_bytes(json.dumps(thing).encode())


def test_a_name_that_is_not_utf8(root: Path, state: Path) -> None:
    path = root / os.fsdecode(b"caf\xe9.yaml")
    apply(root, state, [FileWrite(path, None, b"x")])
    assert path.read_bytes() == b"x"
    assert Journal.from_bytes(Journal((Entry(path.name, None),)).to_bytes()).entries[0].path == path.name


def test_what_was_staged_under_a_lost_journal_is_removed(root: Path, state: Path) -> None:
    file = write(root / "a[1].yaml", b"old")
    write(root / ".a[1].yaml.matrix-secrets-0a1b2c3d.tmp", b"orphan")
    others = {
        ".a[1].yaml.matrix-secrets-mine.tmp": b"not ours",
        ".b.yaml.matrix-secrets-0a1b2c3d.tmp": b"not of this file",
    }
    for name, data in others.items():
        write(root / name, data)
    apply(root, state, [FileWrite(file, b"old", b"new")])
    assert everything(root) == {"a[1].yaml": b"new", **others}
