"""Everywhere that a run can leave something, and what may stand there."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.canary.cases import Case
    from tests.canary.markers import Markers
    from tests.canary.running import Place, Trace

MEMORY = "/dev/shm/"  # noqa: S108  where an editor's copy may stand
# Programs that get the user's whole environment: they run what is the user's own.
THE_USERS_OWN = (("git", "commit"), ("git", "push"))
OBJECTS = "a Git object"
DECRYPTING = {"decrypt", "edit", "updatekeys"}


def standing(place: Place, markers: Markers) -> dict[str, frozenset[str]]:
    """Which files hold markers, by name below the place."""
    found = {}
    for directory in (place.repository, place.home, place.temporary, place.secret):
        for path in directory.rglob("*"):
            if path.is_file() and (held := markers.found_in(path.read_bytes())):
                found[str(path.relative_to(place.directory))] = held
    return {**found, OBJECTS: markers.found_in(place.objects())}


@dataclass
class Search:
    """One run looked through. ``before`` is what stood where before it."""

    case: Case
    place: Place
    markers: Markers
    trace: Trace
    before: dict[str, frozenset[str]]
    found: list[tuple[str, object]] = field(default_factory=list)

    def everywhere(self) -> list[tuple[str, object]]:
        """Return everything that is where it must not be: places, and names of markers."""
        self.output()
        self.children()
        self.passing_files()
        self.files()
        return self.found

    def free(self, what: str, data: bytes, allowed: frozenset[str] = frozenset()) -> None:
        self.held(what, self.markers.found_in(data), allowed)

    def held(self, what: str, held: frozenset[str], allowed: frozenset[str] = frozenset()) -> None:
        if held - allowed:
            self.found.append((what, sorted(held - allowed)))

    def output(self) -> None:
        shown = frozenset(self.case.shows)
        self.free("stdout", self.trace.out, shown)
        self.free("stderr", self.trace.err)
        if shown - self.markers.found_in(self.trace.out):
            self.found.append(("not on stdout, which is there for it", sorted(shown)))

    def children(self) -> None:
        for child in self.trace.of("started"):
            words = child["argv"]
            self.free(f"the arguments of {words[0]}", "\0".join(words).encode())
            own = (Path(words[0]).name, *words[1:2]) in THE_USERS_OWN
            allowed = self.markers.keys if own or DECRYPTING & set(words) else frozenset()
            self.free(f"the environment of {words[:3]}", repr(child["env"]).encode(), allowed)

    def passing_files(self) -> None:
        """Files that were there for a moment only: journals, staged contents, copies."""
        for gone in self.trace.of("os.remove"):
            if not gone["path"].startswith(MEMORY):
                self.held(f"a file that was removed, {gone['path']}", frozenset(gone["held"]))
        for moved in self.trace.of("os.rename"):
            to = moved["to"].removeprefix(f"{self.place.directory}/")
            self.held(f"a file renamed to {to}", frozenset(moved["held"]), self.before.get(to, frozenset()))
        for opened in self.trace.of("open"):
            if not opened["path"].startswith((str(self.place.directory), MEMORY, os.devnull)):
                self.found.append(("opened for writing", opened["path"]))

    def files(self) -> None:
        for name, held in standing(self.place, self.markers).items():
            allowed = self.markers.keys if name in self.case.keys else self.before.get(name, frozenset())
            self.held(f"the file {name}", held, allowed)
        if left := [str(path) for path in self.place.temporary.rglob("*")]:
            self.found.append(("left in TMPDIR", left))
