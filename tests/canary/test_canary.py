"""No command lets a secret out of its place: planted markers are looked for wherever a run can leave something."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyrage
import pytest

from matrix_secrets.cli.registry import COMMANDS, Entry
from tests.canary.cases import BOTH, CASES, Case
from tests.canary.leaks import Search, standing
from tests.canary.repositories import KEYS, POSTGRES, environment
from tests.canary.running import SOURCE
from tests.canary.terminal import screen_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.canary.markers import Markers
    from tests.canary.running import Place, Runner, Trace

MANAGED = ("postgres", "macaroon", "registration", "form")
COMMANDS_BY_NAME = {""} | {
    " ".join(words)
    for name, entry in COMMANDS.items()
    for words in ([(name,)] if isinstance(entry, Entry) else [(name, below) for below in entry.commands])
}


def test_every_command_has_a_case() -> None:
    assert set(CASES) == COMMANDS_BY_NAME
    assert all(case.code == 0 for cases in CASES.values() for case in cases[:1])


@pytest.mark.parametrize("flags", [("-v",), ("-v", "--json")], ids=["text", "json"])
@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize("command", sorted(COMMANDS_BY_NAME), ids=lambda name: name or "status")
def test_no_marker_leaves_its_place(
    command: str,
    engine: str,
    flags: tuple[str, ...],
    markers: Markers,
    runner: Runner,
    place_in: Callable[[str], Place],
    sops_binary: Path,
) -> None:
    sops = sops_binary if engine == "binary" else None
    found: list[tuple[str, object]] = []
    for case in CASES[command]:
        if engine in case.engines:
            place = place_in(case.state)
            if case.change is not None:
                case.change(place, markers)
            before = standing(place, markers)
            trace = ran(case, place, markers, runner, engine=engine, sops=sops, flags=flags)
            if trace.code != case.code:
                found.append((case.name, (trace.code, trace.out, trace.err)))
            found += [(case.name, leak) for leak in Search(case, place, markers, trace, before).everywhere()]
    assert found == []


def test_the_runner_sees_what_is_there(
    markers: Markers, runner: Runner, place_in: Callable[[str], Place], sops_binary: Path
) -> None:
    """The control: what stands in a file is found, children are noted with what they got, and so are renamed files."""
    place = place_in("plain")
    assert set(MANAGED) <= standing(place, markers)[f"cluster/{POSTGRES}"]
    case = Case(("encrypt", "--commit"), "plain")
    trace = ran(case, place, markers, runner, engine="binary", sops=sops_binary, flags=())
    started = {tuple(Path(word).name for word in child["argv"][:2]): child["env"] for child in trace.of("started")}
    assert started["git", "commit"]["SOPS_AGE_KEY"] == markers.identity
    assert any("decrypt" in child["argv"] and "SOPS_AGE_KEY" in child["env"] for child in trace.of("started"))
    assert any(moved["to"].endswith(POSTGRES) for moved in trace.of("os.rename"))
    assert any(gone["path"].endswith("intent.json") for gone in trace.of("os.remove"))
    assert b"encrypt" in place.git("log", "-1", "--format=%s")
    place.git("hash-object", "-w", "--", str(place.home / KEYS))
    assert "identity" in markers.found_in(place.objects())


def test_a_passphrase_typed_at_a_terminal_is_not_shown(markers: Markers, place_in: Callable[[str], Place]) -> None:
    place = place_in("encrypted")
    sealed = pyrage.passphrase.encrypt(f"{markers.identity}\n".encode(), markers.passphrase)
    (place.home / KEYS).write_bytes(sealed)
    argv = ["-v", "-C", str(place.repository), "show"]
    env = environment(place) | {"PYTHONPATH": str(SOURCE)}
    code, screen = screen_of(argv, env, prompt=b"Passphrase of", typed=markers.passphrase)
    assert code == 0, screen
    assert b"2 places agree" in screen
    assert markers.found_in(screen) == frozenset()


def ran(
    case: Case,
    place: Place,
    markers: Markers,
    runner: Runner,
    *,
    engine: str,
    sops: Path | None,
    flags: tuple[str, ...],
) -> Trace:
    carol = str(pyrage.x25519.Identity.generate().to_public())
    words = {"secret": str(place.secret), "identity": markers.identity, "bob": markers.bob, "carol": carol}
    env = environment(place, engine, sops) | {name: text.format(**words) for name, text in case.env.items()}
    if (place.home / KEYS).is_file() and markers.identity in (place.home / KEYS).read_text():
        env["SOPS_AGE_KEY"] = markers.identity  # in the environment, too: no child may inherit it for nothing
    return runner.run(place, [*(word.format(**words) for word in case.argv), *flags], env)
