from __future__ import annotations

from typing import TYPE_CHECKING

from conformance import PAGE, page

if TYPE_CHECKING:
    from conforming.realsops import RealSops


def test_the_conformance_page_is_what_comes_of_trying(real_sops: RealSops) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(real_sops)
