"""The blocks read without a parser: what is answered is what the parser says, whatever was done to the text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.metadata import is_encrypted, read_metadata
from matrix_secrets.sops.plainblocks import PlainBlocks, plain_blocks, plain_metadata, root_blocks
from matrix_secrets.sops.rekey import with_recipients
from matrix_secrets.sops.stanzas import blocks, stanza_edits
from tests.unit.sops.builtintexts import ENGINE, FILE, SELECTORS, rule

if TYPE_CHECKING:
    from matrix_secrets.sops.metadata import Metadata

PLAIN: Final = (
    "a: 1\ndata:\n  x: one\n  y: |\n    two\n",
    "# head\n---\ndata: {x: one}\n---\ndata:\n  y: 'two'  # with a comment\n",
    "---\ndata:\n  - x\n  - y: z\n",
)
NEW: Final = (
    generate_identity("x").recipient.key,
    "-----BEGIN AGE ENCRYPTED FILE-----\nbmV3\n-----END AGE ENCRYPTED FILE-----\n",
)
ENCRYPTED: Final = [
    ENGINE.encrypt(text, file=FILE, rule=rule(selector, mac_only_encrypted=only)).text
    for text in PLAIN
    for selector, only in zip(SELECTORS[:3], (True, False, True), strict=True)
]
BLOCK: Final = ENCRYPTED[0][ENCRYPTED[0].index("sops:") :]
PIECES: Final = (
    "sops:\n", "\nsops:\n  mac: x\n", "---\n", "...\n", '"', "'", "\\", " ", "\n", "#", "- ", "age:", "{", "}", "|",
    "\t", "\r", "\x85", "\u2028", "true", "&a ", "*a", "!x ", "    - enc: |\n", "  version: 1.2.3\n", ": ",
)  # fmt: skip


def said_by_the_parser(text: str) -> object:
    try:
        stream = parse(text, FILE)
        return read_metadata(stream) if is_encrypted(stream) else None
    except BadManifestError as error:
        return error


def all_metadata(text: str) -> list[Metadata]:
    stream = parse(text, FILE)
    return [read_metadata(stream, document.index) for document, _ in blocks(stream)]


@pytest.mark.parametrize("text", ENCRYPTED)
def test_what_is_written_here_is_read(text: str) -> None:
    metadata = read_metadata(parse(text, FILE))
    assert plain_metadata(text) == metadata
    blocks = plain_blocks(text)
    assert blocks is not None
    assert set(blocks.metadata) == {metadata}
    assert len(blocks.metadata) == len(parse(text, FILE).documents)
    assert len(blocks.outside) < len(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        "a: 1\nsops: {}\n",
        ENCRYPTED[0].replace("\n", "\r\n"),
        ENCRYPTED[0].replace("sops:", '"sops":'),
        ENCRYPTED[0].replace("  version:", "  kms: []\n  version:"),
        ENCRYPTED[0].replace("recipient: age1", "recipient: ssh-ed25519 "),
        ENCRYPTED[1].replace("a: 1\n", 'a: "\\x73ops"\n'),
        ENCRYPTED[1].replace("a: 1\n", 'a: "another\n  sops: {}"\n'),
        ENCRYPTED[0] + "  more: 1\n",
        ENCRYPTED[3].replace("\n---\n", "\n---+"),
        ENCRYPTED[0] * 2,
    ],
)
def test_whatever_is_spelled_in_another_way_is_left_to_the_parser(text: str) -> None:
    assert plain_metadata(text) is None


def test_blocks_that_differ_are_left_to_the_parser() -> None:
    first, second = ENCRYPTED[3], ENCRYPTED[6]
    text = first + second[second.index("---") :]
    blocks = plain_blocks(text)
    assert blocks is not None
    assert len(set(blocks.metadata)) == 2
    assert plain_metadata(text) is None


def test_a_block_behind_the_first_document_is_left_to_the_parser() -> None:
    assert plain_metadata("a: 1\n---\n" + ENCRYPTED[0]) is None


def test_a_block_inside_of_a_text_is_none_that_is_changed() -> None:
    """Quoted lines may begin in the first column, so that they look like a block: who changes one asks the parser."""
    text = f'a: "\n{ENCRYPTED[0]}"\n'.replace('lastmodified: "', "lastmodified: ").replace('Z"', "Z")
    with pytest.raises(BadManifestError):
        with_recipients(ENGINE, text, file=FILE, gain=[generate_identity("x").recipient])


@pytest.mark.parametrize("text", ENCRYPTED)
def test_one_more_recipient_is_added_without_the_parser_as_with_it(text: str) -> None:
    found = root_blocks(text, FILE)
    assert found is not None
    more = found.with_more(text, [found.metadata[0].age[0], NEW])
    age = (*found.metadata[0].age, found.metadata[0].age[0], NEW)
    assert all_metadata(more) == [replace(each, age=age) for each in all_metadata(text)]
    added = found.with_more(text, [NEW])
    assert splice(text, stanza_edits(parse(text, FILE), [*found.metadata[0].age, NEW])) == added


@pytest.mark.parametrize(
    "text",
    [
        ENCRYPTED[0] + "# a comment\n  more: 1\n",
        ENCRYPTED[0] + "\n  more\n",
        ENCRYPTED[0] + "\n\n  more: 1\n",
        ENCRYPTED[0] + "\tmore\n",
        ENCRYPTED[0] + "}\n",
        "{a: 1,\n" + BLOCK + "}\n",
        "- a\n" + BLOCK,
        "a: |\n" + BLOCK + "b: [\n",
        "? \n" + BLOCK,
        "a: '\n" + BLOCK + "'\n",
        "'a\n" + BLOCK + "'\n",
        "a:\n  b\n..\n" + ENCRYPTED[0],
        ENCRYPTED[0] * 2,
    ],
)
def test_what_is_no_key_of_the_root_or_goes_on_behind_it_is_left_to_the_parser(text: str) -> None:
    assert_as_the_parser_says(text)
    found = root_blocks(text, FILE)
    assert found is None or len(found.metadata) == len(parse(text, FILE).documents)


def assert_as_the_parser_says(text: str) -> PlainBlocks | None:
    """What is answered at all is what the parser says of the whole text, before and after."""
    found = root_blocks(text, FILE)
    if found is not None:
        assert all_metadata(text) == list(found.metadata)
        more = found.with_more(text, [NEW])
        assert all_metadata(more) == [replace(each, age=(*each.age, NEW)) for each in found.metadata]
    return found


@given(
    st.sampled_from(ENCRYPTED),
    st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 30), st.sampled_from(PIECES)), min_size=1, max_size=3),
)
@example(ENCRYPTED[0], [(0, 0, "---\n")])
@example(ENCRYPTED[0], [(len(ENCRYPTED[0]), 0, "sops:\n")])
def test_any_change_is_read_as_the_parser_reads_it(text: str, changes: list[tuple[int, int, str]]) -> None:
    for at, length, piece in changes:
        start = at % (len(text) + 1)
        text = text[:start] + piece + text[start + length :]
    assert_as_the_parser_says(text)
    found = plain_metadata(text)
    if found is not None:
        said = said_by_the_parser(text)
        # Elsewhere the text may be broken, or quoted as a whole: then nothing is changed, for the parser is asked.
        assert said == found or said is None or isinstance(said, BadManifestError)
