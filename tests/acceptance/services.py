"""Real PostgreSQL and Synapse as processes on loopback, each ended by its own process id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.testbed import accounts
from tests.testbed.answering import answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# The rules of the official image's pg_hba.conf, with loopback checked as well, as every test is on loopback.
HBA = "local all all trust\nhost all all all scram-sha-256\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged() -> list[str]:
    """What to put before a command that refuses to run as root."""
    user = accounts.unprivileged()
    if user is None:
        return []
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


@contextmanager
def postgres(bin_dir: Path, directory: Path, password: str) -> Iterator[int]:
    """Initialise an empty data directory with a password, as the image does, and serve it; yield the port."""
    before = unprivileged()
    directory.mkdir(parents=True)
    if before:
        uid, gid = (int(part.split("=")[1]) for part in before[1:3])
        os.chown(directory, uid, gid)
        for parent in directory.parents:  # pytest's own are for their owner only
            if not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    data, port = directory / "data", free_port()
    run = [*before, str(bin_dir / "initdb"), "--pgdata", str(data), "--username=postgres", "--auth=trust"]
    subprocess.run([*run, "--encoding=UTF8", "--locale=C"], cwd=directory, check=True, capture_output=True)
    (data / "pg_hba.conf").write_text(HBA)
    log = (directory / "log").open("wb")
    command = [*before, str(bin_dir / "postgres"), "-D", str(data), "-p", str(port), "-k", str(directory)]
    server = subprocess.Popen([*command, "-h", "127.0.0.1"], cwd=directory, stdout=log, stderr=log)
    try:
        wait_for((directory / f".s.PGSQL.{port}").exists, server)
        statements = f"CREATE ROLE synapse LOGIN PASSWORD '{password}';\nCREATE DATABASE synapse OWNER synapse;\n"
        psql = [shutil.which("psql") or str(bin_dir / "psql"), "-h", str(directory), "-p", str(port), "-U", "postgres"]
        asking = [*psql, "-d", "postgres", "-c", "SELECT 1"]  # a moment after the socket it still says "starting up"
        wait_for(lambda: subprocess.run(asking, check=False, capture_output=True).returncode == 0, server)
        done = subprocess.run(
            [*psql, "-v", "ON_ERROR_STOP=1", "-d", "postgres"], input=statements.encode(), check=False
        )
        assert done.returncode == 0
        yield port
    finally:
        server.terminate()
        server.wait(30)
        log.close()


@contextmanager
def synapse(
    python: Path, config: Path, port: int, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Start Synapse on a configuration; yield its address once /health answers."""
    address = f"http://127.0.0.1:{port}"
    log = (config.parent / "synapse.log").open("wb")
    command = [str(python), "-m", "synapse.app.homeserver", "--config-path", str(config), *options]
    server = subprocess.Popen([*command], cwd=config.parent, env=env, stdout=log, stderr=log)
    try:
        wait_for(lambda: answers(f"{address}/health"), server, seconds=120)
        yield address
    except AssertionError as error:
        log.flush()
        tail = (config.parent / "synapse.log").read_text(errors="replace")[-3000:]
        raise AssertionError(f"{error}\n{tail}") from None
    finally:
        server.terminate()
        server.wait(60)
        log.close()


def wait_for(ready: object, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    assert callable(ready)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.poll() is None, f"{server.args!r} ended with {server.returncode}"
        if ready():
            return
        time.sleep(0.1)
    raise AssertionError(f"{server.args!r} was not ready within {seconds} seconds")
