"""``new``: a repository that verifies, lints, builds and holds no secret in plain text, from the first commit on."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.running import Cli

if TYPE_CHECKING:
    from pathlib import Path

WANTED = ("--server-name", "our.net", "--node-ip", "192.168.1.100")


@pytest.fixture
def here(tmp_path: Path) -> Cli:
    """A directory that is no repository."""
    return Cli(tmp_path)


@pytest.fixture
def made(here: Cli, tmp_path: Path) -> Cli:
    """A new repository, for the only identity there is."""
    here("keys", "generate")
    here("new", "matrix", *WANTED, "--commit")
    return Cli(tmp_path / "matrix")


def test_it_verifies(made: Cli) -> None:
    assert made("verify", "--strict", "--json").json["findings"] == []
    assert "sealed layout" in made().out
    assert made.git("status", "--porcelain") == ""
    rows = made("show", "--json").json["secrets"]
    assert [row["state"] for row in rows] == ["set"] * 4
    assert all(place["encrypted"] for row in rows for place in row["places"])
    values = [row["value"] for row in made("show", "--reveal", "--json").json["secrets"]]
    history = made.git("log", "-p")
    assert not any(value in history for value in values)


def test_no_commit_takes_a_secret_along(made: Cli) -> None:
    assert (made.repository / ".git/hooks/pre-commit").is_file()
    assert ".gitattributes" in made.git("ls-files").split()
    plain = made("decrypt", "apps/matrix/matrix-secrets.yaml").out
    (made.repository / "apps/matrix/matrix-secrets.yaml").write_text(plain)
    made.git("add", "--all")
    command = ["git", "commit", "--quiet", "--message", "in plain text"]
    done = subprocess.run(command, cwd=made.repository, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert made.git("rev-list", "--count", "HEAD").strip() == "1"


def test_yamllint_has_nothing_to_say(made: Cli) -> None:
    command = [sys.executable, "-m", "yamllint", "--strict", "."]
    done = subprocess.run(command, cwd=made.repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_kustomize_builds_it(made: Cli, kubectl_binary: Path) -> None:
    command = [str(kubectl_binary), "kustomize", str(made.repository / "apps")]
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(built)}
    for name in ("matrix-postgres", "synapse", "element-web"):
        spec = found["Deployment", name]["spec"]
        for container in spec["template"]["spec"]["containers"]:
            assert {"readinessProbe", "livenessProbe", "resources"} <= set(container)
    pods = [each["spec"]["template"]["spec"] for (kind, _), each in found.items() if kind == "Deployment"]
    images = [each["image"] for pod in pods for each in (*pod.get("initContainers", ()), *pod["containers"])]
    assert len(images) == 5
    for image in images:
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+[\w.-]*", image)
    for name in ("matrix-postgres", "synapse"):
        assert found["Deployment", name]["spec"]["strategy"] == {"type": "Recreate"}
    assert "enable_registration: false" in found["ConfigMap", "synapse-config"]["data"]["homeserver.yaml"]
    (owner,) = yaml.safe_load_all(made.read("clusters/home/apps.yaml"))
    assert owner["spec"]["decryption"] == {"provider": "sops", "secretRef": {"name": "sops-age"}}


def test_the_second_run_changes_nothing(made: Cli, here: Cli) -> None:
    before = made.tree()
    assert "holds a Matrix stack already" in here("new", "matrix", *WANTED).out
    assert made.tree() == before


def test_without_an_identity_placeholders_stay(here: Cli, tmp_path: Path) -> None:
    done = here("new", "matrix")
    assert "keys generate" in done.out
    inside = Cli(tmp_path / "matrix")
    assert not (inside.repository / ".sops.yaml").exists()
    assert "4 secrets are placeholders" in inside().out
    inside("keys", "generate")
    inside("configure", *WANTED)
    inside("generate")
    inside("encrypt")
    assert inside("verify", "--json").json["ok"]


def test_what_is_refused(here: Cli, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    before = here.tree()
    assert "not empty" in here("new", "full", *WANTED, code=3).err
    assert "is a file" in here("new", "full/notes.txt", code=2).err
    for options in (("--server-name", "a b"), ("--node-ip", "nowhere"), ("--cluster", "../up")):
        here("new", "fresh", *options, code=2)
    planned = here("new", "fresh", "--dry-run", "--json").json
    assert {"apps/matrix/synapse.yaml", "clusters/home/apps.yaml"} <= {each["file"] for each in planned["changes"]}
    assert here.tree() == before


def test_inside_another_repository(guide: Cli) -> None:
    """A directory of a repository becomes one of its own."""
    guide("keys", "generate")
    guide("new", "other", *WANTED)
    assert (guide.repository / "other/.git").is_dir()
    assert guide("verify", "--json", code=None).json["command"] == "verify"
