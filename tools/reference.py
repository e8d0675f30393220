"""Write docs/reference/commands.md from the commands themselves; --check: fail if it is not what would be written."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matrix_secrets.cli.command import load
from matrix_secrets.cli.options import GlobalOption
from matrix_secrets.cli.registry import COMMANDS, STATUS, Entry
from matrix_secrets.cli.root import NAME, make_root

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "commands.md"
_HEAD = """# Commands

<!-- Written by tools/reference.py from the commands themselves: do not edit. -->

Every command is safe to repeat: where there is nothing to do it says so in one line and changes nothing.
"""
_JSON = """## JSON

`--json` prints one object on stdout, on every exit. Keys are added, never renamed, as long as `schema` is 1.

| key | |
|---|---|
| `schema` | 1 |
| `command` | the command's name, `keys generate` |
| `ok` | whether the exit code is 0 |
| `changes` | list of `file`, `document`, `path`, `action`; with `--dry-run`, what would change, and `dry_run` is true |
| `findings` | list of `id`, `severity`, `file`, `document`, `path`, `message`, `fix`, and `line` where it is known |
| `error` | null, or `code`, `message`, `hint`, and `cause` where it is known |
| `next` | the commands that come next |

What else a command has to tell stands under keys of its own: `secrets` of `show`, `text` of `decrypt`, `leaks` of
`audit`, `links` of `doctor`.
"""
_EXITS = """## Exit codes

| code | meaning |
|---|---|
| 0 | done, or clean |
| 1 | findings |
| 2 | wrong usage |
| 3 | refused or bad input: nothing was changed |
| 4 | an outside system failed: network, cluster, Git remote, sops |
| 5 | a bug |
| 130 | interrupted |
"""


def page() -> str:
    """Return the whole page."""
    root = make_root()
    parts = [_HEAD, _section(NAME, load(STATUS.target), level=2)]
    for name, entry in COMMANDS.items():
        if isinstance(entry, Entry):
            parts.append(_section(f"{NAME} {name}", load(entry.target), level=2))
        else:
            parts += [
                _section(f"{NAME} {name} {sub}", load(inner.target), level=2)
                for sub, inner in entry.commands.items()
                if not inner.hidden
            ]
    shared = [param for param in root.params if isinstance(param, GlobalOption)]
    ctx = click.Context(root, info_name=NAME)
    table = "\n".join(_rows(shared, ctx, environment=True))
    intro = "Before or after the command; what stands after it wins. Several directories in one variable: `DIR:DIR`."
    head = "| option | environment | |\n|---|---|---|"
    parts.append(f"## Options of every command\n\n{intro}\n\n{head}\n{table}\n")
    return "\n".join([*parts, _JSON, _EXITS])


def _section(title: str, command: click.Command, *, level: int) -> str:
    ctx = click.Context(command, info_name=title)
    own = [
        param for param in command.get_params(ctx) if not isinstance(param, GlobalOption) and "--help" not in param.opts
    ]
    usage = " ".join([title, *(piece for param in own for piece in param.get_usage_pieces(ctx))])
    options = list(_rows([param for param in own if isinstance(param, click.Option)], ctx, environment=False))
    lines = [f"{'#' * level} {title}", "", f"```console\n$ {usage} [OPTION]...\n```", "", *_prose(command.help or "")]
    if options:
        lines += ["", "| option | |", "|---|---|", *options]
    return "\n".join([*lines, ""])


def _prose(text: str) -> Iterator[str]:
    r"""Turn click's help into Markdown; a paragraph after \b is preformatted."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ""
        if paragraph.startswith("\b\n"):
            yield "\n".join(["```text", *paragraph.splitlines()[1:], "```"])
        else:
            yield " ".join(paragraph.split())


def _rows(params: list[click.Option] | list[GlobalOption], ctx: click.Context, *, environment: bool) -> Iterator[str]:
    for param in params:
        names = ", ".join(f"`{name}`" for name in param.opts if name.startswith("-"))
        value = "" if param.is_flag else f" `{param.make_metavar(ctx)}`"
        help_text = (param.help or "").replace("|", "\\|")
        variable = f" {f'`{param.envvar}`' if param.envvar else ''} |" if environment else ""
        yield f"| {names}{value.replace('|', chr(92) + '|')} |{variable} {help_text} |"


def main() -> int:
    """Write the page, or compare it."""
    new = page()
    if "--check" not in sys.argv[1:]:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(new, encoding="utf-8")
        return 0
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    for line in difflib.unified_diff(old.splitlines(), new.splitlines(), str(PAGE), "as it should be", lineterm=""):
        print(line)
    if old != new:
        print("run: python tools/reference.py", file=sys.stderr)
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())
