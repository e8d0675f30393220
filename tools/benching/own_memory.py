"""Run a command of ours in this process and print its own largest resident size in KiB, git's left out."""

from __future__ import annotations

import os
import resource
import sys

from matrix_secrets.cli.main import run

CODE = run(sys.argv[1:], os.environ)
sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")
sys.exit(CODE)
