"""Real parts as fixtures, and a home of its own for every test."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from provision.part import find_programs, load_parts
from tests.testbed.programs import CONTROL_PLANE, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Which parts a fixture comes from: a test is known to need it before anything runs.
PARTS_OF_FIXTURE = {
    "sops_binary": ("sops",),
    "age_keygen_binary": ("age",),
    "kubectl_binary": ("kubectl",),
    "synapse_python": ("synapse",),
    "postgres_bin_dir": ("postgres",),
    "testbed": (*CONTROL_PLANE, *SERVICES, "root"),
    "chromium_binary": ("chromium",),
}
pytest_plugins = ["tests.testbed.plugin"]
REQUIRE_ALL = os.environ.get("MATRIX_SECRETS_REQUIRE_ALL") == "1"
# Looked up now, while HOME and XDG_CACHE_HOME are still the developer's.
PARTS = load_parts()
PROGRAMS = {name: find_programs(part) for name, part in PARTS.items()}
# Mount namespaces, accounts and a browser cannot be built: a test that needs them says so in the same way.
PROGRAMS["root"] = {} if sys.platform == "linux" and os.geteuid() == 0 else None
PROGRAMS["chromium"] = {"chromium": Path(found)} if (found := shutil.which("chromium")) else None
HOW_TO_HAVE = {"root": "run it as root, on Linux", "chromium": "install chromium"}

# What a developer's shell may hold and a test must never see.
FOREIGN_PREFIXES = ("SOPS_", "AGE_", "GIT_", "XDG_", "PG", "FLUX_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
FOREIGN = ("KUBECONFIG", "EDITOR", "VISUAL", "PAGER", "SSH_AUTH_SOCK", "GNUPGHOME", "FORCE_COLOR", "COLUMNS", "LINES")
XDG_FOLDERS = {"CONFIG": ".config", "CACHE": ".cache", "DATA": ".local/share", "STATE": ".local/state"}

settings.register_profile("default", max_examples=50, deadline=None, print_blob=True)
settings.register_profile(
    "ci", max_examples=200, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))

not_run: Counter[tuple[str, ...]] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-parts", action="store_true", help="leave out every test that needs a real part")
    parser.addoption("--every-point", action="store_true", help="stop a rotation everywhere, each way home: hours")


def missing_parts(item: pytest.Item) -> tuple[str, ...]:
    """Return the parts this test needs and does not have, by name."""
    fixtures: list[str] = getattr(item, "fixturenames", [])
    needed = {part for name in fixtures for part in PARTS_OF_FIXTURE.get(name, ())}
    for marker in item.iter_markers("needs"):
        needed.update(marker.args)
    left_out = item.config.getoption("--no-parts")
    return tuple(sorted(name for name in needed if left_out or PROGRAMS[name] is None))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if REQUIRE_ALL and not config.getoption("--no-parts"):
        return
    kept, dropped = [], []
    for item in items:
        if missing := missing_parts(item):
            not_run[missing] += 1
            dropped.append(item)
        else:
            kept.append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def pytest_sessionfinish(session: pytest.Session) -> None:
    # A worker of pytest-xdist hands on what it left out: only the process at the terminal can say so.
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["not_run"] = [[list(missing), count] for missing, count in not_run.items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401  xdist ships no types
    for missing, count in getattr(node, "workeroutput", {}).get("not_run", ()):
        not_run[tuple(missing)] = count  # every worker collects all tests: the count is the same


def pytest_runtest_setup(item: pytest.Item) -> None:
    if missing := missing_parts(item):
        text = f"{', '.join(missing)} missing, and MATRIX_SECRETS_REQUIRE_ALL=1: {how_to_have(missing)}"
        pytest.fail(text, pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--no-parts"):
        lines = [f"NOT RUN: {not_run.total()} tests that need a real part (--no-parts): make test"] if not_run else []
    else:
        lines = [
            f"NOT RUN: {count} test{'s'[: count > 1]}, because of missing {' and '.join(names)}: {how_to_have(names)}"
            for names, count in sorted(not_run.items())
        ]
    for line in lines:
        terminalreporter.write_line(line, yellow=True, bold=True)


def how_to_have(missing: Iterable[str]) -> str:
    """What to do about missing parts."""
    return ", ".join(dict.fromkeys(HOW_TO_HAVE.get(name, "make parts") for name in missing))


def program(part: str, name: str) -> Path:
    found = PROGRAMS[part]
    if found is None:
        pytest.fail(f"{name} is missing: make parts", pytrace=False)
    return found[name]


@pytest.fixture(scope="session")
def sops_binary() -> Path:
    return program("sops", "sops")


@pytest.fixture(scope="session")
def age_keygen_binary() -> Path:
    return program("age", "age-keygen")


@pytest.fixture(scope="session")
def kubectl_binary() -> Path:
    return program("kubectl", "kubectl")


@pytest.fixture(scope="session")
def chromium_binary() -> Path:
    """The machine's own browser."""
    return program("chromium", "chromium")


@pytest.fixture(scope="session")
def synapse_python() -> Path:
    """Python of the virtual environment that Synapse is installed in."""
    return program("synapse", "synapse-python")


@pytest.fixture(scope="session")
def postgres_bin_dir() -> Path:
    """The folder with initdb and postgres. Both refuse to run as root."""
    return program("postgres", "postgres").parent


def settle(home: Path, env: pytest.MonkeyPatch) -> None:
    """Make ``home`` the home directory, with an empty configuration of everything."""
    env.setenv("HOME", str(home))
    for kind, folder in XDG_FOLDERS.items():
        env.setenv(f"XDG_{kind}_HOME", str(home / folder))
    env.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    (home / ".gitconfig").write_text("[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n")


@pytest.fixture(scope="session", autouse=True)
def _nothing_foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Session fixtures see nothing of the developer's either."""
    with pytest.MonkeyPatch.context() as env:
        for name in list(os.environ):
            ours = name.startswith("MATRIX_SECRETS_") and name != "MATRIX_SECRETS_REQUIRE_ALL"
            if ours or name in FOREIGN or name.upper().startswith(FOREIGN_PREFIXES):
                env.delenv(name)
        for who in ("AUTHOR", "COMMITTER"):
            env.setenv(f"GIT_{who}_NAME", "Test")
            env.setenv(f"GIT_{who}_EMAIL", "test@example.org")
        env.setenv("GIT_CONFIG_NOSYSTEM", "1")
        env.setenv("GIT_TERMINAL_PROMPT", "0")
        env.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp()))
        env.setenv("NO_COLOR", "1")
        env.setenv("TERM", "dumb")
        env.setenv("LC_ALL", "C.UTF-8")
        env.setenv("TZ", "UTC")
        time.tzset()
        settle(tmp_path_factory.mktemp("home"), env)
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts in an empty home directory: no keys, no configuration, no other test's leftovers."""
    settle(tmp_path_factory.mktemp("home"), monkeypatch)
