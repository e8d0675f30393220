from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError
from matrix_secrets.operations.encrypt import plan_encrypt
from matrix_secrets.operations.generate import plan_generate
from matrix_secrets.operations.verify import verify
from matrix_secrets.stack.declarationfile import FILE, known_names, read_declarations
from matrix_secrets.stack.digests import digests
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.generator import Alphabet, Generator
from matrix_secrets.stack.model import ValueState
from tests.unit.operations.sealing_repositories import KEY, filled, here, seal, stack_of
from tests.unit.stack.repositories import SYNAPSE, apply, snapshot, write

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.operations.plan import Plan

COTURN = """\
apiVersion: v1
kind: Secret
metadata: {name: coturn, namespace: matrix}
data:
  static-auth-secret: Q0hBTkdFX01F
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coturn, namespace: matrix}
spec:
  template:
    spec:
      containers:
        - name: coturn
          image: coturn/coturn:4.6
          env:
            - name: SECRET
              valueFrom: {secretKeyRef: {name: coturn, key: static-auth-secret}}
"""
TURN = """\
secrets:
  - name: TURN_SHARED_SECRET
    length: 40
    alphabet: alphanumeric
    locations:
      - {file: apps/coturn/coturn.yaml, kind: Secret, name: coturn, key: static-auth-secret}
    restart:
      - {file: apps/coturn/coturn.yaml, kind: Deployment, name: coturn}
"""
CONSUMER = "{file: apps/coturn/coturn.yaml, kind: Deployment, name: coturn}"
BRIDGE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: bridge, namespace: matrix}
data:
  config.yaml: |
    appservice:
      # as_token of the bridge
      as_token: CHANGE_ME
  plain: CHANGE_ME
"""
OWN = """\
secrets:
  - name: BRIDGE_AS_TOKEN
    locations:
      - kind: ConfigMap
        name: bridge
        key: config.yaml
        path: appservice.as_token
      - {kind: ConfigMap, name: bridge, key: plain}
      - {kind: Secret, name: matrix-secrets, key: AS_TOKEN}
"""


def generate(root: Path, *names: str) -> Plan:
    workspace = here(root)
    return plan_generate(workspace, find_stacks(workspace), names)


def test_known_by_name(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    write(root, {FILE: "secrets:\n" + "".join(f"  - name: {name}\n" for name in known_names())})
    assert {secret.state for secret in stack_of(root).managed[4:]} == {ValueState.MISSING}
    apply(generate(root))
    text = (root / SYNAPSE).read_text()
    assert re.search(r'^    turn_shared_secret: "[0-9a-f]{64}"$', text, re.MULTILINE)
    assert re.search(r'^    worker_replication_secret: "[0-9a-f]{64}"$', text, re.MULTILINE)
    assert [secret.agrees for secret in stack_of(root).managed] == [True] * 6
    assert generate(root).empty
    apply(seal(root))
    text = (root / SYNAPSE).read_text()
    assert "turn_shared_secret_path: /secrets/turn_shared_secret" in text
    assert "worker_replication_secret_path: /secrets/worker_replication_secret" in text
    assert text.count("                path: ") == 5
    assert seal(root).empty


def test_declared_once_sealed(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    apply(seal(root))
    write(root, {FILE: "secrets:\n  - name: turn\n".replace("turn", "TURN_SHARED_SECRET")})
    apply(generate(root))
    assert "turn_shared_secret" not in (root / SYNAPSE).read_text()
    apply(seal(root))
    assert 'turn_shared_secret_path: "/secrets/turn_shared_secret"' in (root / SYNAPSE).read_text()
    assert (root / SYNAPSE).read_text().count("secretName: matrix-secrets") == 1
    assert seal(root).empty


def test_a_file_outside_of_the_stack_and_its_consumer(tmp_path: Path) -> None:
    root = filled(tmp_path / "r", encrypted=True)
    write(root, {FILE: TURN, "apps/coturn/coturn.yaml": COTURN})
    before = snapshot(root)
    workspace = here(root)
    apply(generate(root))
    workspace = here(root)
    apply(plan_encrypt(workspace, find_stacks(workspace), (), recipients=[(str(KEY.to_public()), "me")]))
    stack = stack_of(root)
    turn = stack.managed[-1]
    assert [location.file for location in turn.locations] == [
        "apps/matrix/postgres.yaml",
        SYNAPSE,
        "apps/coturn/coturn.yaml",
    ]
    assert turn.agrees
    assert re.fullmatch(r"[0-9a-zA-Z]{40}", turn.values[0].reveal())
    assert stack.file("apps/coturn/coturn.yaml").encrypted
    encrypted = {file.file for file in stack.files if file.encrypted}
    found = digests(stack.streams, encrypted, stack.restarts)
    assert {each.workload.resource.label for each in found} >= {"Deployment/coturn", "Deployment/synapse"}
    assert not any(each.stale for each in found)
    assert "secret-digest" in (root / "apps/coturn/coturn.yaml").read_text()
    assert snapshot(root)["clusters/home/apps.yaml"] == before["clusters/home/apps.yaml"]
    assert turn.values[0].reveal() not in "".join(snapshot(root).values())


def test_own_places(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    write(root, {FILE: OWN, "apps/matrix/bridge.yaml": BRIDGE})
    apply(generate(root, "bridge_as_token"))
    token = stack_of(root).managed[-1]
    assert token.agrees
    text = (root / "apps/matrix/bridge.yaml").read_text()
    assert text == BRIDGE.replace("CHANGE_ME", f'"{token.values[0].reveal()}"')
    assert f'AS_TOKEN: "{token.values[0].reveal()}"' in (root / "apps/matrix/postgres.yaml").read_text()
    assert generate(root).empty
    assert seal(root).empty is False
    workspace = here(root)
    found = verify(workspace, find_stacks(workspace), None, ignored=lambda _: frozenset())
    assert not [each for each in found if each.id.startswith("secret-")]


def test_several_stacks(tmp_path: Path) -> None:
    root = filled(tmp_path / "r")
    filled(tmp_path / "s")
    (tmp_path / "s" / "apps" / "matrix").rename(root / "apps" / "two")
    write(root, {FILE: OWN, "apps/two/bridge.yaml": BRIDGE})
    with pytest.raises(BadManifestError, match=r"there is no ConfigMap/bridge"):
        find_stacks(here(root))
    write(root, {FILE: "".join(line for line in OWN.splitlines(keepends=True) if "matrix-secrets" not in line)})
    names = {stack.directory: [secret.name for secret in stack.managed[4:]] for stack in find_stacks(here(root))}
    assert names == {"apps/matrix": [], "apps/two": ["BRIDGE_AS_TOKEN"]}
    write(root, {FILE: OWN.replace("    locations:", "    stack: apps/two\n    locations:")})
    names = {stack.directory: [secret.name for secret in stack.managed[4:]] for stack in find_stacks(here(root))}
    assert names == {"apps/matrix": [], "apps/two": ["BRIDGE_AS_TOKEN"]}
    write(root, {FILE: OWN.replace("    locations:", "    stack: apps/three\n    locations:")})
    with pytest.raises(BadManifestError, match=r"line 2: BRIDGE_AS_TOKEN: there is no such stack"):
        find_stacks(here(root))
    write(root, {FILE: TURN, "apps/coturn/coturn.yaml": COTURN})
    with pytest.raises(BadManifestError, match="several stacks"):
        find_stacks(here(root))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("secret:\n  - name: A\n", "secret, line 1", "not known"),
        ("secrets:\n  name: A\n", "secrets, line 2", "no list"),
        ("secrets:\n  - A\n", "secrets › 1, line 2", "not a mapping"),
        ("secrets:\n  - length: 20\n", "secrets › 1 › name, line 2", "missing"),
        ("secrets:\n  - name: a-b\n", "secrets › 1 › name, line 2", "no name"),
        ("secrets:\n  - name: FORM_SECRET\n", "secrets › 1 › name, line 2", "already"),
        ("secrets:\n  - name: AB\n  - name: AB\n", "secrets › 2 › name, line 3", "already"),
        ("secrets:\n  - name: PGOPTIONS\n", "secrets › 1 › name, line 2", "PostgreSQL"),
        ("secrets:\n  - name: POSTGRES_X\n", "secrets › 1 › name, line 2", "PostgreSQL"),
        ("secrets:\n  - name: AB\n    lenght: 20\n", "secrets › 1 › lenght, line 3", "not known"),
        ("secrets:\n  - name: AB\n    length: 5\n", "secrets › 1 › length, line 3", "no number from 16"),
        ("secrets:\n  - name: AB\n    length: [20]\n", "secrets › 1 › length, line 3", "not one value"),
        ("secrets:\n  - name: AB\n    alphabet: hexa\n", "secrets › 1 › alphabet, line 3", "none of: hex"),
        ("secrets:\n  - name: AB\n    name: AC\n", "secrets › 1 › name, line 3", "twice"),
        (
            "secrets:\n  - name: AB\n    locations:\n      - {kind: Pod, name: x, key: y}\n",
            "secrets › 1 › locations › 1 › kind, line 4",
            "none of: Secret",
        ),
        (
            "secrets:\n  - name: AB\n    locations:\n      - {kind: Secret, name: x}\n",
            "secrets › 1 › locations › 1 › key, line 4",
            "missing",
        ),
        (
            "secrets:\n  - name: AB\n    locations:\n      - {kind: Secret, name: x, key: y, path: a..b}\n",
            "secrets › 1 › locations › 1 › path, line 4",
            "no path",
        ),
        (
            "secrets:\n  - name: AB\n    locations:\n      - {file: no.yaml, kind: Secret, name: x, key: y}\n",
            "secrets › 1 › locations › 1 › file, line 4",
            "no file of the repository",
        ),
        (
            "secrets:\n  - name: AB\n    restart:\n      - {kind: Job, name: x}\n",
            "secrets › 1 › restart › 1 › kind, line 4",
            "none of: Deployment",
        ),
    ],
)
def test_mistakes_name_line_and_key(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(BadManifestError) as caught:
        read_declarations(text, tmp_path)
    assert str(caught.value).startswith(f"{FILE} › {place}: ")
    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OWN.replace("name: bridge", "name: nobody"), "there is no ConfigMap/nobody"),
        (OWN.replace("key: config.yaml", "key: other.yaml"), "no key other.yaml"),
        (TURN.replace("name: coturn}", "name: nobody}"), "there is no Deployment/nobody"),
        (TURN.replace(CONSUMER, "{kind: Deployment, name: matrix-postgres}"), "never restarted"),
    ],
)
def test_what_is_named_has_to_be_there(tmp_path: Path, text: str, words: str) -> None:
    root = filled(tmp_path / "r")
    files = {FILE: text.replace("name: BRIDGE_AS_TOKEN\n", "name: BRIDGE_AS_TOKEN\n    stack: apps/matrix\n")}
    write(root, {**files, "apps/matrix/bridge.yaml": BRIDGE, "apps/coturn/coturn.yaml": COTURN})
    with pytest.raises(BadManifestError) as caught:
        find_stacks(here(root))
    assert str(caught.value).startswith(FILE)
    assert words in str(caught.value)


def test_nothing_declared() -> None:
    assert read_declarations("") == ()
    assert read_declarations("# nothing yet\n") == ()


@given(st.integers(16, 200), st.sampled_from(Alphabet))
def test_drawn_values(length: int, alphabet: Alphabet) -> None:
    value = Generator(length, alphabet).draw().reveal()
    assert len(value) == length
    assert re.fullmatch(r"[0-9a-f]+" if alphabet is Alphabet.HEX else r"[0-9A-Za-z]+", value)
