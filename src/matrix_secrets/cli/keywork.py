"""What the commands about keys work with: the encrypted files, who reads them, and what can change that."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from matrix_secrets.errors import OutsideError
from matrix_secrets.operations.keys_files import SealedFile, sealed_files
from matrix_secrets.operations.keys_holders import Holder, holders, names_before, names_of
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.builtinfirst import BuiltinFirst
from matrix_secrets.sops.rekeying import Binary, Rekeying
from matrix_secrets.stack.discovery import StackFiles, find_stack_files, find_stacks, select_stacks
from matrix_secrets.stack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matrix_secrets.cli.context import App
    from matrix_secrets.operations.keys_turns import Told
    from matrix_secrets.stack.model import Stack

_Result = TypeVar("_Result")


class KeyWork:
    """The whole repository: keys do not stop at a stack. Files with age keys are read and changed in process."""

    def __init__(self, app: App) -> None:
        self._app = app
        if app.settings.engine == "binary":
            _ = app.engine  # a program that is asked for by name has to be there
        self.builtin = BuiltinEngine(app.identities, unlock=app.unlocked)
        self.rekeying = Rekeying(self.builtin, self._binary)

    @cached_property
    def workspace(self) -> Workspace:
        """The manifests, read without a process for each file."""
        engine = BuiltinFirst(self.builtin, lambda: self._app.engine)
        tree = self._app.work_tree
        return Workspace(tree.root, tree.git_dir, lambda: engine)

    @cached_property
    def files(self) -> list[SealedFile]:
        """All encrypted manifests."""
        return sealed_files(self.workspace, self._app.rules)

    @cached_property
    def holders(self) -> list[Holder]:
        """All recipients; which of them is ours is looked up without asking for a passphrase."""
        return holders(self.files, self._app.rules, self._app.known_identities, names=self.names)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of the recipients; of one whom the rules have just lost, the one in the last commit."""
        rules = self._app.rules
        found = names_of(rules)
        nameless = {key for each in self.files for key in each.readers} - set(found)
        tree = self._app.work_tree
        if rules is None or not nameless or not rules.path.is_relative_to(tree.root):
            return found
        return {**names_before(tree, rules), **found}

    @cached_property
    def all_stacks(self) -> list[Stack]:
        """Every stack."""
        return self._app.timed("looking for stacks", lambda: find_stacks(self.workspace))

    @cached_property
    def stacks(self) -> list[Stack]:
        """The stacks that --stack and --all-stacks choose."""
        return select_stacks(self.all_stacks, self._app.stack_names, every=self._app.settings.all_stacks)

    @cached_property
    def chosen(self) -> list[StackFiles]:
        """The files of the stacks that --stack and --all-stacks choose."""
        found = self._app.timed("looking for stacks", lambda: find_stack_files(self.workspace))
        return select_stacks(found, self._app.stack_names, every=self._app.settings.all_stacks)

    def counted(self, what: str, work: Callable[[Told], _Result]) -> _Result:
        """Do something file by file, saying how far it is."""
        at = [0, 0]

        def told(number: int, total: int) -> None:
            at[:] = number + 1, total

        with self._app.output.working(lambda: f"{what} {at[0]} of {at[1]}" if at[1] else what):
            return work(told)

    def _binary(self) -> Binary | None:
        """The real sops, if there is one and it is not ruled out."""
        from matrix_secrets.sops.process import SopsProgram, find_sops  # noqa: PLC0415  only where it is needed

        if self._app.settings.engine == "builtin":
            return None
        path = find_sops(self._app.env)
        if path is None:
            return None
        from matrix_secrets.sops.binary import BinaryEngine  # noqa: PLC0415  the same

        try:
            program = SopsProgram.at(path, self._app.env)
        except OutsideError:
            if self._app.settings.engine == "binary":
                raise
            return None
        return Binary(program, BinaryEngine(program, self.builtin))
