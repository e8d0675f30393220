from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doctor import patient as patients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doctor.patient import Patient
    from tests.testbed.cluster import Cluster


@pytest.fixture(scope="module")
def patient(testbed: Cluster, tmp_path_factory: pytest.TempPathFactory, kubectl_binary: Path) -> Iterator[Patient]:
    """A healthy stack, shared by a module: each test breaks it, and mends it as doctor says."""
    yield patients.admit(testbed, tmp_path_factory.mktemp("patient"), kubectl_binary)
    testbed.node.usage.violations.clear()
