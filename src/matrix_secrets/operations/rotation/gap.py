"""For how long nothing served: from the last moment that a pod was seen ready to the first one of a new pod."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(slots=True)
class Gap:
    """Told at each look; ``seconds`` is None while nothing was missed, or it is not over."""

    _since: float | None = None
    seconds: float | None = None

    def saw(self, *, serving: bool) -> None:
        """Take note of a look."""
        now = time.monotonic()
        if serving:
            if self._since is not None:
                self.seconds = (self.seconds or 0.0) + now - self._since
            self._since = None
        elif self._since is None:
            self._since = now
