"""A complete Flux repository: the stack in the sealed layout, its owner with decryption, the rule for its Secret."""

from __future__ import annotations

import posixpath
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import Place, UsageError
from matrix_secrets.operations.coverage import CONFIG_FILE
from matrix_secrets.operations.plan import Change, Plan
from matrix_secrets.records import dataclass
from matrix_secrets.sops.ruletext import NewRule, new_file, path_regex_for
from matrix_secrets.stack.servername import base_url, check_node_ip, check_server_name
from matrix_secrets.stack.services import DEFAULT_NODE_PORT
from matrix_secrets.transaction import FileWrite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from matrix_secrets.operations.coverage import Named

SECRET_FILE: Final = "apps/matrix/matrix-secrets.yaml"  # noqa: S105  a file's name
MESSAGE: Final = "feat: a Matrix server, for Flux to apply"
_TEMPLATE: Final = "repository"
_NAMES: Final = {"gitignore": ".gitignore"}  # a .gitignore in the package would hide files of it
_HOST: Final = "matrix.example.com"
_URL: Final = f"http://{_HOST}:{DEFAULT_NODE_PORT}"
_CLUSTER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
# Ciphertext and recipients are longer than yamllint's 80 characters.
_RULES_HEAD: Final = "# yamllint disable rule:line-length\n---\n"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user decided; None: a placeholder stays."""

    cluster: str
    server_name: str | None = None
    node_ip: str | None = None


def plan_new(root: Path, wanted: Wanted, readers: Sequence[Named]) -> Plan:
    """Plan the files of a new repository; ``readers`` are who can open its secrets.

    Raises UsageError for values that cannot be.
    """
    _check(wanted)
    contents = {name: _filled(text, wanted) for name, text in _templates(wanted.cluster)}
    if readers:
        rule = NewRule(path_regex_for([SECRET_FILE]), readers, "^(data|stringData)$", mac_only_encrypted=True)
        contents[CONFIG_FILE] = _RULES_HEAD + new_file(rule)
    return Plan(
        changes=tuple(Change(Place(name), "added") for name in contents),
        writes=tuple(FileWrite(root / name, None, text.encode()) for name, text in contents.items()),
        commit_message=MESSAGE,
        paths=tuple(contents),
        next_commands=("matrix-secrets",),
    )


def _check(wanted: Wanted) -> None:
    if not _CLUSTER.fullmatch(wanted.cluster):
        raise UsageError("--cluster: letters, digits, dots and hyphens", hint="--cluster home")
    if wanted.server_name is not None:
        check_server_name(wanted.server_name)
    if wanted.node_ip is not None:
        check_node_ip(wanted.node_ip)


def _filled(text: str, wanted: Wanted) -> str:
    url = base_url(wanted.node_ip, DEFAULT_NODE_PORT) if wanted.node_ip is not None else None
    text = text if url is None else text.replace(_URL, url)
    if wanted.server_name is None:
        return text
    return text.replace(f'"{_HOST}"', f'"{wanted.server_name}"')


def _templates(cluster: str) -> Iterator[tuple[str, str]]:
    top = files("matrix_secrets") / "templates" / _TEMPLATE
    for name, found in _walk(top, ""):
        directory, last = posixpath.split(name.replace("clusters/CLUSTER/", f"clusters/{cluster}/"))
        yield posixpath.join(directory, _NAMES.get(last, last)), found.read_text(encoding="utf-8")


def _walk(directory: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for found in sorted(directory.iterdir(), key=lambda each: each.name):
        name = posixpath.join(prefix, found.name)
        if found.is_dir():
            yield from _walk(found, name)
        else:
            yield name, found
