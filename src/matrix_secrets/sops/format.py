"""One encrypted value as text: ``ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`` (sops 3.13.3, aes/cipher.go)."""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from typing import Final, NamedTuple

PREFIX: Final = "ENC[AES256_GCM,"
# Greedy and open at the end, as in sops: what follows the last bracket does not count.
_PATTERN: Final = re.compile(r"ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]")


class Ciphertext(NamedTuple):
    """The parts of an encrypted value; ``kind`` is ``str``, ``int``, ``float``, ``bool``, ``time`` or ``comment``."""

    data: bytes
    iv: bytes
    tag: bytes
    kind: str

    def __str__(self) -> str:
        parts = (b64encode(part).decode("ascii") for part in (self.data, self.iv, self.tag))
        return "ENC[AES256_GCM,data:{},iv:{},tag:{},type:{}]".format(*parts, self.kind)


def read(text: str) -> Ciphertext | None:
    """Read an encrypted value, None where the text is none."""
    found = _PATTERN.match(text)
    if found is None:
        return None
    try:
        data, iv, tag = (binascii.a2b_base64(part, strict_mode=True) for part in found.groups()[:3])
    except (binascii.Error, ValueError):
        return None
    return Ciphertext(data, iv, tag, found[4])
