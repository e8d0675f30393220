"""gitleaks and detect-secrets on the same repositories, as generously as they can be run."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Hit:
    """A file and a line that a scanner named."""

    file: str
    line: int


def gitleaks(program: Path, repository: Path, report: Path) -> list[Hit]:
    """All refs and reflogs, its own rules, encodings decoded, nothing left out; what is staged, too."""
    common = ["--no-banner", "--exit-code=0", "--max-decode-depth=3", "--report-format=json", f"--report-path={report}"]
    found: list[Hit] = []
    for words in (["git", "--log-opts=--all --reflog"], ["git", "--staged"]):
        subprocess.run([program, *words, *common, repository], check=True, capture_output=True)
        for each in json.loads(report.read_text() or "[]"):
            if (hit := Hit(each["File"], each["StartLine"] + 1)) not in found:
                found.append(hit)
    return found


def detect_secrets(program: Path, repository: Path, folder: Path) -> list[Hit]:
    """It looks at files, not at a history: it is given the files of every commit, stash and index."""
    listed = subprocess.run(
        ["git", "rev-list", "--all", "--reflog"], cwd=repository, check=True, capture_output=True, text=True
    )
    index = subprocess.run(["git", "write-tree"], cwd=repository, check=True, capture_output=True, text=True)
    found: list[Hit] = []
    for number, tree in enumerate([*listed.stdout.split(), index.stdout.strip()]):
        files = folder / str(number)
        packed = subprocess.run(["git", "archive", tree], cwd=repository, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(files, filter="data")
        done = subprocess.run([program, "scan", "--all-files", "."], cwd=files, check=True, capture_output=True)
        for file, results in json.loads(done.stdout)["results"].items():
            for result in results:
                if (hit := Hit(file, result["line_number"])) not in found:
                    found.append(hit)
    return found
