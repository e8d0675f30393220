from __future__ import annotations

from packaging.version import Version

import matrix_secrets


def test_version_is_one_that_packaging_understands() -> None:
    assert str(Version(matrix_secrets.__version__)) == matrix_secrets.__version__
