"""Write docs/reference/conformance.md by trying everything against the real sops; --check: compare instead."""

from __future__ import annotations

import difflib
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from conforming.earlier import edited, written
from conforming.features import (
    BRANCH,
    DUPLICATE_LATER,
    FEATURES,
    NOT_TAKEN,
    REFUSED,
    SELECTED,
    SELECTORS,
    SILENTLY,
    SPLICED,
)
from conforming.realsops import IDENTITY, RealSops
from conforming.trying import (
    changed_by_sops,
    refused_by_sops,
    refused_here,
    rule_of,
    selected,
    spliced,
    written_by_sops,
    written_here,
)
from matrix_secrets.errors import TamperedError
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.cipher import DataKey
from matrix_secrets.sops.metadata import FORMAT_VERSION, read_metadata
from matrix_secrets.sops.opening import open_file
from provision.part import find_programs, load_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).parent.parent / "docs" / "reference" / "conformance.md"
_VECTORS: Final = Path(__file__).parent.parent / "tests" / "data" / "sops"
_OTHERS: Final = (
    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
    "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun",
)
_HEAD: Final = f"""# What the built-in engine shares with sops

<!-- Written by tools/conformance.py, which tries every line: do not edit. -->

Every line was tried against the real sops {FORMAT_VERSION}, in both directions: encrypted here and decrypted by sops,
encrypted by sops and decrypted here. A test tries them again and compares this page.

*The same bytes*: decrypting gives the original text back, to the byte. *The same values*: every value and its type come
back, some in another spelling. What sops writes has sops's own formatting already, so there the question is the values.
"""


def page(real: RealSops) -> str:
    """Try everything, and return the page. Raises `DifferentError` for a line that does not hold."""
    sections = (_features, _selectors, _recipients, _earlier, _places, _refused)
    return "\n".join([_HEAD, *(line for section in sections for line in section(real))])


def _features(real: RealSops) -> Iterator[str]:
    for title, features in FEATURES.items():
        yield f"## {title}\n\n| | encrypted here, read by sops | encrypted by sops, read here |\n|---|---|---|"
        for feature in features:
            ways = [rule_of(BRANCH), rule_of({}, only=False)] if feature.whole else [rule_of(BRANCH)]
            [here] = {written_here(real, feature.text, way) for way in ways}
            [there] = {written_by_sops(real, feature.text, way) for way in ways}
            note = "" if feature.whole else " ¹"
            yield f"| {feature.name}{note} | {here} | {there} |"
        yield ""
    yield "Each was encrypted under the guide's `^(data|stringData)$`, and whole, with the MAC over everything.\n"
    yield "¹ Not whole: what these mean to sops would be another thing then.\n"


def _selectors(real: RealSops) -> Iterator[str]:
    yield "## Selectors\n\nThe same keys are encrypted by both, with `mac_only_encrypted` and without.\n"
    yield f"```yaml\n{SELECTED}```\n\n| selector | encrypted keys |\n|---|---|"
    for selector in SELECTORS:
        name, text = next(iter(selector.items()), ("none", ""))
        [keys] = {selected(real, SELECTED, rule_of(selector, only=only)) for only in (True, False)}
        shown = _cell(f"`{name}: {text}`") if text else "none: `unencrypted_suffix: _unencrypted` counts"
        yield f"| {shown} | {', '.join(f'`{key}`' for key in sorted(keys))} |"
    yield ""


def _recipients(real: RealSops) -> Iterator[str]:
    mine = IDENTITY.recipient.key
    ssh = json.loads((_VECTORS / "age.json").read_text(encoding="utf-8"))["ssh-ed25519"]["recipient"]
    lists = {"one": (mine,), "three": (_OTHERS[0], mine, _OTHERS[1]), "age and ssh-ed25519": (ssh, mine)}
    yield "## Recipients\n\n| | encrypted here, read by sops | encrypted by sops, read here |\n|---|---|---|"
    for name, recipients in lists.items():
        rule = rule_of(BRANCH, recipients=recipients)
        text = "data:\n  k: v\n"
        yield f"| {name} | {written_here(real, text, rule)} | {written_by_sops(real, text, rule)} |"
    yield "\nKMS, PGP, Shamir groups, post-quantum and plugin recipients need the sops program, and are named.\n"


def _earlier(real: RealSops) -> Iterator[str]:
    yield "## Files of earlier releases\n\nWritten for these tests by sops 3.7.3 and 3.8.1, for age recipients. Read"
    yield "here: the values, types and comments that went in. Edited here: the sops of today reads the result.\n"
    yield "| file | written by sops | read here | edited here, read by sops |\n|---|---|---|---|"
    for found in written():
        edited(real, found)
        yield f"| {found.about} | {found.version} | the same values | the same values, and the new one |"
    yield "\nFrom sops's own test data; the data keys were unwrapped by GnuPG:\n"
    yield "| file | written by sops | |\n|---|---|---|"
    keys = json.loads((_VECTORS / "keys.json").read_text(encoding="utf-8"))
    for name, key in sorted(keys.items()):
        stream = parse((_VECTORS / name).read_text(encoding="utf-8"), name)
        metadata = read_metadata(stream)
        try:
            open_file(stream, metadata, DataKey(bytes.fromhex(key)))
            came = "opens, its MAC fits"
        except TamperedError as error:
            came = f"refused, as sops does: {error.message}"
        yield f"| `{name}` | {metadata.version} | {came} |"
    yield ""


def _places(real: RealSops) -> Iterator[str]:
    yield "## Where a ciphertext can stand\n\nBoth sides take one, wherever it was put by an edit of the text:\n"
    yield "\n".join(f"- {name}" for name, place in SPLICED.items() if spliced(real, place, rule_of(BRANCH)))
    yield "\nNeither side takes one:\n"
    yield "\n".join(f"- {name}" for name, place in NOT_TAKEN.items() if not spliced(real, place, rule_of(BRANCH)))
    yield ""


def _refused(real: RealSops) -> Iterator[str]:
    yield "## Refused by both\n\n| | refused here with |\n|---|---|"
    for name, text in REFUSED.items():
        refused_by_sops(real, text, rule_of({}))
        yield f"| {name} | {_cell(refused_here(text, rule_of({})))} |"
    yield "\n## Refused here, changed by sops without a word\n"
    yield "| | sops makes of it | refused here with |\n|---|---|---|"
    for name, text in SILENTLY.items():
        changed = changed_by_sops(real, text, rule_of(BRANCH)).rstrip("\n").rpartition("\n")[2].strip()
        yield f"| {name} | `{changed}` | {_cell(refused_here(text, rule_of(BRANCH)))} |"
    message = _cell(refused_here(DUPLICATE_LATER, rule_of(BRANCH)))
    yield f"| a duplicate key after the first document | both, of which a cluster reads one | {message} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> int:
    """Write the page, or compare it."""
    programs = find_programs(load_parts()["sops"])
    if programs is None:
        print("error: the real sops is not built: make parts", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as directory:
        new = page(RealSops(programs["sops"], Path(directory)))
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    for line in difflib.unified_diff(old.splitlines(), new.splitlines(), str(PAGE), "as it should be", lineterm=""):
        print(line)
    if old != new:
        print("run: python tools/conformance.py", file=sys.stderr)
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())
