"""A coverage-guided fuzzer on all that reads what others wrote (``make fuzz``, ARGS="--seconds 600").

libFuzzer, by way of atheris, changes texts and keeps those that reach new code. A traceback, a hang of ten seconds or a
broken property (tools/fuzzing/targets.py) stops it: what led there stands in tests/data/fuzz/, where the tests try it
again from then on.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

_TOP: Final = Path(__file__).parent.parent
FINDINGS: Final = _TOP / "tests" / "data" / "fuzz"
NAMES: Final = ("parser", "editor", "encryptor", "decryptor", "blocks")
_OPTIONS: Final = ("-timeout=10", "-max_len=4096", "-print_final_stats=1", "-rss_limit_mb=4096")
_TRIED: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERED: Final = re.compile(r"\bcov: (\d+)")


def main() -> int:
    """Fuzz each target for a while, and print how many inputs were tried."""
    parser = argparse.ArgumentParser(description="A coverage-guided fuzzer on all that reads what others wrote.")
    parser.add_argument("--seconds", type=int, default=60, help="how long, for each target")
    parser.add_argument("--only", choices=NAMES, help="one target")
    parser.add_argument("--in-process", metavar="CORPUS", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.in_process:
        fuzz(given.only, given.seconds, given.in_process)
    print(f"{'':12}{'inputs tried':>14}{'branches':>10}{'findings':>10}")
    findings = sum(run(name, given.seconds) for name in NAMES if given.only in (None, name))
    return min(findings, 1)


def run(name: str, seconds: int) -> int:
    """Fuzz one target in a process of its own; return the number of findings."""
    with tempfile.TemporaryDirectory(prefix="matrix-secrets-fuzz-") as corpus:
        command = [sys.executable, __file__, "--only", name, "--seconds", str(seconds), "--in-process", corpus]
        done = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, check=False)
    said = done.stderr.decode(errors="replace")
    tried, covered = _TRIED.findall(said), _COVERED.findall(said)
    found = int(done.returncode != 0)
    print(f"{name:12}{int(tried[-1]) if tried else 0:>14,}{covered[-1] if covered else '0':>10}{found:>10}", flush=True)
    if found:
        print(said[-3000:], file=sys.stderr)
    return found


def fuzz(name: str, seconds: int, corpus: str) -> None:
    """Fuzz in this process, which ends with it."""
    import atheris  # noqa: PLC0415  (make fuzz installs it: nothing else needs it)

    with atheris.instrument_imports(include=["matrix_secrets", "fuzzing"]):
        from fuzzing.targets import TARGETS, seeds  # noqa: PLC0415  (instrumented as it is imported)

    for number, seed in enumerate(seeds(name)):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    FINDINGS.mkdir(exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        "-timeout=10",
        "-max_len=4096",
        "-print_final_stats=1",
        "-rss_limit_mb=4096",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={FINDINGS}/{name}-", corpus], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
