"""A rotation in a process of its own, which ends before or after one of its acts: ``stopped.py ROOT COMMAND POINT``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from matrix_secrets.cli.failure import explained
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.rotation import Telling, bench_in_flight, finish, new_bench
from matrix_secrets.cli.session import Session
from matrix_secrets.cli.settings import Settings
from matrix_secrets.errors import MatrixSecretsError, OutsideError
from matrix_secrets.gitrepo.changes import head_commit
from matrix_secrets.operations.rotation.beginning import begin
from matrix_secrets.operations.rotation.planning import plan_rotation
from matrix_secrets.operations.rotation.world import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.cluster.rolepassword import Role
    from matrix_secrets.operations.rotation.acts import Acts
    from matrix_secrets.operations.rotation.bench import Bench
    from matrix_secrets.secretvalue import SecretValue

KILLED = 137
PATIENCE = 90.0  # seconds

_Result = TypeVar("_Result")


class Point(NamedTuple):
    """Where it ends: ``when`` is before or after the act, ``how`` is kill or fail."""

    act: str
    when: str
    how: str

    def __str__(self) -> str:
        return f"{self.how} {self.when} {self.act.replace('_', ' ')}"


class Stopping:
    """The real acts, up to a point."""

    def __init__(self, real: Acts, point: Point) -> None:
        self._real = real
        self._point = point
        self._armed = True

    def create_branch(self, commit: str) -> None:
        self._at("create_branch", lambda: self._real.create_branch(commit))

    def replace_branch(self, commit: str, known: str) -> None:
        self._at("replace_branch", lambda: self._real.replace_branch(commit, known))

    def delete_branch(self, known: str) -> None:
        self._at("delete_branch", lambda: self._real.delete_branch(known))

    def set_role(self, role: Role, verifier: SecretValue) -> None:
        self._at("set_role", lambda: self._real.set_role(role, verifier))

    def publish(self, commit: str, main: str) -> None:
        self._at("publish", lambda: self._real.publish(commit, main))

    def reconcile(self, commit: str) -> str:
        return self._at("reconcile", lambda: self._real.reconcile(commit))

    def follow(self, commit: str, main: str) -> None:
        self._at("follow", lambda: self._real.follow(commit, main))

    def _at(self, act: str, work: Callable[[], _Result]) -> _Result:
        here = self._armed and act == self._point.act
        if here and self._point.when == "before":
            self._stop()
        result = work()
        if here:
            self._stop()
        return result

    def _stop(self) -> None:
        self._armed = False
        if self._point.how == "kill":
            sys.stdout.flush()
            os._exit(KILLED)
        raise OutsideError(f"made to fail: {self._point}")


def main() -> int:
    root, command, *point = sys.argv[1:]
    session = Session(["--no-color"], os.environ)
    app = session.app(Settings.of({"repo": Path(root), "yes": True}), "rotate")
    telling = Telling(app)
    try:
        if command == "rotate":
            work = KeyWork(app)
            rotation = plan_rotation(work.workspace, work.stacks)
            bench = new_bench(app, work.stacks[0].directory, head_commit(app.work_tree) or "HEAD", PATIENCE)
            _arm(bench, point)
            begin(bench, {each.secret.name: each.new for each in rotation.turned}, telling.row)
            return finish(app, bench, Side.NEW, telling)
        found = bench_in_flight(app, PATIENCE)
        assert found is not None
        _arm(found, point)
        return finish(app, found, Side.NEW if command == "resume" else Side.OLD, telling)
    except MatrixSecretsError as error:
        app.output.failed(explained(error))
        return error.exit_code


def _arm(bench: Bench, point: list[Any]) -> None:
    bench.acts = Stopping(bench.acts, Point(*point))


if __name__ == "__main__":
    sys.exit(main())
