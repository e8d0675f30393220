"""Which workloads of a stack run what: told by what they read, or, where that has a mistake in it, by their images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.manifests.nodes import text_at
from matrix_secrets.stack.images import image_of
from matrix_secrets.stack.services import synapse_workloads
from matrix_secrets.stack.workloads import Workload, workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.stack.images import Image
    from matrix_secrets.stack.model import Stack


def synapses(stack: Stack) -> list[Workload]:
    """Return Synapse's workloads, workers included: they read a homeserver.yaml."""
    return synapse_workloads(stack) or _by_image(stack, lambda image: image.is_synapse)


def element(stack: Stack) -> Workload | None:
    """Return Element's workload: it reads a config.json of Element's."""
    holders = [config.entry.resource for config in stack.elements]
    reading = [
        workload
        for workload in workloads(stack.streams)
        if any(workload.consumes(each.kind, each.name, each.namespace) for each in holders)
    ]
    return next(iter(reading or _by_image(stack, lambda image: "element" in image.name.rpartition("/")[2])), None)


def _by_image(stack: Stack, wanted: Callable[[Image], bool]) -> list[Workload]:
    return [
        workload
        for workload in workloads(stack.streams)
        if any(wanted(image_of(text_at(each, ("image",)) or "")) for each in workload.containers())
    ]
