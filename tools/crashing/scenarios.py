"""The commands that are interrupted. A new one is a line in `SCENARIOS`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benching.repositories import ADDRESS, GUIDE, POSTGRES, SYNAPSE, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# The public half of a key that was thrown away: whom `keys add` adds and `keys remove` takes off.
NEWCOMER: Final = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
EDITED: Final = "a-value-that-was-edited-0123456789abcdef"
_EDITOR: Final = f"sed -i -E 's/^( *POSTGRES_PASSWORD: ).*/\\1\"{EDITED}\"/'"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A command, the state of the repository that it starts from, and what it needs in the environment.

    ``program`` is what runs it: ours, or the real sops with its words, in the repository.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[Site], None]
    env: Mapping[str, str] = field(default_factory=dict)
    ours: bool = True


def _open(site: Site) -> None:
    """The guide's manifests with their placeholders."""
    shutil.copytree(GUIDE / "apps", site.root / "apps", dirs_exist_ok=True)
    site.run("configure", "--server-name", ADDRESS, "--node-ip", ADDRESS)
    (site.root / ".sops.yaml").unlink()


def _plain(site: Site) -> None:
    """Values generated, nothing encrypted, no rules."""
    (site.root / ".sops.yaml").unlink()


def _ruled(site: Site) -> None:
    """Values generated, nothing encrypted, rules: what sops starts from."""
    del site


def _sealed(site: Site) -> None:
    """Everything encrypted."""
    site.run("encrypt")


def _shared(site: Site) -> None:
    """Everything encrypted, for two."""
    site.run("encrypt")
    site.run("keys", "add", "bob", NEWCOMER)


def _two_more(site: Site) -> None:
    """Everything encrypted, and a rule that has got a recipient more since."""
    site.run("encrypt")
    site.rules(site.recipient, NEWCOMER)


SCENARIOS: Final = (
    Scenario("generate", ("generate",), _open),
    Scenario("encrypt", ("encrypt",), _plain),
    Scenario("edit", ("edit", POSTGRES), _sealed, {"EDITOR": _EDITOR}),
    Scenario("keys add", ("keys", "add", "bob", NEWCOMER), _sealed),
    Scenario("keys remove", ("keys", "remove", "bob"), _shared),
    Scenario("keys remove --rotate", ("keys", "remove", "bob", "--rotate", "--yes"), _shared),
    Scenario("seal", ("seal",), _sealed),
)
THEIRS: Final = (
    Scenario("sops encrypt -i", ("encrypt", "-i", SYNAPSE), _ruled, ours=False),
    Scenario("sops edit", ("edit", POSTGRES), _sealed, {"EDITOR": _EDITOR}, ours=False),
    Scenario("sops updatekeys", ("updatekeys", "-y", POSTGRES), _two_more, ours=False),
    Scenario("sops rotate -i", ("rotate", "-i", POSTGRES), _sealed, ours=False),
)


def prepared(scenario: Scenario, directory: Path, sops: Path) -> Site:
    """Make the repository that a scenario starts from, committed."""
    site = Site(directory, sops)
    scenario.prepare(site)
    site.commit()
    return site
