"""Names, URLs, ports, embedded files, options, strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.findings import Severity
from tests.unit.checks.tree import ELEMENT, POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from tests.unit.checks.tree import Tree


def test_server_name_differs_in_element(tree: Tree) -> None:
    tree.edit(ELEMENT, '"server_name": "192.168.1.100"', '"server_name": "matrix.home.lan"')
    found = tree.one("server-name-mismatch")
    assert found.place.file == ELEMENT
    assert "192.168.1.100" in found.message
    assert SYNAPSE in found.message


@pytest.mark.parametrize("name", ["http://chat.home.lan", "chat home", "chat.home.lan/", "300.1.1.1"])
def test_server_name_that_is_none(tree: Tree, name: str) -> None:
    for file in (SYNAPSE, ELEMENT):
        tree.edit(file, '"192.168.1.100"', f'"{name}"')
    assert {finding.place.file for finding in tree.found("server-name-invalid")} == {SYNAPSE, ELEMENT}


def test_server_name_missing(tree: Tree) -> None:
    tree.edit(SYNAPSE, '    server_name: "192.168.1.100"\n', "")
    assert tree.one("server-name-missing").place.file == SYNAPSE
    assert not tree.found("server-name-mismatch")


def test_localhost_and_a_port_are_fine(tree: Tree) -> None:
    for file in (SYNAPSE, ELEMENT):
        tree.edit(file, '"192.168.1.100"', '"localhost:8448"')
    assert not [finding for finding in tree.findings() if "server" in finding.id or "placeholder-in-v" in finding.id]


@pytest.mark.parametrize(
    ("new", "equal"),
    [
        ("http://192.168.1.100:30067/", True),
        ("HTTP://192.168.1.100:30067", True),
        ("http://192.168.1.100:30068", False),
        ("https://192.168.1.100:30067", False),
        ("http://192.168.1.101:30067", False),
    ],
)
def test_base_url_against_public_baseurl(tree: Tree, new: str, equal: bool) -> None:
    tree.edit(ELEMENT, '"http://192.168.1.100:30067"', f'"{new}"')
    found = tree.found("base-url-mismatch")
    assert not found if equal else [finding.place.file for finding in found] == [ELEMENT]


def test_base_url_against_the_default(tree: Tree) -> None:
    tree.edit(SYNAPSE, '    public_baseurl: "http://192.168.1.100:30067"\n', "")
    assert "https://192.168.1.100/" in tree.one("base-url-mismatch").message
    tree.edit(ELEMENT, '"http://192.168.1.100:30067"', '"https://192.168.1.100"')
    assert not tree.found("base-url-mismatch")


@pytest.mark.parametrize("url", ["192.168.1.100:30067", "http://192.168.1.100:99999", "ftp://a.lan", "http://a b"])
def test_urls_that_are_none(tree: Tree, url: str) -> None:
    tree.edit(SYNAPSE, '"http://192.168.1.100:30067"', f'"{url}"')
    assert str(tree.one("url-invalid").place).endswith("homeserver.yaml › public_baseurl")


def test_public_baseurl_against_the_node_port(tree: Tree) -> None:
    tree.edit(SYNAPSE, "nodePort: 30067", "nodePort: 30068")
    found = tree.one("port-mismatch")
    assert str(found.place).endswith("homeserver.yaml › public_baseurl")
    assert "30067" in found.message
    assert "30068" in found.message
    assert (
        found.fix == "matrix-secrets configure --server-name 192.168.1.100 --public-baseurl http://192.168.1.100:30068"
    )


@pytest.mark.parametrize("url", ["https://chat.home.lan", "http://chat.home.lan", "https://chat.home.lan:8443"])
def test_a_proxy_in_front_has_ports_of_its_own(tree: Tree, url: str) -> None:
    tree.edit(SYNAPSE, '"http://192.168.1.100:30067"', f'"{url}"')
    tree.edit(ELEMENT, '"http://192.168.1.100:30067"', f'"{url}"')
    assert not tree.found("port-mismatch")


def test_an_ingress_has_ports_of_its_own(tree: Tree) -> None:
    tree.edit(SYNAPSE, "nodePort: 30067", "nodePort: 30068")
    tree.write("apps/matrix/ingress.yaml", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: chat}\n")
    assert not tree.found("port-mismatch")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("- port: 8008", "- port: 8009", "8009"),
        ("containerPort: 8008", "containerPort: 8010", "8010"),
        ("targetPort: http", "targetPort: web", "web"),
        ("targetPort: http", "targetPort: 80", "80"),
    ],
)
def test_service_against_listener(tree: Tree, old: str, new: str, told: str) -> None:
    tree.edit(SYNAPSE, old, new)
    found = tree.one("port-mismatch")
    assert str(found.place) == f"{SYNAPSE} › Service/synapse › spec › ports › 0 › targetPort"
    assert told in found.message


def test_a_port_for_something_else_may_lead_nowhere_unless_clients_use_it(tree: Tree) -> None:
    metrics = "    - {name: metrics, port: 9000, targetPort: 9000, nodePort: 30090}\n"
    tree.edit(
        SYNAPSE,
        "  ports:\n    - name: http\n      port: 8008\n",
        f"  ports:\n{metrics}    - name: http\n      port: 8008\n",
    )
    assert not tree.found("port-mismatch")
    for file in (SYNAPSE, ELEMENT):
        tree.edit(file, "192.168.1.100:30067", "192.168.1.100:30090")
    found = tree.one("port-mismatch")
    assert str(found.place) == f"{SYNAPSE} › Service/synapse › spec › ports › 0 › targetPort"


def test_a_sidecar_may_listen_instead(tree: Tree) -> None:
    tree.edit(SYNAPSE, "targetPort: http", "targetPort: proxy")
    sidecar = "        - {name: proxy, image: nginx, ports: [{name: proxy, containerPort: 8080}]}\n"
    tree.edit(
        SYNAPSE,
        "      containers:\n        - name: synapse\n",
        f"      containers:\n{sidecar}        - name: synapse\n",
    )
    assert not tree.found("port-mismatch")


def test_broken_yaml_inside(tree: Tree) -> None:
    tree.edit(SYNAPSE, "    report_stats: false\n", "    report_stats: [false\n")
    found = tree.one("embedded-broken")
    assert found.place.path == ("homeserver.yaml",)
    assert found.place.line is not None
    assert not tree.found("secret-unreadable")


def test_broken_log_config_inside(tree: Tree) -> None:
    tree.edit(SYNAPSE, "      handlers: [console]", "      handlers: [console")
    assert tree.one("embedded-broken").place.path == ("log.config",)


def test_yaml_that_is_no_json(tree: Tree) -> None:
    tree.edit(ELEMENT, '        "servers": []\n', '        "servers": [],\n')
    found = tree.one("embedded-json-invalid")
    assert (found.place.path, found.place.line) == (("config.json",), 14)
    assert found.fix == f"in {ELEMENT}, correct line 14 of config.json (line 30)"


def test_json_may_spell_any_character(tree: Tree) -> None:
    tree.edit(ELEMENT, '"brand": "Element"', r'"brand": "\ud83d\ude00 \\ud83d \/ Element"')
    assert not tree.found("embedded-broken")
    assert not tree.found("embedded-json-invalid")


def test_duplicate_keys(tree: Tree) -> None:
    tree.edit(SYNAPSE, "    report_stats: false\n", "    report_stats: false\n    report_stats: true\n")
    tree.edit(POSTGRES, "  POSTGRES_DB: synapse\n", "  POSTGRES_DB: synapse\n  POSTGRES_DB: other\n")
    found = {finding.place.file: finding for finding in tree.found("duplicate-key")}
    assert found[SYNAPSE].place.path == ("homeserver.yaml",)
    assert "report_stats" in found[SYNAPSE].message
    assert "POSTGRES_DB" in found[POSTGRES].message


def test_open_registration(tree: Tree) -> None:
    found = tree.one("registration-open")
    assert found.severity is Severity.WARNING
    assert "matrix-secrets registration close" in found.fix
    tree.edit(SYNAPSE, "enable_registration: true", "enable_registration: false")
    assert not tree.found("registration-open")


def test_the_guides_federation_option(tree: Tree) -> None:
    tree.edit(SYNAPSE, "    report_stats: false\n", '    report_stats: false\n    federation_rcv_ignore_list: ["*"]\n')
    found = tree.one("federation-option-unknown")
    assert found.severity is Severity.WARNING
    assert "matrix-secrets federation off" in found.fix


def test_strategies(tree: Tree) -> None:
    assert tree.one("postgres-strategy").place.document == "Deployment/matrix-postgres"
    assert tree.one("synapse-strategy").place.document == "Deployment/synapse"
    tree.edit(POSTGRES, "  replicas: 1\n", "  replicas: 1\n  strategy: {type: Recreate}\n")
    surge = "  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}\n"
    tree.edit(SYNAPSE, "  replicas: 1\n", f"  replicas: 1\n{surge}")
    assert not [finding for finding in tree.findings() if finding.id.endswith("-strategy")]


def test_broken_manifests_beside_the_stack_and_of_flux(tree: Tree) -> None:
    tree.write("apps/matrix/extra.yaml", "a: [\n")
    tree.write("clusters/home/broken.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: [\n")
    tree.write("elsewhere/template.yaml", "{{ if .Values.x }}\n")
    files = [finding.place.file for finding in tree.found("yaml-broken")]
    assert files == ["apps/matrix/extra.yaml", "clusters/home/broken.yaml"]


def test_no_owner(tree: Tree) -> None:
    tree.edit("clusters/home/apps.yaml", "path: ./apps", "path: ./infrastructure")
    found = tree.one("owner-missing")
    assert found.severity is Severity.WARNING
    assert "./apps/matrix" in found.fix


def test_two_stacks_are_told_apart_in_the_commands(tree: Tree) -> None:
    for file in (POSTGRES, SYNAPSE, ELEMENT):
        tree.write(file.replace("apps/", "lab/"), tree.read(file))
    fixes = {finding.fix for finding in tree.found("plaintext-secret")}
    assert fixes == {"matrix-secrets encrypt --stack apps/matrix", "matrix-secrets encrypt --stack lab/matrix"}
