"""The main job on the guide's repository, command by command, in real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import ADDRESS, MEMORY, Cli

ROOT = Path(__file__).parent.parent.parent
NAMES = {
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
}


def test_each_step_names_the_next_one(guide: Cli) -> None:
    def following(text: str) -> str:
        lines = [line for line in text.splitlines() if line.startswith("Next: ")]
        return lines[-1].removeprefix("Next: ") if lines else ""

    assert following(guide().out) == "matrix-secrets keys generate"
    guide("keys", "generate")
    assert following(guide().out).startswith("matrix-secrets configure --server-name")
    assert following(guide.configure().out) == "matrix-secrets generate"
    assert following(guide().out) == "matrix-secrets generate"
    assert following(guide("generate").out) == "matrix-secrets encrypt"
    assert following(guide().out) == "matrix-secrets encrypt"
    assert following(guide("encrypt").out) == "matrix-secrets verify"
    assert following(guide().out) == "matrix-secrets verify"


def test_the_second_run_of_each_is_one_line_and_changes_nothing(encrypted: Cli) -> None:
    before = encrypted.tree()
    for done in (encrypted.configure(), encrypted("generate"), encrypted("encrypt")):
        assert len([line for line in done.out.splitlines() if not line.startswith("!")]) == 1, done
    assert encrypted.tree() == before
    for command in (["generate"], ["encrypt"]):
        assert encrypted(*command, "--json").json["changes"] == []


def test_a_dry_run_shows_the_plan_and_changes_nothing(guide: Cli) -> None:
    guide("keys", "generate")
    before = guide.tree()
    planned = guide("configure", "--server-name", ADDRESS, "--node-ip", ADDRESS, "--dry-run", "--json").json
    assert planned["dry_run"] is True
    text = guide("configure", "--server-name", ADDRESS, "--node-ip", ADDRESS, "--dry-run").out
    assert "nothing was changed" in text
    assert guide.tree() == before
    done = guide("configure", "--server-name", ADDRESS, "--node-ip", ADDRESS, "--json").json
    assert done["changes"] == planned["changes"]
    assert "dry_run" not in done
    before = guide.tree()
    planned = guide("generate", "--dry-run", "--json").json
    assert guide.tree() == before
    assert guide("generate", "--json").json["changes"] == planned["changes"]
    before = guide.tree()
    planned = guide("encrypt", "--dry-run", "--json").json
    assert guide.tree() == before
    assert guide("encrypt", "--json").json["changes"] == planned["changes"]


def test_show_hides_values_until_asked(encrypted: Cli) -> None:
    hidden, shown = encrypted("show", "--json").json["secrets"], encrypted("show", "--reveal", "--json")
    assert {row["name"] for row in hidden} == NAMES
    assert all(row["set"] and row["agrees"] and len(row["places"]) == 2 for row in hidden)
    assert all("value" not in row for row in hidden)
    values = [row["value"] for row in shown.json["secrets"]]
    assert len(set(values)) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in values)
    assert "--reveal" in shown.err
    text = encrypted("show", "-v")
    assert not any(value in text.out + text.err for value in values)
    revealed = encrypted("show", "--reveal", "form-secret")
    assert len([value for value in values if value in revealed.out]) == 1


def test_a_revealed_value_stays_in_its_line(guide: Cli) -> None:
    text = guide.read("apps/matrix/postgres.yaml").decode()
    value = "SYNAPSE_FORM_SECRET: |-\n    one\n    two"
    (guide.repository / "apps/matrix/postgres.yaml").write_text(
        text.replace("SYNAPSE_FORM_SECRET: CHANGE_ME_BEFORE_DEPLOY", value)
    )
    guide("generate")
    assert '"one\\ntwo"' in guide("show", "--reveal", "form_secret").out
    assert guide("show", "--reveal", "form_secret", "--json").json["secrets"][0]["value"] == "one\ntwo"


def test_decrypt_gives_the_plain_bytes_to_stdout_only(guide: Cli) -> None:
    guide("keys", "generate")
    guide.configure()
    guide("generate")
    guide("encrypt")
    done = guide("decrypt", "postgres.yaml", cwd=guide.repository / "apps" / "matrix")
    assert "POSTGRES_PASSWORD: " in done.out
    assert "ENC[" not in done.out
    assert done.err == ""
    assert guide("decrypt", "apps/matrix/postgres.yaml", "--json").json["text"] == done.out


def test_encrypt_check_and_verify_tell_plain_from_encrypted(guide: Cli) -> None:
    assert guide("verify", "--json", code=1).json["findings"]
    guide("keys", "generate")
    guide.configure()
    guide("generate")
    found = guide("encrypt", "--check", "--json", code=1).json["findings"]
    assert {finding["id"] for finding in found} == {"plaintext-secret"}
    assert {finding["file"] for finding in found} == {"apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml"}
    one = guide("encrypt", "--check", "apps/matrix/postgres.yaml", "--json", code=1).json["findings"]
    assert {finding["file"] for finding in one} == {"apps/matrix/postgres.yaml"}
    guide("encrypt")
    guide("encrypt", "--check")


@pytest.mark.parametrize("engine", ["builtin", "binary"])
def test_both_engines_do_the_job(engine: str, guide: Cli, sops_binary: Path) -> None:
    path = f"{sops_binary.parent}{os.pathsep}{os.environ['PATH']}"
    guide("keys", "generate")
    guide.configure()
    guide("generate")
    done = guide("--engine", engine, "encrypt", "-v", PATH=path)
    assert f"engine {engine}" in done.err
    for other in ("builtin", "binary"):
        guide("--engine", other, "decrypt", "apps/matrix/synapse.yaml", PATH=path)


def test_an_engine_that_is_missing_or_fails_is_an_outside_failure(encrypted: Cli, tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(git)
    path = str(tmp_path / "bin")
    assert "sops" in encrypted("show", "--engine", "binary", code=4, PATH=path).err
    encrypted("show", PATH=path)  # auto
    (tmp_path / "bin" / "sops").write_text("#!/bin/sh\nexit 70\n")
    (tmp_path / "bin" / "sops").chmod(0o755)
    assert encrypted("show", "--engine", "binary", "--json", code=4, PATH=path).json["error"]["code"] == "outside"


@pytest.mark.parametrize("answer", ["", "a: b", "- a", "a: b: c", "\\377"])
def test_a_sops_that_returns_nonsense_is_an_outside_failure(answer: str, guide: Cli, tmp_path: Path) -> None:
    guide("keys", "generate")
    guide("generate")
    before = guide.tree()
    sops = tmp_path / "bin" / "sops"
    sops.parent.mkdir()
    sops.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo sops 3.13.3 && exit\ncat >&2\nprintf -- '{answer}'\n")
    sops.chmod(0o755)
    done = guide("encrypt", "--engine", "binary", code=4, PATH=f"{sops.parent}{os.pathsep}{os.environ['PATH']}")
    assert done.err.startswith("error: sops returned")
    assert guide.tree() == before


def test_edit_changes_the_value_that_was_edited(encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/POSTGRES_USER: .*/POSTGRES_USER: another/" "$1"\n')
    editor.chmod(0o755)
    before = encrypted.read("apps/matrix/postgres.yaml").decode().splitlines()
    done = encrypted("edit", "apps/matrix/postgres.yaml", "--json", EDITOR=str(editor), TMPDIR=MEMORY).json
    assert [change["path"] for change in done["changes"]] == ["POSTGRES_USER"]
    after = encrypted.read("apps/matrix/postgres.yaml").decode().splitlines()
    changed = {new.split(":")[0].strip() for old, new in zip(before, after, strict=True) if old != new}
    assert changed - {"lastmodified"} == {"POSTGRES_USER", "mac"}
    assert "was not changed" in encrypted("edit", "apps/matrix/postgres.yaml", EDITOR="true", TMPDIR=MEMORY).out


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("true", 0, "was not changed"),
        ("false", 4, "ended with exit code 1"),
        ('kill -KILL "$$"', 4, "was ended by signal 9"),
        ('rm "$1"', 4, "left no text"),
        ('rm "$1"; mkdir "$1"', 4, "left no text"),
        (': > "$1"', 3, "was emptied"),
        ('printf "a: b: c\\n" >> "$1"', 3, "does not parse"),
        ('printf "\\377" >> "$1"', 3, "is not UTF-8"),
        ('sed -i "s/POSTGRES_DB:.*/POSTGRES_DB: 0123/" "$1"', 3, "put it into quotes"),
        ('sed -i "s/^stringData:/sops:/" "$1"', 3, "reserved"),
    ],
)
def test_what_an_editor_may_leave(script: str, code: int, said: str, encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    before = encrypted.tree()
    done = encrypted("edit", "apps/matrix/postgres.yaml", code=code, EDITOR=str(editor), TMPDIR=MEMORY)
    assert said in done.out + done.err
    assert done.err.count("error: ") == (code != 0)
    assert encrypted.tree() == before


def test_edit_tells_added_removed_and_changed(encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/POSTGRES_USER:/OTHER_USER:/; s/^\\(  POSTGRES_DB:\\).*/\\1 x/" "$1"\n')
    editor.chmod(0o755)
    done = encrypted("edit", "apps/matrix/postgres.yaml", "--json", EDITOR=str(editor), TMPDIR=MEMORY).json
    changes = {change["path"]: change["action"] for change in done["changes"]}
    assert changes == {"OTHER_USER": "added", "POSTGRES_DB": "changed", "POSTGRES_USER": "removed"}
    assert done["next"] == ["matrix-secrets verify"]


@pytest.mark.parametrize("file", ["README.md", "apps/kustomization.yaml", ".sops.yaml", ".gitignore"])
def test_what_holds_no_secret_is_not_encrypted(file: str, encrypted: Cli) -> None:
    before = encrypted.tree()
    assert "fix:" in encrypted("encrypt", file, code=3).err
    assert encrypted.tree() == before


def test_ciphertext_comes_with_a_warning_until_flux_decrypts(guide: Cli) -> None:
    guide("keys", "generate")
    guide("generate")
    (note,) = [each for each in guide("encrypt", "--json").json["findings"] if each["id"] == "owner-without-decryption"]
    assert note["file"] == "clusters/home/apps.yaml"
    assert "do not push" in note["message"]
    assert guide("encrypt", "--json").json["findings"] == []


def test_without_an_identity_it_says_which_file_and_what_to_do(encrypted: Cli, tmp_path: Path) -> None:
    nobody = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = encrypted("decrypt", "apps/matrix/postgres.yaml", "--json", code=3, **nobody).json
    assert done["error"]["code"] == "no-identity"
    assert done["error"]["hint"]
    assert encrypted("verify", code=1, **nobody).out
    encrypted("verify", "--without-key", **nobody)
    assert encrypted("show", "--json", **nobody).json["secrets"]


def test_verbose_names_recipients_files_and_times_but_no_key(encrypted: Cli) -> None:
    done = encrypted("show", "-v")
    assert "engine builtin" in done.err
    assert re.search(r"identity age1\w{58} from ~/", done.err)
    assert "read apps/matrix/" in done.err
    assert "AGE-SECRET-KEY" not in done.err


def test_the_demo_runs_and_shows_the_diff_before_the_commit() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "demo.py"), "--clean"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [line for line in done.stdout.splitlines() if line.startswith("$ ")]
    assert steps[0] == "$ matrix-secrets"
    assert steps.index("$ git diff --cached --unified=0") < next(
        i for i, step in enumerate(steps) if "git commit" in step
    )
    assert "AGE-SECRET-KEY" not in done.stdout


def test_json_output_has_no_value_of_the_job(encrypted: Cli) -> None:
    values = [row["value"] for row in json.loads(encrypted("show", "--reveal", "--json").out)["secrets"]]
    for command in ([], ["verify"], ["generate"], ["encrypt"], ["show"], ["encrypt", "--check"]):
        done = encrypted(*command, "--json", "-v", code=None)
        assert not any(value in done.out + done.err for value in values)
