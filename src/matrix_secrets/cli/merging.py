"""What the merge driver writes and says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.gitrepo.mergefile import merge_file
from matrix_secrets.operations.hook_merge import MergedFile, Versions, advice

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.cli.context import App


def told(app: App, merged: MergedFile, versions: Versions, files: tuple[Path, Path, Path], *, plain: bool) -> int:
    """Write the result into the second file, as Git wants it (gitattributes(5)). Returns 1 for a conflict."""
    base, ours, theirs = files
    app.output.put("conflicts", [str(place) for place in merged.conflicts])
    if merged.mixed:
        app.output.note(
            f"matrix-secrets: {versions.file} is encrypted on one side and plain on the other: left as it is on "
            f"this side: {merged.why}"
        )
        return 1
    if merged.text is None:
        if merged.why:
            app.output.note(f"matrix-secrets: {versions.file} is merged as a text, not by value: {merged.why}")
        return 1 if merge_file(ours, base, theirs, versions.marker) else 0
    ours.write_bytes(merged.text.encode())
    for place in merged.conflicts:
        app.output.note(f"matrix-secrets: changed on both sides, differently: {place}")
    if merged.conflicts:
        app.output.note(f"matrix-secrets: {advice(versions.file, plain=plain)}")
    return 1 if merged.conflicts else 0
