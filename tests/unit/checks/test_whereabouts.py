"""From an offset to its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.checks.whereabouts import Whereabouts
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from tests.unit.checks.tree import GUIDE

FILES = sorted(path.relative_to(GUIDE).as_posix() for path in GUIDE.rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES)
def test_every_value_and_every_comment_of_the_guide(file: str) -> None:
    text = (GUIDE / file).read_text(encoding="utf-8")
    stream = parse(text, file)
    where = Whereabouts(stream)
    for document in stream.documents:
        for leaf in leaves(document.root):
            if isinstance(leaf.node, Scalar) and leaf.node.value and "\n" not in leaf.node.value:
                spot = where.of(leaf.node.start)
                assert spot.entry == (document.index, leaf.path)
                assert not spot.comment
                assert spot.line == text.count("\n", 0, leaf.node.start) + 1
    offset = 0
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("#"):
            assert where.of(offset + line.index("#") + 1).comment
        offset += len(line)


names = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
HEAD = "kind: ConfigMap\nmetadata: {name: c}\ndata:\n  homeserver.yaml: "


def spelled(options: dict[str, str], style: str) -> str:
    lines = [f"{name}: {value}x1 # note" for name, value in options.items()]
    match style:
        case '"':
            return HEAD + '"' + "\\n".join(lines) + '\\n"\n'
        case "'":
            return HEAD + "'" + "\n\n    ".join(lines) + "\n\n    '\n"
        case _:
            return HEAD + style + "\n" + "".join(f"    {line}\n" for line in lines)


@given(
    st.dictionaries(names, names, min_size=1, max_size=5), st.sampled_from(["|", "|-", "|2", '"', "'"]), st.booleans()
)
def test_options_of_an_embedded_file(options: dict[str, str], style: str, crlf: bool) -> None:
    text = spelled(options, style).replace("\n", "\r\n" if crlf else "\n")
    where = Whereabouts(parse(text, "f.yaml"))
    for name, value in options.items():
        line = text.index(f"{name}: {value}x1")
        spot = where.of(line + len(name) + 2)
        assert (spot.place.path, spot.comment) == (("homeserver.yaml", name), False)
        assert where.of(text.index("# note", line) + 2).comment
