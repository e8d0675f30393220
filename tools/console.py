"""Run the ``console`` blocks of a page as one shell session and compare, or with --write replace, what they show.

A block's lines that begin with ``$ `` are commands, the others what they print. All blocks of a page run in order, in
one home directory, starting in ``~/cluster``, a fresh repository after the guide. What differs from run to run (keys,
ciphertext, commit ids, times) is compared by its kind. A block that must not run is written as ``sh``.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
GUIDE: Final = ROOT / "tests" / "fixtures" / "guide"
PAGES: Final = (
    "README.md",
    "docs/tutorial.md",
    "docs/howto/by-hand.md",
    "docs/howto/existing.md",
    "docs/howto/change-a-value.md",
    "docs/howto/seal.md",
    "docs/howto/rotate.md",
    "docs/reference/declarations.md",
    *(f"docs/howto/{page}.md" for page in ("hooks", "audit", "diff", "merge", "leaked")),
    "docs/howto/federation.md",
    *(f"docs/howto/keys-{page}.md" for page in ("new", "list", "add", "remove", "sync", "backup")),
)
BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FOREIGN: Final = ("XDG_", "SOPS_", "GIT_", "MATRIX_SECRETS_", "AGE_")
SAME: Final = (
    (r"age1[0-9a-z]{58}", "age1RECIPIENT"),
    (r"age1[0-9a-z]{1,12}…[0-9a-z]{1,12}", "age1…"),
    (r"ENC\[AES256_GCM,[^\]]*\]?", "ENC[…]"),
    (r"\b[0-9a-f]{32,64}\b", "HEX"),
    (r"\b(?:just now|\d+ (?:minute|hour|day|week|month|year)s? ago)", "AGO"),
    (r"\b[0-9a-f]{7,12}\b", "COMMIT"),
    (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d\S*)?", "DATE"),
    (r" +\d+ s$", ""),
    (r" +", " "),
)


def session(home: Path, engine: str) -> dict[str, str]:
    """The environment of somebody with an empty home directory and the installed command."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    who = {"GIT_AUTHOR_NAME": "Alice", "GIT_AUTHOR_EMAIL": "alice@example.org"}
    who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
    path = os.pathsep.join([sysconfig.get_path("scripts"), env.get("PATH", "/usr/bin:/bin")])
    fixed = {"HOME": str(home), "PATH": path, "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat", "LC_ALL": "C.UTF-8"}
    return env | who | fixed | {"MATRIX_SECRETS_ENGINE": engine, "USER": "alice", "LOGNAME": "alice", "COLUMNS": "120"}


def prepare(home: Path, env: dict[str, str]) -> Path:
    """Make ``~/cluster``: the guide's repository, committed."""
    repository = home / "cluster"
    shutil.copytree(GUIDE, repository)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "Matrix, after the guide"]):
        subprocess.run(["git", *words], cwd=repository, env=env, check=True)
    return repository


def played(page: str, engine: str = "builtin") -> str:
    """Return the page with every console block as it really is now."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        env = session(home, engine)
        where = prepare(home, env)

        def play(block: re.Match[str]) -> str:
            nonlocal where
            shown = []
            for command in (line[2:] for line in block[1].splitlines() if line.startswith("$ ")):
                script = f"{command}\nprintf '\\n%s' \"$PWD\" >&9"
                with tempfile.TemporaryFile() as told:
                    done = subprocess.run(
                        ["bash", "-c", f"exec 9>&{told.fileno()}\n{script}"],
                        cwd=where,
                        env=env,
                        pass_fds=[told.fileno()],
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        stdin=subprocess.DEVNULL,
                        text=True,
                        check=False,
                    )
                    told.seek(0)
                    where = Path(told.read().decode().rpartition("\n")[2] or where)
                shown.append(f"$ {command}\n{done.stdout.replace(str(home), '~')}")
            return "```console\n" + "\n".join(text.rstrip("\n") for text in shown) + "\n```"

        return BLOCK.sub(play, page)


def comparable(page: str) -> list[str]:
    """The page's console blocks, with what differs from run to run replaced by its kind."""
    lines = [line.rstrip() for block in BLOCK.findall(page) for line in block.splitlines()]
    for pattern, kind in SAME:
        lines = [re.sub(pattern, kind, line) for line in lines]
    return lines


def main() -> int:
    """Check or rewrite the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace what the pages show by what is printed now")
    parser.add_argument("pages", nargs="*", default=PAGES, help="relative to the repository")
    arguments = parser.parse_args()
    failed = False
    for name in arguments.pages:
        path = ROOT / name
        page = path.read_text(encoding="utf-8")
        new = played(page)
        if arguments.write:
            path.write_text(new, encoding="utf-8")
        elif difference := list(difflib.unified_diff(comparable(page), comparable(new), name, "now", lineterm="")):
            print("\n".join(difference))
            failed = True
    if failed:
        print("error: pages show what is not so (any more): python tools/console.py --write", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
