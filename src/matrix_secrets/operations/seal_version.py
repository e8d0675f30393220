"""Only a Synapse that reads all of its secrets from files can be sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError, UsageError
from matrix_secrets.stack.images import Version, in_service, overrides, version_of
from matrix_secrets.stack.synapsepods import SynapseContainer, readers, synapse_containers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.stack.model import Stack

# form_secret_path came last: https://github.com/element-hq/synapse/releases/tag/v1.126.0
MINIMUM: Final = Version(1, 126)
_OPTION: Final = "--synapse-version"


def read_version(text: str | None) -> Version | None:
    """Read what --synapse-version says. Raises UsageError where it is no version."""
    if text is None:
        return None
    found = version_of(text)
    if found is None:
        raise UsageError(f"{text} is no version of Synapse", hint=f"{_OPTION} takes one like 1.163.2")
    return found


def require_version(stack: Stack, said: Version | None) -> None:
    """Make sure that every Synapse of a stack is new enough; ``said`` counts where the image does not tell.

    Raises RefusedError.
    """
    replaced = overrides(stack.streams)
    for found in _workloads(stack):
        named = [each for each in found if in_service(each.image, replaced).is_synapse]
        for container in named or found[:1]:
            image = in_service(container.image, replaced)
            version = (image.version if named else None) or said
            if version is None:
                raise RefusedError(
                    f"{image} does not say which version of Synapse it is",
                    place=container.place("image"),
                    cause=f"the sealed layout needs {MINIMUM} or newer",
                    hint=f"curl …/_matrix/federation/v1/version tells it; then matrix-secrets seal {_OPTION} VERSION",
                )
            if version < MINIMUM:
                raise RefusedError(
                    f"Synapse {version} cannot be sealed: {MINIMUM} is the first that reads all its secrets from files",
                    place=container.place("image"),
                    hint="upgrade Synapse first: https://element-hq.github.io/synapse/latest/upgrade.html",
                )


def _workloads(stack: Stack) -> Iterator[list[SynapseContainer]]:
    for config in stack.homeservers:
        for workload in readers(config, stack.streams):
            found = synapse_containers(workload, config)
            if found:
                yield found
