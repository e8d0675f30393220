"""The steps of ``up``, in order. Each looks at the world, does what is missing, and says what it found or did.

With several stacks a step is done for all of them before the next begins: that is how one commit holds them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.administrators import show_each_once, show_once
from matrix_secrets.cli.uprepository import InRepository
from matrix_secrets.cli.uptable import Step, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.upcluster import OnCluster
    from matrix_secrets.cli.uptargets import Target
    from matrix_secrets.operations.plan import Change
    from matrix_secrets.secretvalue import SecretValue

REMAINING: Final = (
    "a key in the cluster, then the owner's spec.decryption pushed by itself and in force",
    "the rest committed and pushed, applied by Flux",
    "the database, the pods, Synapse and Element looked at; an administrator",
)


class Up:
    """One run. ``code`` is the exit code, ``said`` what is being waited for."""

    def __init__(self, app: App, targets: list[Target]) -> None:
        self.app = app
        self.targets = targets
        self.code = 0
        self._passwords: list[tuple[str, str, SecretValue]] = []
        self._repository = InRepository(app, targets)
        self._at: OnCluster | None = None
        self.steps = list(self._online_steps() if self.online else self._offline_steps())

    @property
    def online(self) -> bool:
        """Whether there is a cluster at hand."""
        return any(each.online is not None for each in self.targets)

    @property
    def said(self) -> str:
        """What is being waited for."""
        return self._at.said if self._at is not None else "working"

    def remaining(self) -> tuple[str, ...]:
        """What a run without a cluster leaves to do."""
        return REMAINING

    def diagnose(self) -> None:
        """Show which link is broken where a step failed, if that was in a cluster."""
        at = self._at or next((each.online for each in self.targets if each.online is not None), None)
        if at is not None:
            at.diagnose()

    def left_out(self) -> Iterator[tuple[str, str]]:
        """Yield what to know of clusters that apply one of the stacks, too, and were not led through, with the fix."""
        from matrix_secrets.operations.up.elsewhere import clusters_without_key  # noqa: PLC0415  kubernetes: 0.2 s

        for stack in self.app.stacks if self.online else ():
            here = [each.online.here for each in self._online() if each.directory == stack.directory and each.online]
            for other in clusters_without_key(self.app.workspace, self.app.rules, stack, here):
                text = f"{other} applies {stack.label}, too, and cannot decrypt it before it is led through"
                yield text, f"matrix-secrets up --stack {stack.label} --context NAME"

    def planned(self) -> list[Change]:
        """Return what would change in the files, as far as that can be told before the first of it is done."""
        return self._repository.planned()

    def _offline_steps(self) -> Iterator[Step]:
        work = self._repository
        yield self._once("identity", "an age identity of yours, where sops looks for one", work.identity)
        yield self._once("decryption", "spec.decryption of the owner", self._decryption_offline)
        yield Step("repository", work.would_write(), work.write)
        yield self._once("verify", "no errors in the repository", work.verify)

    def _online_steps(self) -> Iterator[Step]:
        work, first = self._repository, self.targets[0].decisions
        yield self._once("identity", "an age identity of yours, where sops looks for one", work.identity)
        where = [
            (each.label, f"an age identity of the cluster's own, on {_of(each).cluster.where}") for each in self.targets
        ]
        yield Step("cluster key", where, self._each(lambda online: online.key()))
        would = "spec.decryption of the owner, pushed by itself and in force"
        yield self._once("decryption", would, self._decryption)
        yield Step("repository", work.would_write(), work.write)
        yield Step("recipients", self._all("the secrets encrypted for you and the cluster"), self._recipients)
        yield self._once("verify", "no errors in the repository", work.verify)
        yield self._once("push", "a commit with all of it, pushed", self._push)
        yield self._asked("applied", "the new values are live", lambda online: online.applied())
        yield self._asked("database", "PostgreSQL accepts the password in Git", lambda online: online.database())
        yield self._asked("Flux", "Ready on that commit", lambda online: online.ready())
        yield self._asked("pods", "every pod of the stack is ready", lambda online: online.pods())
        yield self._asked("Synapse", "/health, /_matrix/client/versions", lambda online: online.synapse())
        yield self._asked("Element", "config.json as it is served", lambda online: online.element())
        if first.admin is not None:
            yield Step("admin", self._all(f"{first.admin}, with a password that is shown once"), self._admins)
        closed = "as it is" if first.registration_open else "refused: POST /register"
        would = f"registration {closed}; every link from your key to Element"
        yield self._asked("check", would, self._check)

    def _all(self, text: str) -> list[tuple[str, str]]:
        return [(each.label, text) for each in self.targets]

    def _once(self, name: str, would: str, work: Callable[[], Told]) -> Step:
        """A step that is one for all stacks."""

        def run() -> Iterator[tuple[str, Told]]:
            yield "", work()

        return Step(name, [("", would)], run)

    def _asked(self, name: str, would: str, work: Callable[[OnCluster], tuple[str, bool]]) -> Step:
        """A step that each stack takes on its cluster."""
        return Step(name, self._all(would), self._each(work))

    def _each(self, work: Callable[[OnCluster], tuple[str, bool]]) -> Callable[[], Iterator[tuple[str, Told]]]:
        def run() -> Iterator[tuple[str, Told]]:
            for each in self._online():
                yield each.label, Told(*work(_of(each)))

        return run

    def _online(self) -> Iterator[Target]:
        """Yield the stacks on their clusters; what fails with one of them is its own."""
        for each in self.targets:
            self._at = each.online
            yield each
        self._at = None

    def _decryption_offline(self) -> Told:
        plan = self._repository.first_push()
        self._repository.apply(plan)
        return Told("every owner of the stack decrypts, in the repository", changed=not plan.empty)

    def _decryption(self) -> Told:
        plan = self._repository.first_push()
        done = self._repository.publish(plan)
        for each in self._online():
            _of(each).in_force()
        return Told("in force" if done.commit is None else f"in force, pushed as {done.commit[:8]}", bool(done.commit))

    def _recipients(self) -> Iterator[tuple[str, Told]]:
        for each in self._online():
            plan, text = _of(each).recipients()
            self._repository.apply(plan)
            yield each.label, Told(text, changed=not plan.empty)
        for each in self._online():
            _of(each).end_recipients()

    def _push(self) -> Told:
        for each in self._online():
            _of(each).before_ciphertext()
        done = self._repository.publish_all()
        pushed = done.pushed is not None and done.pushed.changed
        text = f"{done.commit[:8]}" if done.commit is not None else "nothing new"
        return Told(text + (", pushed" if pushed else ""), changed=done.commit is not None or pushed)

    def _admins(self) -> Iterator[tuple[str, Told]]:
        for each in self._online():
            name = each.decisions.admin or ""
            user_id, password = _of(each).admin(name)
            if password is None:
                yield each.label, Told(f"{user_id} exists already")
                continue
            with self.app.output.paused():  # at once: whatever comes after, nobody could find it out any more
                self._show(each, user_id, password)
            yield each.label, Told(f"{user_id} made", changed=True)

    def _show(self, target: Target, user_id: str, password: SecretValue) -> None:
        self._passwords.append((target.label, user_id, password))
        if len(self.targets) == 1:
            show_once(self.app, user_id, password)
        else:
            show_each_once(self.app, self._passwords)

    def _check(self, online: OnCluster) -> tuple[str, bool]:
        text, code = online.check(opened=self.targets[0].decisions.registration_open)
        self.code = max(self.code, code)
        return text, False


def _of(target: Target) -> OnCluster:
    """The cluster's side of a target, in steps that there are with a cluster only."""
    if target.online is None:
        message = f"{target.label} has no cluster"
        raise AssertionError(message)
    return target.online
