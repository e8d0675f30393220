"""Repositories with markers in them, in every state that a command may meet."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pyrage

from tests.canary.running import Place
from tests.testbed.several import copied_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.canary.markers import Markers
    from tests.canary.running import Runner

GUIDE = Path(__file__).parent.parent / "fixtures" / "guide"
POSTGRES = "apps/matrix/postgres.yaml"
SYNAPSE = "apps/matrix/synapse.yaml"
KEYS = ".config/sops/age/keys.txt"
ADDRESS = "192.168.1.100"
SECRET_KEYS = {
    "POSTGRES_PASSWORD": "postgres",
    "SYNAPSE_MACAROON_SECRET_KEY": "macaroon",
    "SYNAPSE_REGISTRATION_SHARED_SECRET": "registration",
    "SYNAPSE_FORM_SECRET": "form",
}
OPTIONS = {
    "password": "postgres",
    "macaroon_secret_key": "macaroon",
    "registration_shared_secret": "registration",
    "form_secret": "form",
}


def environment(place: Place, engine: str = "builtin", sops: Path | None = None) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    path = [str(sops.parent)] if sops is not None else []
    return {
        **env,
        "HOME": str(place.home),
        "XDG_CONFIG_HOME": str(place.home / ".config"),
        "TMPDIR": str(place.temporary),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PATH": os.pathsep.join([*path, "/usr/local/bin", "/usr/bin", "/bin"]),
        "MATRIX_SECRETS_ENGINE": engine,
    }


def build(directory: Path, markers: Markers, runner: Runner) -> None:
    """Make ``plain``, ``encrypted`` and ``shared`` (with Bob) below a directory."""
    place = Place(directory / "plain")
    _skeleton(place, markers)
    plant(place, markers)
    copied = {name: _copy(place, directory / name) for name in ("encrypted", "shared")}
    for each in copied.values():
        _done(runner, each, "encrypt")
    recipient = str(pyrage.x25519.Identity.from_str(markers.bob).to_public())
    _done(runner, copied["shared"], "keys", "add", "bob", recipient)
    for each in copied.values():
        each.git("add", "--all")
        each.git("commit", "--quiet", "--message", "encrypted")


def _skeleton(place: Place, markers: Markers) -> None:
    for directory in (place.home, place.temporary, place.secret):
        directory.mkdir(parents=True)
    shutil.copytree(GUIDE, place.repository)
    remote = place.secret / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--template=", str(remote)], check=True)
    place.git("init", "--quiet", "--template=", "--initial-branch=main")
    place.git("add", "--all")
    place.git("commit", "--quiet", "--message", "the guide's manifests")
    place.git("remote", "add", "origin", "../secret/remote.git")
    place.git("push", "--quiet", "--set-upstream", "origin", "main")
    keys = place.home / KEYS
    keys.parent.mkdir(parents=True)
    keys.write_text(f"{markers.identity}\n")
    (place.secret / "passphrase").write_text(f"{markers.passphrase}\n")
    (place.secret / "bob.txt").write_text(f"{markers.bob}\n")
    sealed = pyrage.passphrase.encrypt(f"{markers.bob}\n".encode(), markers.passphrase)
    (place.secret / "backup.age").write_bytes(sealed)


def plant(place: Place, markers: Markers) -> None:
    """Put the markers where the placeholders were: only in the work tree, Git does not know them."""
    text = place.file(POSTGRES).read_text()
    for key, name in SECRET_KEYS.items():
        text = _set(text, key, getattr(markers, name))
    text = text.replace("  POSTGRES_DB:", f"  # the old one was {markers.comment}\n  POSTGRES_DB:", 1)
    place.file(POSTGRES).write_text(text)
    text = place.file(SYNAPSE).read_text().replace("matrix.example.com", ADDRESS).replace("<NODE_IP>", ADDRESS)
    for key, name in OPTIONS.items():
        text = _set(text, key, getattr(markers, name))
    more = f'    # before it was {markers.remark}\n    turn_shared_secret: "{markers.turn}"\n'
    place.file(SYNAPSE).write_text(text.replace("    form_secret:", f"{more}    form_secret:", 1))
    for placeholder in ("matrix.example.com", "<NODE_IP>"):
        place.replace("apps/matrix/element.yaml", placeholder, ADDRESS)


def _set(text: str, key: str, value: str) -> str:
    changed, count = re.subn(rf'^( +{key}: )"?CHANGE_ME_BEFORE_DEPLOY"?', rf'\1"{value}"', text, flags=re.MULTILINE)
    assert count == 1, key
    return changed


def _copy(place: Place, to: Path) -> Place:
    shutil.copytree(place.directory, to, symlinks=True)
    return Place(to)


def _done(runner: Runner, place: Place, *argv: str) -> None:
    trace = runner.run(place, list(argv), environment(place))
    assert trace.code == 0, (argv, trace)


# ── what is done to a state before the command runs ──────────────────────────────────────────────────────────────────


def broken_outside(place: Place, markers: Markers) -> None:
    place.replace(POSTGRES, "  POSTGRES_USER:", f'  BROKEN: : "{markers.broken}\n  POSTGRES_USER:')


def broken_inside(place: Place, markers: Markers) -> None:
    place.replace(SYNAPSE, "    server_name:", f'    broken: : "{markers.broken}\n    server_name:')


def one_missing(place: Place, markers: Markers) -> None:
    place.replace(POSTGRES, markers.form, "CHANGE_ME_BEFORE_DEPLOY")
    place.replace(SYNAPSE, markers.form, "CHANGE_ME_BEFORE_DEPLOY")


def disagreeing(place: Place, markers: Markers) -> None:
    place.replace(POSTGRES, markers.form, markers.edited)


def second_stack(place: Place, _markers: Markers) -> None:
    """The same stack once more, in another namespace and at other node ports."""
    copied_stack(place.repository, "second", "second", shift=1)


def tampered(place: Place, _markers: Markers) -> None:
    text, count = re.subn(r"(POSTGRES_PASSWORD: .?ENC\[AES256_GCM,data:)..", r"\1AA", place.file(POSTGRES).read_text())
    assert count == 1
    place.file(POSTGRES).write_text(text)


def typed_in(place: Place, markers: Markers) -> None:
    """Somebody put a value into an encrypted file by hand."""
    place.replace(POSTGRES, "stringData:\n", f"stringData:\n  BY_HAND: {markers.edited}\n")


def key_lying_about(place: Place, markers: Markers) -> None:
    """A private key in a file of the work tree."""
    place.file("notes.txt").write_text(f"{markers.identity}\n")


def no_identity(place: Place, _markers: Markers) -> None:
    shutil.rmtree(place.home / ".config")


def others_identity(place: Place, markers: Markers) -> None:
    (place.home / KEYS).write_text(f"{markers.bob}\n")


def damaged_identity(place: Place, markers: Markers) -> None:
    key = markers.identity
    (place.home / KEYS).write_text(f"{key[:-1]}{'Q' if key[-1] != 'Q' else 'P'}\n")


def bob_left_in_the_rules(place: Place, _markers: Markers) -> None:
    """Bob is taken off by hand, in ``.sops.yaml`` only."""
    text = place.file(".sops.yaml").read_text()
    place.file(".sops.yaml").write_text("".join(line for line in text.splitlines(True) if "# bob" not in line))


def editor(words: str) -> Callable[[Place, Markers], None]:
    """Make ``secret/editor`` a script; ``{edited}`` and ``{broken}`` stand for markers."""

    def make(place: Place, markers: Markers) -> None:
        script = place.secret / "editor"
        script.write_text(f"#!/bin/sh\n{words.format(edited=markers.edited, broken=markers.broken)}\n")
        script.chmod(0o755)

    return make


def all_staged(place: Place, _markers: Markers) -> None:
    place.git("add", "--all")


def leak_staged(place: Place, markers: Markers) -> None:
    place.file("notes.md").write_text(f"{markers.postgres}\n{markers.identity}\n")
    place.git("add", "notes.md")


def broken_staged(place: Place, markers: Markers) -> None:
    broken_outside(place, markers)
    place.git("add", "--all")


def leak_committed(place: Place, markers: Markers) -> None:
    """A note with a value and a key, and a message with another value; the note is gone again."""
    leak_staged(place, markers)
    place.git("commit", "--quiet", "--message", f"it is {markers.form}")
    place.git("rm", "--quiet", "notes.md")
    place.git("commit", "--quiet", "--message", "gone")


def three_versions(place: Place, _markers: Markers) -> None:
    """Versions of an encrypted file that a merge driver is given, changed in different places."""
    text = place.file(POSTGRES).read_text()
    (place.secret / "base").write_text(text)
    (place.secret / "ours").write_text(re.sub(r"image: postgres:\S+", "image: postgres:16", text))
    (place.secret / "theirs").write_text(re.sub(r"storage: \S+", "storage: 99Gi", text))


def three_at_odds(place: Place, _markers: Markers) -> None:
    text = place.file(POSTGRES).read_text()
    (place.secret / "base").write_text(text)
    for name in ("ours", "theirs"):
        (place.secret / name).write_text(re.sub(r"image: postgres:\S+", f"image: {name}", text))
