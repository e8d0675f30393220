"""What the steps of ``up`` do in the repository: an identity, the owners' decryption, contents, commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cli.uptable import Told
from matrix_secrets.cli.uptargets import clusters_of
from matrix_secrets.errors import RefusedError
from matrix_secrets.findings import Severity
from matrix_secrets.operations.apply import apply_plan
from matrix_secrets.operations.keys_generate import generate_key
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.operations.publishing import Publication, Published, publish, refuse_unpublishable
from matrix_secrets.operations.readers import own_recipients
from matrix_secrets.operations.up.firstpush import plan_first_push
from matrix_secrets.operations.up.ownrule import plan_own_rule
from matrix_secrets.operations.up.repository import MESSAGE, is_plain, makings, plan_in_one
from matrix_secrets.operations.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.uptargets import Target
    from matrix_secrets.operations.coverage import Named
    from matrix_secrets.operations.order import Live
    from matrix_secrets.operations.up.deciding import Decisions


class InRepository:
    """The files of all stacks of one run, and its commits."""

    def __init__(self, app: App, targets: Sequence[Target]) -> None:
        self.app = app
        self._targets = targets
        self._paths: list[str] = []

    def identity(self) -> Told:
        """Make sure that the user has an identity."""
        found = self.app.known_identities
        if found.identities or found.locked:
            names = [each.source for each in found.identities] or [each.source for each in found.locked]
            return Told(names[0])
        key = generate_key(self.app.env, None)
        self.app.reread_identities()
        return Told(f"new: {key.shown}; keep a copy (matrix-secrets keys backup FILE)", changed=key.made)

    def first_push(self) -> Plan:
        """Plan what Flux has to have before any ciphertext, for all stacks."""
        app = self.app
        stacks = [(each.stack(app), self._deployed(each.directory)) for each in self._by_directory()]
        return plan_first_push(app.work_tree, app.workspace, stacks, seal=self._targets[0].decisions.seal)

    def planned(self) -> list[Change]:
        """Return what would change, as far as that can be told before the first of it is done."""
        app = self.app
        found = list(self.first_push().changes)
        own = own_recipients(app.known_identities, app.work_tree)
        for each in self._by_directory():
            stack, deployed = each.stack(app), self._deployed(each.directory)
            found += self._own_rule(each).changes
            makes = list(makings(app.work_tree, stack, each.decisions, own, deployed=deployed))
            found += plan_in_one(app.workspace, stack, makes).changes
        return list(dict.fromkeys(found))

    def would_write(self) -> list[tuple[str, str]]:
        """Say what `write` does, by stack."""
        return [(_label(each), _would_write(each.decisions)) for each in self._by_directory()]

    def write(self) -> Iterator[tuple[str, Told]]:
        """Name, addresses, registration, values, layout and ciphertext: stack by stack, each at once."""
        for each in self._by_directory():
            changes = self._write(each)
            with self.app.output.paused():
                self.app.output.changes(changes, done=True)
            text = f"{len(changes)} changes" if changes else "as it should be"
            yield _label(each), Told(text, changed=bool(changes))

    def verify(self) -> Told:
        """Look at everything that can be known without a cluster. Raises RefusedError for an error."""
        app = self.app
        found = verify(app.workspace, app.stacks, app.rules)
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        if errors:
            app.output.findings(errors)
            text = f"verify finds {len(errors)} errors; nothing of this was pushed"
            raise RefusedError(text, hint="mend them, then run the command again")
        return Told("no errors" + (f", {len(found)} warnings" if found else ""))

    def apply(self, plan: Plan) -> None:
        """Write a plan's files, and remember which belong into the commit."""
        self._paths += plan.paths
        if not plan.empty:
            apply_plan(self.app.workspace, plan)
            self.app.reread()

    def publish(self, plan: Plan) -> Published:
        """Write what a plan has, commit and push; what could not be pushed is refused before. Raises as `publish`."""
        app = self.app
        for connection, directories in clusters_of(self._targets):
            from matrix_secrets.operations.order import Live as Asked  # noqa: PLC0415  needs the cluster

            live: Live = Asked(lambda connection=connection: connection)  # type: ignore[misc]
            stacks = [stack for stack in app.stacks if stack.directory in directories]
            refuse_unpublishable(app.work_tree, app.workspace, stacks, plan, Publication(push=True), live)
        if not plan.empty:
            apply_plan(app.workspace, plan)
            app.reread()
        return publish(app.work_tree, plan, Publication(push=True))

    def publish_all(self) -> Published:
        """Commit and push, as one, whatever was written for all stacks."""
        return self.publish(Plan(paths=tuple(dict.fromkeys(self._paths)), commit_message=MESSAGE))

    def _own_rule(self, target: Target) -> Plan:
        stack, clusters = target.stack(self.app), self._readers(target.directory)[len(self._own()) :]
        return plan_own_rule(self.app.workspace, self.app.rules, stack, self.app.all_stacks, clusters)

    def _write(self, target: Target) -> list[Change]:
        app, changes = self.app, list[Change]()
        while not (rule := self._own_rule(target)).empty:
            self.apply(rule)
            changes += rule.changes
        stack = target.stack(app)
        makes = list(
            makings(
                app.work_tree,
                stack,
                target.decisions,
                self._readers(target.directory),
                deployed=self._deployed(target.directory),
            )
        )
        if is_plain(stack):
            plan = plan_in_one(app.workspace, stack, makes)
            self.apply(plan)
            return [*changes, *plan.changes]
        for make in makes:
            plan = make(app.workspace, [target.stack(app)])
            self.apply(plan)
            changes += plan.changes
        return changes

    def _readers(self, directory: str) -> list[Named]:
        """Who reads a stack: the user, and each cluster that applies it, no other."""
        found = self._own()
        mine = list(found)
        for each in self._targets:
            if each.directory == directory and each.online is not None:
                found |= dict(each.online.readers(mine))
        return list(found.items())

    def _own(self) -> dict[str, str]:
        return dict(own_recipients(self.app.known_identities, self.app.work_tree))

    def _deployed(self, directory: str) -> bool | None:
        """False where no cluster has anything of a stack; None where Git has to tell what was applied."""
        found = [each.online.deployed for each in self._targets if each.directory == directory and each.online]
        return False if found and all(each is False for each in found) else None

    def _by_directory(self) -> list[Target]:
        """Return a target for each stack, once."""
        return list({each.directory: each for each in reversed(self._targets)}.values())[::-1]


def _label(target: Target) -> str:
    return target.directory or "."


def _would_write(decisions: Decisions) -> str:
    name = f"server_name {decisions.server_name}" if decisions.server_name else "server_name as it is"
    address = f"address {decisions.node_ip}" if decisions.node_ip else "addresses as they are"
    door = "registration as it is" if decisions.registration_open else "registration closed"
    layout = "sealed layout" if decisions.seal else "layout as it is"
    return f"{name}, {address}, {door}, secrets generated, {layout}, encrypted"
