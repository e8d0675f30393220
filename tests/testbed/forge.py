"""A bare Git repository to push to, and the stand-in for source-controller that turns a push into Flux's artifact."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from kubernetes.dynamic.exceptions import DynamicApiError
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.api import Api, Resource
    from tests.testbed.artifacts import Artifact, ArtifactServer

KIND = "source.toolkit.fluxcd.io/v1/GitRepository"
REQUESTED = "reconcile.fluxcd.io/requestedAt"
POLL = 0.2  # seconds
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass
class Forge:
    """The remote repository, and who fetches from it.

    Every GitRepository gets this one repository, whatever its URL. ``immediate`` says whether a push is fetched at
    once; otherwise only at the source's interval, when its spec changes, or when asked to by annotation, as the real
    one does. While ``failure`` is set each fetch fails with that message, and the last artifact stays.
    """

    repository: Path
    api: Api
    artifacts: ArtifactServer
    immediate: bool = True
    failure: str = ""
    fetches: int = 0
    _fetched: dict[str, tuple[float, str]] = field(default_factory=dict)  # by uid: when, and what the branch was
    _end: Event = field(default_factory=Event)
    _busy: Lock = field(default_factory=Lock)
    _thread: Thread | None = None

    def create(self) -> None:
        """Make the repository: empty, with the branch main to come."""
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.repository), cwd=self.repository.parent)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=cwd or self.repository, capture_output=True, text=True, check=True)
        return done.stdout

    def head(self, branch: str = "main") -> str:
        """The commit a branch points to, empty when there is no such branch."""
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}").strip()

    def reset(self) -> None:
        """An empty repository and no opinion about failures."""
        with self._busy:
            self.immediate, self.failure, self.fetches = True, "", 0
            self._fetched.clear()
            for reference in self.git("for-each-ref", "--format=%(refname)").split():
                self.git("update-ref", "-d", reference)
            for hook in (self.repository / "hooks").iterdir():
                hook.unlink()

    def start(self) -> None:
        self._thread = Thread(target=self._watch, name="source-controller", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join(10)

    def _watch(self) -> None:
        while not self._end.wait(POLL):
            try:
                with self._busy:
                    for source in self.api.list(KIND):
                        self._look_after(source)
            except (DynamicApiError, HTTPError):
                continue  # the API server is away, or somebody else was faster: again in a moment

    def _look_after(self, source: Resource) -> None:
        meta, spec, status = source["metadata"], source["spec"], source.get("status") or {}
        if spec.get("suspend") or meta.get("deletionTimestamp"):
            return
        branch = (spec.get("ref") or {}).get("branch", "master")
        head = self.head(branch)
        when, seen = self._fetched.get(meta["uid"], (-1e9, ""))
        requested = (meta.get("annotations") or {}).get(REQUESTED, "")
        told = requested != status.get("lastHandledReconcileAt", "") or (self.immediate and head != seen)
        changed = meta["generation"] != status.get("observedGeneration")
        due = time.monotonic() - when >= seconds(spec["interval"])
        if not (told or changed or due):
            return
        self._fetched[meta["uid"]] = (time.monotonic(), head)
        self.fetches += 1
        found: Resource = {"observedGeneration": meta["generation"]}
        if requested:
            found["lastHandledReconcileAt"] = requested
        problem = self.failure or ("" if head else f'couldn\'t find remote ref "refs/heads/{branch}"')
        conditions = status.get("conditions") or []
        if problem:
            message = f"failed to checkout and determine revision: unable to clone '{spec['url']}': {problem}"
            reason = "GitOperationFailed"
            failed = condition("FetchFailed", "True", reason, message, meta["generation"], conditions)
            found["conditions"] = [condition("Ready", "False", reason, message, meta["generation"], conditions), failed]
        else:
            name = f"{meta['namespace']}/{meta['name']}"
            artifact = self.artifacts.pack(self.repository, branch, head, "GitRepository", name)
            old = status.get("artifact") or {}
            found["artifact"] = old if old.get("revision") == artifact.revision else described(artifact)
            message = f"stored artifact for revision '{artifact.revision}'"
            found["conditions"] = [
                condition(kind, "True", "Succeeded", message, meta["generation"], conditions)
                for kind in ("Ready", "ArtifactInStorage")
            ]
        self.api.patch_status(KIND, meta["name"], meta["namespace"], found)


def described(artifact: Artifact) -> dict[str, Any]:
    return {
        "path": artifact.path,
        "url": artifact.url,
        "revision": artifact.revision,
        "digest": artifact.digest,
        "size": artifact.size,
        "lastUpdateTime": now(),
    }


def condition(kind: str, status: str, reason: str, message: str, generation: int, old: list[Resource]) -> Resource:
    """A condition; its time is kept where its status is the old one."""
    kept = [one["lastTransitionTime"] for one in old if one["type"] == kind and one["status"] == status]
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": kept[0] if kept else now(),
    }


def seconds(duration: str) -> float:
    """The length of a Go duration such as ``1m0s``."""
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|h|m|s)", duration))


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
