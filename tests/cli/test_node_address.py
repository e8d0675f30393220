from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.cluster.nodes import NodeAddress
from matrix_secrets.errors import OutsideError, UsageError
from matrix_secrets.operations.nodeaddress import only_address

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Cli

AUTO = ["configure", "--server-name", "10.0.0.1", "--node-ip", "auto"]
KUBECONFIG = """apiVersion: v1
kind: Config
current-context: home
contexts: [{name: home, context: {cluster: home, user: me}}]
clusters: [{name: home, cluster: {server: "https://127.0.0.1:PORT"}}]
users: [{name: me, user: {token: hunter2}}]
"""


def test_one_address_is_taken() -> None:
    found = NodeAddress("blueberry", "192.168.1.100")
    assert only_address([found]) == found


def test_several_are_listed() -> None:
    with pytest.raises(UsageError, match=r"10\.0\.0\.1 \(a\), 10\.0\.0\.2 \(b\)"):
        only_address([NodeAddress("a", "10.0.0.1"), NodeAddress("b", "10.0.0.2")])
    with pytest.raises(OutsideError):
        only_address([])


def test_no_kubeconfig_and_no_such_context(guide: Cli, tmp_path: Path) -> None:
    before = guide.tree()
    assert "no usable kubeconfig" in guide(*AUTO, code=4).err
    (tmp_path / "config").write_text(KUBECONFIG)
    done = guide(*AUTO, "--context", "elsewhere", code=4, KUBECONFIG=str(tmp_path / "config"))
    assert "kubeconfig context elsewhere" in done.err
    assert guide.tree() == before


def test_a_cluster_that_is_away(guide: Cli, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        (tmp_path / "config").write_text(KUBECONFIG.replace("PORT", str(closed.getsockname()[1])))
    done = guide(*AUTO, "--json", code=4, KUBECONFIG=str(tmp_path / "config"))
    assert done.json["error"]["code"] == "outside"
    assert "cannot be reached" in done.json["error"]["message"]
    assert "hunter2" not in done.out + done.err
