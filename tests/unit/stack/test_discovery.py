from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import BadManifestError, RefusedError, UsageError
from matrix_secrets.stack.discovery import find_stacks, select_stacks
from matrix_secrets.stack.model import Layout, ValueState
from tests.unit.stack.repositories import (
    ELEMENT,
    SECRET,
    SYNAPSE,
    change,
    guide,
    only_stack,
    place_of,
    workspace,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
)
OTHER_APP = """\
apiVersion: v1
kind: Secret
metadata: {name: cloud-db, namespace: cloud}
stringData: {POSTGRES_USER: cloud, POSTGRES_PASSWORD: another}
"""
# As sops leaves a file without encrypted_regex: keys readable, nothing else.
WHOLE = """\
apiVersion: ENC[AES256_GCM,data:AAA=,iv:AAA=,tag:AAA=,type:str]
kind: ENC[AES256_GCM,data:AAA=,iv:AAA=,tag:AAA=,type:str]
metadata:
    name: ENC[AES256_GCM,data:AAA=,iv:AAA=,tag:AAA=,type:str]
data:
    {key}: ENC[AES256_GCM,data:AAA=,iv:AAA=,tag:AAA=,type:str]
"""


def test_the_guide(tmp_path: Path) -> None:
    stack = only_stack(guide(tmp_path / "r"))
    assert stack.directory == "apps/matrix"
    assert stack.layout is Layout.GUIDE
    assert tuple(secret.name for secret in stack.managed) == NAMES
    assert [str(place.place) for place in stack.managed[0].locations] == [
        "apps/matrix/postgres.yaml › Secret/matrix-secrets › POSTGRES_PASSWORD",
        "apps/matrix/synapse.yaml › ConfigMap/synapse-config › homeserver.yaml › database.args.password",
    ]
    assert {place.state for secret in stack.managed for place in secret.locations} == {ValueState.PLACEHOLDER}
    assert stack.secret_files == (SECRET, SYNAPSE)
    assert [config.file for config in stack.elements] == [ELEMENT]
    assert stack.locked == ()


def test_split_files_and_other_names(tmp_path: Path) -> None:
    stack = only_stack(guide(tmp_path / "r", "split"))
    assert stack.directory == "kubernetes/chat"
    assert tuple(secret.name for secret in stack.managed) == NAMES
    states = [place.state for secret in stack.managed for place in secret.locations]
    assert states.count(ValueState.PLACEHOLDER) == 7
    assert place_of(stack, "SYNAPSE_FORM_SECRET", 1).state is ValueState.EMPTY


def test_a_file_encrypted_whole_is_told_by_its_keys(tmp_path: Path) -> None:
    files = {f"s/{n}.yaml": WHOLE.replace("{key}", key) for n, key in enumerate(("SYNAPSE_FORM_SECRET", "config.json"))}
    write(tmp_path, files | {"s/2.yaml": WHOLE.replace("{key}", "homeserver.yaml")})
    stack = only_stack(tmp_path)
    assert len(stack.homeservers) == len(stack.elements) == 1
    assert {secret.state for secret in stack.managed} == {ValueState.UNREADABLE}
    places = [place for secret in stack.managed for place in secret.locations]
    assert all((place.why is not None) == (place.state is ValueState.UNREADABLE) for place in places)


def test_other_applications_are_no_stacks(tmp_path: Path) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  config.json: |\n    {}\n"
    write(tmp_path, {"apps/cloud/db.yaml": OTHER_APP, "apps/x/c.yaml": config, "apps/y/c.yaml": WHOLE})
    assert find_stacks(workspace(tmp_path)) == []


def test_another_database_beside_the_stack(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    write(root, {"apps/matrix/cloud.yaml": OTHER_APP})
    assert [place.file for place in only_stack(root).managed[0].locations] == [SECRET, SYNAPSE]


def test_of_two_database_secrets_the_one_with_the_servers_user(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    own = OTHER_APP.replace("cloud-db", "synapse-db").replace("cloud", "synapse").replace("namespace: synapse, ", "")
    write(root, {"apps/matrix/cloud.yaml": OTHER_APP.replace("namespace: cloud", "labels: {}")})
    write(root, {"apps/matrix/own.yaml": own.replace(", namespace: synapse", "")})
    change(root, SECRET, ("  POSTGRES_PASSWORD: CHANGE_ME_BEFORE_DEPLOY\n", ""))
    assert [place.file for place in only_stack(root).managed[0].locations] == ["apps/matrix/own.yaml", SYNAPSE]


def test_parts_in_directories_side_by_side_are_one_stack(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    for name in ("postgres", "synapse", "element"):
        (root / f"apps/matrix/{name}").mkdir()
        (root / f"apps/matrix/{name}.yaml").rename(root / f"apps/matrix/{name}/{name}.yaml")
    stack = only_stack(root)
    assert stack.directory == "apps/matrix"
    assert all(len(secret.locations) == 2 for secret in stack.managed)
    assert select_stacks([stack], ["apps/matrix/synapse"]) == [stack]


def test_copies_stay_apart(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    guide(root / "other")
    stacks = find_stacks(workspace(root))
    assert [stack.directory for stack in stacks] == ["apps/matrix", "other/apps/matrix"]
    assert all(len(secret.locations) == 2 for stack in stacks for secret in stack.managed)


def test_the_sealed_layout(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(
        root,
        SYNAPSE,
        ("        password: CHANGE_ME_BEFORE_DEPLOY\n", ""),
        ('macaroon_secret_key: "CHANGE_ME_BEFORE_DEPLOY"', "macaroon_secret_key_path: /secrets/macaroon"),
        ('form_secret: "CHANGE_ME_BEFORE_DEPLOY"', "form_secret_path: /secrets/form"),
        ('registration_shared_secret: "CHANGE_ME_BEFORE_DEPLOY"', "registration_shared_secret_path: /secrets/reg"),
        (
            "          ports:\n            - name: http",
            "            - {name: PGPASSWORD, value: x}\n          ports:\n            - name: http",
        ),
    )
    stack = only_stack(root)
    assert stack.layout is Layout.SEALED
    assert [[place.file for place in secret.locations] for secret in stack.managed] == [[SECRET]] * 4


def test_what_is_missing_is_expected_where_it_belongs(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SECRET, ("  SYNAPSE_FORM_SECRET: CHANGE_ME_BEFORE_DEPLOY\n", ""))
    change(root, SYNAPSE, ('    macaroon_secret_key: "CHANGE_ME_BEFORE_DEPLOY"\n', ""))
    stack = only_stack(root)
    assert place_of(stack, "SYNAPSE_FORM_SECRET").state is ValueState.MISSING
    assert place_of(stack, "SYNAPSE_MACAROON_SECRET_KEY", 1).state is ValueState.MISSING


def test_sqlite_needs_no_password(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SYNAPSE, ("name: psycopg2", "name: sqlite3"), ("        password: CHANGE_ME_BEFORE_DEPLOY\n", ""))
    change(root, SECRET, ("  POSTGRES_PASSWORD: CHANGE_ME_BEFORE_DEPLOY\n", ""))
    assert tuple(secret.name for secret in only_stack(root).managed) == NAMES[1:]


def test_values_are_never_shown(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SECRET, ("CHANGE_ME_BEFORE_DEPLOY\n  POSTGRES_DB", "canary-7f3a\n  POSTGRES_DB"))
    stack = only_stack(root)
    assert place_of(stack, "POSTGRES_PASSWORD").value is not None
    assert "canary" not in repr(stack)
    assert "canary" not in str(stack.managed)


@pytest.mark.parametrize("file", [SECRET, SYNAPSE, ELEMENT])
def test_a_broken_file_of_the_stack_is_named_with_its_line(tmp_path: Path, file: str) -> None:
    root = guide(tmp_path / "r")
    change(root, file, ("apiVersion: v1\n", "apiVersion: [v1\n"))
    with pytest.raises(BadManifestError, match="column") as caught:
        find_stacks(workspace(root))
    assert caught.value.place is not None
    assert caught.value.place.file == file
    assert caught.value.place.line is not None
    assert "[v1" not in str(caught.value)


def test_a_broken_homeserver_yaml_is_marked(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SYNAPSE, ("    report_stats: false", "    report_stats: [false"))
    stack = only_stack(root)
    assert place_of(stack, "SYNAPSE_FORM_SECRET", 1).state is ValueState.UNREADABLE
    assert stack.homeservers[0].why is not None


def test_other_broken_files_and_templates_do_no_harm(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    chart = "kind: Secret\nstringData:\n  POSTGRES_PASSWORD: {{ .Values.password }}\n"
    write(root, {"charts/x/templates/s.yaml": chart, "apps/matrix/notes.yaml": "a: [\n", "x.yaml": "\t\x01"})
    assert only_stack(root).directory == "apps/matrix"


def test_an_alias_as_value_is_not_understood(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SECRET, ("POSTGRES_USER: synapse", "POSTGRES_USER: &u synapse"))
    change(root, SECRET, ("POSTGRES_PASSWORD: CHANGE_ME_BEFORE_DEPLOY", "POSTGRES_PASSWORD: *u"))
    assert place_of(only_stack(root), "POSTGRES_PASSWORD").state is ValueState.UNREADABLE


def test_parts_where_nobody_looks_are_refused(tmp_path: Path) -> None:
    root = guide(tmp_path / "list")
    text = (root / SECRET).read_text()
    start, end = text.index("apiVersion: v1\nkind: Secret"), text.index("\n---", text.index("kind: Secret"))
    item = textwrap.indent(text[start:end], "    ").replace("    ", "  - ", 1)
    (root / SECRET).write_text(f"{text[:start]}apiVersion: v1\nkind: List\nitems:\n{item}{text[end:]}")
    with pytest.raises(BadManifestError, match="Secret/matrix-secrets stands in a List") as caught:
        find_stacks(workspace(root))
    assert "items › 0" in str(caught.value)
    root = guide(tmp_path / "binary")
    change(root, SYNAPSE, ("\ndata:\n  homeserver.yaml: |", "\nbinaryData:\n  homeserver.yaml: |"))
    with pytest.raises(BadManifestError, match="binaryData"):
        find_stacks(workspace(root))


def test_selection(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    guide(root / "other")
    stacks = find_stacks(workspace(root))
    with pytest.raises(RefusedError, match="no Matrix stack"):
        select_stacks([])
    with pytest.raises(RefusedError, match="2 Matrix stacks here: apps/matrix, other/apps/matrix"):
        select_stacks(stacks)
    assert select_stacks(stacks, every=True) == stacks
    assert select_stacks(stacks, ["./apps/matrix/"]) == stacks[:1]
    assert select_stacks(stacks, ["other"]) == stacks[1:]
    assert select_stacks(stacks[:1]) == stacks[:1]
    assert select_stacks(stacks[:1], ["."]) == stacks[:1]
    for wrong in ("apps/none", "."):
        with pytest.raises(UsageError):
            select_stacks(stacks, [wrong])


def test_ten_thousand_unrelated_files_cost_little(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n" + "  key: value\n" * 30
    for number in range(10_000):
        where = root / f"apps/app{number % 100}"
        where.mkdir(exist_ok=True)
        (where / f"{number}.yaml").write_text(text)
    started = time.perf_counter()
    assert only_stack(root).directory == "apps/matrix"
    assert time.perf_counter() - started < 5
