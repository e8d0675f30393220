"""Finding the Matrix stacks of a repository, and choosing among them."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, OutsideError, RefusedError, UsageError
from matrix_secrets.manifests.resources import Entry, Resource
from matrix_secrets.records import dataclass
from matrix_secrets.stack.declarationfile import load_declarations
from matrix_secrets.stack.declaredplaces import declared_for
from matrix_secrets.stack.grouping import Content, Group, groups
from matrix_secrets.stack.recognition import Parts, looks_like_a_part, may_hold_parts, parts_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from matrix_secrets.stack.declaration import Declaration
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import ManifestFile, Workspace

_BUNDLES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})


@dataclass(frozen=True, slots=True)
class _Survey:
    """What was found in the files: parts by file, files that could not be read, all directories with a bundle."""

    parts: Mapping[str, Parts]
    files: Sequence[str]
    broken: Mapping[str, MatrixSecretsError]


class Located(Protocol):
    """What is chosen by its directory: a `Stack`, or the names of its files."""

    @property
    def directory(self) -> str: ...  # noqa: D102  (as of `Stack`)
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def file_names(self) -> tuple[str, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class StackFiles:
    """Which files make a stack. Only those that hold a part of it were opened."""

    directory: str
    file_names: tuple[str, ...]

    @property
    def label(self) -> str:
        """The directory as people are shown it."""
        return self.directory or "."


_Located = TypeVar("_Located", bound=Located)


def find_stacks(workspace: Workspace, further: Sequence[Declaration] | None = None) -> list[Stack]:
    """Find all stacks, sorted by directory.

    ``further`` are managed secrets beyond the guide's four; by default those that the repository declares.
    Raises BadManifestError for a file that was meant to be part of a stack and does not parse, OutsideError for one
    in a stack's directory that cannot be read. Files that could not be opened are part of the stack, and marked.
    """
    return [_stack(workspace, survey, group, declared) for survey, group, declared in _found(workspace, further)]


def find_stack_files(workspace: Workspace) -> list[StackFiles]:
    """Find all stacks as `find_stacks` does, and only name their files: a thousand of them are not opened for that."""
    stacks = []
    for survey, group, declared in _found(workspace, None):
        files = _files_of(survey, group)
        stacks.append(StackFiles(group.directory, (*files, *_declared_files(declared, files))))
    return stacks


def select_stacks(stacks: Sequence[_Located], wanted: Iterable[str] = (), *, every: bool = False) -> list[_Located]:
    """Choose the stacks a command works on: those in the ``wanted`` directories, ``every`` one, or the only one.

    Raises RefusedError where there is none, or several and none was named; UsageError for a directory without one.
    """
    if not stacks:
        raise RefusedError(
            "there is no Matrix stack in this repository",
            cause="no manifest holds a homeserver.yaml, a SYNAPSE_… secret or an Element config.json",
            hint="run the command in the repository that holds your manifests, or name it with -C DIR",
        )
    names = [_directory(each) for each in wanted]
    if names:
        chosen = [_in_directory(stacks, name) for name in dict.fromkeys(names)]
        return list({stack.directory: stack for stack in chosen}.values())
    if len(stacks) == 1 or every:
        return list(stacks)
    raise RefusedError(
        f"there are {len(stacks)} Matrix stacks here: {', '.join(stack.label for stack in stacks)}",
        hint=f"say which one: --stack {stacks[0].label}, or --all-stacks",
    )


def _survey(workspace: Workspace, further: Sequence[Declaration]) -> _Survey:
    parts: dict[str, Parts] = {}
    broken: dict[str, MatrixSecretsError] = {}
    files = workspace.yaml_files()
    for file in files:
        try:
            raw = workspace.raw(file)
        except OutsideError as error:
            broken[file] = error
            continue
        if not may_hold_parts(raw, further):
            continue
        try:
            found = parts_of(workspace.read(file).stream, further)
        except BadManifestError:
            if looks_like_a_part(raw):
                raise
            continue
        if found != Parts():
            parts[file] = found
    return _Survey(parts, files, broken)


def _found(
    workspace: Workspace, further: Sequence[Declaration] | None
) -> Iterator[tuple[_Survey, Group, Sequence[Declaration]]]:
    further = load_declarations(workspace) if further is None else further
    survey = _survey(workspace, [declaration for declaration in further if declaration.by_key])
    found = _groups(survey)
    for group in found:
        yield survey, group, declared_for(further, found, group)


def _groups(survey: _Survey) -> list[Group]:
    by_directory: dict[str, list[Parts]] = defaultdict(list)
    for file, parts in survey.parts.items():
        by_directory[posixpath.dirname(file)].append(parts)
    certain = {where: found for where, found in by_directory.items() if any(parts.certain for parts in found)}
    contents = {where: _content(found) for where, found in certain.items()}
    bundles = (posixpath.dirname(file) for file in survey.files if posixpath.basename(file) in _BUNDLES)
    return groups(contents, bundles)


def _files_of(survey: _Survey, group: Group) -> list[str]:
    where = {group.directory, *group.members}
    return [file for file in survey.files if posixpath.dirname(file) in where]


def _declared_files(further: Sequence[Declaration], known: Container[str]) -> list[str]:
    named = dict.fromkeys(file for declaration in further for file in declaration.files)
    return [file for file in named if file not in known]


def _content(found: Iterable[Parts]) -> Content:
    kinds: set[str] = set()
    namespaces: set[str] = set()
    for parts in found:
        held: tuple[tuple[str, Iterable[Resource | Entry]], ...] = (
            ("secret", (*parts.secrets, *parts.maybe_secrets)),
            ("homeserver", parts.homeservers),
            ("element", parts.elements),
        )
        for kind, holders in held:
            for holder in holders:
                kinds.add(kind)
                namespaces.add((holder.resource if isinstance(holder, Entry) else holder).namespace)
    return Content(frozenset(kinds), frozenset(namespaces))


def _stack(workspace: Workspace, survey: _Survey, group: Group, further: Sequence[Declaration]) -> Stack:
    files: list[ManifestFile] = []
    for file in _files_of(survey, group):
        if file in survey.broken:
            raise survey.broken[file]
        try:
            files.append(workspace.read(file))
        except BadManifestError:
            continue  # no part of the stack, or the survey would have raised; `verify` names it
    parts = [survey.parts[file.file] for file in files if file.file in survey.parts]
    files.extend(workspace.read(file) for file in _declared_files(further, {file.file for file in files}))
    from matrix_secrets.stack.assembly import assemble  # noqa: PLC0415  (not for the names of files alone)

    return assemble(group.directory, files, parts, further)


def _directory(name: str) -> str:
    return re.sub(r"^\.(?:/|$)", "", posixpath.normpath(name.strip() or ".")).rstrip("/")


def _in_directory(stacks: Sequence[_Located], name: str) -> _Located:
    """Return the stack of a directory: its own, else the only one below it, else the one that it is a part of."""
    own = [stack for stack in stacks if stack.directory == name]
    below = [stack for stack in stacks if stack.directory.startswith(f"{name}/") or not name]
    around = [stack for stack in stacks if any(posixpath.dirname(file) == name for file in stack.file_names)]
    for found in (own, below, around):
        if len(found) == 1:
            return found[0]
    known = ", ".join(stack.label for stack in (below or stacks))
    raise UsageError(
        f"{name or '.'} holds {'several stacks' if below else 'no Matrix stack'}",
        hint=f"--stack takes one of: {known}",
    )
