"""Custom resource definitions, from the modules of the programs that use them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import yaml
from kubernetes.dynamic.exceptions import TooManyRequestsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Api, Resource

KIND = "apiextensions.k8s.io/v1/CustomResourceDefinition"


def install(api: Api, *folders: Path) -> None:
    """Apply every definition and wait until each is served."""
    files = [file for folder in folders for file in sorted(folder.glob("*_*.yaml"))]
    definitions = [load(file) for file in files]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(api.create, definitions))
    names = {definition["metadata"]["name"] for definition in definitions}
    end = time.monotonic() + 60
    while not names <= {found["metadata"]["name"] for found in api.list(KIND) if established(found)}:
        assert time.monotonic() < end, "the definitions are not established"
        time.sleep(0.1)
    for definition in definitions:
        while not _served(api, definition):
            assert time.monotonic() < end, f"{definition['metadata']['name']} is not served"
            time.sleep(0.1)


def _served(api: Api, definition: Resource) -> bool:
    spec = definition["spec"]
    version = next(one["name"] for one in spec["versions"] if one["storage"])
    try:
        api.list(f"{spec['group']}/{version}/{spec['names']['kind']}")
    except TooManyRequestsError:  # its storage is being made
        return False
    return True


def load(file: Path) -> Resource:
    found: Resource = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
    return found


def established(definition: Resource) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
