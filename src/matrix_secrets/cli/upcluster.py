"""What the steps of ``up`` do with a cluster."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.findings import Severity
from matrix_secrets.operations.admin import create_admin, new_password, shared_secret, user_id_of
from matrix_secrets.operations.clustername import clusters_of, directory_of, name_for
from matrix_secrets.operations.doctor.case import Local
from matrix_secrets.operations.doctor.diagnosis import Diagnosis
from matrix_secrets.operations.install_key import Repository, plan_own
from matrix_secrets.operations.keyhome import put_keys
from matrix_secrets.operations.keys_holders import names_of
from matrix_secrets.operations.registrationproof import prove_registration
from matrix_secrets.operations.rotation.site import find_site
from matrix_secrets.operations.synapsepod import rolled_out, synapse_of
from matrix_secrets.operations.up import clusterkey, flux, serving
from matrix_secrets.operations.up.deciding import is_deployed
from matrix_secrets.operations.up.elsewhere import require_applied
from matrix_secrets.operations.up.firstpush import has_ciphertext
from matrix_secrets.operations.up.strategies import let_recreate

if TYPE_CHECKING:
    from collections.abc import Collection

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.contexts import Placed
    from matrix_secrets.cluster.workloads import LivePod
    from matrix_secrets.operations.coverage import Named
    from matrix_secrets.operations.keyhome import KeyHome
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.operations.reconcile import Watch
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.operations.synapsepod import Synapse
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import Stack


class OnCluster:
    """One stack on its cluster, in one run. Every method returns what it found or did, and whether that is new."""

    def __init__(self, app: App, placed: Placed, patience: float) -> None:
        self.app = app
        self.cluster = placed.cluster
        self._named = placed.named
        self._directory = placed.stack.directory
        self._patience = patience
        self._watch: Watch | None = None
        self._waiting = "asking the cluster"

    @property
    def said(self) -> str:
        """What is being waited for."""
        return self._watch.said if self._watch is not None else self._waiting

    @property
    def stack(self) -> Stack:
        """The stack, as its files now are."""
        return next(each for each in self.app.stacks if each.directory == self._directory)

    @cached_property
    def site(self) -> Site:
        """Where the stack runs. Raises RefusedError where no Flux Kustomization of the cluster applies it."""
        require_applied(self.cluster, self.app.workspace, self.stack)
        return find_site(self.cluster, self.app.workspace, self.stack)

    @cached_property
    def here(self) -> str:
        """The directory that declares this cluster: ``clusters/home``."""
        return directory_of(self.cluster, self.app.workspace, self.stack)

    @property
    def several(self) -> bool:
        """Whether the repository has more than one cluster."""
        return len(clusters_of(self.app.workspace, self.app.all_stacks)) > 1

    @property
    def home(self) -> KeyHome:
        """The Secret with the cluster's key, as it is now."""
        return clusterkey.home_of(self.cluster, self.app.workspace, [self.stack])

    @cached_property
    def deployed(self) -> bool | None:
        """False where nothing of the stack runs; None where Git has to tell what was applied."""
        return None if is_deployed(self.cluster, self.app.workspace, self.stack) else False

    def key(self) -> tuple[str, bool]:
        """Give the cluster an identity, unless it has one to encrypt for."""
        _ = self.site, self.watch()  # what is missing for all that follows is told before anything is changed
        home = self.home
        mine = {identity.recipient.key for identity in self.app.known_identities.identities}
        if clusterkey.serves(home, mine, self.app.rules):
            return f"Secret {home.shown} has one", False
        clusterkey.put_own(self.cluster, home)
        return f"new, in Secret {home.shown}", True

    def readers(self, mine: Collection[str]) -> list[Named]:
        """The cluster's recipient, to encrypt for; none where it holds one of the user's."""
        home = self.home
        names = names_of(self.app.rules)
        taken = {name for key, name in names.items() if key not in home.recipients}
        name = name_for(taken, self.here, several=self.several)
        return [(key, names.get(key, name)) for key, name in clusterkey.cluster_readers(home, name) if key not in mine]

    def in_force(self) -> None:
        """Wait until the live owner decrypts."""
        ciphertext = has_ciphertext(self.app.work_tree, self.stack)
        flux.until_in_force(self.watch(), self.site, ciphertext=ciphertext)

    def before_ciphertext(self) -> None:
        """Wait out a reconciliation that an earlier step began: while it goes on nothing is in force."""
        if not has_ciphertext(self.app.work_tree, self.stack):
            flux.still_in_force(self.watch(), self.site)

    def recipients(self) -> tuple[Plan, str]:
        """Plan the cluster among the recipients of rules and files that others wrote."""
        work = KeyWork(self.app)
        home, stacks = self.home, [each for each in work.stacks if each.directory == self._directory]
        mine = {identity.recipient.key for identity in self.app.known_identities.identities}
        repository = Repository(
            work.workspace, self.app.rules, work.files, stacks, work.rekeying, mine, self.here, self.several
        )
        done = plan_own(home, repository, new=False)
        if done.keys:
            put_keys(self.cluster, home, done.keys, done.pending)
        names = {file for stack in stacks for file in stack.file_names}
        count = len({recipient for each in work.files if each.file in names for recipient in each.readers})
        return done.plan, f"{count} can read them, the cluster among them"

    def end_recipients(self) -> None:
        """Take the mark of a key that the repository did not know away."""
        clusterkey.end_pending(self.cluster, self.home)

    def applied(self) -> tuple[str, bool]:
        """Wait until the values of Git are live."""
        watch = self.watch()
        freed = let_recreate(self.site, self.stack)
        flux.until_live(watch, self.site, self.stack)
        how = f"; strategy Recreate, which Flux could not set, for {' and '.join(freed)}" if freed else ""
        return f"the values of {watch.goal.short} are live{how}", bool(freed)

    def database(self) -> tuple[str, bool]:
        """Make PostgreSQL accept Git's password."""
        healed = serving.heal_database(self.watch(), self.site, self.stack)
        what = "had another password; it now accepts the one in Git" if healed else "accepts the password in Git"
        return f"{what}, a random one is refused", healed

    def ready(self) -> tuple[str, bool]:
        """Wait until Flux is Ready."""
        watch = self.watch()
        owner = flux.until_ready(watch, self.site)
        return f"{owner.ref} Ready on {watch.goal.short}", False

    def pods(self) -> tuple[str, bool]:
        """Wait for all pods."""
        names = serving.until_settled(self.watch(), self.site, self.stack)
        return f"{', '.join(names)} ready", False

    def synapse(self) -> tuple[str, bool]:
        """Ask Synapse, once it runs with what was pushed."""
        synapse, pod = self._synapse()
        return serving.check_synapse(self.cluster, synapse, pod), False

    def element(self) -> tuple[str, bool]:
        """Look at what Element serves."""
        return serving.check_element(self.site, self.stack) or "the stack has none", False

    def admin(self, name: str) -> tuple[str, SecretValue | None]:
        """Make the administrator; return their Matrix ID, and the password where they are new."""
        stack, password = self.stack, new_password()
        synapse, pod = self._synapse()
        user_id = user_id_of(stack, name)
        account = create_admin(self.cluster, synapse, pod, user_id, password, shared_secret(stack))
        return account.user_id, password if account.created else None

    def check(self, *, opened: bool) -> tuple[str, int]:
        """Try to register, unless that was left open, and look at every link; return the exit code with it."""
        said = "" if opened else f"POST /register: {prove_registration(self.cluster, *self._synapse(), opened=False)}; "
        code = self.diagnose()
        return said + ("every link holds" if code == 0 else "a link is broken"), code

    def diagnose(self) -> int:
        """Show every link between the key and Element, where one is broken; return 1 then."""
        app = self.app
        app.reread()
        context = self.cluster.context if self._named else ""
        several = len(app.all_stacks) > 1
        local = Local(app.work_tree, app.workspace, app.rules, app.known_identities, several=several, context=context)
        looking = Diagnosis(local, self.stack, lambda: self.cluster)
        found = [finding for each in looking.standings() for finding in each.findings]
        broken = any(finding.severity is Severity.ERROR for finding in found)
        if broken:
            app.output.chain(looking.found, looking.title)
        return int(broken)

    def watch(self) -> Watch:
        """Begin a wait for what was pushed last."""
        self._watch = flux.watching(self.cluster, self.app.work_tree, self._patience)
        return self._watch

    def _synapse(self) -> tuple[Synapse, LivePod]:
        synapse = synapse_of(self.app.workspace, self.stack)
        watch = self.watch()

        def told(text: str) -> None:
            watch.said = text

        return synapse, rolled_out(self.cluster, synapse, timeout=self._patience, told=told)
