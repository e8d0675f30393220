from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.manifests.resources import resources
from matrix_secrets.stack import elementconfig, homeserver
from matrix_secrets.stack.assembly import assemble
from matrix_secrets.stack.recognition import parts_of
from matrix_secrets.stack.rewriting import compose, rewrite, set_option
from matrix_secrets.stack.workspace import ManifestFile
from tests.unit.stack.repositories import (
    ELEMENT,
    FIXTURES,
    change,
    changed_lines,
    guide,
    only_stack,
    place_of,
    snapshot,
)

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.stack.model import Location, Stack

FILE = "m.yaml"
VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
SECRET = """\
kind: Secret
metadata: {name: s}
stringData:
  POSTGRES_PASSWORD: VALUE
  SYNAPSE_FORM_SECRET: other   # kept
# after
"""
# The ways a value can stand there, each of which a new value has to fit into.
SPELLINGS = (
    "CHANGE_ME",
    "'CHANGE_ME'",
    '"CHANGE_ME"  # why',
    "",
    "~   # null",
    "|\n    CHANGE_ME",
    "|-   # block\n    CHANGE_ME",
    ">+\n    CHANGE_ME\n\n",
    "&anchor CHANGE_ME",
    '"CHANGE\n    _ME"',
)


def stack_of(text: str) -> Stack:
    stream = parse(text, FILE)
    file = ManifestFile(FILE, text.encode(), encrypted=False, stream=stream)
    return assemble("", [file], [parts_of(stream)])


def rewritten(text: str, location: Location, value: str) -> str:
    (edits,) = compose([rewrite(location, value)]).values()
    return splice(text, edits)


def values_of(text: str) -> list[tuple[object, ...]]:
    documents = parse(text).documents
    return [
        (document.index, leaf.path, leaf.node.value if isinstance(leaf.node, Scalar) else "*")
        for document in documents
        for leaf in leaves(document.root)
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("spelling", SPELLINGS)
@given(value=VALUES)
def test_a_secrets_value_and_nothing_else(spelling: str, newline: str, value: str) -> None:
    text = SECRET.replace("VALUE", spelling).replace("\n", newline)
    new = rewritten(text, place_of(stack_of(text), "POSTGRES_PASSWORD"), value)
    before, after = values_of(text), values_of(new)
    path = ("stringData", "POSTGRES_PASSWORD")
    assert [each for each in after if each[1] == path] == [(0, path, value)]
    assert [each for each in before if each[1] != path] == [each for each in after if each[1] != path]
    head, tail = text.split(f"POSTGRES_PASSWORD:{'' if not spelling else ' '}")[0], newline.join(("", "# after", ""))
    assert new.startswith(head)
    assert new.endswith(f"SYNAPSE_FORM_SECRET: other   # kept{tail}")
    for comment in ("# why", "# null", "# block"):
        assert (comment in new) == (comment in text)


@pytest.mark.parametrize(
    "data",
    [
        "data:\n    POSTGRES_PASSWORD: Q0hBTkdFX01F\n    SYNAPSE_FORM_SECRET: eA==\n",
        "data: {POSTGRES_PASSWORD: Q0hBTkdFX01F, SYNAPSE_FORM_SECRET: eA==}",
        "data:\n  SYNAPSE_FORM_SECRET: eA==  # last",
        "data: {SYNAPSE_FORM_SECRET: eA==}\n",
        'data: {"SYNAPSE_FORM_SECRET": "eA=="}\n---\nkind: Other\n',
    ],
)
@given(value=VALUES)
def test_values_under_data_stand_in_base64(data: str, value: str) -> None:
    text = f"kind: Secret\nmetadata: {{name: s}}\n{data}"
    config = "\n---\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  homeserver.yaml: |\n"
    text += config + "    database: {name: psycopg2, args: {user: u, password: x}}\n    form_secret: x\n"
    new = rewritten(text, place_of(stack_of(text), "POSTGRES_PASSWORD"), value)
    entry = next(resources(parse(new))).entry("POSTGRES_PASSWORD")
    assert entry is not None
    assert base64.b64decode(entry.scalar.value).decode() == value
    assert ("# last" in new) == ("# last" in text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  SYNAPSE_FORM_SECRET: x\n", '  SYNAPSE_FORM_SECRET: x\n  POSTGRES_PASSWORD: "v"\n'),
        ("  SYNAPSE_FORM_SECRET: x", '  SYNAPSE_FORM_SECRET: x\n  POSTGRES_PASSWORD: "v"'),
        ("  SYNAPSE_FORM_SECRET: x # c\n  # d\n", '  SYNAPSE_FORM_SECRET: x # c\n  POSTGRES_PASSWORD: "v"\n  # d\n'),
        (
            "    SYNAPSE_FORM_SECRET: |\n        x\n",
            '    SYNAPSE_FORM_SECRET: |\n        x\n    POSTGRES_PASSWORD: "v"\n',
        ),
        ("  SYNAPSE_FORM_SECRET:\n", '  SYNAPSE_FORM_SECRET:\n  POSTGRES_PASSWORD: "v"\n'),
    ],
)
def test_a_missing_key_is_added_in_the_files_indentation(before: str, after: str) -> None:
    head = "kind: Secret\nmetadata: {name: s}\nstringData:\n"
    tail = "---\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  homeserver.yaml: |\n    form_secret: y\n"
    tail += "    database: {name: psycopg2, args: {password: z}}\n"
    for text in (
        tail + "---\n" + head + before,
        tail.replace("\n", "\r\n") + "---\r\n" + (head + before).replace("\n", "\r\n"),
    ):
        newline = "\r\n" if "\r\n" in text else "\n"
        new = rewritten(text, place_of(stack_of(text), "POSTGRES_PASSWORD"), "v")
        assert new.endswith((head + after).replace("\n", newline))
        assert new.startswith(text[: -len(before.replace("\n", newline))])


CONFIG = """\
server_name: matrix.example.com # the name
listeners:
  - port: 8008
database:
  name: psycopg2
  args:
    user: synapse
    host: db # where
# Secrets
registration_shared_secret: x
# Last words
"""


def holder(style: str) -> str:
    """Put CONFIG into a resource in a style: a block's header, or a word for another one."""
    head = "kind: ConfigMap\nmetadata: {name: c}\ndata:\n  homeserver.yaml: "
    match style:
        case "base64":
            return f"{head.replace('ConfigMap', 'Secret')}{base64.b64encode(CONFIG.encode()).decode()}\n"
        case "double":
            return f"{head}{json.dumps(CONFIG)} # one line\n"
        case "folded":
            return f"{head}>\n" + "".join(f"    {line}\n\n" for line in CONFIG.splitlines())
        case _:
            return f"{head}{style}\n" + "".join(f"    {line}\n" for line in CONFIG.splitlines())


@pytest.mark.parametrize("style", ["|", "|-", "|+", "|2", "| # why", "double", "base64", "folded"])
def test_options_are_set_and_added_in_every_style(style: str) -> None:
    text = holder(style)
    config = stack_of(text).homeservers[0]
    assert config.why is None
    password = place_of(stack_of(text), "POSTGRES_PASSWORD")
    edits = compose(
        [
            set_option(config, homeserver.SERVER_NAME, "192.168.1.100"),
            rewrite(password, "p"),
            set_option(config, ("macaroon_secret_key",), "m"),
        ]
    )
    new = splice(text, edits[FILE])
    changed = stack_of(new).homeservers[0].embedded.text
    expected = (
        config.embedded.text.replace("matrix.example.com", '"192.168.1.100"')
        .replace("user: synapse\n", 'user: synapse\n    password: "p"\n')
        .replace("registration_shared_secret: x\n", 'registration_shared_secret: x\nmacaroon_secret_key: "m"\n')
    )
    assert "# why" not in text or "# why" in new
    if style == "folded":
        expected = expected.replace('synapse\n    password: "p"\n', 'synapse\n    password: "p"\n')
        assert parse(changed) != parse("")
        assert values_of(changed) == values_of(expected)
    else:
        assert changed == expected
    if style.startswith("|"):  # only lines were changed or added
        assert [line for line in text.splitlines() if line not in new.splitlines()] == [
            next(line for line in text.splitlines() if "server_name" in line)
        ]


@given(value=VALUES, style=st.sampled_from(["|", "|-", "double", "base64", "|2"]), crlf=st.booleans())
def test_any_value_in_any_style(value: str, style: str, *, crlf: bool) -> None:
    text = holder(style).replace("\n", "\r\n") if crlf else holder(style)
    config = stack_of(text).homeservers[0]
    new = splice(text, compose([set_option(config, homeserver.SERVER_NAME, value)])[FILE])
    again = stack_of(new).homeservers[0]
    assert again.text(homeserver.SERVER_NAME) == value
    old_values = [each for each in values_of(config.embedded.text) if each[1] != ("server_name",)]
    assert [each for each in values_of(again.embedded.text) if each[1] != ("server_name",)] == old_values


@given(value=VALUES)
def test_json_stays_json(value: str) -> None:
    text = (FIXTURES / "guide/apps/matrix/element.yaml").read_text()
    for document in (text, text.replace("\n", "\r\n")):
        config = stack_of(document).elements[0]
        rewrites = [set_option(config, path, value) for path in (elementconfig.BASE_URL, elementconfig.SERVER_NAME)]
        new = stack_of(splice(document, compose(rewrites)[FILE])).elements[0]
        assert elementconfig.is_json(new)
        expected = json.loads(config.embedded.text)
        expected["default_server_config"]["m.homeserver"] = {"base_url": value, "server_name": value}
        assert json.loads(new.embedded.text) == expected


def test_json_keeps_characters_that_yaml_spells_otherwise(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, ELEMENT, ('"brand": "Element"', r'"brand": "\ud83d\uDE00 \\ud83d Element"'))
    old = snapshot(root)
    stack = only_stack(root)
    (config,) = stack.elements
    path = ("default_server_config", "m.homeserver", "base_url")
    texts = compose([set_option(config, path, "http://10.0.0.1")])
    (root / ELEMENT).write_text(splice(old[ELEMENT], texts[ELEMENT]))
    ((before, after),) = changed_lines(old, snapshot(root))
    assert before.replace("http://<NODE_IP>:30067", "http://10.0.0.1") == after


def test_missing_json_keys_are_added_as_json() -> None:
    for inner in ('{"base_url": "http://x"}', "{}"):
        text = "kind: ConfigMap\nmetadata: {name: e}\ndata:\n  config.json: |\n"
        text += f'    {{"default_server_config": {{"m.homeserver": {inner}}}}}\n'
        config = stack_of(text).elements[0]
        new = stack_of(splice(text, compose([set_option(config, elementconfig.SERVER_NAME, "n")])[FILE])).elements[0]
        loaded = json.loads(new.embedded.text)
        assert loaded["default_server_config"]["m.homeserver"]["server_name"] == "n"


def test_where_there_is_no_mapping_it_is_refused() -> None:
    text = holder("|").replace("    database:\n", "    database: none\n    d:\n")
    config = stack_of(text).homeservers[0]
    with pytest.raises(BadManifestError, match="missing"):
        set_option(config, ("database", "args", "password"), "x")
    with pytest.raises(BadManifestError, match="list or a mapping"):
        set_option(config, ("listeners",), "x")


def test_the_repr_of_a_rewrite_holds_no_value() -> None:
    place = place_of(stack_of(SECRET), "POSTGRES_PASSWORD")
    assert "canary" not in repr(rewrite(place, "canary"))
