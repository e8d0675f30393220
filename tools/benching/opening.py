"""Decrypt the files that are named, in one process, MAC and all. The command line has no such command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from matrix_secrets.agekeys.discovery import find_identities
from matrix_secrets.sops.builtin import BuiltinEngine

ENGINE = BuiltinEngine(lambda: find_identities(os.environ).identities)
for name in sys.argv[1:]:
    sys.stdout.write(ENGINE.decrypt(Path(name).read_text(encoding="utf-8"), file=name))
