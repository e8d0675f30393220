"""TURN: Synapse's options, the managed secret, and coturn beside the stack. The secret itself is `generate`'s."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.manifests.nodes import find, text_at
from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.operations.additions import add_file, list_file
from matrix_secrets.operations.draft import Draft
from matrix_secrets.operations.options import Setting, homeservers, plan_settings
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.records import dataclass
from matrix_secrets.stack.coturn import HEAD, NAME, Turn, coturn_text, flux_text, kustomization_text
from matrix_secrets.stack.declarationfile import FILE, load_declarations
from matrix_secrets.stack.fluxowner import covers, owners_of
from matrix_secrets.stack.homeserver import real_public_baseurl, real_server_name
from matrix_secrets.stack.itemlists import append_item
from matrix_secrets.stack.layouts import has_option
from matrix_secrets.stack.model import Layout
from matrix_secrets.stack.namespaces import namespace_of
from matrix_secrets.stack.optionedit import list_of, set_list
from matrix_secrets.stack.rewriting import set_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.fluxowner import Owner
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace

SECRET: Final = "TURN_SHARED_SECRET"  # noqa: S105  a Secret's key
DIRECTORY: Final = "infrastructure/coturn"
_URIS: Final = "turn_uris"
_PATH_OPTION: Final = ("turn_shared_secret_path",)
_NAMED: Final = ("form_secret_path", "macaroon_secret_key_path", "registration_shared_secret_path")
_DECLARATIONS: Final = """\
# Managed secrets beyond the guide's four.
---
secrets:
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user decided: the host that clients are told (None: that of public_baseurl), and coturn's directory."""

    host: str | None = None
    directory: str = DIRECTORY


def plan_turn(workspace: Workspace, stack: Stack, wanted: Wanted) -> Plan:
    """Plan everything but the secret's value and, in the sealed layout, its file.

    Raises RefusedError where the server has no address or no Secret yet, or a file of somebody else's is in the way.
    """
    configs = homeservers([stack])
    turn = _turn(workspace, stack, wanted)
    draft = Draft(workspace)
    changes = list(_files(workspace, draft, stack, turn, wanted.directory))
    settings = [setting for config in configs for setting in _settings(config, turn, stack)]
    plan = plan_settings(workspace, [stack], settings, message="feat(matrix): relay calls with coturn")
    files = [posixpath.join(wanted.directory, f"{name}.yaml") for name in (NAME, "kustomization")]
    paths = dict.fromkeys((FILE, *files, *(change.place.file for change in changes), *plan.paths, *stack.secret_files))
    return Plan(
        changes=(*changes, *plan.changes),
        writes=(*draft.writes(), *plan.writes),
        notes=(*plan.notes, *_notes(turn, files[0])),
        commit_message=plan.commit_message,
        paths=tuple(path for path in paths if draft.read(path) is not None),
        next_commands=("matrix-secrets turn enable --push",),
    )


def _turn(workspace: Workspace, stack: Stack, wanted: Wanted) -> Turn:
    config = stack.homeservers[0]
    url, name = real_public_baseurl(config), real_server_name(config)
    host = wanted.host or (urlsplit(url).hostname if url is not None else None)
    if host is None or name is None:
        raise RefusedError(
            f"the address of {stack.label} is not known yet",
            hint="matrix-secrets configure --server-name NAME --node-ip IP, or name the TURN server's: --host HOST",
        )
    if not stack.secrets:
        raise RefusedError(f"{stack.label} has no Secret to keep {SECRET} in", hint="add one, with POSTGRES_PASSWORD")
    resource = stack.secrets[0]
    return Turn(host, name, namespace_of(workspace, stack, resource), resource.name, SECRET)


def _files(workspace: Workspace, draft: Draft, stack: Stack, turn: Turn, directory: str) -> Iterator[Change]:
    mark, coturn = HEAD.partition("\n")[0], posixpath.join(directory, f"{NAME}.yaml")
    # What stands there may have a digest by now: only a file that is missing is written.
    if draft.read(coturn) is None:
        yield from add_file(draft, coturn, coturn_text(turn), mark=mark)
    yield from add_file(draft, posixpath.join(directory, "kustomization.yaml"), kustomization_text(), mark=mark)
    yield from _declaration(workspace, draft, stack, coturn)
    names = workspace.yaml_files()
    for owner in owners_of(stack.directory, names, workspace.raw):
        file = posixpath.join(owner.cluster, f"{NAME}.yaml")
        if not _applied(draft, owner, directory, file):
            yield from add_file(draft, file, flux_text(owner, _source(owner), directory), mark=mark)
            yield from list_file(draft, file)


def _declaration(workspace: Workspace, draft: Draft, stack: Stack, coturn: str) -> Iterator[Change]:
    if any(each.is_called(SECRET) and each.stack in (None, stack.label) for each in load_declarations(workspace)):
        return
    entry = {"name": SECRET, "stack": stack.label, "restart": [{"kind": "Deployment", "name": NAME, "file": coturn}]}
    raw = draft.read(FILE)
    if raw is None:
        lines = [f"  - name: {SECRET}", f"    stack: {stack.label}", "    restart:"]
        lines += ["      - kind: Deployment", f"        name: {NAME}", f"        file: {coturn}"]
        draft.create(FILE, _DECLARATIONS + "".join(f"{line}\n" for line in lines))
    else:
        stream = parse(decode(raw, FILE), FILE)
        root = stream.documents[0].root if stream.documents else None
        if root is None or not hasattr(root, "items"):
            raise RefusedError("has no list of secrets", place=Place(FILE), hint=f"add {SECRET} to secrets: there")
        draft.change(FILE, [append_item(stream, root, "secrets", entry, place=Place(FILE, "", ("secrets",)))])  # type: ignore[arg-type]
    yield Change(Place(FILE, "", ("secrets",)), "declared", SECRET)


def _applied(draft: Draft, owner: Owner, directory: str, file: str) -> bool:
    """Whether another Kustomization of the same cluster applies that directory already."""
    for other in owners_of(directory, draft.files, draft.read):
        if other.cluster != owner.cluster or other.file == file:
            continue
        built = posixpath.join(other.path, "kustomization.yaml")
        if covers(other, directory) and (other.path == directory or draft.read(built) is None):
            return True
    return False


def _source(owner: Owner) -> dict[str, str]:
    found = find(owner.resource.root, ("spec", "sourceRef"))
    fields = {key: text_at(found, (key,)) for key in ("kind", "name", "namespace")}
    return {key: value for key, value in fields.items() if value} or {"kind": "GitRepository", "name": "flux-system"}


def _settings(config: ConfigText, turn: Turn, stack: Stack) -> Iterator[Setting]:
    present = list_of(config, _URIS)
    if present is None or set(present) != set(turn.uris):
        change = Change(config.place((_URIS,)), "set", ", ".join(turn.uris))
        yield Setting(change, tuple(set_list(config, _URIS, turn.uris)))
    if stack.layout is Layout.SEALED and not has_option(config, _PATH_OPTION[0]):
        beside = next((text for name in _NAMED if (text := config.text((name,)))), "/secrets/x")
        path = posixpath.join(posixpath.dirname(beside), "turn_shared_secret")
        yield Setting(Change(config.place(_PATH_OPTION), "set", path), (set_option(config, _PATH_OPTION, path),))


def _notes(turn: Turn, file: str) -> Iterator[Finding]:
    text = f"coturn listens on the node: UDP and TCP 3478 and UDP 49160 to 49200 of {turn.host} must be let through"
    fix = f"open them in the firewall, forward them in a router; behind NAT add external-ip=ADDRESS to {file}"
    yield Finding("turn-ports", Severity.WARNING, Place(file), text, fix)
