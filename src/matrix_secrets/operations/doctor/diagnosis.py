"""Doctor: the chain of one stack on one cluster, walked once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.operations.doctor.case import Case
from matrix_secrets.operations.doctor.chain import walk
from matrix_secrets.operations.doctor.registry import LINKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.operations.doctor.case import Local
    from matrix_secrets.operations.doctor.link import Standing
    from matrix_secrets.stack.model import Stack


class Diagnosis:
    """What is found, as it is found. Nothing is changed, neither here nor in the cluster."""

    def __init__(self, local: Local, stack: Stack, connect: Callable[[], Connection]) -> None:
        self.found: list[Standing] = []
        self._case = Case(local, stack, connect)
        self._at = ""

    @property
    def title(self) -> str:
        """The stack, and the cluster once that is known."""
        where = f" on {self._case.cluster.where}" if "cluster" in self._case.__dict__ else ""
        return f"{self._case.stack.label}{where}"

    def progress(self) -> str:
        """Say what is looked at."""
        return f"looking at {self._at or 'the files'}"

    def standings(self, *, every: bool = False) -> list[Standing]:
        """Walk the chain; ``every``: links behind a broken one, too."""
        self.found = list(walk(LINKS, self._case, every=every, told=self._tell))
        return self.found

    def _tell(self, link: str) -> None:
        self._at = link
