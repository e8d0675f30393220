"""What a rotation is before anything is done: values, effects and file edits, for both ways to carry it out."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from matrix_secrets.operations.plan import Plan
    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.stack.model import ManagedSecret, Stack


@dataclass(frozen=True, slots=True)
class Effects:
    """What a new value does. ``restarts`` are workloads (``Deployment/synapse``); ``lasts`` is how long it is felt.

    ``by_itself``: Flux's apply restarts them, by the digests in their pod templates; else somebody has to.
    """

    happens: str
    restarts: tuple[str, ...]
    notices: str
    lasts: str
    docs: str
    by_itself: bool = True


@dataclass(frozen=True, slots=True)
class Turned:
    """One secret of one stack with its new value; the old one is the only one that its places hold."""

    stack: Stack = field(repr=False)
    secret: ManagedSecret
    new: SecretValue
    effects: Effects
    in_database: bool = False

    @property
    def old(self) -> SecretValue:
        """The value that is in service."""
        return self.secret.values[0]


@dataclass(frozen=True, slots=True)
class Rotation:
    """Everything that changes in one go, and the plan of the files."""

    turned: tuple[Turned, ...]
    plan: Plan

    @property
    def in_database(self) -> tuple[Turned, ...]:
        """Those that PostgreSQL has to be told, too."""
        return tuple(each for each in self.turned if each.in_database)

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """The stacks that have any."""
        found = {each.stack.directory: each.stack for each in self.turned}
        return tuple(found.values())
