"""An API server that is slow, silent, or goes away half-way: exit 4, nothing half-done, and the next run finishes."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.cluster import tcpproxy
from tests.cluster.sopsage import PENDING, SYSTEM, entries, recipients_in, secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.conftest import Home

INSTALL = ["cluster", "install-key", "--yes"]
FILES = (".sops.yaml", "apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml")


def test_it_goes_away_after_any_number_of_turns(quiet_home: Home, tmp_path: Path) -> None:
    config, old = tmp_path / "config", quiet_home.cli.tree()
    codes: list[int] = []
    known: list[str] = []
    for turns in range(40):
        with tcpproxy.before(quiet_home.cluster, config, turns=turns):
            done = quiet_home.cli(*INSTALL, code=None, KUBECONFIG=str(config))
        codes.append(done.code)
        assert done.code in {0, 4}, done
        held = quiet_home.cluster.api.get("v1/Secret", "sops-age", SYSTEM)
        texts = entries(quiet_home) if held is not None else {}
        known = [recipient for text in texts.values() for recipient in recipients_in(text)]
        changed = {file: quiet_home.cli.read(file) != old[file] for file in FILES}
        assert len(set(changed.values())) == 1, (turns, changed)
        assert not changed[".sops.yaml"] or known, "never a recipient whose identity the cluster lacks"
        assert len(texts) <= 1, "an interrupted run is finished by the next, not begun anew"
        if done.code == 0:
            break
        assert quiet_home.cluster.context in done.err
        assert "fix:" in done.err
    assert codes[0] == 4
    assert codes[-1] == 0
    (recipient,) = known
    assert all(recipient in quiet_home.cli.read(file).decode() for file in FILES)
    before = quiet_home.cli.tree()
    quiet_home.cli(*INSTALL)
    assert quiet_home.cli.tree() == before
    assert len(entries(quiet_home)) == 1


def test_files_that_cannot_be_written_are_written_by_the_next_run(quiet_home: Home) -> None:
    before = quiet_home.cli.tree()
    command = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", sys.executable, "-m", "matrix_secrets", *INSTALL]
    done = subprocess.run(command, cwd=quiet_home.repository.root, capture_output=True, text=True, check=False)
    assert done.returncode in {3, 4}, done.stderr
    assert quiet_home.cli.tree() == before
    texts = entries(quiet_home)
    assert len(texts) == 1, "the key was there first"
    assert PENDING in secret(quiet_home)["metadata"]["annotations"]
    quiet_home.cli(*INSTALL)
    assert entries(quiet_home) == texts
    (recipient,) = [recipient for text in texts.values() for recipient in recipients_in(text)]
    assert all(recipient in quiet_home.cli.read(file).decode() for file in FILES)
    assert PENDING not in secret(quiet_home)["metadata"].get("annotations", {})


def test_a_slow_one_is_waited_for(quiet_home: Home, tmp_path: Path) -> None:
    with tcpproxy.before(quiet_home.cluster, tmp_path / "config", delay=1.5):
        quiet_home.cli(*INSTALL, KUBECONFIG=str(tmp_path / "config"))
    assert len(entries(quiet_home)) == 1


def test_a_silent_one_is_given_up(quiet_home: Home, tmp_path: Path) -> None:
    before, begun = quiet_home.cli.tree(), time.monotonic()
    with tcpproxy.before(quiet_home.cluster, tmp_path / "config", silent=True):
        done = quiet_home.cli(*INSTALL, code=4, KUBECONFIG=str(tmp_path / "config"))
    assert time.monotonic() - begun < 90
    assert "cannot be reached" in done.err
    assert quiet_home.cli.tree() == before


def test_it_stops_while_flux_is_awaited(home: Home) -> None:
    home.cluster.forge.immediate = False
    home.fill_in()
    home.cli("cluster", "install-key", "--yes")
    home.cli("cluster", "enable-decryption", "--push", "--assume-decryption")
    home.cluster.stop_flux()
    with home.meanwhile("cluster", "reconcile", "--timeout", "60s") as waiting:
        waiting.until_said("fetched")
        home.cluster.stop_api_server()
        done = waiting.finish()
    assert done.code == 4
    assert "cannot be reached" in done.err
    home.cluster.start_api_server()
    home.cluster.start_flux()
    home.cli("cluster", "reconcile")
    home.repository.wait_applied()
