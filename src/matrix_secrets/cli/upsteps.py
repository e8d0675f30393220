"""The steps of ``up``, in order. Each looks at the world, does what is missing, and says what it found or did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matrix_secrets.cli.administrators import show_once
from matrix_secrets.cli.upcluster import OnCluster
from matrix_secrets.errors import RefusedError
from matrix_secrets.findings import Severity
from matrix_secrets.operations.apply import apply_plan
from matrix_secrets.operations.keys_generate import generate_key
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.publishing import Publication, publish, refuse_unpublishable
from matrix_secrets.operations.readers import own_recipients
from matrix_secrets.operations.seal_rollout import Rollout
from matrix_secrets.operations.up.firstpush import plan_first_push, strategies
from matrix_secrets.operations.up.repository import MESSAGE, is_plain, makings, plan_in_one
from matrix_secrets.operations.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.cli.context import App
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.operations.coverage import Named
    from matrix_secrets.operations.order import Live
    from matrix_secrets.operations.up.deciding import Decisions

REMAINING: Final = (
    "a key in the cluster, then the owner's spec.decryption pushed by itself and in force",
    "the rest committed and pushed, applied by Flux",
    "the database, the pods, Synapse and Element looked at; an administrator",
)
FIRST: Final = (
    "the secrets sealed, in a push after that: these manifests were pushed before, and Flux takes strategy Recreate "
    "only once it has applied what stands there now"
)
SECOND: Final = "before that push: what was pushed last applied by Flux, which takes strategy Recreate only then"


@dataclass(frozen=True, slots=True)
class Told:
    """What a step found or did."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """``would`` says what it does, before it does."""

    name: str
    would: str
    run: Callable[[], Told]


class Up:
    """One run. ``code`` is the exit code, ``said`` what is being waited for."""

    def __init__(self, app: App, decisions: Decisions, cluster: Connection | None, patience: float) -> None:
        self.app = app
        self.decisions = decisions
        self.cluster = cluster
        self.code = 0
        self._paths: list[str] = []
        self._rollout = Rollout()
        if cluster is None and decisions.seal:
            self._rollout = strategies(app.work_tree, app.workspace, app.stacks[0], deployed=None)
        self._online = OnCluster(app, cluster, patience) if cluster is not None else None
        self.steps = self._steps()

    @property
    def said(self) -> str:
        """What is being waited for."""
        return self._online.said if self._online is not None else "working"

    def remaining(self) -> tuple[str, ...]:
        """What a run without a cluster leaves to do."""
        key, pushed, looked = REMAINING
        if self._rollout.waiting:
            return key, pushed, FIRST, looked
        return (key, pushed, SECOND, looked) if self._rollout.notes else REMAINING

    def diagnose(self) -> None:
        """Show which link is broken, where there is a cluster to ask."""
        if self._online is not None:
            self._online.diagnose()

    def planned(self) -> list[Change]:
        """Return what would change in the files, as far as that can be told before the first of it is done."""
        app, stack = self.app, self.app.stacks[0]
        deployed = self._online.deployed if self._online is not None else None
        first = plan_first_push(app.work_tree, app.workspace, stack, seal=self.decisions.seal, deployed=deployed)
        readers = own_recipients(app.known_identities, app.work_tree)
        makes = list(makings(app.work_tree, stack, self.decisions, readers, deployed=deployed))
        return list(dict.fromkeys([*first.changes, *plan_in_one(app.workspace, stack, makes).changes]))

    def _steps(self) -> list[Step]:
        online, decisions = self._online, self.decisions
        found = [Step("identity", "an age identity of yours, where sops looks for one", self._identity)]
        if online is not None:
            where = f"an age identity of the cluster's own, on {online.cluster.where}"
            found.append(Step("cluster key", where, lambda: Told(*online.key())))
        found.append(Step("decryption", _would_decrypt(online=online is not None), self._decryption))
        found.append(Step("repository", self._would_write(), self._repository))
        if online is None:
            return [*found, Step("verify", "no errors in the repository", self._verify)]
        found += [
            Step("recipients", "the secrets encrypted for you and the cluster", lambda: self._recipients()),  # noqa: PLW0108
            Step("verify", "no errors in the repository", self._verify),
            Step("push", "a commit with all of it, pushed", self._push),
            Step("applied", "the new values are live", lambda: Told(*online.applied())),
            Step("database", "PostgreSQL accepts the password in Git", lambda: Told(*online.database())),
            Step("Flux", "Ready on that commit", lambda: Told(*online.ready())),
            Step("pods", "every pod of the stack is ready", lambda: Told(*online.pods())),
            Step("Synapse", "/health, /_matrix/client/versions", lambda: Told(*online.synapse())),
            Step("Element", "config.json as it is served", lambda: Told(*online.element())),
        ]
        if decisions.admin is not None:
            found.append(Step("admin", f"{decisions.admin}, with a password that is shown once", self._admin))
        closed = "as it is" if decisions.registration_open else "refused: POST /register"
        return [*found, Step("check", f"registration {closed}; every link from your key to Element", self._check)]

    def _would_write(self) -> str:
        decisions = self.decisions
        name = f"server_name {decisions.server_name}" if decisions.server_name else "server_name as it is"
        address = f"address {decisions.node_ip}" if decisions.node_ip else "addresses as they are"
        door = "registration as it is" if decisions.registration_open else "registration closed"
        layout = "sealed layout" if decisions.seal else "layout as it is"
        if self._rollout.waiting:
            layout = "ready for the sealed layout, which takes a second push"
        return f"{name}, {address}, {door}, secrets generated, {layout}, encrypted"

    def _identity(self) -> Told:
        found = self.app.known_identities
        if found.identities or found.locked:
            names = [each.source for each in found.identities] or [each.source for each in found.locked]
            return Told(names[0])
        key = generate_key(self.app.env, None)
        self.app.reread_identities()
        return Told(f"new: {key.shown}; keep a copy (matrix-secrets keys backup FILE)", changed=key.made)

    def _decryption(self) -> Told:
        app, seal = self.app, self.decisions.seal
        deployed = self._online.deployed if self._online is not None else None
        plan = plan_first_push(app.work_tree, app.workspace, app.stacks[0], seal=seal, deployed=deployed)
        if self._online is None:
            self._apply(plan)
            with app.output.paused():
                app.output.changes(plan.changes, done=True)
            return Told("every owner of the stack decrypts, in the repository", changed=not plan.empty)
        self._refuse_unpublishable(plan)
        self._apply(plan)
        done = publish(app.work_tree, plan, Publication(push=True))
        self._online.in_force()
        return Told("in force" if done.commit is None else f"in force, pushed as {done.commit[:8]}", bool(done.commit))

    def _repository(self) -> Told:
        app = self.app
        deployed = self._online.deployed if self._online is not None else None
        readers = self._readers()
        makes = list(makings(app.work_tree, app.stacks[0], self.decisions, readers, deployed=deployed))
        if is_plain(app.stacks[0]):
            plans = [plan_in_one(app.workspace, app.stacks[0], makes)]
            self._apply(plans[0])
        else:
            plans = []
            for make in makes:
                plans.append(make(app.workspace, app.stacks))
                self._apply(plans[-1])
        self._paths += [path for plan in plans for path in plan.paths]
        changes = [change for plan in plans for change in plan.changes]
        with app.output.paused():
            app.output.changes(changes, done=True)
        return Told(f"{len(changes)} changes" if changes else "as it should be", changed=bool(changes))

    def _readers(self) -> list[Named]:
        own = list(own_recipients(self.app.known_identities, self.app.work_tree))
        return own + (self._online.readers({key for key, _ in own}) if self._online is not None else [])

    def _recipients(self) -> Told:
        if self._online is None:
            return Told("")
        plan, text = self._online.recipients()
        self._apply(plan)
        self._online.end_recipients()
        self._paths += plan.paths
        return Told(text, changed=not plan.empty)

    def _verify(self) -> Told:
        app = self.app
        found = verify(app.workspace, app.stacks, app.rules)
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        if errors:
            app.output.findings(errors)
            text = f"verify finds {len(errors)} errors; nothing of this was pushed"
            raise RefusedError(text, hint="mend them, then run the command again")
        return Told("no errors" + (f", {len(found)} warnings" if found else ""))

    def _push(self) -> Told:
        paths = tuple(dict.fromkeys(self._paths))
        plan = Plan(paths=paths, commit_message=MESSAGE)
        if self._online is not None:
            self._online.before_ciphertext()
        self._refuse_unpublishable(plan)
        done = publish(self.app.work_tree, plan, Publication(push=True))
        pushed = done.pushed is not None and done.pushed.changed
        text = f"{done.commit[:8]}" if done.commit is not None else "nothing new"
        return Told(text + (", pushed" if pushed else ""), changed=done.commit is not None or pushed)

    def _admin(self) -> Told:
        if self._online is None or self.decisions.admin is None:
            return Told("")
        user_id, password = self._online.admin(self.decisions.admin)
        if password is None:
            return Told(f"{user_id} exists already")
        with self.app.output.paused():  # at once: whatever comes after it, nobody could find it out any more
            show_once(self.app, user_id, password)
        return Told(f"{user_id} made", changed=True)

    def _check(self) -> Told:
        if self._online is None:
            return Told("")
        text, self.code = self._online.check(opened=self.decisions.registration_open)
        return Told(text)

    def _apply(self, plan: Plan) -> None:
        if not plan.empty:
            apply_plan(self.app.workspace, plan)
            self.app.reread()

    def _refuse_unpublishable(self, plan: Plan) -> None:
        app, cluster = self.app, self.cluster
        live: Live | None = None
        if cluster is not None:
            from matrix_secrets.operations.order import Live as Asked  # noqa: PLC0415  needs the cluster

            live = Asked(lambda: cluster)
        refuse_unpublishable(app.work_tree, app.workspace, app.stacks, plan, Publication(push=True), live)


def _would_decrypt(*, online: bool) -> str:
    return "spec.decryption of the owner" + (", pushed by itself and in force" if online else "")
