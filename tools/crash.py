"""What an interruption leaves, of our commands and of ``sops -i`` (``make crash``).

Each command is killed before and after every call to the system that changes something on the disk, and every such
call is made to fail for want of room and of rights; then the next command runs, and everything is looked at. A loss is
a file that is neither exactly the old one nor exactly the new one, a new copy of a plain text, a file left over.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from crashing import calls
from crashing.scenarios import SCENARIOS, THEIRS, Scenario
from crashing.trials import Result, Trials
from provision.part import find_programs, load_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def main() -> int:
    """Try all points, in as many processes as there are cores; print the table."""
    parser = argparse.ArgumentParser(description="What an interruption leaves, beside sops -i.")
    parser.add_argument("--share", help=argparse.SUPPRESS)
    parser.add_argument("--sops", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", metavar="COMMAND", help="only this command, as the table names it")
    given = parser.parse_args()
    if not calls.SUPPORTED:
        print("NOT RUN: programs are stopped by ptrace of Linux on x86-64 only", file=sys.stderr)
        return 1
    chosen = [each for each in (*SCENARIOS, *THEIRS) if given.only in (None, each.name)]
    programs = find_programs(load_parts()["sops"])
    sops = given.sops or (None if programs is None else programs["sops"])
    if sops is None:
        print("error: the real sops is not built: make parts", file=sys.stderr)
        return 1
    if given.share:
        number, of = map(int, given.share.split("/"))
        for result in share(chosen, sops, number, of):
            print(json.dumps(asdict(result)), flush=True)
        return 0
    return 1 if show(chosen, results(chosen, sops)) else 0


def share(chosen: Iterable[Scenario], sops: Path, number: int, of: int) -> Iterator[Result]:
    """Yield every n-th result."""
    with tempfile.TemporaryDirectory(prefix="matrix-secrets-crash-") as directory:
        Path(directory).chmod(0o711)  # somebody without rights goes through it
        for at, scenario in enumerate(chosen):
            place = Path(directory) / str(at)
            place.mkdir()
            trials = Trials(scenario, place, sops)
            try:
                for point in trials.points()[number::of]:
                    yield point()
            finally:
                trials.close()


def results(chosen: Iterable[Scenario], sops: Path) -> Iterator[Result]:
    """Yield the results of all shares as they come."""
    of = os.cpu_count() or 1
    only = [each.name for each in chosen]
    command = [sys.executable, __file__, "--sops", str(sops), *(["--only", only[0]] if len(only) == 1 else [])]
    with ExitStack() as running:
        shares = [
            running.enter_context(
                subprocess.Popen([*command, "--share", f"{number}/{of}"], stdout=subprocess.PIPE, text=True)
            )
            for number in range(of)
        ]
        for process in shares:
            for line in process.stdout or ():
                yield Result(**json.loads(line))
            if process.wait():
                message = f"a share ended with exit code {process.returncode}"
                raise ChildProcessError(message)


def show(chosen: Iterable[Scenario], found: Iterable[Result]) -> int:
    """Print the table, and the losses of ours; return how many of those there are."""
    counts: dict[str, Counter[str]] = {scenario.name: Counter() for scenario in chosen}
    lost: list[Result] = []
    for result in found:
        counts[result.scenario]["lost" if result.lost else result.kind] += 1
        if result.lost:
            lost.append(result)
    print(f"{'':18}{'points':>8}{'old':>8}{'new':>8}{'lost':>8}")
    ours = {scenario.name for scenario in SCENARIOS}
    for name, count in counts.items():
        print(f"{name:18}{count.total():>8}{count['old']:>8}{count['new']:>8}{count['lost']:>8}")
    losses = [result for result in lost if result.scenario in ours]
    points = sum(count.total() for name, count in counts.items() if name in ours)
    print(f"matrix-secrets: {points} points tried, {len(losses)} lost")
    for result in losses:
        print(f"  {result.scenario}: {result.point}: {result.kind}")
    return len(losses)


if __name__ == "__main__":
    sys.exit(main())
