from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError, RefusedError
from matrix_secrets.sops.creationrules import rules_of
from matrix_secrets.sops.recipientedit import with_recipient, without_recipients

A = "age1hsk0ga42qh2mlej7llu6r33dt24fx54pee7u7ca3heux2v95wazstsf6qd"
B = "age1u733x54gnlhvf4x7u5rh9je5hup69l0jrnqpr2rpw6auvkdgry0smuhze4"
C = "age1skfday26ze5y2verj5j43k6d92hy3mtqn03732ucz99cwya6835s9pxyp8"

PEOPLE = f"people:\n  alice: &alice {A}\n  carol: &carol {C}\n  bob: &bob {B}\ncreation_rules:\n"

# Each: the file, with carol added to all rules, without alice.
CASES = {
    "list": (
        f"# head\ncreation_rules:\n  - path_regex: a\n    age:\n      - {A}  # alice\n      - {B}\n",
        (
            f"# head\ncreation_rules:\n  - path_regex: a\n    age:\n      - {A}  # alice\n      - {B}\n"
            f"      - {C}  # carol\n"
        ),
        f"# head\ncreation_rules:\n  - path_regex: a\n    age:\n      - {B}\n",
    ),
    "list at the column of its key, no last line end": (
        f"creation_rules:\n- age:\n  -  {A}\n  -  {B} # bob",
        f"creation_rules:\n- age:\n  -  {A}\n  -  {B} # bob\n  -  {C}  # carol",
        f"creation_rules:\n- age:\n  -  {B} # bob",
    ),
    "text": (
        f"creation_rules:\n- age: {A},{B}\n",
        f"creation_rules:\n- age: {A},{B},{C}\n",
        f"creation_rules:\n- age: {B}\n",
    ),
    "text, folded, the others' comma at the end": (
        f"creation_rules:\n- age: >-\n    {A},\n    {B},\n  path_regex: x\n",
        f"creation_rules:\n- age: >-\n    {A},\n    {B},\n    {C}\n  path_regex: x\n",
        f"creation_rules:\n- age: >-\n    {B},\n  path_regex: x\n",
    ),
    "text in quotes over two lines, CRLF": (
        f'creation_rules:\r\n- age: "{B},\r\n    {A}"\r\n',
        f'creation_rules:\r\n- age: "{B},\r\n    {A},{C}"\r\n',
        f'creation_rules:\r\n- age: "{B}"\r\n',
    ),
    "one with a name becomes a list": (
        f"creation_rules:\n  - age:  {B} # bob\n    path_regex: x\n",
        f"creation_rules:\n  - age:\n      - {B} # bob\n      - {C}  # carol\n    path_regex: x\n",
        f"creation_rules:\n  - age:  {B} # bob\n    path_regex: x\n",
    ),
    "anchors": (
        (
            f"keys:\n  - &alice {A}\n  - &bob {B}  # Bobby\ncreation_rules:\n- key_groups:\n  - age:\n"
            "    - *alice\n    - *bob\n"
            "- age: [*alice, *bob] # x\n"
        ),
        (
            f"keys:\n  - &alice {A}\n  - &bob {B}  # Bobby\n  - &carol {C}\ncreation_rules:\n- key_groups:\n  - age:\n"
            "    - *alice\n    - *bob\n    - *carol\n- age: [*alice, *bob, *carol] # x\n"
        ),
        f"keys:\n  - &bob {B}  # Bobby\ncreation_rules:\n- key_groups:\n  - age:\n    - *bob\n- age: [*bob] # x\n",
    ),
    "anchors of people, an entry each": (
        f"{PEOPLE}- age:\n  - *alice\n  - *bob\n",
        (f"{PEOPLE}- age:\n  - *alice\n  - *bob\n  - *carol\n"),
        f"people:\n  carol: &carol {C}\n  bob: &bob {B}\ncreation_rules:\n- age:\n  - *bob\n",
    ),
    "flow list": (
        f"creation_rules:\n- age: [{A}, {B}]\n- age: [ {B},{A}] # both\n",
        f"creation_rules:\n- age: [{A}, {B}, {C}]\n- age: [ {B},{A}, {C}] # both\n",
        f"creation_rules:\n- age: [{B}]\n- age: [ {B}] # both\n",
    ),
    "flow list in lines": (
        f"creation_rules:\n- age: [\n    {A}, # alice\n    {B} # bob\n  ]\n",
        f"creation_rules:\n- age: [\n    {A}, # alice\n    {B}, # bob\n    {C}  # carol\n  ]\n",
        f"creation_rules:\n- age: [\n    {B} # bob\n  ]\n",
    ),
    "a list that rules share": (
        f"team: &team [{A},{B}]\ncreation_rules:\n- age: *team\n- {{path_regex: x, age: *team}}\n",
        f"team: &team [{A},{B}, {C}]\ncreation_rules:\n- age: *team\n- {{path_regex: x, age: *team}}\n",
        f"team: &team [{B}]\ncreation_rules:\n- age: *team\n- {{path_regex: x, age: *team}}\n",
    ),
    "no age key yet": (
        "creation_rules:\n- pgp: ABCDEF # me\n- {pgp: X}\n",
        f"creation_rules:\n- pgp: ABCDEF # me\n  age:\n    - {C}  # carol\n- {{pgp: X, age: [{C}]}}\n",
        "creation_rules:\n- pgp: ABCDEF # me\n- {pgp: X}\n",
    ),
    "text with the names behind it": (
        f"creation_rules:\n- age: {A},{B}  # alice, bob\n",
        f"creation_rules:\n- age: {A},{B},{C}  # alice, bob, carol\n",
        f"creation_rules:\n- age: {B}  # bob\n",
    ),
    "a key that is also listed by itself": (
        f"keys:\n  - {A}  # alice\n  - {B}\ncreation_rules:\n- age:\n  - {A}\n  - {B}\n",
        f"keys:\n  - {A}  # alice\n  - {B}\ncreation_rules:\n- age:\n  - {A}\n  - {B}\n  - {C}  # carol\n",
        f"keys:\n  - {B}\ncreation_rules:\n- age:\n  - {B}\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_adding(name: str) -> None:
    text, added, _ = CASES[name]
    assert with_recipient(text, C, name="carol", rules={0, 1}) == added
    assert with_recipient(added, C, name="carol", rules={0, 1}) == added


@pytest.mark.parametrize("name", CASES)
def test_removing(name: str) -> None:
    text, _, removed = CASES[name]
    assert without_recipients(text, {A}) == removed
    assert without_recipients(removed, {A}) == removed


def test_only_the_rule_that_is_meant() -> None:
    text = f"creation_rules:\n- age: [{A}]\n- age: [{A}]\n"
    assert with_recipient(text, C, name="carol", rules={1}) == f"creation_rules:\n- age: [{A}]\n- age: [{A}, {C}]\n"
    both = f"creation_rules:\n- age: [{A}, {C}]\n- age: [{A}, {C}]\n"
    assert without_recipients(both, {C}, rules={1}) == f"creation_rules:\n- age: [{A}, {C}]\n- age: [{A}]\n"


@pytest.mark.parametrize("middle", [f"{A}, {B}", f"{B}, {A}"])
def test_two_beside_each_other(middle: str) -> None:
    for text in (f"creation_rules:\n- age: [{middle}, {C}]\n", f"creation_rules:\n- age: [{C}, {middle}]\n"):
        rules = rules_of_text(without_recipients(text, {A, B}))
        assert rules == [(C,)]
    text = f"creation_rules:\n- age: {C},{middle.replace(' ', '')}\n"
    assert without_recipients(text, {A, B}) == f"creation_rules:\n- age: {C}\n"


def test_a_name_that_is_no_anchor() -> None:
    text = f"keys:\n- &alice {A}\ncreation_rules:\n- age: [*alice]\n"
    added = with_recipient(text, C, name="Carol Q. Smith", rules={0})
    assert f"- &Carol-Q-Smith {C}  # Carol Q. Smith\n" in added
    other = with_recipient(text, C, name="alice", rules={0})
    assert f"- &alice-2 {C}  # alice\n" in other


def test_destination_rules_forget_whoever_leaves() -> None:
    published = f"destination_rules:\n- s3_bucket: b\n  recreation_rule:\n    age: {A},{B}\n"
    text = f"creation_rules:\n- age: [{A}, {B}]\n{published}"
    assert A not in without_recipients(text, {A})


REFUSED = {
    "several key groups": (f"creation_rules:\n- key_groups:\n  - age: [{A}]\n  - age: [{B}]\n", "Shamir"),
    "merged groups": (f"creation_rules:\n- key_groups:\n  - merge:\n    - age: [{A}]\n    age: [{B}]\n", "merges"),
    "merge key": (f"d: &d {{age: '{A},{B}'}}\ncreation_rules:\n- <<: *d\n  path_regex: x\n", "merge key"),
    "anchor twice": (f"k: [&a {A}, &a {B}]\ncreation_rules:\n- age: [*a, {B}]\n", "twice"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name: str) -> None:
    text, why = REFUSED[name]
    with pytest.raises(RefusedError, match=why) as caught:
        with_recipient(text, C, name="carol", rules={0})
    assert "keys sync" in str(caught.value.hint)
    with pytest.raises(RefusedError, match=why):
        without_recipients(text, {A})


def test_a_list_that_a_rule_shares_which_is_not_meant() -> None:
    text = f"team: &team [{A},{B}]\ncreation_rules:\n- age: *team\n- age: *team\n"
    with pytest.raises(RefusedError, match="by an alias"):
        with_recipient(text, C, name="carol", rules={0})


def test_a_file_that_sops_could_not_read() -> None:
    with pytest.raises(BadManifestError):
        with_recipient("creation_rules: 3\n", C, name="carol", rules={0})


def rules_of_text(text: str) -> list[tuple[str, ...]]:
    from pathlib import Path  # noqa: PLC0415

    found = rules_of(Path("/r"), text)
    return [rule.recipients for rule in found.rules] if found is not None else []


indents = st.integers(min_value=0, max_value=4).map(" ".__mul__)
comments = st.sampled_from(["", "  # somebody", " #x", "  # größer – 🔑"])
newlines = st.sampled_from(["\n", "\r\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """A rules file of several rules in every way of listing recipients."""
    newline, indent = draw(newlines), draw(indents)
    lines = [draw(st.sampled_from(["# head", "---", "stores: {yaml: {indent: 2}}"])), "creation_rules:"]
    for number in range(draw(st.integers(min_value=1, max_value=4))):
        inner = f"{indent}  "
        lines.append(f"{indent}- path_regex: ^{number}/")
        keys = draw(st.permutations([A, B]))
        match draw(st.sampled_from(["list", "flow", "text", "folded"])):
            case "list":
                deeper = inner + draw(indents)
                lines.append(f"{inner}age:{draw(comments)}")
                lines += [f"{deeper}- {key}{draw(comments)}" for key in keys]
            case "flow":
                lines.append(f"{inner}age: [{', '.join(keys)}]{draw(comments)}")
            case "text":
                lines.append(f"{inner}age: {','.join(keys)}{draw(comments)}")
            case _:
                lines += [f"{inner}age: >-", *(f"{inner}  {key}," for key in keys[:1]), f"{inner}  {keys[1]}"]
        if draw(st.booleans()):
            lines.append(f"{inner}# the end of it")
    text = newline.join(lines)
    return text + newline if draw(st.booleans()) else text


@given(files())
def test_adding_and_removing_again_leaves_no_trace(text: str) -> None:
    before = rules_of_text(text)
    added = with_recipient(text, C, name="carol", rules=set(range(len(before))))
    assert rules_of_text(added) == [(*old, C) for old in before]
    assert without_recipients(added, {C}) == text


@given(files(), st.sampled_from([A, B]))
def test_removing_takes_nothing_else(text: str, gone: str) -> None:
    removed = without_recipients(text, {gone})
    assert gone not in removed
    assert rules_of_text(removed) == [tuple(key for key in old if key != gone) for old in rules_of_text(text)]
    assert removed.count("path_regex") == text.count("path_regex")
