from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.cli.output.interface import Row
from matrix_secrets.cli.output.jsonobject import JsonOutput
from matrix_secrets.cli.output.places import shortened
from matrix_secrets.cli.output.terminal import Mark, Terminal
from matrix_secrets.cli.output.text import TextOutput
from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.operations.plan import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

SYNAPSE = "apps/matrix/synapse.yaml"
CONFIG = "ConfigMap/synapse-config"
CHANGES = (
    Change(Place(SYNAPSE, CONFIG, ("homeserver.yaml", "server_name")), "set", "192.168.1.100"),
    Change(Place(SYNAPSE, CONFIG, ("homeserver.yaml", "public_baseurl")), "set", "http://192.168.1.100:30067"),
    Change(Place("apps/matrix/element.yaml", "ConfigMap/element-config", ("config.json",)), "set"),
)
FINDINGS = (
    Finding("plaintext-secret", Severity.ERROR, Place("a.yaml", "Secret/s", ("KEY",)), "KEY is plain", "encrypt"),
    Finding("open-registration", Severity.WARNING, Place("b.yaml"), "anybody may register", ""),
)
UTF8 = {"LC_ALL": "C.UTF-8"}


class Stream(io.TextIOWrapper):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO()
        self.terminal = terminal
        super().__init__(self.bytes, encoding=encoding)

    def isatty(self) -> bool:
        return self.terminal

    @property
    def text(self) -> str:
        return self.bytes.getvalue().decode(self.encoding)


def speak(
    *, quiet: bool = False, terminal: bool = False, encoding: str = "utf-8", env: Mapping[str, str] = UTF8
) -> tuple[TextOutput, Stream, Stream]:
    out, err = Stream(terminal=terminal, encoding=encoding), Stream(terminal=terminal, encoding=encoding)
    terminals = [Terminal.of(stream, env) for stream in (out, err)]
    return TextOutput(*terminals, quiet=quiet), out, err


def test_changes_stand_in_columns_and_do_not_repeat_themselves() -> None:
    output, out, _ = speak()
    output.changes(CHANGES, done=True)
    assert out.text.splitlines() == [
        f"  ✓ {SYNAPSE} › {CONFIG} › homeserver.yaml › server_name   192.168.1.100",
        f"  ✓ {SYNAPSE} › … › public_baseurl                                         http://192.168.1.100:30067",
        "  ✓ apps/matrix/element.yaml › ConfigMap/element-config › config.json                     set",
    ]


@pytest.mark.parametrize(
    ("encoding", "env"),
    [("ascii", UTF8), ("utf-8", {"LC_ALL": "C"}), ("utf-8", {"LANG": "en_US.ISO-8859-1"})],
)
def test_ascii_is_enough(encoding: str, env: dict[str, str]) -> None:
    output, out, err = speak(encoding=encoding, env=env)
    output.changes(CHANGES, done=True)
    output.failed(RefusedError("no — not this … 🔑", hint="→ that"))
    assert out.text.startswith(f"  + {SYNAPSE} > {CONFIG} > homeserver.yaml > server_name")
    assert " > ... > public_baseurl" in out.text
    assert err.text.isascii() or encoding == "utf-8"
    assert err.text.startswith("error: no - not this ... ")


def test_colour_is_for_terminals_and_never_the_only_sign() -> None:
    for env, colored in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        output, out, _ = speak(terminal=True, env={"TERM": "xterm-256color", **UTF8, **env})
        output.rows([Row(("bad",), Mark.BAD)])
        assert ("\033[" in out.text) is colored
        assert ("✗" in out.text) is (env != {"TERM": "dumb"})
    output, out, _ = speak(terminal=False, env={"TERM": "xterm", **UTF8})
    output.rows([Row(("bad",), Mark.BAD)])
    assert "\033[" not in out.text


def test_quiet_leaves_errors_and_data() -> None:
    output, out, err = speak(quiet=True)
    output.changes(CHANGES, done=True)
    output.rows([Row(("a", "b"))], "title")
    output.note("by the way")
    output.findings(FINDINGS)
    output.next("matrix-secrets verify")
    output.data("recipient", "age1…\n")
    output.failed(RefusedError("no"))
    output.close("x", 3)
    assert out.text == "✗ a.yaml › Secret/s › KEY: KEY is plain\n    fix  encrypt\nage1…\n"
    assert err.text == "error: no\n"


def test_the_last_line_says_what_comes_next() -> None:
    output, out, _ = speak()
    output.next("matrix-secrets verify", "matrix-secrets show")
    output.next("matrix-secrets verify")
    output.close("generate", 0)
    assert out.text == "Next: matrix-secrets verify\n   or matrix-secrets show\n"


def test_an_error_has_place_cause_and_fix() -> None:
    output, _, err = speak()
    place = Place("a.yaml", "ConfigMap/c", ("homeserver.yaml",), 14)
    output.failed(
        RefusedError("mapping values are not allowed here", cause="it does not parse", hint="mend it", place=place)
    )
    assert err.text.splitlines() == [
        "error: a.yaml › ConfigMap/c › homeserver.yaml, line 14: mapping values are not allowed here",
        "cause: it does not parse",
        "fix:   mend it",
    ]


def test_json_is_one_object_with_the_contract_s_keys() -> None:
    out, err = Stream(terminal=False), Stream(terminal=False)
    output = JsonOutput(Terminal.of(out, UTF8), Terminal.of(err, UTF8))
    output.changes(CHANGES[:1], done=True)
    output.findings(FINDINGS[:1])
    output.rows([Row(("for people",))])
    output.put("secrets", [])
    output.next("matrix-secrets verify")
    output.failed(RefusedError("no", hint="yes"))
    output.close("generate", 3)
    assert err.text == ""
    assert json.loads(out.text) == {
        "schema": 1,
        "command": "generate",
        "ok": False,
        "changes": [{"file": SYNAPSE, "document": CONFIG, "path": "homeserver.yaml › server_name", "action": "set"}],
        "findings": [
            {
                "id": "plaintext-secret",
                "severity": "error",
                "file": "a.yaml",
                "document": "Secret/s",
                "path": "KEY",
                "message": "KEY is plain",
                "fix": "encrypt",
            }
        ],
        "error": {"code": "refused", "message": "no", "hint": "yes"},
        "next": ["matrix-secrets verify"],
        "secrets": [],
    }


def test_a_place_of_its_own_is_written_in_full() -> None:
    places = [Place("a", "K/x", ("k",)), Place("a", "K/y", ("k",)), Place("a", "K/y"), Place("a", "K/y", ("k", "l"))]
    assert shortened(places) == ["a › K/x › k", "a › K/y › k", "a › K/y", "a › … › k › l"]


def test_a_long_place_is_shortened_in_its_middle() -> None:
    place = Place("a", "K/x", ("config.json", "one", "two", "three"))
    assert shortened([place, Place("a", "K/x", ("config.json", "one", "two", "four"))]) == [
        "a › K/x › config.json › … › three",
        "a › … › four",
    ]


def test_a_note_says_first_what_it_is_about() -> None:
    output, out, _ = speak()
    output.notes(FINDINGS)
    assert out.text.splitlines() == [
        "✗ KEY is plain",
        "    at   a.yaml › Secret/s › KEY",
        "    fix  encrypt",
        "! anybody may register",
        "    at   b.yaml",
    ]


def test_what_a_terminal_would_obey_is_spelled_out() -> None:
    output, out, _ = speak(terminal=True, env={**UTF8, "TERM": "xterm"})
    output.rows([Row(("title \x1b]0;owned\x07 \r \x9b1m", "\tx"), Mark.DONE)])
    assert "\\x1b]0;owned\\x07 \\x0d \\x9b1m" in out.text
    assert "\033[32m✓\033[0m" in out.text
    assert str(Place("a\nb.yaml", "Secret/s")) == "a\\nb.yaml › Secret/s"
    assert shortened([Place("a\nb.yaml", "Secret/s", ("KEY",))]) == ["a\\nb.yaml › Secret/s › KEY"]


def test_a_finding_s_line_is_in_the_json_where_it_is_known() -> None:
    out, err = Stream(terminal=False), Stream(terminal=False)
    output = JsonOutput(Terminal.of(out, UTF8), Terminal.of(err, UTF8))
    output.findings([Finding("a-b", Severity.ERROR, Place("a.yaml", line=7), "m", "f"), FINDINGS[0]])
    output.close("verify", 1)
    first, second = json.loads(out.text)["findings"]
    assert first["line"] == 7
    assert "line" not in second
