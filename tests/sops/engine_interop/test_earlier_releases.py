"""Files that earlier releases wrote: tests/data/sops/README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conforming.earlier import Written, edited, written

if TYPE_CHECKING:
    from conforming.realsops import RealSops


@pytest.mark.parametrize("found", written(), ids=lambda found: f"{found.version} {found.name}")
def test_the_real_sops_reads_what_was_edited_here(real_sops: RealSops, found: Written) -> None:
    edited(real_sops, found)
