"""Who reads a file, against who should: recipients that drifted from the rule, blocks that differ from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.checks.kind import error
from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.nodes import Mapping, Scalar, Stream, child, leaves
from matrix_secrets.manifests.resources import Resource
from matrix_secrets.sops.metadata import KEY, Metadata, read_metadata
from matrix_secrets.sops.recipientlists import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.subject import Subject
    from matrix_secrets.findings import Finding

DRIFT: Final = error(
    "recipients-drift",
    "A file's recipients are not those of its rule: somebody who should read it cannot, or can and should not.",
    "`matrix-secrets keys sync`: a file that somebody loses gets a new data key. What they know wants new values.",
)
BLOCKS: Final = error(
    "sops-blocks-differ",
    "The `sops:` blocks of one file differ from document to document: sops reads the first, Flux each resource's own.",
    "Make them equal to the first document's.",
)
BAD_BLOCK: Final = error(
    "sops-block-broken",
    "A file's `sops:` block lacks something, or holds something that sops does not know.",
    "Restore it from Git.",
)
KINDS: Final = (DRIFT, BLOCKS, BAD_BLOCK)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield drift for every SOPS file of the work tree: no key is needed to see it."""
    for file in subject.encrypted_files:
        stream = subject.disk_stream(file)
        if stream is None:
            continue
        yield from _differing(stream)
        try:
            metadata = read_metadata(stream)
        except BadManifestError as broken:
            yield BAD_BLOCK.at(broken.place or Place(file), broken.message, broken.hint or f"git log -p -- {file}")
            continue
        yield from _drift(subject, file, metadata)


def _drift(subject: Subject, file: str, metadata: Metadata) -> Iterator[Finding]:
    rule = subject.rule_for(file)
    if rule is None or rule.groups > 1 or metadata.groups > 1:
        return  # who has a share of the data key, and how many it takes, only sops itself can tell
    readers = [recipient for recipient, _ in metadata.age]
    listed, actual = ({key_of(each) for each in found} for found in (rule.recipients, readers))
    lacking = [subject.who(each) for each in rule.recipients if key_of(each) not in actual]
    surplus = [subject.who(each) for each in readers if key_of(each) not in listed]
    told: list[str] = []
    if lacking:
        told.append(f"{', '.join(dict.fromkeys(lacking))} should read it and cannot")
    if surplus:
        told.append(f"{', '.join(dict.fromkeys(surplus))} can read it and should not")
    if told:
        message = f"{'; '.join(told)}, says rule {rule.index + 1} of {subject.rules_file}"
        yield DRIFT.at(Place(file), message, "matrix-secrets keys sync")


def _differing(stream: Stream) -> Iterator[Finding]:
    blocks = [
        (Resource(stream, each), _block(each.root)) for each in stream.documents if isinstance(each.root, Mapping)
    ]
    first = blocks[0][1] if blocks else None
    for resource, block in blocks[1:]:
        if block == first:
            continue
        what = "has no sops: block" if block is None else "has another sops: block"
        if first is None:
            what = "has a sops: block, and the first document has none"
        fix = f"copy the sops: block of the first document in {stream.file} that has the right one to this one"
        yield BLOCKS.at(resource.place(KEY), f"{what}, unlike the file's first document", fix)


def _block(root: Mapping) -> dict[tuple[str | int, ...], str] | None:
    block = child(root, KEY)
    if block is None:
        return None
    return {leaf.path: leaf.node.value for leaf in leaves(block) if isinstance(leaf.node, Scalar)}
