"""What a command works with, each part made when it is first asked for."""

from __future__ import annotations

import os
import posixpath
import time
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from matrix_secrets.cli import questions
from matrix_secrets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matrix_secrets.agekeys.discovery import Discovered
    from matrix_secrets.agekeys.identity import Identity
    from matrix_secrets.cli.output.interface import Output
    from matrix_secrets.cli.settings import Settings
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.sops.engine import Engine
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

_Result = TypeVar("_Result")


class App:
    """The repository, its stacks, the identities and the engine, as the global options say."""

    def __init__(self, settings: Settings, output: Output, env: Mapping[str, str]) -> None:
        if settings.quiet and settings.verbose:
            raise UsageError("-q and -v contradict each other", hint="leave one of them out")
        self.settings = settings
        self.output = output
        self.env = env
        self._begun = time.monotonic()

    @cached_property
    def work_tree(self) -> WorkTree:
        """The Git work tree; what an interrupted run left there is finished or undone first, and told."""
        from matrix_secrets.gitrepo.locate import find_work_tree  # noqa: PLC0415  not for `keys generate`, --help
        from matrix_secrets.sops.memorydirectory import remove_abandoned  # noqa: PLC0415
        from matrix_secrets.transaction import pending  # noqa: PLC0415

        remove_abandoned(self.env)
        tree = find_work_tree(self.settings.start)
        if pending(tree.state_dir):
            self._recover(tree)
        return tree

    @cached_property
    def workspace(self) -> Workspace:
        """The manifests below the work tree's root."""
        from matrix_secrets.stack.workspace import Workspace  # noqa: PLC0415  brings the YAML parser

        return Workspace(self.work_tree.root, self.work_tree.git_dir, lambda: self.engine)

    @cached_property
    def all_stacks(self) -> list[Stack]:
        """Every stack of the repository."""
        from matrix_secrets.stack.discovery import find_stacks  # noqa: PLC0415

        return self.timed("looking for stacks", lambda: find_stacks(self.workspace))

    @cached_property
    def stacks(self) -> list[Stack]:
        """The stacks that --stack and --all-stacks choose."""
        from matrix_secrets.stack.discovery import select_stacks  # noqa: PLC0415

        return select_stacks(self.all_stacks, self.stack_names, every=self.settings.all_stacks)

    @property
    def stack_names(self) -> list[str]:
        """The directories of --stack, below the root."""
        settings = self.settings
        if settings.stacks and settings.all_stacks:
            raise UsageError("--stack and --all-stacks contradict each other", hint="leave one of them out")
        return [self.directory(name) for name in settings.stacks]

    @cached_property
    def known_identities(self) -> Discovered:
        """What stands where sops looks for identities; those under a passphrase stay locked."""
        from matrix_secrets.agekeys.discovery import find_identities  # noqa: PLC0415

        found = find_identities(self.env)
        for identity in found.identities:
            self.output.detail(f"identity {identity.recipient} from {identity.source}")
        for locked in found.locked:
            self.output.detail(f"identity under a passphrase: {locked.source}")
        for unusable in found.unusable:
            self.output.detail(f"identity that cannot be used: {unusable.source} {unusable.reason}")
        return found

    @cached_property
    def discovered(self) -> Discovered:
        """The same, unlocked: a passphrase is asked for once, and on a terminal only."""
        found = self.known_identities
        if found.locked and not questions.possible():
            names = ", ".join(each.source for each in found.locked)
            self.output.note(f"{names} is under a passphrase, which can be asked for in a terminal only")
        elif found.locked:
            with self.output.paused():
                found = found.unlock(questions.passphrase)
        for unusable in found.unusable:  # nothing else opens the file: one of these might have
            named = unusable.source in unusable.reason
            self.output.note(unusable.reason if named else f"{unusable.source}: {unusable.reason}")
        return found

    def identities(self) -> Sequence[Identity]:
        """Return the identities that can be used as they are."""
        return self.known_identities.identities

    def unlocked(self) -> Sequence[Identity]:
        """Return all identities, those under a passphrase too."""
        return self.discovered.identities

    @cached_property
    def engine(self) -> Engine:
        """What does SOPS."""
        from matrix_secrets.sops.choose import choose_engine  # noqa: PLC0415

        engine = choose_engine(self.settings.engine, self.identities, self.env, unlock=self.unlocked)
        self.output.detail(f"engine {engine.name}")
        return engine

    @cached_property
    def rules(self) -> CreationRules | None:
        """The creation rules of ``.sops.yaml``; None where there is no such file."""
        from matrix_secrets.sops.creationrules import load_rules  # noqa: PLC0415

        return load_rules(self.work_tree.root)

    def reread(self) -> None:
        """Look at the files anew: a step before has written some."""
        self._forget("workspace", "all_stacks", "stacks", "rules")

    def reread_identities(self) -> None:
        """Look for identities anew, and at the files with them: a step before has made one."""
        self._forget("known_identities", "discovered", "engine")
        self.reread()

    def _forget(self, *names: str) -> None:
        for name in names:
            self.__dict__.pop(name, None)

    @property
    def asks(self) -> bool:
        """Whether somebody is there to answer a question."""
        return questions.possible()

    @cached_property
    def cluster(self) -> Connection:
        """The cluster of --context, or of the kubeconfig's current one; nothing is sent yet."""
        from matrix_secrets.cluster.connection import connect  # noqa: PLC0415  kubernetes: 0.2 s

        found = self.timed("reading the kubeconfig", lambda: connect(self.settings.context))
        self.output.detail(f"cluster {found.where}")
        return found

    @property
    def cluster_named(self) -> bool:
        """Whether somebody has said which cluster is meant: --context, or KUBECONFIG. A default one is not asked."""
        return self.settings.context is not None or bool(self.env.get("KUBECONFIG"))

    def confirm(self, question: str, *, default: bool = False) -> bool:
        """Ask a question that names what is at stake; --yes answers it."""
        with self.output.paused():
            return questions.confirm(question, yes=self.settings.yes, default=default)

    def file(self, name: str) -> str:
        """Return a file argument relative to the root, with ``/``. Raises UsageError for what is not a file there."""
        path = self._below_start(name)
        root = self.work_tree.root
        if path is None:
            raise UsageError(f"{name} is not in the repository {root}", hint="name a file of the repository")
        if (root / path).is_file():
            return path
        # Messages name files from the root: their commands have to work in every directory.
        from_root = posixpath.normpath(name)
        if not from_root.startswith(("/", "../")) and (root / from_root).is_file():
            return from_root
        raise UsageError(
            f"there is no file {name}", hint="name a file, relative to this directory or to the repository's root"
        )

    def directory(self, name: str) -> str:
        """Read a stack's directory: relative to where the user is if there is such a one, else as it was written."""
        path = self._below_start(name)
        return path if path is not None and (self.work_tree.root / path).is_dir() else name

    def finish(self) -> None:
        """Tell, with -v, what was read and how long it all took."""
        if "workspace" in self.__dict__:
            self.output.detail(f"read {', '.join(self.workspace.files_read) or 'no manifest'}")
        self.output.detail(f"{time.monotonic() - self._begun:.3f} s")

    def timed(self, what: str, work: Callable[[], _Result]) -> _Result:
        """Do something, with a clock if it takes long, and with -v how long it took."""
        begun = time.monotonic()
        with self.output.working(what):
            result = work()
        self.output.detail(f"{what}: {time.monotonic() - begun:.3f} s")
        return result

    def _recover(self, tree: WorkTree) -> None:
        from matrix_secrets.transaction import recover  # noqa: PLC0415  only after an interruption

        recovery = recover(tree.root, tree.state_dir)
        for files, what in ((recovery.finished, "finished"), (recovery.undone, "undone")):
            if files:
                self.output.note(f"An earlier run was interrupted; {what} what it had begun: {', '.join(files)}")

    def _below_start(self, name: str) -> str | None:
        path = os.path.realpath(self.settings.start / name)
        root = self._real_root
        if path == root:
            return "."
        below = path.removeprefix(os.path.join(root, ""))  # noqa: PTH118  (a thousand files can be named)
        return below.replace(os.sep, "/") if below != path else None

    @cached_property
    def _real_root(self) -> str:
        return os.path.realpath(self.work_tree.root)
