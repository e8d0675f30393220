from __future__ import annotations

from typing import TYPE_CHECKING

from crashing import calls

if TYPE_CHECKING:
    import pytest

# Programs are stopped by ptrace: see tools/crashing/tracing.py.
collect_ignore_glob = [] if calls.SUPPORTED else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not calls.SUPPORTED:
        terminalreporter.write_line("NOT RUN: tests/crash, which needs Linux on x86-64", yellow=True, bold=True)
