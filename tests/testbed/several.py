"""Several stacks in one repository: beside each other on one cluster, or each on its own."""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING

import yaml

from tests.testbed import flux
from tests.testbed.repository import FluxRepository, clone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.cluster import Cluster

HOME, OFFICE = "home", "office"
SYNC = "gotk-sync.yaml"


def copied_stack(root: Path, name: str, namespace: str = "matrix", shift: int = 0) -> None:
    """Copy ``apps/matrix`` to ``apps/NAME``, in another namespace and with its node ports moved by ``shift``."""
    shutil.copytree(root / "apps/matrix", root / "apps" / name)
    for file in (root / "apps" / name).glob("*.yaml"):
        text = file.read_text().replace("namespace: matrix", f"namespace: {namespace}")
        text = text.replace("name: matrix\n", f"name: {namespace}\n").replace(".matrix.svc.", f".{namespace}.svc.")
        for port in (30067, 30080):
            text = text.replace(str(port), str(port + shift))
        file.write_text(text)


def on_one_cluster(cluster: Cluster, root: Path) -> FluxRepository:
    """The guide's repository with a second stack, ``apps/second``, under the same owner; pushed and followed."""
    made = clone(cluster, root)
    copied_stack(made.root, "second", "second", shift=1)
    made.edit("apps/kustomization.yaml", "  - matrix\n", "  - matrix\n  - second\n")
    made.push("Two stacks")
    made.bootstrap()
    return made


def second_cluster(root: Path, path: str) -> None:
    """Add ``clusters/office``, which applies a path; ``clusters/home`` then applies ``apps/matrix`` only."""
    shutil.copytree(root / "clusters/home", root / "clusters/office")
    changes = {
        f"clusters/office/flux-system/{SYNC}": ("./clusters/home", "./clusters/office"),
        "clusters/home/apps.yaml": ("path: ./apps\n", "path: ./apps/matrix\n"),
        "clusters/office/apps.yaml": ("path: ./apps\n", f"path: ./{path}\n"),
    }
    for file, (old, new) in changes.items():
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new))


def on_two_clusters(home: Cluster, office: Cluster, root: Path, *, shared: bool = False) -> FluxRepository:
    """A repository for two clusters: ``clusters/home`` applies ``apps/matrix``, ``clusters/office`` ``apps/office``.

    ``shared``: there is one stack, ``apps/matrix``, and both apply it. Pushed, and followed by both.
    """
    made = clone(home, root)
    second_cluster(made.root, "apps/matrix" if shared else "apps/office")
    if not shared:
        copied_stack(made.root, "office")
    made.push("Two clusters")
    office.forge.repository = home.forge.repository
    for cluster, name in ((home, HOME), (office, OFFICE)):
        documents = yaml.load_all(
            (made.root / f"clusters/{name}/flux-system" / SYNC).read_text(), Loader=yaml.CSafeLoader
        )
        cluster.api.apply_all((one for one in documents if one), manager="flux")
    return made


def wait_tried(cluster: Cluster, commit: str, *namespaces: str, seconds: float = 180) -> None:
    """Wait until the owner has applied a commit and PostgreSQL has made its database, whatever became of Synapse."""
    cluster.wait(
        lambda: str((cluster.kustomization("apps").get("status") or {}).get("lastAttemptedRevision", "")).endswith(
            commit
        ),
        "the owner on that commit",
        seconds,
    )
    for namespace in namespaces or ("matrix",):
        cluster.wait(
            lambda name=namespace: (pod := cluster.node.pod("matrix-postgres", name)) is not None and pod.ready,  # type: ignore[misc]
            "PostgreSQL",
            seconds,
        )


def merged(file: Path, clusters: dict[str, Cluster]) -> Path:
    """Write a kubeconfig with a context for each cluster, the first one being the current one."""
    config: dict[str, object] = {"apiVersion": "v1", "kind": "Config", "current-context": next(iter(clusters))}
    config |= {"clusters": [], "users": [], "contexts": []}
    for name, cluster in clusters.items():
        read = json.loads(cluster.kubeconfig.read_text())
        for kind in ("clusters", "users"):
            found, (one,) = config[kind], read[kind]
            assert isinstance(found, list)
            found.append({**one, "name": name})
        contexts = config["contexts"]
        assert isinstance(contexts, list)
        contexts.append({"name": name, "context": {"cluster": name, "user": name}})
    file.touch(mode=0o600)
    file.write_text(json.dumps(config))
    return file


def held_identities(cluster: Cluster) -> list[str]:
    """The identities in the Secret that the cluster's Flux decrypts with."""
    found = cluster.api.must_get("v1/Secret", "sops-age", flux.SYSTEM)["data"]
    return [base64.b64decode(text).decode() for entry, text in found.items() if entry.endswith(".agekey")]
