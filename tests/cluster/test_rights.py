"""The roles of the reference page are enough, and without them each command says what it may not."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.testbed import flux

if TYPE_CHECKING:
    from tests.cluster.conftest import Home

PAGE = Path(__file__).parents[2] / "docs/reference/rights.md"
LIVE = ["cluster", "enable-decryption", "--live", "--yes"]


def roles() -> str:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(block)


def grant(kubectl: Path, text: str, user: Path) -> None:
    """What an administrator does with the page."""
    name = json.loads(user.read_text())["contexts"][0]["context"]["user"]
    text = text.replace("name: alice", f"name: {name}")
    subprocess.run([kubectl, "apply", "-f", "-"], input=text, text=True, check=True, capture_output=True)


@pytest.fixture
def alice(home: Home) -> Path:
    """Somebody without any right."""
    return home.cluster.user()


def test_the_roles_of_the_page_are_enough(
    home: Home, alice: Path, kubectl_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(kubectl_binary, roles(), alice)
    monkeypatch.setenv("KUBECONFIG", str(alice))
    home.cli("keys", "generate")
    home.cli("configure", "--server-name", "10.0.0.1", "--node-ip", "auto")
    home.cli("generate")
    home.cli("encrypt")
    home.cli(*LIVE)
    home.in_force()
    home.include()
    home.cli("encrypt", "--push")
    home.cli("cluster", "reconcile")
    home.cli("cluster", "install-key", "--new", "--push", "--yes")
    home.cli("cluster", "reconcile")
    home.cli("cluster", "install-key", "--prune", "--yes")
    home.cli("cluster", "enable-decryption", "--controller-flag", "--dry-run")
    owner = home.cluster.kustomization("apps")["spec"]
    assert owner["decryption"]["secretRef"] == {"name": "sops-age"}


@pytest.mark.parametrize(
    ("arguments", "verb", "resource", "namespace"),
    [
        (["configure", "--server-name", "a.example.org", "--node-ip", "auto"], "list", "nodes", ""),
        (["cluster", "install-key", "--yes"], "get", "secrets", flux.SYSTEM),
        (["cluster", "install-key", "--prune", "--yes"], "get", "secrets", flux.SYSTEM),
        (LIVE, "list", "kustomizations.kustomize.toolkit.fluxcd.io", ""),
        (["cluster", "reconcile"], "list", "kustomizations.kustomize.toolkit.fluxcd.io", ""),
        (["encrypt", "--push"], "list", "kustomizations.kustomize.toolkit.fluxcd.io", ""),
        (["cluster", "enable-decryption", "--controller-flag"], "get", "deployments.apps", flux.SYSTEM),
    ],
)
def test_without_rights_each_names_what_it_may_not(
    home: Home, alice: Path, arguments: list[str], verb: str, resource: str, namespace: str
) -> None:
    home.fill_in()
    before = home.cli.tree()
    done = home.cli(*arguments, "--json", code=4, KUBECONFIG=str(alice)).json
    place = f" in {namespace}" if namespace else ""
    assert f"you may not {verb} {resource}{place}" in done["error"]["message"]
    assert home.cli.tree() == before


@pytest.mark.parametrize(
    ("lost", "arguments", "said"),
    [
        ("patch", ["cluster", "install-key", "--yes"], "you may not patch secrets in flux-system"),
        ("create", ["cluster", "install-key", "--yes"], "secrets in flux-system"),
        ("gitrepositories", ["cluster", "reconcile"], "you may not patch gitrepositories"),
    ],
)
def test_one_right_less_changes_nothing_and_the_right_given_finishes(
    home: Home, alice: Path, kubectl_binary: Path, lost: str, arguments: list[str], said: str
) -> None:
    home.fill_in()
    fewer = [without(document, lost) for document in yaml.safe_load_all(roles())]
    grant(kubectl_binary, yaml.safe_dump_all(fewer), alice)
    before = home.cli.tree()
    done = home.cli(*arguments, code=4, KUBECONFIG=str(alice))
    assert said in done.err
    assert "auth can-i" in done.err
    assert "docs/reference/rights.md" in done.err
    assert home.cli.tree() == before
    assert home.cluster.api.get("v1/Secret", "sops-age", flux.SYSTEM) is None
    grant(kubectl_binary, roles(), alice)
    home.cli(*arguments, KUBECONFIG=str(alice))


def without(document: dict[str, Any], lost: str) -> dict[str, Any]:
    """A role without a verb, or a resource."""
    for rule in document.get("rules", ()):
        rule["verbs"] = [verb for verb in rule["verbs"] if verb != lost or "secrets" not in rule["resources"]]
        rule["resources"] = [resource for resource in rule["resources"] if resource != lost] or ["nothing"]
    return document
