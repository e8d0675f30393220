from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cluster.conftest import Home


def say(done):
    print(done.out, done.err)
    return done


def test_all(home: Home) -> None:
    cli = home.cli
    cli("keys", "generate")
    cli.configure()
    cli("generate")
    cli("encrypt")
    say(cli("cluster", "install-key", code=None))
    say(cli("cluster", "install-key", "--dry-run"))
    say(cli("cluster", "install-key", "-y"))
    tree = cli.tree()
    say(cli("cluster", "install-key", "-y"))
    assert cli.tree() == tree
    say(cli("encrypt", "--push", code=3))
    say(cli("cluster", "enable-decryption", "--push"))
    say(cli("encrypt", "--push", code=None))
    say(cli("cluster", "reconcile"))
    say(cli("encrypt", "--push"))
    say(cli("cluster", "reconcile"))
    say(cli("cluster", "reconcile", "--json"))
    data = home.cluster.api.must_get("v1/Secret", "matrix-secrets", "matrix")["data"]
    print({key: base64.b64decode(data[key]).decode()[:4] for key in data})
    assert 0  # noqa
