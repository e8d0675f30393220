"""How long things take, beside the real sops in the same run (``make bench``).

Everything is measured from the shell, by the clock, the two sides by turns; a figure is the median. Nothing is made
quicker for it: files are synced to disk, and what was encrypted is decrypted again and compared.
docs/reference/benchmarks.md says what each line is.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benching.measuring import BenchError, Command, Cost, by_turns
from benching.repositories import POSTGRES, SYNAPSE, Site
from provision.part import find_programs, load_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MEGABYTE: Final = 1_000_000
OPENING: Final = Path(__file__).parent / "benching" / "opening.py"
# The public half of a key that was thrown away: whom `keys add` adds.
NEWCOMER: Final = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
_ONE: Final = {"builtin": 6, "binary": None}  # binary starts sops two or three times: no goal, and what comes of it
_A_THOUSAND: Final = 1_000
_ROUNDS: Final = 3  # for many files
TIMES: Final = "\N{MULTIPLICATION SIGN}"
HEAD: Final = ("", "ours", "cpu", "MiB", "theirs", "cpu", "MiB", "", "goal")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: two commands, and the goal as a factor; ``many`` counts how much quicker ours is."""

    what: str
    ours: Command
    theirs: Command
    rounds: int
    goal: float | None = None
    many: bool = False


class Bench:
    """Everything that is measured, in the order of the table."""

    def __init__(self, directory: Path, sops: Path, *, full: bool) -> None:
        self._directory = directory
        self._sops = sops
        self._full = full

    def lines(self) -> Iterator[Line | str]:
        """Yield lines, and titles in between."""
        yield "start-up, beside python -c pass"
        yield from self._start()
        yield "one file of the guide (synapse.yaml, 207 lines), beside one call of sops"
        yield from self._one_file()
        yield "one file of 1 MB, beside one call of sops"
        yield from self._large()
        for count in (100, 1_000) if self._full else (100,):
            yield f"{count:,} small files in one run, beside a loop over sops"
            yield from self._many(count, guide=False)
        yield "100 files like the guide's postgres.yaml in one run, beside a loop over sops"
        yield from self._many(100, guide=True)

    def growth(self) -> Iterator[tuple[int, Cost, Cost]]:
        """Yield the costs of `encrypt` and `verify` for more and more small files."""
        for count in (10, 100, 1_000, 10_000) if self._full else (10, 100, 1_000):
            site = self._site(f"growth-{count}")
            names = site.small_files(count)
            plain = site.restoring(*names)
            rounds = 3 if count <= 1_000 else 1
            [encrypting] = by_turns([site.ours("encrypt", *names, before=plain)], rounds)
            [verifying] = by_turns([site.ours("verify", "--json")], rounds)
            yield count, encrypting, verifying

    def _site(self, name: str) -> Site:
        site = Site(self._directory / name, self._sops)
        site.encrypt(POSTGRES, SYNAPSE)
        return site

    def _start(self) -> Iterator[Line]:
        site = self._site("start")
        nothing = Command([sys.executable, "-c", "pass"], site.root, site.env)
        for flag in ("--version", "--help"):
            yield Line(flag, site.ours(flag), nothing, 21, goal=6)

    def _one_file(self) -> Iterator[Line]:
        site = Site(self._directory / "one", self._sops)
        plain = site.restoring(SYNAPSE)
        for engine in ("builtin", "binary"):
            ours = site.ours("encrypt", SYNAPSE, before=plain, engine=engine)
            theirs = site.theirs("encrypt", "-i", files=[SYNAPSE], before=plain)
            yield Line(f"encrypt, {engine}", ours, theirs, 11, goal=_ONE[engine])
        plain()
        site.encrypt(POSTGRES, SYNAPSE)
        for engine in ("builtin", "binary"):
            ours = site.ours("decrypt", SYNAPSE, engine=engine)
            yield Line(f"decrypt, {engine}", ours, site.theirs("decrypt", files=[SYNAPSE]), 11, goal=_ONE[engine])
        yield Line("verify (all of the repository)", site.ours("verify"), site.theirs("decrypt", files=[SYNAPSE]), 11)

    def _large(self) -> Iterator[Line]:
        site = self._site("large")
        name = site.large_file(MEGABYTE)
        plain = site.restoring(name)
        ours = site.ours("encrypt", name, before=plain)
        yield Line("encrypt", ours, site.theirs("encrypt", "-i", files=[name], before=plain), 3)
        plain()
        site.encrypt(name)
        yield Line("decrypt", site.ours("decrypt", name), site.theirs("decrypt", files=[name]), 3)

    def _many(self, count: int, *, guide: bool) -> Iterator[Line]:
        site = self._site(f"many-{count}-{guide}")
        names = site.guide_size_files(count) if guide else site.small_files(count)
        plain = site.restoring(*names)
        site.encrypt_in_place(*names)
        files = [POSTGRES, SYNAPSE, *names]
        sealed = site.restoring(*files)
        yield from self._keys(site, files, sealed)
        ours = site.ours("encrypt", *names, before=plain)
        theirs = site.theirs("encrypt", "-i", files=names, before=plain)
        yield Line("encrypt", ours, theirs, _ROUNDS, goal=_goal(count, 10), many=True)
        sealed()
        reading = site.theirs("decrypt", files=names)
        library = Command([sys.executable, str(OPENING), *names], site.root, site.env)
        yield Line("decrypt (through the library)", library, reading, _ROUNDS, goal=_goal(count, 10), many=True)
        yield Line("verify (decrypts all)", site.ours("verify"), reading, _ROUNDS, many=True)

    def _keys(self, site: Site, files: Sequence[str], sealed: Callable[[], None]) -> Iterator[Line]:
        """The first of all: ext4 looks at every inode that was given up within minutes, and each line gives up many."""

        def for_two() -> None:
            sealed()
            site.rules(site.recipient, NEWCOMER)

        ours = site.ours("keys", "add", "carol", NEWCOMER, before=sealed)
        theirs = site.theirs("updatekeys", "-y", files=files, before=for_two)
        yield Line("keys add, beside updatekeys", ours, theirs, _ROUNDS, goal=_goal(len(files), 20), many=True)
        sealed()
        site.run("keys", "add", "carol", NEWCOMER)
        shared = site.restoring(*files)

        def for_one() -> None:
            shared()
            site.rules(site.recipient)

        ours = site.ours("keys", "remove", "carol", before=shared)
        theirs = site.their_turns(("updatekeys", "-y"), ("rotate", "-i"), files=files, before=for_one)
        yield Line("keys remove, beside both and rotate", ours, theirs, _ROUNDS, many=True)


def _goal(count: int, factor: float) -> float | None:
    """The goals for many files are those for a thousand: of fewer, starting is too large a part."""
    return factor if count >= _A_THOUSAND else None


def shown(line: Line, ours: Cost, theirs: Cost) -> tuple[str, ...]:
    """Make the cells of one line of the table."""
    factor = theirs.seconds / ours.seconds if line.many else ours.seconds / theirs.seconds
    ratio = f"{factor:.1f} {TIMES} {'as fast' if line.many else 'the time'}"
    goal = ""
    if line.goal is not None:
        met = factor >= line.goal if line.many else factor <= line.goal
        goal = f"{'≥' if line.many else '≤'} {line.goal:g} {TIMES}{'' if met else '  MISSED'}"
    return (
        f"  {line.what}",
        *_cells(ours),
        *_cells(theirs),
        ratio,
        goal,
    )


def _cells(cost: Cost) -> tuple[str, str, str]:
    return _time(cost.seconds), _time(cost.processor), f"{cost.mebibytes:.0f}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def say(cells: tuple[str, ...]) -> None:
    """Print a line of the table."""
    widths = (34, 9, 9, 6, 9, 9, 6, 17, 14)
    padded = (cell.ljust(width) if at in (0, 7, 8) else cell.rjust(width) for at, (cell, width) in
              enumerate(zip(cells, widths, strict=True)))  # fmt: skip
    print(" ".join(padded).rstrip(), flush=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How long things take, beside the real sops in the same run.")
    parser.add_argument("--full", action="store_true", help="1,000 files as well, and growth up to 10,000: 12 minutes")
    full = parser.parse_args().full
    programs = find_programs(load_parts()["sops"])
    if programs is None:
        print("error: the real sops is not built: make parts", file=sys.stderr)
        return 1
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; median of runs by turns, from the shell\n")
    with tempfile.TemporaryDirectory(prefix="matrix-secrets-bench-") as directory:
        bench = Bench(Path(directory), programs["sops"], full=full)
        say(HEAD)
        try:
            for line in bench.lines():
                if isinstance(line, str):
                    print(line)
                else:
                    say(shown(line, *by_turns([line.ours, line.theirs], line.rounds)))
            print("\ngrowth, small files: milliseconds a file and peak memory in MiB")
            for count, encrypting, verifying in bench.growth():
                costs = (
                    f"{cost.seconds / count * 1000:8.2f} ms {cost.mebibytes:5.0f} MiB"
                    for cost in (encrypting, verifying)
                )
                print(f"  {count:>6,} files   encrypt {next(costs)}   verify {next(costs)}", flush=True)
        except BenchError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
