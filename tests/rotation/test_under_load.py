"""All four secrets rotated while people use the server, in both layouts: what each of them notices, in seconds."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tests.rotation.home import NAMES, Home
from tests.rotation.load import User, Watch

if TYPE_CHECKING:
    import pytest

USERS = 3
BEFORE_AND_AFTER = 10  # requests of each user


def test_all_four_under_load(home: Home, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    before = home.values()
    postgres = home.pods("matrix-postgres")
    since = home.sql("SELECT pg_postmaster_start_time()")
    users = [User(home, f"user{number}", home.register(f"user{number}")) for number in range(USERS)]
    watch = Watch(home)
    watch.start()
    for user in users:
        user.start()
    home.cluster.wait(lambda: all(len(user.requests) > BEFORE_AND_AFTER for user in users), "a load", 120)
    assert [user.failed for user in users] == [[]] * USERS

    done = home.cli("rotate", "-y", "--json").json

    so_far = [len(user.requests) for user in users]
    home.cluster.wait(
        lambda: all(len(u.requests) > n + BEFORE_AND_AFTER for u, n in zip(users, so_far, strict=True)), "more", 120
    )
    watch.stop()
    for user in users:
        user.stop()

    after = home.values()
    assert all(before[name] != after[name] for name in NAMES)
    assert watch.told is not None
    failed = [each for user in users for each in user.failed]
    early = [each for each in failed if each.ended < watch.told]
    assert early == [], f"before the old pod was told to stop, {watch.told}: {early}"
    assert [user.lost() for user in users] == [[]] * USERS
    assert all(user.knows_who_it_is() for user in users)
    assert not home.logs_in(before["POSTGRES_PASSWORD"])
    assert home.logs_in(after["POSTGRES_PASSWORD"])
    assert home.pods("matrix-postgres") == postgres
    assert home.sql("SELECT pg_postmaster_start_time()") == since, "PostgreSQL was never restarted"
    assert home.cluster.node.usage.violations == [], "two pods of one Deployment were there at once"
    assert done["steps"][-1]["step"] == "proven"
    said = json.dumps(done) + home.run("logs", "deploy/matrix-postgres").stdout
    assert not [name for name in NAMES if before[name] in said or after[name] in said], "no value in output or log"
    home.works()

    gap, answered = max(user.gap() for user in users), sum(len(user.requests) for user in users)
    with capsys.disabled():
        layout = request.node.callspec.params["home"]
        sys.stdout.write(
            f"\n{layout} layout: nobody answered for {gap:.1f} s (pods away {done['gap_seconds']} s); "
            f"{len(failed)} of {answered} requests failed, none before the old pod was told to stop; "
            f"{sum(len(user.acknowledged) for user in users)} messages acknowledged, all there\n"
        )
