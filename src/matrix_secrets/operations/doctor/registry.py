"""All links, in the order of the chain: a new one is a file of its own and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.operations.doctor import (
    clusterkey,
    configuration,
    controller,
    database,
    element,
    files,
    identity,
    livesecret,
    owner,
    pods,
    source,
    synapse,
)
from matrix_secrets.operations.doctor.link import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.checks.kind import Kind

_FLUX: Final = ("cluster key", "controller", "owner")
_GIT: Final = ("identity", "files", "source")

LINKS: Final = (
    Link("identity", (), (), identity.KINDS, identity.look),
    Link("files", (), ("identity",), files.KINDS, files.look),
    Link("source", (), (), source.KINDS, source.look),
    Link("cluster key", (), (), clusterkey.KINDS, clusterkey.look),
    Link("controller", (), (), controller.KINDS, controller.look),
    Link("owner", (), ("source", "cluster key", "controller"), owner.KINDS, owner.look),
    Link("live Secret", (*_GIT, *_FLUX), (), livesecret.KINDS, livesecret.look),
    Link("configuration", (*_GIT, *_FLUX), ("live Secret",), configuration.KINDS, configuration.look),
    Link("database", ("live Secret",), (), (*database.KINDS, *pods.KINDS), database.look),
    Link("Synapse", ("configuration", "database"), (), synapse.KINDS, synapse.look),
    Link("Element", ("configuration", "Synapse"), (), element.KINDS, element.look),
)


def kinds() -> Iterator[Kind]:
    """Yield all kinds of findings beyond those of `verify`, each once: the reference page lists exactly these."""
    yield from dict.fromkeys(kind for link in LINKS for kind in link.kinds)
