"""A work tree of the guide's repository, cloned from the testbed's forge and followed by its Flux."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.testbed import flux

if TYPE_CHECKING:
    from tests.testbed.cluster import Cluster

GUIDE = Path(__file__).resolve().parent.parent / "fixtures/guide"
ADDRESS = "192.168.1.100"
PLACEHOLDER = "CHANGE_ME_BEFORE_DEPLOY"
KEYS = {
    "POSTGRES_PASSWORD": "password",
    "SYNAPSE_MACAROON_SECRET_KEY": "macaroon_secret_key",
    "SYNAPSE_REGISTRATION_SHARED_SECRET": "registration_shared_secret",
    "SYNAPSE_FORM_SECRET": "form_secret",
}


@dataclass(frozen=True, slots=True)
class FluxRepository:
    """A clone in ``root``; ``origin`` is the testbed's bare repository."""

    root: Path
    cluster: Cluster

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {arguments}: {done.stderr}"
        return done.stdout

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    def push(self, message: str = "Change") -> str:
        """Commit whatever changed and push it; return the commit."""
        self.git("add", "--all")
        if self.git("status", "--porcelain"):
            self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "--set-upstream", "origin", "HEAD:main")
        return self.head()

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file}: no {old!r}"
        path.write_text(text.replace(old, new))

    def fill_in(self) -> dict[str, str]:
        """Do the guide's steps 3 to 6 by hand, in plain text; return the values by the Secret's keys."""
        values = {key: secrets.token_hex(16) for key in KEYS}
        for key, option in KEYS.items():
            self.edit("apps/matrix/postgres.yaml", f"{key}: {PLACEHOLDER}", f"{key}: {values[key]}")
            quote = "" if option == "password" else '"'
            old, new = (f"{option}: {quote}{value}{quote}" for value in (PLACEHOLDER, values[key]))
            self.edit("apps/matrix/synapse.yaml", old, new)
        for name in ("synapse.yaml", "element.yaml"):
            self.edit(f"apps/matrix/{name}", "matrix.example.com", ADDRESS)
            self.edit(f"apps/matrix/{name}", "<NODE_IP>", ADDRESS)
        return values

    def recreate(self, *names: str) -> None:
        """Give Deployments ``strategy: Recreate``: one pod ends before the next begins."""
        for name in names:
            self.edit(f"apps/matrix/{name}.yaml", "  replicas: 1\n", "  replicas: 1\n  strategy: {type: Recreate}\n")

    def annotate(self, name: str, key: str, value: str) -> None:
        """Change a Deployment's pod template, which replaces its pod."""
        old = "  template:\n    metadata:\n"
        self.edit(f"apps/matrix/{name}.yaml", old, f"{old}      annotations: {{{key}: {value}}}\n")

    def bootstrap(self) -> None:
        """What ``flux bootstrap`` does last: apply its own manifests from the work tree. Flux does the rest."""
        folder = self.root / "clusters/home/flux-system"
        for name in ("gotk-components.yaml", "gotk-sync.yaml"):
            documents = yaml.load_all((folder / name).read_text(), Loader=yaml.CSafeLoader)
            self.cluster.api.apply_all((one for one in documents if one), manager="flux")

    def wait_applied(self, commit: str | None = None, seconds: float = 240) -> None:
        """Wait until flux-system and apps are Ready on a commit, by default the last one."""
        wanted = commit or self.head()
        for name in (flux.SYSTEM, "apps"):
            self.cluster.wait_applied(name, wanted, seconds)


def clone(cluster: Cluster, root: Path) -> FluxRepository:
    """Clone the forge and put the guide's files in the clone, not yet committed."""
    command = ["git", "clone", "--quiet", str(cluster.forge.repository), str(root)]
    subprocess.run(command, check=True, capture_output=True)
    shutil.copytree(GUIDE, root, dirs_exist_ok=True)
    return FluxRepository(root, cluster)
