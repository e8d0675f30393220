"""``tls enable``: an Ingress that Kustomize builds, https URLs, and the server's name as it was."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from matrix_secrets.errors import RefusedError, UsageError
from matrix_secrets.operations.tls import Wanted, plan_tls
from tests.unit.operations.sealing_repositories import filled, here, seal, stack_of
from tests.unit.stack.repositories import apply, change, guide, snapshot

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from matrix_secrets.operations.plan import Plan

DOMAIN = "matrix.our.net"
WANTED = Wanted(DOMAIN, "letsencrypt")
INGRESS = "apps/matrix/ingress.yaml"


def plan(root: Path, wanted: Wanted = WANTED) -> Plan:
    return plan_tls(here(root), stack_of(root), wanted)


def named(root: Path, name: str, fixture: str = "guide", *, encrypted: bool = False) -> Path:
    """A repository with real values, whose server has a name."""
    filled(root, fixture, encrypted=encrypted)
    stack = stack_of(root)
    for config in (*stack.homeservers, *stack.elements):
        if not encrypted:
            path = root / config.file
            text = path.read_text()
            path.write_text(text.replace("server_name: 192.168.1.100", f"server_name: {name}"))
            text = path.read_text()
            path.write_text(text.replace('server_name: "192.168.1.100"', f'server_name: "{name}"'))
            text = path.read_text()
            path.write_text(text.replace('"server_name": "192.168.1.100"', f'"server_name": "{name}"'))
    return root


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def test_the_domain_is_the_server_name(tmp_path: Path) -> None:
    root = named(tmp_path / "r", DOMAIN)
    made = plan(root)
    apply(made)
    (ingress,) = documents(root / INGRESS)
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
    (rule,) = ingress["spec"]["rules"]
    backends = {path["path"]: path["backend"]["service"] for path in rule["http"]["paths"]}
    synapse = {"name": "synapse", "port": {"number": 8008}}
    assert backends == {
        "/_matrix": synapse,
        "/_synapse/client": synapse,
        "/.well-known/matrix": synapse,
        "/": {"name": "element-web", "port": {"number": 80}},
    }
    stack = stack_of(root)
    (config,), (element,) = stack.homeservers, stack.elements
    options = yaml.safe_load(config.embedded.text)
    assert options["server_name"] == DOMAIN
    assert options["public_baseurl"] == f"https://{DOMAIN}"
    assert options["serve_server_wellknown"] is True
    server = json.loads(element.embedded.text)["default_server_config"]["m.homeserver"]
    assert server == {"base_url": f"https://{DOMAIN}", "server_name": DOMAIN}
    assert "well-known-missing" not in {note.id for note in made.notes}
    before = snapshot(root)
    again = plan(root)
    assert again.empty
    assert again.changes == ()
    assert snapshot(root) == before


def test_another_server_name_is_told_what_to_answer(tmp_path: Path) -> None:
    root = named(tmp_path / "r", "our.net")
    note = next(note for note in plan(root).notes if note.id == "well-known-missing")
    assert '{"m.server": "matrix.our.net:443"}' in note.fix
    assert "--delegate" in note.fix


def test_this_cluster_can_answer(tmp_path: Path) -> None:
    root = named(tmp_path / "r", "our.net")
    made = plan(root, Wanted(DOMAIN, "letsencrypt", delegate=True))
    apply(made)
    assert "well-known-missing" not in {note.id for note in made.notes}
    (ingress,) = documents(root / INGRESS)
    assert ingress["spec"]["tls"][0]["hosts"] == [DOMAIN, "our.net"]
    config = documents(root / "apps/matrix/well-known.yaml")[0]
    assert json.loads(config["data"]["server"]) == {"m.server": "matrix.our.net:443"}
    assert json.loads(config["data"]["client"]) == {"m.homeserver": {"base_url": "https://matrix.our.net"}}
    assert plan(root, Wanted(DOMAIN, "letsencrypt", delegate=True)).empty


def test_an_address_as_name(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    assert "server-name-is-address" in {note.id for note in plan(root).notes}
    with pytest.raises(UsageError, match="for an address"):
        plan(root, Wanted(DOMAIN, "letsencrypt", delegate=True))


@pytest.mark.parametrize(("fixture", "sealed"), [("guide", False), ("guide", True), ("split", False)])
def test_encrypted_files(tmp_path: Path, fixture: str, *, sealed: bool) -> None:
    root = filled(tmp_path / "r", fixture, encrypted=True)
    if sealed:
        apply(seal(root))
    apply(plan(root))
    stack = stack_of(root)
    assert yaml.safe_load(stack.homeservers[0].embedded.text)["public_baseurl"] == f"https://{DOMAIN}"
    assert all(file.encrypted for file in stack.files if file.file in stack.secret_files)
    assert plan(root).empty


def test_another_issuer_writes_it_anew_and_a_foreign_file_stays(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    apply(plan(root))
    apply(plan(root, Wanted(DOMAIN, "staging", "nginx")))
    (ingress,) = documents(root / INGRESS)
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "staging"
    change(root, INGRESS, ("# Written by matrix-secrets", "# Mine, after matrix-secrets"))
    with pytest.raises(RefusedError, match="not from this command"):
        plan(root)


def test_what_is_refused(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    with pytest.raises(RefusedError, match="no name yet"):
        plan(root)
    for domain in ("192.168.1.1", "https://matrix.our.net", "matrix.our.net:443", "*.our.net"):
        with pytest.raises(UsageError):
            plan(root, Wanted(domain, "letsencrypt"))


def test_kustomize_builds_it(tmp_path: Path, kubectl_binary: Path) -> None:
    root = named(tmp_path / "r", "our.net")
    apply(plan(root, Wanted(DOMAIN, "letsencrypt", delegate=True)))
    command = [str(kubectl_binary), "kustomize", str(root / "apps/matrix")]
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "kind: Ingress" in built
    assert "matrix-well-known" in built
