"""What a selector makes of a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Path
    from matrix_secrets.sops.selectors import Selection


def picks(selection: Selection, path: Path) -> bool:
    """Whether what stands under a path is encrypted. Selectors that go by comments are not second-guessed: yes."""
    if selection.by_comment:
        return True
    return selection.names_plain != any(selection.hits(str(key)) for key in path)
