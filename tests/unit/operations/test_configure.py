from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError, RefusedError, UsageError
from matrix_secrets.operations.configure import Identity, plan_configure
from matrix_secrets.stack.discovery import find_stacks
from matrix_secrets.stack.leftovers import leftovers
from tests.unit.stack.repositories import (
    ELEMENT,
    SYNAPSE,
    apply,
    change,
    changed_lines,
    guide,
    only_stack,
    snapshot,
    workspace,
)

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.operations.plan import Plan

GUIDE = Identity("192.168.1.100", "192.168.1.100")


def plan(root: Path, identity: Identity = GUIDE) -> Plan:
    here = workspace(root)
    return plan_configure(here, find_stacks(here), identity)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_guides_four_lines(tmp_path: Path, newline: str) -> None:
    root = guide(tmp_path / "r")
    for file in (SYNAPSE, ELEMENT):
        change(root, file, ("\n", newline))
    before = snapshot(root)
    made = plan(root)
    apply(made)
    assert [(old.strip(), new.strip()) for old, new in changed_lines(before, snapshot(root))] == [
        ('"base_url": "http://<NODE_IP>:30067",', '"base_url": "http://192.168.1.100:30067",'),
        ('"server_name": "matrix.example.com"', '"server_name": "192.168.1.100"'),
        ('server_name: "matrix.example.com"', 'server_name: "192.168.1.100"'),
        ('public_baseurl: "http://matrix.example.com:30067"', 'public_baseurl: "http://192.168.1.100:30067"'),
    ]
    assert [change_.detail for change_ in made.changes].count("192.168.1.100") == 2
    assert [note.id for note in made.notes] == ["server-name-is-final"]
    assert made.paths == (SYNAPSE, ELEMENT)
    again = plan(root)
    assert again.empty
    assert again.changes == ()
    assert again.notes == ()


def test_split_files(tmp_path: Path) -> None:
    root = guide(tmp_path / "r", "split")
    before = snapshot(root)
    apply(plan(root))
    assert len(changed_lines(before, snapshot(root))) == 3
    left = [each for each in leftovers(only_stack(root)) if not each.in_comment and "CHANGE" not in each.token.text]
    assert left == []
    assert plan(root).empty


def test_a_real_name_is_kept(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    apply(plan(root))
    before = snapshot(root)
    with pytest.raises(RefusedError, match=r"192\.168\.1\.100 already") as caught:
        plan(root, Identity("matrix.org", "192.168.1.100"))
    assert "orphaned" in (caught.value.cause or "")
    assert "--force-server-name" in (caught.value.hint or "")
    assert snapshot(root) == before
    apply(plan(root, Identity("matrix.org", "192.168.1.100", force_server_name=True)))
    assert {new.strip() for _, new in changed_lines(before, snapshot(root))} == {
        'server_name: "matrix.org"',
        '"server_name": "matrix.org"',
    }


def test_element_follows_a_name_that_is_real_already(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SYNAPSE, ('server_name: "matrix.example.com"', "server_name: matrix.org"))
    change(root, SYNAPSE, ('"http://matrix.example.com:30067"', "https://matrix.org/"))
    before = snapshot(root)
    apply(plan(root, Identity("matrix.org")))
    assert {new.strip() for _, new in changed_lines(before, snapshot(root))} == {
        '"base_url": "https://matrix.org/",',
        '"server_name": "matrix.org"',
    }


def test_the_address_has_to_come_from_somewhere(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="address of Synapse in apps/matrix") as caught:
        plan(guide(tmp_path / "r"), Identity("matrix.org"))
    assert "--node-ip" in (caught.value.hint or "")


def test_the_url_wins_over_the_address(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    apply(plan(root, Identity("matrix.org", "192.168.1.100", "https://matrix.org")))
    assert 'public_baseurl: "https://matrix.org"' in (root / SYNAPSE).read_text()
    assert '"base_url": "https://matrix.org"' in (root / ELEMENT).read_text()


def test_an_ipv6_node(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    apply(plan(root, Identity("[2001:db8::1]", "2001:db8::1")))
    assert 'public_baseurl: "http://[2001:db8::1]:30067"' in (root / SYNAPSE).read_text()


def test_the_deprecated_option_of_element(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, ELEMENT, ('"brand"', '"default_hs_url": "http://<NODE_IP>:30067",\n      "brand"'))
    apply(plan(root))
    assert (root / ELEMENT).read_text().count('"http://192.168.1.100:30067"') == 2


def test_examples_elsewhere_are_filled_and_comments_stay(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SYNAPSE, ("              value: /conf/homeserver.yaml", "              value: /conf/<NODE_IP>"))
    change(
        root, SYNAPSE, ("    max_upload_size: 50M", "    turn_uris: ['turn:matrix.example.com?x'] # matrix.example.com")
    )
    apply(plan(root))
    text = (root / SYNAPSE).read_text()
    assert "value: /conf/192.168.1.100" in text
    assert "turn_uris: ['turn:192.168.1.100?x'] # matrix.example.com" in text
    assert "@alice:matrix.example.com" in text
    assert plan(root).empty


def test_a_homeserver_yaml_in_base64(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    code = base64.b64encode(b"server_name: matrix.example.com # why\npublic_baseurl: x\n").decode()
    (root / SYNAPSE).write_text(f"kind: Secret\nmetadata: {{name: h}}\ndata:\n  homeserver.yaml: {code} # code\n")
    apply(plan(root))
    found = re.search(r"homeserver.yaml: (\S+) # code\n$", (root / SYNAPSE).read_text())
    assert found is not None
    assert base64.b64decode(found[1].strip('"')) == (
        b'server_name: "192.168.1.100" # why\npublic_baseurl: "http://192.168.1.100:30067"\n'
    )
    assert plan(root).empty


def test_a_broken_homeserver_yaml(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SYNAPSE, ("    report_stats: false", "    report_stats: [false"))
    with pytest.raises(BadManifestError, match=r"homeserver\.yaml"):
        plan(root)


@pytest.mark.parametrize("identity", [Identity("http://x"), Identity("x", "y"), Identity("x", None, "y")])
def test_bad_values(tmp_path: Path, identity: Identity) -> None:
    with pytest.raises(UsageError):
        plan(guide(tmp_path / "r"), identity)


def test_capitals_are_advised_against(tmp_path: Path) -> None:
    made = plan(guide(tmp_path / "r"), Identity("Matrix.org", "192.168.1.100"))
    assert [note.id for note in made.notes] == ["server-name-is-final", "server-name-case"]


@given(name=st.from_regex(r"[a-z][a-z0-9]{0,10}(\.[a-z][a-z0-9]{0,10}){1,3}(:[1-9][0-9]{0,3})?", fullmatch=True))
def test_any_name_and_only_its_lines(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    root = guide(tmp_path_factory.mktemp("repository") / "r")
    before = snapshot(root)
    apply(plan(root, Identity(name, "10.0.0.1")))
    assert len(changed_lines(before, snapshot(root))) == 4
    assert plan(root, Identity(name, "10.0.0.1")).empty
