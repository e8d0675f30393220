"""What was seen of the pods while they restarted: for how long none served, and which crash again and again."""

from __future__ import annotations

import time
from dataclasses import field
from typing import Final

from matrix_secrets.records import dataclass

_TOO_OFTEN: Final = 3  # crashes that we have seen ourselves


@dataclass(slots=True)
class Gap:
    """Told at each look; ``seconds`` is None while nothing was missed, or it is not over."""

    _since: float | None = None
    seconds: float | None = None
    _restarts: dict[str, int] = field(default_factory=dict)

    def saw(self, *, serving: bool) -> None:
        """Take note of a look."""
        now = time.monotonic()
        if serving:
            if self._since is not None:
                self.seconds = (self.seconds or 0.0) + now - self._since
            self._since = None
        elif self._since is None:
            self._since = now

    def crashed(self, pod: str, restarts: int) -> bool:
        """Whether a pod has crashed too often since it was seen first."""
        return restarts - self._restarts.setdefault(pod, restarts) >= _TOO_OFTEN
