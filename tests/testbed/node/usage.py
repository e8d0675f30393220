"""Who has which persistent volume in use: never two pods at once, a terminating one included."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock


@dataclass
class Usage:
    """``violations`` says which pods ran on one claim at the same time."""

    violations: list[str] = field(default_factory=list)
    _pods: dict[str, set[str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, claims: dict[str, str], pod: str) -> None:
        """A pod's programs begin to use claims: volume names to uids."""
        with self._lock:
            for volume, uid in claims.items():
                pods = self._pods.setdefault(uid, set())
                if others := pods - {pod}:
                    self.violations.append(f"{pod} started on the volume {volume} while {', '.join(others)} ran on it")
                pods.add(pod)

    def end(self, claims: dict[str, str], pod: str) -> None:
        """All of a pod's programs are gone."""
        with self._lock:
            for uid in claims.values():
                self._pods.get(uid, set()).discard(pod)
