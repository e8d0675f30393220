"""The programs of a testbed, each from its part (tests/parts)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.part import find_programs, load_parts

if TYPE_CHECKING:
    from pathlib import Path

CONTROL_PLANE = ("etcd", "kubernetes", "kustomize-controller", "kwok", "crds", "kubectl")
SERVICES = ("postgres", "synapse")


@dataclass(frozen=True, slots=True)
class Programs:
    """Where each program is, and each folder of CRDs."""

    paths: dict[str, Path]

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]


# Looked up now: a test's HOME, and with it the cache, is another one.
_FOUND = {name: find_programs(part) for name, part in load_parts().items() if name in {*CONTROL_PLANE, *SERVICES}}


def find(*parts: str) -> Programs:
    """Look the programs of some parts up. Raises LookupError, naming what is missing."""
    found = {name: _FOUND[name] for name in parts}
    if missing := [name for name, programs in found.items() if programs is None]:
        raise LookupError(f"{', '.join(missing)} missing: make parts")
    return Programs({name: path for programs in found.values() for name, path in (programs or {}).items()})
