"""``up`` with several stacks: on one cluster, and each on its own, with real Flux, PostgreSQL and Synapse in each."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.running import Cli
from tests.testbed.several import HOME, OFFICE, held_identities, on_one_cluster, on_two_clusters, wait_tried
from tests.whole.test_admin import is_admin
from tests.whole.test_registration import attempt
from tests.whole.test_up import MARK, comparable, killed_after, killed_when

if TYPE_CHECKING:
    from typing import Any

    from tests.testbed.cluster import Cluster
    from tests.testbed.repository import FluxRepository

NAMES = {"apps/matrix": "our.net", "apps/second": "second.net", "apps/office": "office.net"}
AUTO = ("--node-ip", "auto", "--reveal", "--yes")
PAGE = Path(__file__).parents[2] / "docs/howto/several.md"
PLACES = ("--on", f"apps/matrix={HOME}", "--on", f"apps/office={OFFICE}")


def named(*stacks: str) -> list[str]:
    return [word for stack in stacks for word in ("--server-name", f"{stack}={NAMES[stack]}")]


def serves(cluster: Cluster, name: str, password: str, port: int = 30067) -> None:
    """The administrator logs in, and nobody else gets an account."""
    assert is_admin(cluster, f"@admin:{name}", password, port)
    status, said = attempt(cluster, port)
    assert (status, said["errcode"]) == (403, "M_FORBIDDEN")


def told(done: dict[str, Any]) -> None:
    """Show how long each step took, and how much had to be decided."""
    steps = ", ".join(f"{step['step']} {step['seconds']} s" for step in done["steps"])
    sys.stdout.write(f"{done['seconds']} s, {done['answers']} answers: {steps}\n")


def password(done: dict[str, Any], stack: str) -> str:
    (found,) = [each["password"] for each in done["passwords"] if each["stack"] == stack]
    assert isinstance(found, str)
    return found


def is_published(repository: FluxRepository, since: str, *passwords: str) -> None:
    """Everything is pushed in two commits, and nothing of it can be read."""
    run = Cli(repository.root)
    values = [row["value"] for row in run("show", "--all-stacks", "--reveal", "--json").json["secrets"]]
    history = repository.git("log", "-p", "--all")
    assert len(set(values)) == len(values)
    assert not any(value in history for value in [*values, *passwords])
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("rev-parse", "HEAD", "@{upstream}").split() == [repository.head()] * 2
    messages = repository.git("log", "--format=%s", f"{since}..").splitlines()
    assert [message.partition(":")[0] for message in messages] == ["feat(matrix)", "feat(flux)"], messages


def changes_nothing(repository: FluxRepository, *arguments: str) -> None:
    head, before = repository.head(), Cli(repository.root).tree()
    again = Cli(repository.root)("up", *arguments, "--reveal", "--yes", "--json").json
    assert [step["step"] for step in again["steps"] if step["changed"]] == []
    assert "passwords" not in again
    assert repository.head() == head
    assert Cli(repository.root).tree() == before


def opens(repository: FluxRepository, tmp_path: Path, cluster: Cluster, stack: str) -> bool:
    """Whether the identities that a cluster holds, and no other, open what is encrypted in a stack."""
    keys = tmp_path / "held"
    keys.write_text("".join(held_identities(cluster)))
    keys.chmod(0o600)
    environment = {"SOPS_AGE_KEY_FILE": str(keys), "XDG_CONFIG_HOME": str(tmp_path / "nowhere")}
    found = Cli(repository.root)("decrypt", f"{stack}/postgres.yaml", code=None, **environment)
    assert found.code in {0, 3}, found
    return found.code == 0


def readers(repository: FluxRepository, stack: str) -> set[str]:
    return set(re.findall(r"age1[0-9a-z]{20,}", (repository.root / stack / "postgres.yaml").read_text()))


def test_two_stacks_on_one_cluster(cluster: Cluster, tmp_path: Path) -> None:
    repository = on_one_cluster(cluster, tmp_path / "cluster")
    before = repository.head()
    wait_tried(cluster, before, "matrix", "second")
    run = Cli(repository.root)
    done = run("up", "--all-stacks", *named("apps/matrix", "apps/second"), *AUTO, "--json").json
    told(done)
    assert done["answers"] == 1
    serves(cluster, "our.net", password(done, "apps/matrix"))
    serves(cluster, "second.net", password(done, "apps/second"), 30068)
    is_published(repository, before, *(each["password"] for each in done["passwords"]))
    assert run("doctor", "--all-stacks").code == 0
    assert len(held_identities(cluster)) == 1
    changes_nothing(repository, "--all-stacks")


def test_two_clusters(clusters: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    home, office = clusters
    repository = on_two_clusters(home, office, tmp_path / "cluster")
    before = repository.head()
    for cluster in clusters:
        wait_tried(cluster, before)
    run = Cli(repository.root)
    refused = run("up", "--all-stacks", *named("apps/matrix", "apps/office"), *AUTO, code=3)
    assert "--on apps/office=NAME" in refused.err
    assert "matrix-secrets up --stack apps/office --context NAME" in refused.err
    done = run("up", *PLACES, *named("apps/matrix", "apps/office"), *AUTO)
    sys.stdout.write(done.out + done.err)
    assert "with 1 answer" in done.err
    first, second = (line for line in done.out.splitlines() if is_password(line))
    serves(home, "our.net", first)
    serves(office, "office.net", second)
    is_published(repository, before, first, second)
    assert shown_on_the_page() == table(done.out, clusters), done.out
    assert run("doctor", "--stack", "apps/matrix").code == 0
    assert run("doctor", "--stack", "apps/office", "--context", OFFICE).code == 0
    assert run("doctor", "--all-stacks", *PLACES).code == 0
    assert {
        (cluster is home, stack)
        for cluster in clusters
        for stack in ("apps/matrix", "apps/office")
        if opens(repository, tmp_path, cluster, stack)
    } == {(True, "apps/matrix"), (False, "apps/office")}
    assert len(readers(repository, "apps/matrix")) == len(readers(repository, "apps/office")) == 2
    assert len(readers(repository, "apps/matrix") & readers(repository, "apps/office")) == 1
    changes_nothing(repository, *PLACES)
    head = repository.head()
    refused = run("registration", "open", "--all-stacks", "--push", code=3)
    assert "no Flux Kustomization that applies apps/office" in refused.err
    assert repository.head() == head
    opened = run("registration", "open", *PLACES, "--push", "--json").json
    assert [proof["stack"] for proof in opened["proofs"]] == ["apps/matrix", "apps/office"]
    assert len(repository.git("rev-list", f"{head}..").split()) == 1
    assert [attempt(cluster)[0] for cluster in clusters] == [401, 401]
    for cluster in clusters:
        assert cluster.node.usage.violations == []


def test_killed_between_two_clusters(clusters: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    """After steps, and in the middle of them: one stack has it, and the other not yet. One rule was there for both."""
    home, office = clusters
    repository = on_two_clusters(home, office, tmp_path / "cluster")
    recipient = Cli(repository.root)("keys", "generate", "--json").json["recipient"]
    rule = f"  - path_regex: ^apps/\n    encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n"
    (repository.root / ".sops.yaml").write_text(f"creation_rules:\n{rule}")
    repository.push("feat(flux): a rule of one's own")
    before = repository.head()
    for cluster in clusters:
        wait_tried(cluster, before)
    arguments = (*PLACES, *named("apps/matrix", "apps/office"), *AUTO)
    for step in ("identity", "cluster key", "decryption"):
        killed_after(repository, step, arguments)
    killed_when(
        repository, arguments, lambda said: "apps/matrix/postgres.yaml " in said[-1] and "encrypted" in said[-1]
    )
    for step in ("repository", "push", "applied", "database"):
        killed_after(repository, step, arguments)
    first = killed_when(repository, arguments, lambda said: is_password(said[-1]))[-1]
    second = next(line for line in killed_after(repository, "admin", arguments) if is_password(line))
    done = Cli(repository.root)("up", *arguments, "--json").json
    assert [each["step"] for each in done["steps"] if each["changed"]] == []
    serves(home, "our.net", first)
    serves(office, "office.net", second)
    is_published(repository, before, first, second)
    assert len(readers(repository, "apps/matrix") & readers(repository, "apps/office")) == 1
    assert Cli(repository.root)("doctor", "--all-stacks", *PLACES).code == 0


def shown_on_the_page() -> list[str]:
    text = PAGE.read_text(encoding="utf-8").partition(MARK)[2].partition("```text\n")[2].partition("\n```")[0]
    return comparable(text)


def table(printed: str, clusters: tuple[Cluster, Cluster]) -> list[str]:
    """What the page shows of a run: all but the rows about single files, with addresses and passwords of its own."""
    for number, cluster in enumerate(clusters):
        printed = printed.replace(cluster.node_address, f"192.168.{number + 1}.100")
    lines = [line for line in printed.splitlines() if not re.match(r"  ✓ (apps/\S+\.yaml|\.sops\.yaml) ", line)]
    return comparable("\n".join("PASSWORD" if is_password(line) else line for line in lines))


def is_password(line: str) -> bool:
    return re.fullmatch(r"\S{24}", line) is not None


def test_one_stack_on_two_clusters_one_after_the_other(clusters: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    """Each cluster has a key of its own and opens the same files; the first stays as it is."""
    home, office = clusters
    repository = on_two_clusters(home, office, tmp_path / "cluster", shared=True)
    for cluster in clusters:
        wait_tried(cluster, repository.head())
    run = Cli(repository.root)
    answers = ("--server-name", "our.net", *AUTO)
    first = run("up", "--context", HOME, *answers, "--json").json
    told(first)
    assert first["next"] == ["matrix-secrets up --stack apps/matrix --context NAME"]
    serves(home, "our.net", first["password"])
    pods = {name: home.node.pod(name) for name in ("synapse", "matrix-postgres")}
    second = run("up", "--context", OFFICE, "--reveal", "--yes", "--json").json
    told(second)
    assert second["next"] == []
    serves(office, "our.net", second["password"])
    assert len(readers(repository, "apps/matrix")) == 3
    for cluster, context in ((home, HOME), (office, OFFICE)):
        assert len(held_identities(cluster)) == 1
        assert opens(repository, tmp_path, cluster, "apps/matrix")
        assert run("doctor", "--context", context).code == 0
        again = run("up", "--context", context, "--reveal", "--yes", "--json").json
        assert [step["step"] for step in again["steps"] if step["changed"]] == []
    assert {name: home.node.pod(name) for name in pods} == pods
    names = [line.partition("#")[2].strip() for line in (repository.root / ".sops.yaml").read_text().splitlines()]
    assert {"cluster-home", "cluster-office"} <= set(names)


def test_one_stack_on_two_clusters_at_once(clusters: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    home, office = clusters
    repository = on_two_clusters(home, office, tmp_path / "cluster", shared=True)
    before = repository.head()
    for cluster in clusters:
        wait_tried(cluster, before)
    places = ("--on", f"apps/matrix={HOME}", "--on", f"apps/matrix={OFFICE}")
    done = Cli(repository.root)("up", *places, "--server-name", "our.net", *AUTO, "--json").json
    told(done)
    serves(home, "our.net", password(done, f"apps/matrix on {HOME}"))
    serves(office, "our.net", password(done, f"apps/matrix on {OFFICE}"))
    is_published(repository, before, *(each["password"] for each in done["passwords"]))
    assert len(readers(repository, "apps/matrix")) == 3
    assert Cli(repository.root)("doctor", *places).code == 0
    changes_nothing(repository, *places)
