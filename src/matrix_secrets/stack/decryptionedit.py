"""``spec.decryption`` written into the owner's own manifest, in that manifest's style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.errors import BadManifestError, RefusedError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Scalar, find, text_at
from matrix_secrets.manifests.render import quoted
from matrix_secrets.stack.decryption import DECRYPTION, SOPS, SPEC
from matrix_secrets.stack.insertion import indent_of, insert_key
from matrix_secrets.stack.rewriting import replace_scalar
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from matrix_secrets.manifests.resources import Resource

Fields: TypeAlias = dict[str, "str | Fields"]

_STEP: Final = "  "


def decryption_edits(resource: Resource, secret: str | None) -> list[Edit]:
    """Make the edits that let a Flux Kustomization decrypt with a Secret; None: with the controller's own.

    What is there stays: a Secret that is named already, too. Raises RefusedError for another provider than sops,
    BadManifestError where ``spec`` or ``decryption`` is no mapping.
    """
    root, text = resource.root, resource.stream.text
    spec = find(root, (SPEC,))
    if not isinstance(root, Mapping) or not isinstance(spec, Mapping) or not (spec.items or spec.flow):
        raise _unclear(resource, SPEC)
    step = _STEP if root.flow or spec.flow else indent_of(text, spec)[len(indent_of(text, root)) :] or _STEP
    found = find(spec, (DECRYPTION,))
    match found:
        case None:
            return [_inserted(resource, spec, DECRYPTION, _fields(secret), step)]
        case Scalar() if is_null(found):
            return [_replaced(resource, found, indent_of(text, spec), secret, step, flow=spec.flow)]
        case Mapping(items=()):
            return [_replaced(resource, found, indent_of(text, spec), secret, step, flow=spec.flow)]
        case Mapping():
            return _completed(resource, found, secret, step)
        case _:
            raise _unclear(resource, SPEC, DECRYPTION)


def _replaced(
    resource: Resource, empty: Scalar | Mapping, indent: str, secret: str | None, step: str, *, flow: bool
) -> Edit:
    """Fill what is empty: ``decryption:`` gets no blank at its end."""
    value = _spelled(_fields(secret), indent, step, resource, flow=flow)
    return Edit(_behind_colon(resource.stream.text, empty.start), empty.end, f" {value}" if flow else value)


def _completed(resource: Resource, found: Mapping, secret: str | None, step: str) -> list[Edit]:
    provider = find(found, ("provider",))
    if isinstance(provider, Scalar) and not is_null(provider) and provider.value != SOPS:
        raise RefusedError(
            f"decrypts with {provider.value}, not with sops; nothing was changed",
            place=resource.place(SPEC, DECRYPTION, "provider"),
            hint="take that decryption out, or decrypt the stack in a Kustomization of its own",
        )
    edits = []
    if isinstance(provider, Scalar) and is_null(provider):
        edits.append(replace_scalar(resource.stream.text, provider, SOPS if not found.flow else quoted(SOPS)))
    elif provider is None:
        edits.append(_inserted(resource, found, "provider", SOPS, step))
    if secret is not None and not text_at(found, ("secretRef", "name")):
        if find(found, ("secretRef",)) is not None:
            raise _unclear(resource, SPEC, DECRYPTION, "secretRef")
        edits.append(_inserted(resource, found, "secretRef", {"name": secret}, step))
    return edits


def _fields(secret: str | None) -> Fields:
    return {"provider": SOPS} | ({} if secret is None else {"secretRef": {"name": secret}})


def _inserted(resource: Resource, mapping: Mapping, key: str, value: str | Fields, step: str) -> Edit:
    text = resource.stream.text
    indent = "" if mapping.flow else indent_of(text, mapping)
    spelled = _spelled(value, indent, step, resource, flow=mapping.flow)
    return insert_key(text, mapping, key, spelled, newline=resource.stream.newline)


def _spelled(value: str | Fields, indent: str, step: str, resource: Resource, *, flow: bool) -> str:
    """Spell a value below a key: in a flow collection as JSON, which YAML reads, too."""
    if flow:
        return _json(value)
    if isinstance(value, str):
        return value
    deeper = indent + step
    lines = [f"{deeper}{key}:{_below(each, deeper, step, resource)}" for key, each in value.items()]
    return "".join(resource.stream.newline + line for line in lines)


def _below(value: str | Fields, indent: str, step: str, resource: Resource) -> str:
    spelled = _spelled(value, indent, step, resource, flow=False)
    return f" {spelled}" if isinstance(value, str) else spelled


def _json(value: str | Fields) -> str:
    if isinstance(value, str):
        return quoted(value)
    return "{" + ", ".join(f"{quoted(key)}: {_json(each)}" for key, each in value.items()) + "}"


def _behind_colon(text: str, position: int) -> int:
    """Step back over the blanks before an empty value."""
    while text[position - 1] in " \t":
        position -= 1
    return position


def _unclear(resource: Resource, *path: str) -> BadManifestError:
    place = resource.place(*path)
    hint = f"write it as a mapping in {place.file}. Nothing was changed."
    return BadManifestError("is not a mapping of keys to values", place=place, hint=hint)
