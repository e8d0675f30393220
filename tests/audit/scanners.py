"""gitleaks and detect-secrets on the same repositories, as generously as they can be run."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def trees(repository: Path) -> set[str]:
    """The trees of every commit that any ref or reflog has, and of the index."""
    words = ["git", "log", "--all", "--reflog", "--format=%T"]
    listed = subprocess.run(words, cwd=repository, check=True, capture_output=True, text=True)
    index = subprocess.run(["git", "write-tree"], cwd=repository, check=True, capture_output=True, text=True)
    return {*listed.stdout.split(), index.stdout.strip()}


def detect_secrets(program: Path, repository: Path, folder: Path, wanted: Iterable[str]) -> list[Hit]:
    """It looks at files, not at a history: it is given the files of each tree."""
    found: list[Hit] = []
    for tree in wanted:
        files = folder / tree
        packed = subprocess.run(["git", "archive", tree], cwd=repository, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(files, filter="data")
        done = subprocess.run([program, "scan", "--all-files", "."], cwd=files, check=True, capture_output=True)
        for file, results in json.loads(done.stdout)["results"].items():
            found += [Hit(file, result["line_number"]) for result in results]
        shutil.rmtree(files)
    return found
