"""How long `audit` takes, beside gitleaks and `git log -p` in the same run, and what the hook costs."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benching.histories import long_history
from benching.measuring import BenchError, Command, Cost, by_turns
from benching.repositories import POSTGRES, SYNAPSE, Site, our_command
from provision.part import find_programs, load_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES: Final = "\N{MULTIPLICATION SIGN}"
COMMITS: Final = (1_000, 10_000)
ANEW: Final = 51
HOOK_ROUNDS: Final = 15


def main() -> int:
    """Measure and print. Returns 1 where something to compare with is missing."""
    parser = argparse.ArgumentParser(description="audit beside gitleaks and git log -p; a hook beside an empty one.")
    parser.add_argument("--full", action="store_true", help="accepted, as the other benchmarks take it")
    parser.parse_args()
    parts = load_parts()
    programs = {name: find_programs(parts[name]) for name in ("sops", "gitleaks")}
    if missing := [name for name, found in programs.items() if found is None]:
        print(f"NOT RUN: audit and hooks: {', '.join(missing)} missing: make parts", file=sys.stderr)
        return 1
    sops, gitleaks = ((programs[name] or {})[name] for name in ("sops", "gitleaks"))
    with tempfile.TemporaryDirectory(prefix="matrix-secrets-bench-") as place:
        try:
            for line in (*_audits(Path(place), sops, gitleaks), *_hooks(Path(place), sops)):
                print(line, flush=True)
        except BenchError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


def _audits(place: Path, sops: Path, gitleaks: Path) -> Iterator[str]:
    """Yield a line for each length of the history."""
    yield f"audit of a history of two files of 10 kB, a new secret in every {ANEW}st commit"
    each: list[Cost] = []
    for commits in COMMITS:
        site = Site(place / f"history-{commits}", sops)
        site.encrypt(POSTGRES, SYNAPSE)
        long_history(site.root, site.env, commits, ANEW)
        ours = Command([*our_command(), "audit", "--quiet"], site.root, site.env)
        words = ["git", "--no-banner", "--exit-code=0", "--log-opts=--all --reflog", "."]
        theirs = Command([str(gitleaks), *words], site.root, site.env)
        log = Command(["git", "log", "--all", "--reflog", "-p", "--no-textconv"], site.root, site.env)
        mine, leaks, plain = by_turns([ours, theirs, log], 3)
        each.append(mine)
        ratios = f"{mine.seconds / leaks.seconds:.2f} and {mine.seconds / plain.seconds:.2f} {TIMES} theirs"
        yield (
            f"  {commits:>6,} commits   audit {mine.seconds:6.2f} s {mine.mebibytes:4.0f} MiB   "
            f"gitleaks {leaks.seconds:6.2f} s {leaks.mebibytes:4.0f} MiB   git log -p {plain.seconds:6.2f} s   "
            f"{ratios}"
        )
    factor = COMMITS[1] / COMMITS[0]
    yield (
        f"  {factor:.0f} {TIMES} the commits: {each[1].seconds / each[0].seconds:.1f} {TIMES} the time, "
        f"{each[1].mebibytes / each[0].mebibytes:.2f} {TIMES} the memory"
    )


def _hooks(place: Path, sops: Path) -> Iterator[str]:
    """Yield what the pre-commit hook costs on a commit that touches nothing of a stack."""
    site = Site(place / "hooks", sops)
    site.encrypt(POSTGRES, SYNAPSE)
    env = site.env | {f"GIT_{who}_{what}": "bench@example.org" for who in ("AUTHOR", "COMMITTER") for what in _WHO}
    _do(["git", "add", "--all"], site.root, env)
    _do(["git", "commit", "--quiet", "--message", "all"], site.root, env)
    empty = place / "empty-hook"
    shutil.copytree(site.root, empty)
    (empty / ".git/hooks").mkdir(exist_ok=True)
    (empty / ".git/hooks/pre-commit").write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    (empty / ".git/hooks/pre-commit").chmod(0o755)
    _do([*our_command(), "hooks", "install", "--quiet"], site.root, env)
    yield "a commit with the pre-commit hook, beside an empty hook"
    for what, options in (("a note was changed", []), ("only the message", ["--amend", "--no-edit"])):
        commands = []
        for root in (site.root, empty):

            def note(root: Path = root) -> None:
                with (root / "notes.md").open("a", encoding="utf-8") as file:
                    file.write("one more line\n")
                _do(["git", "add", "notes.md"], root, env)

            words = ["git", "commit", "--quiet", "--message", "note", *options]
            commands.append(
                Command(words if not options else words[:3] + options, root, env, None if options else note)
            )
        ours, theirs = by_turns(commands, HOOK_ROUNDS)
        yield (
            f"  {what:20} {ours.seconds * 1000:5.0f} ms   empty hook {theirs.seconds * 1000:5.0f} ms   "
            f"{ours.seconds / theirs.seconds:.1f} {TIMES} the time"
        )


_WHO: Final = ("NAME", "EMAIL")


def _do(words: list[str], root: Path, env: dict[str, str]) -> None:
    subprocess.run(words, cwd=root, env=env, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
