"""``up`` on a real cluster: from the guide's placeholders, which Flux has applied, to an administrator who logs in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.running import Cli
from tests.testbed.repository import ADDRESS
from tests.whole.test_admin import is_admin
from tests.whole.test_new import NAME, made
from tests.whole.test_registration import attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial.md"
MARK = "<!-- compared with a real run"
ANSWERS = ("--server-name", ADDRESS, "--node-ip", "auto", "--reveal", "--yes")


def works(cluster: Cluster, repository: FluxRepository, done: dict[str, Any], name: str = ADDRESS) -> None:
    """All that the guide's Steps 9 to 15 look for, and nothing readable in Git."""
    assert is_admin(cluster, f"@admin:{name}", done["password"])
    status, said = attempt(cluster)
    assert (status, said["errcode"]) == (403, "M_FORBIDDEN")
    with urllib.request.urlopen(f"http://{cluster.node_address}:30080/config.json", timeout=30) as answer:
        server = json.loads(answer.read())["default_server_config"]["m.homeserver"]
    assert server == {"base_url": f"http://{cluster.node_address}:30067", "server_name": name}
    run = Cli(repository.root)
    values = [row["value"] for row in run("show", "--reveal", "--json").json["secrets"]]
    history = repository.git("log", "-p", "--all")
    assert not any(value in history for value in [*values, done["password"]])
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("rev-parse", "HEAD", "@{upstream}").split() == [repository.head()] * 2
    assert run("doctor").code == 0


def test_from_the_guide_s_placeholders(flux_repository: FluxRepository, cluster: Cluster) -> None:
    """What the tutorial shows is what was printed here."""
    flux_repository.wait_applied(seconds=180)
    run = Cli(flux_repository.root)
    done = run("up", *ANSWERS)
    password = next(line for line in done.out.splitlines() if len(line) == 24 and " " not in line)
    works(cluster, flux_repository, {"password": password})
    assert cluster.node.usage.violations == []
    shown = TUTORIAL.read_text(encoding="utf-8").partition(MARK)[2].partition("```text\n")[2].partition("\n```")[0]
    printed = done.out.replace(cluster.node_address, ADDRESS).replace(password, "PASSWORD")
    assert comparable(shown) == comparable(printed), printed
    head, pods = flux_repository.head(), {name: cluster.node.pod(name) for name in ("synapse", "matrix-postgres")}
    again = run("up", "--reveal", "--yes", "--json").json
    assert [step["step"] for step in again["steps"] if step["changed"]] == []
    assert "password" not in again
    assert flux_repository.head() == head
    assert {name: cluster.node.pod(name) for name in pods} == pods


def comparable(text: str) -> list[str]:
    """The lines, without what differs from run to run."""
    for pattern, kind in (
        (r"on \S+ \(https://[^)]+\)", "on CLUSTER"),
        (r"\b[0-9a-f]{8}\b", "COMMIT"),
        (r" +\d+ s$", ""),
        (r"age1\S+", "RECIPIENT"),
        (r"^\S{24}$", "PASSWORD"),
        (r"RECIPIENT \(\S+?\)", "RECIPIENT"),
        (r" +", " "),
    ):
        text = re.sub(pattern, kind, text, flags=re.MULTILINE)
    return [line.strip() for line in text.splitlines()]


STEPS = (
    "identity",
    "cluster key",
    "decryption",
    "repository",
    "recipients",
    "verify",
    "push",
    "applied",
    "database",
    "Flux",
    "pods",
    "Synapse",
    "Element",
    "admin",
    "check",
)


def killed_when(repository: FluxRepository, arguments: Sequence[str], when: Callable[[list[str]], bool]) -> list[str]:
    """Run it, and kill it the moment it has said something; return what it said until then."""
    command = [sys.executable, "-u", "-m", "matrix_secrets", "up", *arguments]
    said: list[str] = []
    process = subprocess.Popen(command, cwd=repository.root, stdout=subprocess.PIPE, text=True, bufsize=1)
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line.rstrip())
        if when(said):
            process.kill()
            break
    process.wait()
    process.stdout.close()
    assert when(said), said
    return said


def killed_after(repository: FluxRepository, step: str, arguments: Sequence[str] = ANSWERS) -> list[str]:
    """The same, when it has told of a step."""
    told, same = f"  ✓ {step} ", f"  · {step} "

    def reached(said: list[str]) -> bool:
        line = f"{said[-1]} "
        return line.startswith(told) or (line.startswith(same) and begun(said))

    return killed_when(repository, arguments, reached)


def begun(said: list[str]) -> bool:
    """Whether the plan is over and steps are told."""
    return sum(line.startswith(("  · identity ", "  ✓ identity ")) for line in said) > 1


def test_killed_after_every_step(flux_repository: FluxRepository, cluster: Cluster) -> None:
    flux_repository.wait_applied(seconds=180)
    password = ""
    for step in STEPS[:-1]:
        said = killed_after(flux_repository, step)
        if step == "admin":
            password = next(line for line in said if len(line) == 24 and " " not in line)
    done = Cli(flux_repository.root)("up", "--reveal", "--yes", "--json").json
    assert [each["step"] for each in done["steps"]] == list(STEPS)
    assert [each["step"] for each in done["steps"] if each["changed"]] == []
    works(cluster, flux_repository, {**done, "password": password})
    messages = flux_repository.git("log", "--format=%s").splitlines()
    assert len(messages) == 3, messages


def test_from_a_new_repository(cluster: Cluster, tmp_path: Path) -> None:
    repository = made(cluster, tmp_path)
    repository.push("What flux bootstrap adds")
    repository.bootstrap()
    cluster.wait(lambda: bool(cluster.kustomization("apps")["metadata"]), "the owner")
    done = Cli(repository.root)("up", "--reveal", "--yes", "--json").json
    works(cluster, repository, done, NAME)
    assert done["answers"] == 1
    assert next(step for step in done["steps"] if step["step"] == "database")["changed"] is False


def test_a_failure_stops_with_the_doctor_s_finding(flux_repository: FluxRepository, cluster: Cluster) -> None:
    flux_repository.wait_applied(seconds=180)
    run = Cli(flux_repository.root)
    cluster.forge.failure = "authentication required"
    done = run("up", *ANSWERS, "--timeout", "20s", code=4)
    assert "authentication required" in done.err + done.out
    assert "✗ source" in done.out
    cluster.forge.failure = ""
    run("up", *ANSWERS)
    assert run("doctor").code == 0


def test_who_may_not_is_told_before_anything_changes(flux_repository: FluxRepository, cluster: Cluster) -> None:
    flux_repository.wait_applied(seconds=180)
    before, run = Cli(flux_repository.root).tree(), Cli(flux_repository.root)
    rule = {"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": ["get", "list"]}
    done = run(
        "up", "--node-ip", ADDRESS, *ANSWERS[:2], "--yes", "--reveal", KUBECONFIG=str(cluster.user(rule)), code=4
    )
    assert "you may not" in done.err
    assert run.tree() == before
    assert "stdout is no terminal" in run("up", *ANSWERS[:4], "--yes", code=2).err
    assert run.tree() == before
    planned = run("up", *ANSWERS, "--dry-run", "--json").json
    assert planned["dry_run"] is True
    assert {each["step"] for each in planned["plan"]} == set(STEPS)
    assert any(change["action"] == "generated" for change in planned["changes"])
    assert run.tree() == before
