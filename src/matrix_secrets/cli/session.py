"""One run: its arguments, its streams, its output, and the `App` once the options are known."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, TextIO

from matrix_secrets.cli.output.addressing import addressed
from matrix_secrets.cli.output.terminal import Terminal
from matrix_secrets.cli.settings import Settings, json_wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.output.interface import Output


class Session:
    """Made before anything is parsed, so that a usage error has an output, too."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.command = ""
        self._argv = argv
        self._env = env
        self._stdout: TextIO = sys.stdout
        self._stderr: TextIO = sys.stderr
        self._output: Output | None = None
        self.json = json_wanted(argv, env)

    @property
    def output(self) -> Output:
        """The output; before the options are known, one that follows the arguments as they stand."""
        if self._output is None:
            self._output = self._make(Settings.of({"no_color": "--no-color" in self._argv}))
        return self._output

    def app(self, settings: Settings, command: str) -> App:
        """Start a command."""
        from matrix_secrets.cli.context import App  # noqa: PLC0415  --version and --help do without

        self.command = command
        self.json = self.json or settings.json
        self._output = self._make(settings)
        return App(settings, self._output, self._env)

    def close(self, exit_code: int) -> None:
        """End the output, if there is any."""
        if self._output is not None or self.json:
            self.output.close(self.command, exit_code)

    @contextmanager
    def reserved_stdout(self) -> Iterator[None]:
        """With --json, keep everything else from stdout: the text of --help becomes a key, the rest commentary."""
        if not self.json:
            yield
            return
        strayed = io.StringIO()
        try:
            with redirect_stdout(strayed):
                yield
        finally:
            if strayed.getvalue():
                self.output.put("text", strayed.getvalue())

    def _make(self, settings: Settings) -> Output:
        streams = (self._stdout, self._stderr)
        out, err = (Terminal.of(stream, self._env, no_color=settings.no_color) for stream in streams)
        quiet, verbose, addresser = settings.quiet, settings.verbose, addressed(settings)
        if self.json:
            from matrix_secrets.cli.output.jsonobject import JsonOutput  # noqa: PLC0415  one of the two is needed

            return JsonOutput(out, err, quiet=quiet, verbose=verbose, addressed=addresser)
        from matrix_secrets.cli.output.text import TextOutput  # noqa: PLC0415

        return TextOutput(out, err, quiet=quiet, verbose=verbose, addressed=addresser)


def silence(stream: TextIO) -> None:
    """Send the rest of a stream nowhere: who read it has gone, which must not stop a command half-way."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
