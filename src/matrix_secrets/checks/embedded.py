"""Configurations inside ConfigMaps and Secrets: they parse, name nothing twice, and JSON is JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.checks.subject import Subject, resources_of
from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Mapping, Node, Scalar, Sequence
from matrix_secrets.stack.configtext import read_config
from matrix_secrets.stack.recognition import ELEMENT_KEY, HOMESERVER_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.findings import Finding
    from matrix_secrets.manifests.resources import Entry

BROKEN: Final = error(
    "embedded-broken",
    "A configuration inside a ConfigMap or Secret does not parse: the program that reads it would not start.",
    "Correct the line that the finding names.",
)
NOT_JSON: Final = error(
    "embedded-json-invalid",
    "A `.json` configuration is YAML, but not JSON (a comma too many, single quotes): Element cannot read it.",
    "Correct the line that the finding names.",
)
DUPLICATE: Final = error(
    "duplicate-key",
    "A key stands twice in one mapping: which one counts depends on who reads it, and Kustomize refuses the file.",
    "Delete one of the two.",
)
KINDS: Final = (BROKEN, NOT_JSON, DUPLICATE)

_YAML: Final = (".yaml", ".yml", "log.config")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the texts that can be read."""
    for stack in subject.stacks:
        for resource in resources_of(stack):
            for where in _duplicates(resource.root):
                path, line = where[0], resource.stream.text.count("\n", 0, where[1]) + 1
                yield _duplicate(subject, resource.place(*path[:-1]), path[-1], line)
            if resource.kind not in ("ConfigMap", "Secret"):
                continue
            for entry in resource.entries():
                if not entry.encrypted and entry.key.endswith((*_YAML, ".json")):
                    yield from _text(subject, entry)


def _text(subject: Subject, entry: Entry) -> Iterator[Finding]:
    file = entry.resource.stream.file
    try:
        text = entry.embedded().text
        inner = entry.embedded().parsed()
    except BadManifestError as broken:
        what = "put its base64 there, or move it to stringData:"
        if broken.place is not None and broken.place.line is not None:
            what = _correct(entry, broken.place.line)
        yield BROKEN.at(broken.place or entry.place, broken.message, subject.edit(file, what))
        return
    config = read_config(entry, None)
    if config.why is not None and entry.key in (HOMESERVER_KEY, ELEMENT_KEY):
        yield BROKEN.at(entry.place, config.why.message, config.why.hint or subject.edit(file, "put options there"))
    if entry.key.endswith(".json"):
        try:
            json.loads(text)
        except json.JSONDecodeError as problem:
            place = Place(entry.place.file, entry.place.document, entry.place.path, problem.lineno)
            fix = subject.edit(file, _correct(entry, problem.lineno))
            yield NOT_JSON.at(place, f"column {problem.colno}: {problem.msg}", fix)
    for document in inner.documents:
        for path, at in _duplicates(document.root):
            line = inner.text.count("\n", 0, at) + 1
            place = config.place(path[:-1]) if path[:-1] else entry.place
            yield _duplicate(subject, place, path[-1], line)


def _correct(entry: Entry, line: int) -> str:
    at = entry.embedded().outer_line(line)
    return f"correct line {line} of {entry.key}" + ("" if at is None else f" (line {at})")


def _duplicate(subject: Subject, place: Place, key: str, line: int) -> Finding:
    fix = subject.edit(place.file, f"delete one of the two {key}:")
    return DUPLICATE.at(Place(place.file, place.document, place.path, line), f"{key} stands here a second time", fix)


def _duplicates(root: Node | None) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield path and offset of each key that stands in its mapping before, in source order."""
    pending: list[tuple[tuple[str, ...], Node]] = [] if root is None else [((), root)]
    while pending:
        path, node = pending.pop()
        match node:
            case Mapping():
                seen: set[str] = set()
                for key, _ in node.items:
                    if isinstance(key, Scalar) and key.value in seen and key.value != "<<":
                        yield (*path, key.value), key.start
                    seen.add(key.value if isinstance(key, Scalar) else "")
                pending.extend(
                    ((*path, key.value), value) for key, value in reversed(node.items) if isinstance(key, Scalar)
                )
            case Sequence():
                pending.extend(((*path, str(index)), each) for index, each in reversed(list(enumerate(node.items))))
            case _:
                pass
