"""The proof that an encrypted text is what it should be: opened again as sops does, compared with the plain one."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, Place
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.manifests.comments import attach
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.parse import parse
from matrix_secrets.records import dataclass
from matrix_secrets.sops.blockbody import block_body
from matrix_secrets.sops.format import PREFIX
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.opening import Opened, open_file
from matrix_secrets.sops.treeitems import Leaf, place_of, value_of
from matrix_secrets.sops.walk import walk

if TYPE_CHECKING:
    from matrix_secrets.manifests.comments import Attached
    from matrix_secrets.manifests.nodes import Scalar, Stream
    from matrix_secrets.sops.cipher import DataKey
    from matrix_secrets.sops.sealing import Sealed


@dataclass(frozen=True, slots=True)
class Proof:
    """What came out. ``changed`` are the places whose bytes do not come back, though their value does.

    ``moved_comments`` are comments that sops sees in another branch now that the file is encrypted, with that path.
    """

    changed: tuple[Place, ...] = ()
    moved_comments: dict[int, str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What to say about the changed places."""
        return tuple(
            Finding(
                "formatting-not-kept",
                Severity.WARNING,
                place,
                "decrypting gives the same value in another spelling: folded lines and escapes are not kept",
                "write it as a literal block (|) to have it back as it is",
            )
            for place in self.changed
        )


def prove(plain: Stream, attached: Attached | None, sealed: Sealed, key: DataKey) -> Proof:
    """Open an encrypted text and compare. Raises BadManifestError where it does not come back as it was.

    ``attached`` are the comments of the plain text.
    """
    try:
        stream = parse(sealed.text, plain.file)
        opened = open_file(stream, read_metadata(stream), key, commented=_looked_at(attached))
    except MatrixSecretsError as error:
        raise _not_safe(plain, f"what was encrypted could not be opened again ({error.message})") from None
    if opened.metadata.age != sealed.metadata.age:
        raise _not_safe(plain, "the sops: block did not come out right")
    if attached is not None and (moved := _moved_comments(plain, attached, sealed, opened)):
        return Proof(moved_comments=moved)
    if opened.plain == plain.text:
        return Proof()
    return Proof(changed=_compare(plain, sealed, opened))


def _looked_at(attached: Attached | None) -> list[int]:
    return [] if attached is None else [at for at, document in enumerate(attached.documents) if document is not None]


def _moved_comments(plain: Stream, attached: Attached, sealed: Sealed, opened: Opened) -> dict[int, str]:
    seen = {remark.number: remark for remark in opened.remarks}
    numbers = [number for number in sealed.comment_paths if number not in sealed.entries]
    moved: dict[int, str] = {}
    for after, number in enumerate(numbers):
        path, remark = sealed.comment_paths[number], seen.get(after)
        if remark is None:
            continue  # lost to sops, which drops it
        comment = attached.comments[number]
        text = plain.text[comment.start + 1 : comment.end]
        if remark.encrypted and path != remark.aad and text and not text.startswith(PREFIX):
            moved[number] = remark.aad
        elif not remark.encrypted and path is not None:
            raise BadManifestError(
                "a comment that is in a branch to be encrypted, but that sops would not look for there afterwards",
                place=place_of(plain, remark.document, (), comment.start),
                cause="go-yaml gives comments to branches by indentation and empty lines",
                hint="put it right above the key it belongs to, at the same indentation. Nothing was changed.",
            )
    return moved


def _compare(plain: Stream, sealed: Sealed, opened: Opened) -> tuple[Place, ...]:
    """The places that are spelled differently. Raises BadManifestError where anything else differs."""
    again = parse(opened.plain, plain.file)
    selection = sealed.metadata.selection
    attached = attach(opened.plain) if selection.by_comment else None
    leaves = [item for item in walk(again, selection, attached) if isinstance(item, Leaf)]
    if len(leaves) != len(sealed.leaves):
        raise _not_safe(plain, "it would not have the same values afterwards")
    changed: list[Place] = []
    edits: list[Edit] = []
    for old, new in zip(sealed.leaves, leaves, strict=True):
        before, after = value_of(old.node), value_of(new.node)
        if (old.document, old.place, before.kind, before.text) != (new.document, new.place, after.kind, after.text):
            place = place_of(plain, old.document, old.place, old.node.start)
            raise _not_safe(plain, "its value would not come back", place)
        spelled = opened.plain[new.node.start : _end(opened.plain, new.node)]
        end = _end(plain.text, old.node)
        if old.via is None and plain.text[old.node.start : end] != spelled:
            changed.append(place_of(plain, old.document, old.place, old.node.start))
            edits.append(Edit(old.node.start, end, spelled))
    if splice(plain.text, edits) != opened.plain:
        raise _not_safe(plain, "something beside its values would be spelled differently afterwards")
    return tuple(changed)


def _end(text: str, node: Scalar) -> int:
    """Where a scalar's own characters end; of a block without its last line end and the empty lines behind it."""
    body = block_body(text, node) if node.style in ("|", ">") else None
    return node.end if body is None else body.end


def _not_safe(plain: Stream, why: str, place: Place | None = None) -> BadManifestError:
    return BadManifestError(
        f"cannot be encrypted safely: {why}",
        place=place or Place(plain.file),
        hint="nothing was changed; please report this, with a file of the same shape and made-up values",
    )
