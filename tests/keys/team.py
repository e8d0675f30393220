"""A repository after the guide whose secrets are encrypted for several people."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from matrix_secrets.agekeys.generate import generate_identity, identity_file_text, write_identity
from matrix_secrets.agekeys.identityfile import load_identities
from tests.cli.running import Cli

GUIDE = Path(__file__).parent.parent / "fixtures" / "guide"
POSTGRES = "apps/matrix/postgres.yaml"
SYNAPSE = "apps/matrix/synapse.yaml"
BOTH = (POSTGRES, SYNAPSE)


@dataclass(frozen=True)
class Person:
    """Somebody with an identity file of their own, outside of the place where sops looks."""

    name: str
    file: Path
    recipient: str
    secret: str = field(repr=False)


def person(name: str, folder: Path) -> Person:
    """Return somebody of that name; a new one where there is nobody yet."""
    file = folder / f"{name}.txt"
    if not file.exists():
        write_identity(file, identity_file_text(generate_identity()))
    [identity] = load_identities(file, name)
    return Person(name, file, identity.recipient.key, identity.secret.reveal())


class Team(Cli):
    """The repository, and the people; ``me`` holds the identity that sops finds by itself."""

    def __init__(self, repository: Path, people: Path, sops: Path | None = None) -> None:
        super().__init__(repository)
        self.people = people
        self.sops_program = sops
        self.me = person("me", people)
        self.bob = person("bob", people)
        usual = Path(os.environ["XDG_CONFIG_HOME"]) / "sops" / "age" / "keys.txt"
        usual.parent.mkdir(parents=True, exist_ok=True)
        usual.write_bytes(self.me.file.read_bytes())
        usual.chmod(0o600)

    def add_bob(self, *options: str) -> None:
        self("keys", "add", "bob", self.bob.recipient, *options)

    def as_bob(self) -> dict[str, str]:
        """The environment of somebody else's machine."""
        return self.alone(self.bob)

    def alone(self, who: Person) -> dict[str, str]:
        home = self.people / f"home-of-{who.name}"
        home.mkdir(exist_ok=True)
        return {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "SOPS_AGE_KEY_FILE": str(who.file)}

    def sops(self, *words: str, who: Person | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run the real sops with one person's identity and no other."""
        assert self.sops_program is not None
        env = {"PATH": os.environ["PATH"], **self.alone(who or self.me)}
        return subprocess.run(
            [self.sops_program, *words],
            cwd=cwd or self.repository,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    def opens(self, who: Person, *files: str) -> list[bool]:
        """Whether the real sops decrypts each file with one person's identity alone."""
        return [self.sops("decrypt", file, who=who).returncode == 0 for file in files]

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.repository / file).read_text()
        assert old in text
        (self.repository / file).write_text(text.replace(old, new))

    def edit_value(self, key: str, value: str, file: str = SYNAPSE) -> None:
        """Give an option or a Secret's key another value, by the editor."""
        self("edit", file, EDITOR=f"sed -i -E 's/^( *{key}: ).*/\\1\"{value}\"/'")


def done_once(folder: Path) -> None:
    """Do the whole job in ``folder / "cluster"``, and commit it; the people stand beside it."""
    (folder / "people").mkdir()
    shutil.copytree(GUIDE, folder / "cluster")
    team = Team(folder / "cluster", folder / "people")
    team.git("init", "--quiet")
    team.configure()
    for command in ("generate", "encrypt"):
        team(command)
    team.commit_all()
