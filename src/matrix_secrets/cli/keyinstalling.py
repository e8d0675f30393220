"""``cluster install-key``: what the Secret holds and will hold, asked about, then done, in the order that protects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.agekeys.identityfile import load_identities
from matrix_secrets.agekeys.places import shown
from matrix_secrets.agekeys.recipient import short
from matrix_secrets.cli.carryout import Before, carry_out
from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.places import shortened
from matrix_secrets.cli.output.terminal import Mark
from matrix_secrets.cli.passphrases import known_passphrase
from matrix_secrets.errors import RefusedError, UsageError
from matrix_secrets.operations.clusterkeys import unread_entries
from matrix_secrets.operations.clustername import clusters_of, directory_of
from matrix_secrets.operations.install_key import Installation, Repository, plan_given, plan_own
from matrix_secrets.operations.keyhome import find_home, put_keys, read_home
from matrix_secrets.operations.keys_backup import worth_keeping
from matrix_secrets.operations.prune_key import plan_prune, prune, refuse_needed

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.options import How
    from matrix_secrets.operations.keyhome import KeyHome


def install_own(app: App, how: How, *, new: bool) -> int:
    """Give the cluster an identity of its own, and let the repository encrypt for it."""
    work = KeyWork(app)
    home = _home(app, work)
    repository = _repository(app, work)
    done = work.counted("adding to file", lambda told: plan_own(home, repository, new=new, told=told))
    return _carry_out(app, work, done, how)


def install_given(app: App, path: Path, how: How) -> int:
    """Give the cluster an identity that exists."""
    work = KeyWork(app)
    identities = worth_keeping(load_identities(path, shown(path, app.env), known_passphrase(None)))
    done = plan_given(_home(app, work), _repository(app, work), identities)
    return _carry_out(app, work, done, how)


def _home(app: App, work: KeyWork) -> KeyHome:
    cluster = app.cluster

    def read() -> KeyHome:
        return read_home(cluster, *find_home(cluster, work.workspace, work.stacks))

    return app.timed("reading the cluster's key", read)


def _repository(app: App, work: KeyWork) -> Repository:
    mine = {identity.recipient.key for identity in app.known_identities.identities}
    several = len(clusters_of(work.workspace, work.stacks)) > 1
    here = directory_of(app.cluster, work.workspace, work.stacks[0]) if several else ""
    return Repository(work.workspace, app.rules, work.files, work.stacks, work.rekeying, mine, here, several)


def _carry_out(app: App, work: KeyWork, done: Installation, how: How) -> int:
    home, cluster = done.home, app.cluster
    _tell(app, work, done)
    if done.keys and not how.dry_run and not app.settings.yes and done.plan.changes:
        places = zip(shortened(change.place for change in done.plan.changes), done.plan.changes, strict=True)
        rows = [Row((place, f"{change.action}, {change.detail}"), Mark.SAME) for place, change in places]
        app.output.rows(rows, "Then the repository encrypts for it, too")
    if done.keys and not how.dry_run and not app.confirm(f"Put that key into {home.shown} on {cluster.where}?"):
        raise RefusedError("not done: nothing was changed")

    def act() -> None:
        if done.keys:
            app.timed("writing the key", lambda: put_keys(cluster, home, done.keys, done.pending))
            app.output.rows([Row((f"Secret {home.shown}", entry, "added"), Mark.DONE) for entry in done.entries])

    nothing = "Every file is encrypted for the cluster already." if not done.keys else "No file changes."
    before = Before(act, tuple(key.recipient.key for key in done.keys))
    code = carry_out(app, done.plan, how, nothing=nothing, stacks=work.all_stacks if how.push else (), before=before)
    if not how.dry_run and (done.pending is not None or home.marked):
        # The repository knows the recipient now: the mark for an interrupted run goes.
        app.timed("ending", lambda: put_keys(cluster, read_home(cluster, home.namespace, home.name), (), None))
    return code


def _tell(app: App, work: KeyWork, done: Installation) -> None:
    """Say which recipients the cluster holds, and which it will."""
    home, cluster = done.home, app.cluster
    app.output.put("cluster", {"context": cluster.context, "server": cluster.server})
    app.output.put("secret", {"namespace": home.namespace, "name": home.name, "added": list(done.entries)})
    app.output.put("recipients", {"before": list(home.recipients), "after": list(done.recipients)})
    rows = [
        Row((short(recipient), work.names.get(recipient, ""), each.entry), Mark.SAME)
        for each in home.held
        for recipient in each.recipients
    ]
    rows += [
        Row((each.entry, "keys of a kind that cannot be looked into"), Mark.SAME) for each in home.held if each.foreign
    ]
    app.output.rows(rows or [Row(("no identity",), Mark.SAME)], f"Secret {home.shown} on {cluster.where} holds")
    new = [(key.recipient.short, entry) for key, entry in zip(done.keys, done.entries, strict=True)]
    if new:
        app.output.rows([Row((key, "new", entry), Mark.SAME) for key, entry in new], "It will hold, too")
    app.output.notes(list(unread_entries(home.secret, cluster.option)))


def prune_keys(app: App, how: How) -> int:
    """End a rollover: nothing that Flux applies needs what goes."""
    if how.commit:
        raise UsageError("--prune changes the cluster and no file: there is nothing to commit", hint="leave one out")
    work, cluster = KeyWork(app), app.cluster
    home, repository = _home(app, work), _repository(app, work)
    pruning = plan_prune(home, repository)
    after = tuple(recipient for each in pruning.staying for recipient in each.recipients)
    app.output.put("cluster", {"context": cluster.context, "server": cluster.server})
    going = [each.entry for each in pruning.going]
    app.output.put("secret", {"namespace": home.namespace, "name": home.name, "removed": going})
    app.output.put("recipients", {"before": list(home.recipients), "after": list(after)})
    if not pruning.going:
        app.output.rows([Row((f"Secret {home.shown} on {cluster.where} holds nothing that could go.",), Mark.SAME)])
        return 0
    app.timed("looking who needs it", lambda: refuse_needed(cluster, pruning, app.work_tree, repository))
    rows = [Row((entry, "stays"), Mark.SAME) for entry in (each.entry for each in pruning.staying)]
    rows += [Row((entry, "goes: no file needs it"), Mark.WARNING) for entry in going]
    app.output.rows(rows, f"Secret {home.shown} on {cluster.where}")
    if how.dry_run:
        return 0
    if not app.confirm(f"Take {', '.join(going)} out of {home.shown} on {cluster.where}? It cannot be brought back."):
        raise RefusedError("not done: nothing was changed")
    app.timed("pruning", lambda: prune(cluster, pruning))
    app.output.rows([Row((entry, "taken out"), Mark.DONE) for entry in going])
    return 0
