"""From wherever a rotation stands to its end: look, do one step, look again."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from matrix_secrets.cluster.failures import UnreachableError
from matrix_secrets.errors import MatrixSecretsError, OutsideError, RefusedError
from matrix_secrets.gitrepo.push import BehindError, RejectedError
from matrix_secrets.operations.rotation import steps
from matrix_secrets.operations.rotation.gap import Gap
from matrix_secrets.operations.rotation.machine import Step, next_step
from matrix_secrets.operations.rotation.sight import look
from matrix_secrets.operations.rotation.words import stranded
from matrix_secrets.operations.rotation.world import Side
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix_secrets.operations.rotation.bench import Bench
    from matrix_secrets.operations.rotation.sight import Sight

_RACES: Final = 5  # times that somebody else may be faster before we give up


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done, and how long it took (seconds); not ``well``: it failed, and there is another way."""

    step: Step
    said: str
    seconds: float
    well: bool = True


class Told(Protocol):
    """Is told of every step."""

    def __call__(self, done: Done) -> None:
        """Take note of it."""


@dataclass(slots=True)
class Drive:
    """One run towards a side. ``sight`` is what was seen last."""

    bench: Bench
    goal: Side
    told: Told
    gap: Gap
    sight: Sight | None = None
    protected: bool = False
    hopeless: bool = False
    races: int = 0

    def run(self) -> None:
        """Do what is left to do. Raises MatrixSecretsError that says what is in force where, and how to go on."""
        try:
            while self._step() is not Step.DONE:
                pass
        except MatrixSecretsError as error:
            raise self._stranded(error) from None

    def _step(self) -> Step:
        begun = time.monotonic()
        self.bench.said = "looking at Git, the cluster and the database"
        self.sight = sight = look(self.bench)
        step = next_step(sight.world, self.goal, protected=self.protected, hopeless=self.hopeless)
        if step is Step.DONE:
            return step
        if step is Step.STOP:
            raise _contested(sight)
        well = True
        try:
            said = self._do(step, sight)
        except OutsideError as error:
            said, well = self._met(step, sight, error), False
        self.told(Done(step, said, time.monotonic() - begun, well))
        return step

    def _met(self, step: Step, sight: Sight, error: OutsideError) -> str:
        """Say how it goes on after a failure, where it does. Raises the error where it does not."""
        if isinstance(error, BehindError) and self.races < _RACES:
            self.races += 1
            return "somebody else was faster; looking again"
        if isinstance(error, RejectedError) and step is Step.PUBLISH:
            self.protected = True
            return f"{self.bench.site.main} takes no push from you: {error.cause or error.message}"
        if isinstance(error, UnreachableError):
            raise error
        forward = self.goal is Side.OLD and sight.world.main is Side.NEW and not sight.world.turned
        if forward and step is not Step.TURN:
            self.hopeless = True
            return f"the new values do not come into force ({error.message}): turning round"
        raise error

    def _do(self, step: Step, sight: Sight) -> str:
        bench, gap = self.bench, self.gap
        acts: dict[Step, Callable[[], str]] = {
            Step.ALTER: lambda: steps.set_password(bench, sight, Side.NEW),
            Step.RESTORE: lambda: steps.set_password(bench, sight, Side.OLD),
            Step.PUBLISH: lambda: self._publish(sight),
            Step.RENEW: lambda: steps.renew(bench, sight),
            Step.TURN: lambda: steps.turn(bench, sight),
            Step.RECONCILE: lambda: steps.reconcile(bench, sight, gap),
            Step.RESTART: lambda: steps.restart(bench, sight, gap),
            Step.PROVE: lambda: steps.prove_reading(bench, sight),
            Step.SETTLE: lambda: steps.settle(bench, sight),
            Step.WAIT: lambda: steps.wait_for_merge(bench, sight),
            Step.CLOSE: lambda: steps.close(bench, sight),
        }
        return acts[step]()

    def _publish(self, sight: Sight) -> str:
        """Publish; where that fails, and main is seen to be as it was, the database gets the old password back."""
        try:
            return steps.publish(self.bench, sight)
        except (BehindError, RejectedError):
            raise
        except OutsideError:
            with suppress(OutsideError):  # where nobody answers, the state is told as it was seen last
                if sight.world.role is not None and self.bench.heads().commits[self.bench.site.main] == sight.main:
                    steps.set_password(self.bench, sight, Side.OLD)
            raise

    def _stranded(self, error: MatrixSecretsError) -> MatrixSecretsError:
        """Say what is in force: looked at now, where it answers, else as it was seen last."""
        with suppress(MatrixSecretsError):
            self.sight = look(self.bench)
            return stranded(error, self.sight.world, seen_now=True)
        return stranded(error, None if self.sight is None else self.sight.world, seen_now=False)


def drive(bench: Bench, goal: Side, told: Told) -> Gap:
    """Bring a rotation to its end: the new values in force everywhere, or the old ones; return the gap there was."""
    run = Drive(bench, goal, told, Gap())
    run.run()
    return run.gap


def _contested(sight: Sight) -> RefusedError:
    main = sight.in_flight.main
    return RefusedError(
        f"somebody has put other values of {', '.join(sight.names)} on {main} since the rotation began",
        cause="which of them are meant, only you can know",
        hint=f"to keep what {main} holds: matrix-secrets rotate --abort",
    )
