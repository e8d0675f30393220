"""Real outages in the middle of a rotation, and what others do meanwhile: each ends with the stack at work."""

from __future__ import annotations

import re
import secrets
import shlex
import signal
import string
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.rotation.stopped import Point
from tests.rotation.test_stopped import stopped
from tests.testbed import flux
from tests.unit.gitrepo.repositories import put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rotation.home import Home

BRANCH = "matrix-secrets/rotation"
PREPARED = Point("create_branch", "after", "kill")
ALTERED = Point("set_role", "after", "kill")
PUBLISHED = Point("publish", "after", "kill")


@pytest.fixture
def home(sealed_home: Home, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[Home]:
    """The stack at work; afterwards it is at work again."""
    begun = time.monotonic()
    yield sealed_home
    sealed_home.up_to_date()
    sealed_home.works()
    with capsys.disabled():
        sys.stdout.write(f"\n{request.node.name:50} {time.monotonic() - begun:4.0f} s ")


def test_refused_before_anything_is_changed(home: Home) -> None:
    head = home.cluster.forge.head()
    path = home.cli.repository / "apps/matrix/synapse.yaml"
    old = path.read_text()
    path.write_text(old + "# a thought\n")
    assert "not committed" in home.cli("rotate", "-y", code=3).err
    path.write_text(old)
    home.cli.git("commit", "--quiet", "--allow-empty", "--message", "not pushed")
    assert "git push" in home.cli("rotate", "-y", code=3).err
    home.cli.git("reset", "--quiet", "--hard", "HEAD~1")
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", "flux-system", {"spec": {"suspend": True}})
    assert "flux resume" in home.cli("rotate", "-y", code=3).err
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", "flux-system", {"spec": {"suspend": False}})
    home.repository.wait_applied()
    assert "needs an answer" in home.cli("rotate", code=2).err
    assert "--offline" in home.cli("rotate", "--push", code=2).err
    assert "no rotation is in flight" in home.cli("rotate", "--resume").out.lower()
    assert home.cluster.forge.head() == head
    assert home.cluster.forge.head(BRANCH) == ""


def test_two_at_once(home: Home) -> None:
    stopped(home.cli, "rotate", PREPARED)
    done = home.second("rotate", "-y", code=3)
    assert "in flight" in done.err
    assert "--resume" in done.err
    assert "prepared" in home.second("rotate", "--status").out
    home.second("rotate", "--abort")


def test_the_rotation_branch_is_refused(home: Home) -> None:
    before = home.values()
    with refusing(home, BRANCH):
        assert "did not take" in home.cli("rotate", "-y", code=4).err
    assert home.values() == before
    home.cli("rotate", "--abort")


def test_main_is_protected_and_nobody_merges(home: Home) -> None:
    before = home.values()["POSTGRES_PASSWORD"]
    with refusing(home, "main"):
        done = home.cli("rotate", "-y", "--timeout", "3s", code=4)
        assert "pull request" in done.err
        assert "main: old, database: old" in done.err
        assert home.logs_in(before), "the old values are in force meanwhile"
        home.second("rotate", "--abort")
    assert home.values()["POSTGRES_PASSWORD"] == before


def test_main_is_protected_and_somebody_merges(home: Home) -> None:
    before = home.values()
    with refusing(home, "main"):
        running = rotating(home)
        home.cluster.wait(lambda: home.cluster.forge.head(BRANCH) != "", "the branch", 60)
        home.cluster.wait(lambda: "takes no push" in log_of(home), "it waits", 60)
        home.cluster.wait(lambda: home.logs_in(before["POSTGRES_PASSWORD"]), "the old password is back", 60)
        tip = home.cluster.forge.head(BRANCH)
        home.cluster.forge.git("update-ref", "refs/heads/main", tip)  # the forge's own button
        assert running.wait(300) == 0, log_of(home)
    home.cli.git("pull", "--quiet", "--ff-only")
    assert all(before[name] != value for name, value in home.values().items())


def test_main_moves_on_meanwhile(home: Home) -> None:
    before = home.values()
    stopped(home.cli, "rotate", ALTERED)
    home.second.git("pull", "--quiet")
    path = home.second.repository / "apps/matrix/postgres.yaml"
    path.write_text(f"# somebody else's thought\n{path.read_text()}")
    home.second.git("commit", "--quiet", "--all", "--message", "Meanwhile")
    home.second.git("push", "--quiet")
    assert "moved on" in home.second("rotate", "--resume").out
    home.second.git("pull", "--quiet", "--ff-only")
    assert "somebody else's thought" in path.read_text()
    assert all(before[name] != value for name, value in home.values(home.second).items())


def test_third_values_on_main(home: Home) -> None:
    stopped(home.cli, "rotate", ALTERED)
    home.second.git("pull", "--quiet")
    home.second("rotate", "--offline", "-y", "postgres_password", "--commit")
    home.second.git("push", "--quiet")
    third = home.values(home.second)["POSTGRES_PASSWORD"]
    done = home.cli("rotate", "--resume", code=3)
    assert "other values" in done.err
    assert "--abort" in done.err
    home.cli("rotate", "--abort")
    assert home.logs_in(third)


def test_ctrl_c(home: Home) -> None:
    before = home.values()
    running = rotating(home)
    home.cluster.wait(lambda: "a random one refused" in log_of(home), "the new password", 90)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130, log_of(home)
    assert "any machine can go on" in log_of(home)
    assert "rotate --abort" in log_of(home)
    home.second("rotate", "--abort")
    home.up_to_date()
    assert home.values() == before


def test_the_api_server_goes_away(home: Home) -> None:
    running = rotating(home)
    home.cluster.wait(lambda: home.cluster.forge.head(BRANCH) != "", "the branch", 60)
    home.cluster.stop_api_server()
    try:
        assert running.wait(300) == 4, log_of(home)
    finally:
        home.cluster.start_api_server()
    assert "in force before that" in log_of(home) or "could not be looked at" in log_of(home)
    assert "rotate --resume" in log_of(home)
    home.second("rotate", "--resume")


def test_postgres_is_down(home: Home) -> None:
    rows = home.sql("SELECT count(*) FROM users")
    stopped(home.cli, "rotate", PREPARED)
    home.run("scale", "deploy/matrix-postgres", "--replicas=0")
    home.cluster.wait(lambda: home.pods("matrix-postgres") == [], "no PostgreSQL", 60)
    done = home.cli("rotate", "--resume", code=4)
    assert "no pod of PostgreSQL is ready" in done.err
    home.run("scale", "deploy/matrix-postgres", "--replicas=1")
    pod = "matrix-postgres"
    home.cluster.wait(lambda: (new := home.cluster.node.pod(pod)) is not None and new.ready, "PostgreSQL", 90)
    home.second("rotate", "--resume")
    assert home.sql("SELECT count(*) FROM users") == rows


def test_flux_cannot_fetch(home: Home) -> None:
    before = home.values()
    stopped(home.cli, "rotate", PUBLISHED)
    home.cluster.wait(
        lambda: flux.ready_on(home.cluster.kustomization("apps"), home.cluster.forge.head()), "applied", 120
    )
    stopped(home.second, "abort", Point("publish", "before", "kill"))
    home.cluster.forge.failure = "authentication required"
    done = home.second("rotate", "--abort", "--timeout", "20s", code=4)
    assert "cannot fetch" in done.err
    assert "authentication required" in done.err
    home.cluster.forge.failure = ""
    home.cli("rotate", "--abort")
    home.up_to_date()
    assert home.values() == before


def test_flux_is_suspended(home: Home) -> None:
    stopped(home.cli, "rotate", ALTERED)
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", "flux-system", {"spec": {"suspend": True}})
    done = home.second("rotate", "--resume", "--timeout", "20s", code=4)
    assert "flux resume" in done.err
    assert "main: new, database: new, cluster: old" in done.err
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", "flux-system", {"spec": {"suspend": False}})
    home.cli("rotate", "--resume")


def test_the_database_has_another_password(home: Home) -> None:
    """As one has that was made with ciphertext, or with an older password."""
    rows = home.sql("SELECT count(*) FROM users")
    home.sql("ALTER ROLE synapse PASSWORD 'ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]'")
    done = home.cli("rotate", "-y", code=3)
    assert "rotate --heal" in done.err
    assert "does not accept" in home.cli("rotate", "--heal", "--dry-run").out
    assert "needs an answer" in home.cli("rotate", "--heal", code=2).err
    assert "accepts the password" in home.second("rotate", "--heal", "-y").out
    assert "accepts the password" in home.cli("rotate", "--heal", "postgres_password").out
    assert home.sql("SELECT count(*) FROM users") == rows


def test_synapse_was_started_with_another_password(home: Home) -> None:
    """Heal mends the database, and names a command that replaces the pod, and that Flux does not undo."""
    other = "".join(secrets.choice(string.ascii_letters) for _ in range(20))
    right = home.values()["POSTGRES_PASSWORD"]
    suspend(home, True)
    hold(home, other)
    home.sql(f"ALTER ROLE synapse PASSWORD '{other}'")
    home.run("scale", "deploy/synapse", "--replicas=0")
    home.cluster.wait(lambda: home.pods("synapse") == [], "no Synapse", 60)
    home.run("scale", "deploy/synapse", "--replicas=1")
    home.cluster.wait(lambda: ready(home), "Synapse with the other password", 120)
    hold(home, right)
    home.sql("ALTER ROLE synapse PASSWORD 'neither-of-the-two'")
    home.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'synapse' AND pid <> pg_backend_pid()"
    )
    suspend(home, False)
    done = home.cli("rotate", "--heal", "-y", "--timeout", "15s", code=4)
    assert home.logs_in(right)
    (command,) = re.findall(r"kubectl(.* delete pod -n matrix -l app=synapse)", done.err)
    assert "rollout restart" not in done.err
    old = home.pods("synapse")
    home.cluster.check()
    home.run(*shlex.split(command))
    home.cluster.wait(lambda: ready(home) and home.pods("synapse") != old, "a new Synapse", 120)
    home.cluster.node.usage.violations.clear()  # the old one ended while this one started; no database let it in
    assert "accepts the password" in home.cli("rotate", "--heal", "-y").out
    new = home.pods("synapse")
    home.cli("cluster", "reconcile")
    assert home.pods("synapse") == new


def suspend(home: Home, wanted: bool) -> None:
    home.cluster.api.patch(flux.KUSTOMIZATION, "apps", "flux-system", {"spec": {"suspend": wanted}})


def hold(home: Home, password: str) -> None:
    """Let the cluster's Secret hold a password."""
    home.cluster.api.patch("v1/Secret", "matrix-secrets", "matrix", {"stringData": {"POSTGRES_PASSWORD": password}})


def ready(home: Home) -> bool:
    pod = home.cluster.node.pod("synapse")
    return pod is not None and pod.ready


@contextmanager
def refusing(home: Home, branch: str) -> Iterator[None]:
    """A forge that protects a branch."""
    script = f'#!/bin/sh\nif [ "$1" = refs/heads/{branch} ]; then echo "{branch} is protected" >&2; exit 1; fi\n'
    hook = put(home.cluster.forge.repository / "hooks/update", script)
    hook.chmod(0o755)
    try:
        yield
    finally:
        hook.unlink()


def rotating(home: Home) -> subprocess.Popen[bytes]:
    """A rotation in the background, its output in a file."""
    log = (home.cli.repository.parent / "rotate.log").open("wb")
    command = [sys.executable, "-u", "-m", "matrix_secrets", "rotate", "-y", "--timeout", "120s"]
    with log:
        return subprocess.Popen(command, cwd=home.cli.repository, stdout=log, stderr=log)


def log_of(home: Home) -> str:
    return (home.cli.repository.parent / "rotate.log").read_text()
