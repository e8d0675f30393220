from __future__ import annotations

import base64
from pathlib import Path

import pytest

from matrix_secrets.stack.leftovers import leftovers
from matrix_secrets.stack.services import synapse_node_port, synapse_workloads
from tests.unit.stack.repositories import ELEMENT, SECRET, SYNAPSE, change, guide, only_stack


def shown(root: Path, *, in_comment: bool) -> list[str]:
    found = [each for each in leftovers(only_stack(root)) if each.in_comment is in_comment]
    return [f"{each.place.file.rsplit('/')[-1]} {'.'.join(each.place.path)} {each.token.text}" for each in found]


def test_values_of_the_guide(tmp_path: Path) -> None:
    assert shown(guide(tmp_path / "r"), in_comment=False) == [
        "element.yaml config.json.default_server_config.m.homeserver.base_url <NODE_IP>",
        "element.yaml config.json.default_server_config.m.homeserver.server_name matrix.example.com",
        "postgres.yaml POSTGRES_PASSWORD CHANGE_ME_BEFORE_DEPLOY",
        "postgres.yaml SYNAPSE_MACAROON_SECRET_KEY CHANGE_ME_BEFORE_DEPLOY",
        "postgres.yaml SYNAPSE_REGISTRATION_SHARED_SECRET CHANGE_ME_BEFORE_DEPLOY",
        "postgres.yaml SYNAPSE_FORM_SECRET CHANGE_ME_BEFORE_DEPLOY",
        "synapse.yaml homeserver.yaml.server_name matrix.example.com",
        "synapse.yaml homeserver.yaml.public_baseurl matrix.example.com",
        "synapse.yaml homeserver.yaml.database.args.password CHANGE_ME_BEFORE_DEPLOY",
        "synapse.yaml homeserver.yaml.registration_shared_secret CHANGE_ME_BEFORE_DEPLOY",
        "synapse.yaml homeserver.yaml.macaroon_secret_key CHANGE_ME_BEFORE_DEPLOY",
        "synapse.yaml homeserver.yaml.form_secret CHANGE_ME_BEFORE_DEPLOY",
    ]


def test_comments_of_the_guide_with_their_lines(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    found = [each for each in leftovers(only_stack(root)) if each.in_comment]
    assert len(found) == 7
    for each in found:
        lines = (root / each.place.file).read_text().splitlines()
        assert each.place.line is not None
        inner = each.config.embedded.text.splitlines() if each.config is not None else lines
        assert each.token.text in inner[each.place.line - 1]
        assert "#" in inner[each.place.line - 1]


def test_no_file_of_the_guide_is_without_them(tmp_path: Path) -> None:
    comments = shown(guide(tmp_path / "r"), in_comment=True)
    assert {line.split()[0] for line in comments} == {Path(file).name for file in (SECRET, SYNAPSE, ELEMENT)}


def test_texts_that_are_not_looked_into(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(
        root,
        SYNAPSE,
        ("        # DEBUG here", "        # CHANGE_ME DEBUG here"),
        ("      level: INFO\n      h", "      level: CHANGE_ME\n      h"),
    )
    extra = "log.config CHANGE_ME"
    assert [line for line in shown(root, in_comment=False) if "log.config" in line] == [f"synapse.yaml {extra}"]
    assert len(shown(root, in_comment=True)) == 8


def test_a_configuration_in_base64(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    code = base64.b64encode(b"server_name: matrix.example.com # <NODE_IP>\n").decode()
    text = f"kind: Secret\nmetadata: {{name: h}}\ndata: {{homeserver.yaml: {code}}}\n"
    (root / SYNAPSE).write_text(text)
    assert "synapse.yaml homeserver.yaml.server_name matrix.example.com" in shown(root, in_comment=False)
    assert "synapse.yaml homeserver.yaml <NODE_IP>" in shown(root, in_comment=True)


@pytest.mark.parametrize(("fixture", "port", "name"), [("guide", 30067, "synapse"), ("split", 31008, "server")])
def test_synapses_port(tmp_path: Path, fixture: str, port: int, name: str) -> None:
    stack = only_stack(guide(tmp_path / "r", fixture))
    assert synapse_node_port(stack) == port
    assert [workload.resource.name for workload in synapse_workloads(stack)] == [name]


def test_no_node_port(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SYNAPSE, ("      nodePort: 30067\n", ""))
    assert synapse_node_port(only_stack(root)) is None
