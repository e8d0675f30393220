"""Files that earlier releases of sops wrote: read here, edited here, and the result read by the real sops of today."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conforming.reading import comments, values
from conforming.trying import same
from matrix_secrets.agekeys.identity import Identity
from matrix_secrets.sops.builtin import BuiltinEngine

if TYPE_CHECKING:
    from conforming.realsops import RealSops

VECTORS: Final = Path(__file__).parents[2] / "tests" / "data" / "sops"
_EARLIER: Final = VECTORS / "earlier"
_X25519: Final = json.loads((VECTORS / "age.json").read_text(encoding="utf-8"))["x25519"]
READER: Final = Identity.from_age_key(_X25519["identity"], "age.json")
_ENGINE: Final = BuiltinEngine(lambda: [READER])
_CIPHERTEXT: Final = re.compile(r"ENC\[[^]]+\]")
_VALUE: Final = "secret"  # each file has it once, encrypted
_NEW: Final = "another value"


@dataclass(frozen=True, slots=True)
class Written:
    """A file of ``plain/`` as a release wrote it."""

    version: str
    name: str

    @property
    def plain(self) -> str:
        """The text that was encrypted."""
        return (_EARLIER / "plain" / self.name).read_text(encoding="utf-8")

    @property
    def text(self) -> str:
        """What the release made of it."""
        return (_EARLIER / self.version / self.name).read_text(encoding="utf-8")

    @property
    def about(self) -> str:
        """What is special about it: its first line says so."""
        return self.plain.partition("\n")[0].removeprefix("# ")


def written() -> list[Written]:
    """Return every file of every release."""
    folders = sorted(folder for folder in _EARLIER.iterdir() if re.fullmatch(r"[0-9.]+", folder.name))
    return [Written(folder.name, file.name) for folder in folders for file in sorted(folder.iterdir())]


def read(found: Written) -> str:
    """Decrypt here: every value and comment is what was encrypted, and an update without a change changes no byte."""
    plain = _ENGINE.decrypt(found.text, file=found.name)
    same(values(plain), values(found.plain), "values")
    same(comments(plain), comments(found.plain), "comments")
    same(_ENGINE.update(found.text, plain, file=found.name).text, found.text, "an update without a change")
    return plain


def edited(real: RealSops, found: Written) -> None:
    """Change a value here: the real sops reads what it read before, with that value; no other got new ciphertext."""
    theirs = replace(real, secret=READER.secret)
    before = theirs.decrypt(found.text)
    plain = read(found)
    changed = _ENGINE.update(found.text, plain.replace(f": {_VALUE}\n", f": {_NEW}\n"), file=found.name).text
    after = theirs.decrypt(changed)
    same(values(after), [(*where, _NEW if text == _VALUE else text) for *where, text in values(before)], "values")
    same(comments(after), comments(before), "comments")
    gone = set(_CIPHERTEXT.findall(found.text)) - set(_CIPHERTEXT.findall(changed))
    same(len(gone), 2, "ciphertexts that are gone: the value's, and the MAC")
