"""A new key for the cluster, with no moment in which Flux cannot decrypt."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.cluster.sopsage import entries, recipients_in, secret
from tests.testbed import flux

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.conftest import Home

PRUNE = ["cluster", "install-key", "--prune"]


@contextmanager
def always_ready(home: Home) -> Iterator[list[str]]:
    """Ask Flux to apply over and over while the block runs; collect every message with which it was not Ready."""
    complaints: list[str] = []
    end = threading.Event()

    def ask() -> None:
        while not end.wait(0.3):
            home.cluster.request_reconcile()
            home.touch_owner()
            owner = home.cluster.kustomization("apps")
            if flux.ready(owner) == "False":
                complaints.append(flux.message(owner))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield complaints
    finally:
        end.set()
        thread.join()


def test_a_rollover(home: Home) -> None:
    home.running()
    (old_entry,) = entries(home)
    (old,) = recipients_in(entries(home)[old_entry])
    values = home.live_values()
    with always_ready(home) as complaints:
        assert "nothing that could go" in home.cli(*PRUNE).out
        home.cli("cluster", "install-key", "--new", "--push", "--yes")
        assert len(entries(home)) == 2
        refused = home.cli(*PRUNE, "--yes", code=None)
        assert refused.code in {0, 3}
        home.cli("cluster", "reconcile")
        home.cli(*PRUNE, "--yes")
        home.cli("cluster", "reconcile")
    assert complaints == []
    (entry,) = entries(home)
    assert entry != old_entry
    assert old not in "".join(file.decode(errors="replace") for file in home.cli.tree().values())
    assert home.live_values() == values
    before = home.cli.tree(), secret(home)["metadata"]["resourceVersion"]
    home.cli("cluster", "install-key")
    home.cli(*PRUNE)
    assert (home.cli.tree(), secret(home)["metadata"]["resourceVersion"]) == before
    home.repository.edit("apps/matrix/namespace.yaml", "metadata:", "metadata: # touched")
    home.repository.push("Something else")
    home.cli("cluster", "reconcile")
    assert home.live_values() == values


def test_pruning_waits_until_nothing_needs_the_old_key(home: Home) -> None:
    home.running()
    texts = entries(home)
    home.cli("cluster", "install-key", "--new", "--yes")
    assert "Ready on" not in home.cli(*PRUNE, "--yes", code=3).err, "HEAD itself needs it"
    home.cluster.forge.immediate = False
    home.cli("cluster", "install-key", "--push", "--yes")
    refused = home.cli(*PRUNE, "--yes", "--json", code=3)
    assert "which Kustomization/apps has applied" in refused.json["error"]["message"]
    assert texts.items() < entries(home).items()
    home.cli("cluster", "reconcile")
    home.cli(*PRUNE, "--yes")
    assert not texts.keys() & entries(home).keys()


def test_a_foreign_change_between_reading_and_pruning_is_a_conflict(home: Home) -> None:
    home.running()
    home.cli("cluster", "install-key", "--new", "--push", "--yes")
    home.cli("cluster", "reconcile")
    home.repository.edit("clusters/home/apps.yaml", "interval: 5m0s", "interval: 6m0s")
    home.repository.push("Not applied yet")
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", flux.SYSTEM, {"spec": {"suspend": True}})
    home.cli(*PRUNE, "--yes", code=None)


def test_a_lent_key_stays_its_owners(home: Home) -> None:
    home.fill_in()
    home.cli("cluster", "install-key", "--yes", "--identity", str(home.own_identity()))
    home.cli("cluster", "enable-decryption", "--push")
    home.cli("cluster", "reconcile")
    home.include()
    home.cli("encrypt", "--push")
    home.cli("cluster", "reconcile")
    (mine,) = recipients_in(home.own_identity().read_text())
    home.cli("cluster", "install-key", "--new", "--push", "--yes")
    home.cli("cluster", "reconcile")
    home.cli(*PRUNE, "--yes")
    assert mine in home.cli.read(".sops.yaml").decode()
    assert mine not in [each for text in entries(home).values() for each in recipients_in(text)]
    home.cli("cluster", "reconcile")
