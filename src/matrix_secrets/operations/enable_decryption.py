"""Flux's order to decrypt: the owner's ``spec.decryption`` and the controller's flag, in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.draft import Draft
from matrix_secrets.operations.patchplace import add_patch, belongs_into_a_patch
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.stack.decryptionedit import decryption_edits
from matrix_secrets.stack.fluxcontroller import CONTROLLER, FLAG, SINCE, Controller, controllers
from matrix_secrets.stack.fluxowner import FLUX_GROUP, Owner, owners_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

SECRET: Final = "sops-age"  # noqa: S105  a Secret's name
_FLAG_PATCH: Final = f"- op: add\n  path: /spec/template/spec/containers/0/args/-\n  value: {FLAG}={SECRET}\n"

_RECONCILE: Final = "matrix-secrets cluster reconcile"
_PUSH: Final = "matrix-secrets cluster enable-decryption --push"


def plan_enable_decryption(
    workspace: Workspace,
    stacks: Sequence[Stack],
    *,
    flag: bool,
    live: tuple[int, int] | None = None,
    pushed: bool = False,
) -> Plan:
    """Plan that every owner of the stacks decrypts: with a Secret of its own, or (``flag``) with the controller's.

    ``live`` is the version of the controller that runs, where it was asked. Nothing changes where it is so already, in
    whatever form. Raises RefusedError where no owner is declared, where the controller is too old for the flag, and
    where a patch would undo the edit.
    """
    work = Enabling(workspace, stacks)
    owners = work.owners()
    if not owners:
        raise _no_owner(stacks)
    if flag:
        for owner in owners:
            work.set_flag(owner, live)
    for owner in owners:
        work.let_decrypt(owner, flag=flag)
    work.prove()
    return Plan(
        changes=tuple(work.changes),
        writes=work.draft.writes(),
        notes=tuple(work.notes),
        commit_message="feat(flux): decrypt the Matrix stack\n\nIn force before any ciphertext is pushed.",
        paths=tuple(dict.fromkeys(work.files)),
        next_commands=(_RECONCILE if pushed else _PUSH,),
    )


class Enabling:
    """The edits of one command, each made on what those before it left."""

    def __init__(self, workspace: Workspace, stacks: Sequence[Stack]) -> None:
        self.draft = Draft(workspace)
        self.changes: list[Change] = []
        self.notes: list[Finding] = []
        self.files: list[str] = []
        self._directories = [stack.directory for stack in stacks]

    def owners(self) -> list[Owner]:
        """Return the owners of all stacks, as they now are."""
        names = self.draft.files
        found = [owner for each in self._directories for owner in owners_of(each, names, self.draft.read)]
        return list({_key(owner): owner for owner in found}.values())

    def set_flag(self, owner: Owner, live: tuple[int, int] | None) -> None:
        """Give the controller of the owner's cluster the flag, unless it has it."""
        controller = self._controller(owner)
        _refuse_old(owner, controller, live)
        if controller is None:
            raise RefusedError(
                f"this repository declares no {CONTROLLER} for {owner.cluster}: the flag has nowhere to go",
                hint="leave --controller-flag out: matrix-secrets cluster enable-decryption",
            )
        if live is None and controller.version is None:
            text = f"which version of {CONTROLLER} this is cannot be told; before {_dotted(SINCE)} it refuses to start"
            fix = f"kubectl -n flux-system get deployment {CONTROLLER} -o wide"
            self.notes.append(Finding("controller-version", Severity.WARNING, controller.resource.place(), text, fix))
        if controller.secret:
            self.files += [each.resource.stream.file for each in controller.lists[:1]]
            return
        target = {"kind": "Deployment", "name": CONTROLLER}
        place = add_patch(self.draft, controller.resource, list(controller.lists), _FLAG_PATCH, target)
        self._changed(Change(place, "patch added", f"{CONTROLLER} {FLAG}={SECRET}"))

    def let_decrypt(self, owner: Owner, *, flag: bool) -> None:
        """Give an owner the decryption that it lacks."""
        owner = next(each for each in self.owners() if _key(each) == _key(owner))
        controller = self._controller(owner)
        of_controller = controller.secret if controller is not None else ""
        if owner.decryption and (owner.secret_name or of_controller):
            self.files.append(owner.place.file)
            if flag and owner.secret_name:
                text = f"Kustomization/{owner.name} names Secret {owner.secret_name} itself, which counts for it"
                self.notes.append(Finding("owner-names-secret", Severity.WARNING, owner.place, text, ""))
            return
        secret = None if flag else SECRET
        detail = "provider sops, the controller's Secret" if flag else f"provider sops, Secret {SECRET}"
        if belongs_into_a_patch(owner, self.draft):
            target = {"kind": "Kustomization", "name": owner.name} if owner.from_instance else None
            place = add_patch(self.draft, owner.resource, None, _owner_patch(owner, secret), target)
            self._changed(Change(place, "patch added", f"Kustomization/{owner.name}: {detail}"))
        else:
            self.draft.change(owner.file, decryption_edits(owner.resource, secret))
            self._changed(Change(owner.resource.place("spec", "decryption"), "decryption added", detail))

    def prove(self) -> None:
        """Make sure that every owner now decrypts. Raises RefusedError where a patch undoes what was added."""
        for owner in self.owners():
            controller = self._controller(owner)
            if not owner.decryption or not (owner.secret_name or (controller is not None and controller.secret)):
                raise RefusedError(
                    f"decides about the decryption of Kustomization/{owner.name}, and leaves it without",
                    place=owner.place,
                    cause="what stands in its own manifest is changed by this patch",
                    hint=f"add secretRef: {{name: {SECRET}}} there. Nothing was changed.",
                )

    def _controller(self, owner: Owner) -> Controller | None:
        found = controllers(self.draft.files, self.draft.read)
        near = [each for each in found if each.resource.stream.file.startswith(f"{owner.cluster}/")]
        return next(iter(near or (found if len(found) == 1 else [])), None)

    def _changed(self, change: Change) -> None:
        self.changes.append(change)
        self.files.append(change.place.file)


def _owner_patch(owner: Owner, secret: str | None) -> str:
    reference = "" if secret is None else f"    secretRef:\n      name: {secret}\n"
    return (
        f"apiVersion: {FLUX_GROUP}/v1\nkind: Kustomization\n"
        f"metadata:\n  name: {owner.name}\n  namespace: {owner.namespace}\n"
        f"spec:\n  decryption:\n    provider: sops\n{reference}"
    )


def _refuse_old(owner: Owner, controller: Controller | None, live: tuple[int, int] | None) -> None:
    if live is not None and live >= SINCE:
        return
    if live is None and (controller is None or not controller.too_old):
        return
    shown = f"{_dotted(live)}, in the cluster" if live is not None else controller.shown if controller else ""
    raise RefusedError(
        f"{CONTROLLER} of {owner.cluster} is {shown}: it does not know {FLAG}, and would not start",
        cause=f"the flag exists since {CONTROLLER} {_dotted(SINCE)} (Flux 2.7)",
        hint="upgrade Flux first, or leave --controller-flag out: the owner then names the Secret itself",
    )


def _no_owner(stacks: Sequence[Stack]) -> RefusedError:
    stack = stacks[0]
    return RefusedError(
        f"no Flux Kustomization in this repository covers {stack.label}",
        cause="what applies the stack is where decryption has to be switched on",
        hint=f"add one with spec.path: ./{stack.directory} to clusters/NAME/; where another repository has it: --live",
    )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _key(owner: Owner) -> tuple[str, str, str]:
    return owner.file, owner.name, owner.namespace
