"""Real parts for the tests: sops, age, Kubernetes, Flux, Synapse, PostgreSQL, pinned by checksum, in the user's cache.

    python tools/parts.py list
    python tools/parts.py build [NAME…]
    python tools/parts.py path PROGRAM

Without a NAME every part is built. One that cannot be had is said on stderr and otherwise no failure, unless it was
named or MATRIX_SECRETS_REQUIRE_ALL=1 is set.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from provision.build import CannotBuildError, build
from provision.part import Part, VenvPart, find_programs, home_of, load_parts


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every part, its version, and whether it is there")
    commands.add_parser("build", help="build what is not there").add_argument("names", nargs="*", metavar="NAME")
    commands.add_parser("path", help="where a program is").add_argument("program", metavar="PROGRAM")
    arguments = parser.parse_args()
    match arguments.command:
        case "list":
            return _list()
        case "build":
            return _build(arguments.names)
        case _:
            return _path(arguments.program)


def _list() -> int:
    for part in load_parts().values():
        found = find_programs(part)
        home = home_of(part)
        for program in part.programs:
            where = "missing: make parts" if found is None else str(found[program])
            origin = part.version
            if isinstance(part, VenvPart) and found is not None and home not in found[program].parents:
                origin = "system"
            print(f"{part.name:10} {program:26} {origin:10} {where}")
    return 0


def _build(names: list[str]) -> int:
    parts = load_parts()
    if unknown := [name for name in names if name not in parts]:
        print(f"error: no such part: {', '.join(unknown)}. There are: {', '.join(parts)}", file=sys.stderr)
        return 2
    strict = bool(names) or os.environ.get("MATRIX_SECRETS_REQUIRE_ALL") == "1"
    missing = [name for name in names or parts if not _built(parts[name])]
    if missing:
        consequence = "" if strict else " The tests that need it are NOT RUN; everything else is."
        print(f"!!! MISSING: {', '.join(missing)}.{consequence}", file=sys.stderr)
    return 1 if missing and strict else 0


def _built(part: Part) -> bool:
    if find_programs(part) is not None:
        return True
    print(f"{part.name} {part.version}: building, about {part.seconds} s on two cores …", file=sys.stderr, flush=True)
    start = time.monotonic()
    try:
        build(part)
    except CannotBuildError as error:
        print(f"!!! {part.name} {part.version}: {error}", file=sys.stderr)
        return False
    print(f"{part.name} {part.version}: built in {time.monotonic() - start:.0f} s", file=sys.stderr)
    return True


def _path(program: str) -> int:
    for part in load_parts().values():
        if program in part.programs:
            found = find_programs(part)
            if found is None:
                print(f"error: {program} is not built yet: run `make parts`", file=sys.stderr)
                return 1
            print(found[program])
            return 0
    print(f"error: no part has a program {program}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
