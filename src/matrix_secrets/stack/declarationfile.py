"""``.matrix-secrets.yaml``: the managed secrets that a repository declares beyond the guide's four."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.parse import decode, parse
from matrix_secrets.stack.declaration import Consumer, Declaration, DeclaredPlace
from matrix_secrets.stack.declarations import GUIDE_SECRETS, KNOWN_SECRETS
from matrix_secrets.stack.generator import LONGEST, SHORTEST, Alphabet, Generator
from matrix_secrets.stack.schema import Field

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matrix_secrets.stack.workspace import Workspace

FILE: Final = ".matrix-secrets.yaml"

_SECRET_FIELDS: Final = ("name", "stack", "length", "alphabet", "locations", "restart")
_PLACE_FIELDS: Final = ("file", "kind", "name", "key", "path")
_CONSUMER_FIELDS: Final = ("file", "kind", "name")
_STORES: Final = ("Secret", "ConfigMap")
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_DATABASE_S: Final = ("PG", "POSTGRES_")


def load_declarations(workspace: Workspace) -> tuple[Declaration, ...]:
    """Read the file at the repository's root; nothing where there is none.

    Raises BadManifestError with the line and the key of what is not understood.
    """
    if not (workspace.root / FILE).is_file():
        return ()
    return read_declarations(decode(workspace.raw(FILE), FILE), workspace.root)


def read_declarations(text: str, root: Path | None = None) -> tuple[Declaration, ...]:
    """Read declarations from a text. With a ``root``, the files that they name have to be there."""
    documents = parse(text, FILE).documents
    top = Field(text, FILE, (), documents[0].root if documents else None)
    if top.empty:
        return ()
    top.refuse_other_keys(("secrets",))
    found: list[Declaration] = []
    for field in top.items("secrets"):
        declaration = _declaration(field, root)
        if any(each.is_called(declaration.name) for each in (*found, *GUIDE_SECRETS)):
            raise field.get("name").error(
                f"{declaration.name} is managed already", "give each secret a name of its own"
            )
        found.append(declaration)
    return tuple(found)


def _declaration(field: Field, root: Path | None) -> Declaration:
    field.refuse_other_keys(_SECRET_FIELDS)
    name = field.get("name")
    text = name.text()
    if not _NAME.fullmatch(text):
        raise name.error("is no name of a secret", "capital letters, digits and _: TURN_SHARED_SECRET")
    known = next((each for each in KNOWN_SECRETS if each.is_called(text)), None)
    places = tuple(_place(each, root) for each in field.items("locations")) if field.has("locations") else ()
    by_key = known is not None or not places
    if by_key and text.startswith(_DATABASE_S):
        advice = "call it something else: the Secret is PostgreSQL's environment, which takes such names for its own"
        raise name.error("begins like a variable of PostgreSQL", advice)
    return replace(
        known or Declaration(text),
        generator=_generator(field),
        places=places,
        restart=tuple(_consumer(each, root) for each in field.items("restart")) if field.has("restart") else (),
        by_key=by_key,
        stack=field.get("stack").text().strip("/").removeprefix("./") if field.has("stack") else None,
        where=name.place,
    )


def _generator(field: Field) -> Generator:
    length = Generator().length
    if field.has("length"):
        given = field.get("length")
        length = int(given.text()) if given.text().isdecimal() else 0
        if not SHORTEST <= length <= LONGEST:
            raise given.error(f"is no number from {SHORTEST} to {LONGEST}", "leave it out for 64 characters")
    alphabet = Alphabet.HEX
    if field.has("alphabet"):
        alphabet = Alphabet(field.get("alphabet").one_of(tuple(Alphabet)))
    return Generator(length, alphabet)


def _place(field: Field, root: Path | None) -> DeclaredPlace:
    field.refuse_other_keys(_PLACE_FIELDS)
    return DeclaredPlace(
        kind=field.get("kind").one_of(_STORES),
        name=field.get("name").text(),
        key=field.get("key").text(),
        where=field.place,
        path=field.get("path").keys() if field.has("path") else (),
        file=_file(field, root),
    )


def _consumer(field: Field, root: Path | None) -> Consumer:
    field.refuse_other_keys(_CONSUMER_FIELDS)
    return Consumer(field.get("kind").one_of(_WORKLOADS), field.get("name").text(), field.place, _file(field, root))


def _file(field: Field, root: Path | None) -> str | None:
    if not field.has("file"):
        return None
    given = field.get("file")
    name = given.text().removeprefix("./")
    if root is not None and not _is_inside(root, name):
        raise given.error("is no file of the repository", "name it from the repository's root: apps/coturn/coturn.yaml")
    return name


def _is_inside(root: Path, name: str) -> bool:
    path = (root / name).resolve()
    return path.is_file() and path.is_relative_to(root.resolve())


def known_names() -> Sequence[str]:
    """Return the names that need nothing but themselves."""
    return [each.name for each in KNOWN_SECRETS]
