"""Bad input: one clear line, a hint, the right exit code, and nothing written."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import make_site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.conftest import Site


def refused(site: Site, *args: str, code: int = 3) -> str:
    """Run a command that must be refused, as text and as JSON; return what it says."""
    before = site.tree()
    said = site.run(*args, code=code)
    assert said.stdout == ""
    assert said.stderr.startswith("error: ")
    assert "fix:" in said.stderr
    assert "Traceback" not in said.stderr
    answer = site.json(*args, code=code)
    assert answer["ok"] is False
    assert answer["error"]["message"]
    assert answer["error"]["hint"]
    assert site.tree() == before
    return said.stderr


def test_no_repository(guide: Site, tmp_path: Path) -> None:
    guide.root = tmp_path / "empty"
    guide.root.mkdir()
    assert "git" in refused(guide, "generate").lower()


def test_no_stack(guide: Site) -> None:
    guide.git("rm", "-rq", "apps/matrix")
    assert "stack" in refused(guide, "generate")


def test_two_stacks_without_stack(guide: Site) -> None:
    guide.git("clone", "-q", ".", "../copy")
    (guide.root.parent / "copy" / "apps" / "matrix").rename(guide.root / "apps" / "second")
    said = refused(guide, "generate")
    assert "apps/matrix" in said
    assert "apps/second" in said
    assert "--stack" in said


def test_a_read_only_file(guide: Site) -> None:
    path = guide.root / "apps/matrix/postgres.yaml"
    path.chmod(0o444)
    assert "apps/matrix/postgres.yaml" in refused(guide, "generate")
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


@pytest.mark.parametrize(
    ("old", "new"),
    [("stringData:\n", "stringData:\n  hush: geheim: x\n"), ("    database:\n", "    database: geheim: x\n")],
)
def test_broken_yaml_names_line_and_column_but_not_the_text(guide: Site, old: str, new: str) -> None:
    for name in ("postgres.yaml", "synapse.yaml"):
        path = guide.root / "apps/matrix" / name
        path.write_text(path.read_text().replace(old, new))
    said = refused(guide, "generate")
    assert "line " in said
    assert "column " in said
    assert "geheim" not in said


def test_nobody_to_encrypt_for(guide: Site) -> None:
    guide.run("configure", "--server-name", "192.168.1.100", "--node-ip", "192.168.1.100")
    guide.run("generate")
    assert "matrix-secrets keys generate" in refused(guide, "encrypt")


@pytest.mark.parametrize("recipient", ["age1typo", "age1", "nonsense", "AGE-SECRET-KEY-1QQQQ"])
def test_a_bad_recipient(guide: Site, recipient: str) -> None:
    guide.run("generate")
    said = refused(guide, "encrypt", "--age", recipient)
    assert "AGE-SECRET-KEY-1QQQQ" not in said


def test_placeholders_are_not_encrypted(guide: Site) -> None:
    guide.run("keys", "generate")
    assert "matrix-secrets generate" in refused(guide, "encrypt")


def test_a_missing_and_a_wrong_identity(guide: Site) -> None:
    guide.encrypted_stack()
    keys = guide.home / ".config/sops/age/keys.txt"
    keys.rename(keys.with_name("elsewhere"))
    for command in (("decrypt", "apps/matrix/postgres.yaml"), ("generate",), ("encrypt",)):
        refused(guide, *command)
    guide.run("keys", "generate")
    said = refused(guide, "decrypt", "apps/matrix/postgres.yaml")
    assert "age1" in said


@pytest.mark.parametrize("engine_name", ["builtin", "binary"])
def test_a_tampered_file(tmp_path: Path, engine_name: str, sops_binary: Path) -> None:
    site = make_site(tmp_path, "guide", engine_name, [str(sops_binary.parent)])
    site.encrypted_stack()
    path = site.root / "apps/matrix/postgres.yaml"
    lines = path.read_text().splitlines(keepends=True)
    first, second, *_ = [index for index, line in enumerate(lines) if "ENC[" in line and "POSTGRES" in line]
    values = [lines[index].split("ENC[")[1] for index in (first, second)]
    lines[first] = lines[first].replace(values[0], values[1])
    path.write_text("".join(lines))
    for command in (("decrypt", "apps/matrix/postgres.yaml"), ("generate",)):
        assert "apps/matrix/postgres.yaml" in refused(site, *command)


def test_unknown_options_and_names(guide: Site) -> None:
    refused(guide, "generate", "--no-such-option", code=2)
    refused(guide, "generate", "NO_SUCH_SECRET", code=2)
    refused(guide, "no-such-command", code=2)
    refused(guide, "decrypt", "no/such/file.yaml", code=2)


@pytest.mark.parametrize(
    "script", ["echo 'sops 3.8.1 (latest)'", "kill -SEGV $$", "exit 99"], ids=["too-old", "crashing", "failing"]
)
def test_a_sops_that_does_not_work(guide: Site, script: str) -> None:
    guide.run("keys", "generate")
    guide.run("generate")
    program = guide.root.parent / "bin" / "sops"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    guide.path, guide.engine = [str(program.parent)], "binary"
    refused(guide, "encrypt", code=4)


def test_no_sops_at_all(guide: Site) -> None:
    guide.run("keys", "generate")
    guide.run("generate")
    guide.engine = "binary"
    assert "builtin" in refused(guide, "encrypt", code=4)


def test_a_managed_value_in_plain_text_is_not_committed(guide: Site) -> None:
    before = guide.git("rev-parse", "HEAD")
    said = guide.run("generate", "--commit", code=3)
    assert "--allow-plaintext" in said.stderr
    assert guide.git("rev-parse", "HEAD") == before
    guide.run("generate", "--commit", "--allow-plaintext")
    assert guide.git("rev-parse", "HEAD") != before
    assert guide.git("status", "--porcelain") == ""
