"""Long histories, made quickly: by git fast-import, from the files of a repository."""

from __future__ import annotations

import re
import secrets
import subprocess
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.discovery import find_identities
from matrix_secrets.sops.builtin import BuiltinEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FILES: Final = ("apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml")
_BEGUN: Final = 1_700_000_000
_IMAGE: Final = re.compile(r"image: (\S+?):\S+")
_OPTION: Final = re.compile(r"(SYNAPSE_FORM_SECRET|max_upload_size): .*")


def long_history(root: Path, env: Mapping[str, str], commits: int, anew: int) -> None:
    """Add commits to an encrypted repository: each changes one of two files, as people and bots do.

    Every ``anew``-th has a new secret, encrypted; the others another image.
    """
    engine = BuiltinEngine(lambda: find_identities(env).identities)
    stream = b"".join(_commits(root, engine, commits, anew))
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=root, env=env, check=True, input=stream)
    for words in (["reset", "--quiet", "--hard", "history"], ["repack", "-a", "-d", "--quiet"]):
        subprocess.run(["git", *words], cwd=root, env=env, check=True)


def _commits(root: Path, engine: BuiltinEngine, commits: int, anew: int) -> Iterator[bytes]:
    texts = {name: (root / name).read_text(encoding="utf-8") for name in _FILES}
    yield _head(0)
    for path in (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts):
        yield _file(path.relative_to(root).as_posix(), path.read_bytes())
    for number in range(1, commits):
        name = _FILES[number % 2]
        text = texts[name]
        if number % anew == 0:
            plain = engine.decrypt(text, file=name)
            text = engine.update(text, _OPTION.sub(rf"\1: {secrets.token_hex(16)}", plain, count=1), file=name).text
        else:
            text = _IMAGE.sub(rf"image: \1:1.{number}", text)
        texts[name] = text
        yield _head(number)
        yield _file(name, text.encode())


def _head(number: int) -> bytes:
    message = f"change {number}"
    who = f"committer bench <bench@example.org> {_BEGUN + number * 60} +0000"
    return f"commit refs/heads/history\n{who}\ndata {len(message)}\n{message}\n".encode()


def _file(name: str, content: bytes) -> bytes:
    return f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n"
