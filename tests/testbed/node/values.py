"""What a pod refers to in ConfigMaps and Secrets: environment and files, as the kubelet resolves them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.testbed.api import Api, Resource

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][\w.-]*)\)")


class UnresolvedError(Exception):
    """Something a pod refers to is not there; the text is the kubelet's."""


@dataclass(frozen=True, slots=True)
class Values:
    """Reads the ConfigMaps and Secrets of one namespace."""

    api: Api
    namespace: str

    def content(self, kind: str, name: str, *, optional: bool = False) -> dict[str, bytes]:
        """Every entry of a ``ConfigMap`` or ``Secret``. Raises UnresolvedError."""
        found = self.api.get(f"v1/{kind}", name, self.namespace)
        if found is None:
            if optional:
                return {}
            raise UnresolvedError(f'{kind.lower()} "{name}" not found')
        data, binary = found.get("data") or {}, found.get("binaryData") or {}
        if kind == "Secret":
            return {key: base64.b64decode(value) for key, value in data.items()}
        plain = {key: value.encode() for key, value in data.items()}
        return plain | {key: base64.b64decode(value) for key, value in binary.items()}

    def environment(self, container: Resource, fields: dict[str, str]) -> dict[str, str]:
        """A container's variables: envFrom first, then env. Raises UnresolvedError."""
        found: dict[str, str] = {}
        for source in container.get("envFrom") or ():
            for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
                if ref := source.get(key):
                    content = self.content(kind, ref["name"], optional=ref.get("optional", False))
                    prefix = source.get("prefix", "")
                    found |= {f"{prefix}{entry}": value.decode() for entry, value in content.items()}
        for variable in container.get("env") or ():
            value = self._value(variable, fields)
            if value is not None:
                found[variable["name"]] = expand(value, found)
        return found

    def _value(self, variable: Resource, fields: dict[str, str]) -> str | None:
        source = variable.get("valueFrom")
        if source is None:
            return str(variable.get("value", ""))
        if ref := source.get("fieldRef"):
            return fields.get(ref["fieldPath"], "")
        for kind, key in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            if ref := source.get(key):
                optional = ref.get("optional", False)
                content = self.content(kind, ref["name"], optional=optional)
                if ref["key"] in content:
                    return content[ref["key"]].decode()
                if optional:
                    return None
                raise UnresolvedError(f"couldn't find key {ref['key']} in {kind} {self.namespace}/{ref['name']}")
        return None


def expand(text: str, variables: dict[str, str]) -> str:
    """Replace each ``$(NAME)`` that is known; ``$$`` is a dollar sign."""
    return _REFERENCE.sub(
        lambda match: "$" if match[0] == "$$" else variables.get(match[1], match[0]),
        text,
    )
