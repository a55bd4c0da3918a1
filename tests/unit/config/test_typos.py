"""Whatever key is mistyped, the mistake is found on its line, with the key that was meant, and never a traceback."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein

from crosswalk.config import Problem
from tests.unit.config.builders import CONTACT_YAML, CROSSWALK_YAML, problems_of, write_files

KEYS = (
    ("version", 1), ("server", 2), ("host", 3), ("port", 4), ("public_url", 5), ("state_dir", 6), ("tenants", 7),
    ("domain", 9), ("client_id", 10), ("client_secret", 11), ("sources", 12), ("subscription", 13), ("from", 13),
    ("event_stream", 14), ("token", 14), ("log_stream", 15), ("token", 15), ("log_poll", 16), ("every", 16),
    ("orgs", 17), ("login_url", 19), ("api_version", 20), ("auth", 21), ("flow", 22), ("client_id", 23),
    ("client_secret", 24), ("timeout", 25), ("syncs", 26), ("tenant", 28), ("org", 29), ("filter", 30), ("linger", 31),
    ("lanes", 32), ("default_region", 33), ("targets", 34), ("object", 35), ("create", 36), ("external_id", 37),
    ("match", 38), ("field", 41), ("value", 41), ("type", 41), ("when", 41), ("fields", 42), ("LastName", 48),
    ("owner", 48), ("Email", 49), ("type", 49), ("Company", 50), ("value", 50), ("Title", 51),
)  # fmt: skip
"""Each key of the good configuration whose name is fixed, with its line."""

CONTACT_KEYS = (("FirstName", 2), ("Email", 3), ("value", 4), ("type", 5))

LETTERS = "abcdefghijklmnopqrstuvwxyz_"


@st.composite
def typos(draw: st.DrawFn, word: str) -> str:
    """A slip of the keyboard: a letter too many, too few, another one, or two in the wrong order."""
    kind = draw(st.sampled_from(["insert", "drop", "replace", "swap"]))
    at = draw(st.integers(1, len(word) - 2))
    letter = draw(st.sampled_from(LETTERS))
    match kind:
        case "insert":
            return word[:at] + letter + word[at:]
        case "drop":
            return word[:at] + word[at + 1 :]
        case "replace":
            return word[:at] + letter + word[at + 1 :]
        case _:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def mistype(text: str, key: str, line: int, typo: str) -> str:
    lines = text.splitlines(keepends=True)
    assert lines[line - 1].count(f"{key}:") >= 1, (key, line)
    before, _, after = lines[line - 1].rpartition(f"{key}:") if key == "value" else lines[line - 1].partition(f"{key}:")
    lines[line - 1] = f"{before}{typo}:{after}"
    return "".join(lines)


def is_right(suggestion: str | None, meant: str, typo: str) -> bool:
    """The key that was meant, or one that is just as near to what was written."""
    if suggestion is None:
        return False
    distance = DamerauLevenshtein.distance
    return suggestion == meant or distance(typo.lower(), suggestion.lower()) <= distance(typo.lower(), meant.lower())


def the_mistake(problems: list[Problem], file: str, line: int, typo: str) -> Problem:
    at_the_line = [p for p in problems if p.place.line == line and Path(p.place.file).name == file]
    found = [problem for problem in at_the_line if problem.path.endswith(typo)]
    assert found, f"nothing about {typo} on line {line} of {file} in:\n" + "\n".join(map(str, problems))
    return found[0]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KEYS).flatmap(lambda key: st.tuples(st.just(key), typos(key[0]))))
def test_a_mistyped_key_is_found_on_its_line_with_the_key_that_was_meant(example: tuple[tuple[str, int], str]) -> None:
    (key, line), typo = example
    if typo == key:
        return

    with tempfile.TemporaryDirectory() as folder:
        problems = problems_of(write_files(Path(folder), mistype(CROSSWALK_YAML, key, line, typo)))

    mistake = the_mistake(problems, "crosswalk.yaml", line, typo)
    assert is_right(mistake.suggestion, key, typo), str(mistake)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CONTACT_KEYS).flatmap(lambda key: st.tuples(st.just(key), typos(key[0]))))
def test_a_mistyped_key_of_a_mapping_file_is_found_there(example: tuple[tuple[str, int], str]) -> None:
    (key, line), typo = example
    if typo == key:
        return

    with tempfile.TemporaryDirectory() as folder:
        problems = problems_of(write_files(Path(folder), contact=mistype(CONTACT_YAML, key, line, typo)))

    mistake = the_mistake(problems, "contact.yaml", line, typo)
    assert is_right(mistake.suggestion, key, typo), str(mistake)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_spoilt_file_never_ends_in_a_traceback(data: st.DataObject) -> None:
    """A random piece is cut out, doubled or replaced: the loading either succeeds or lists problems with lines."""
    start = data.draw(st.integers(0, len(CROSSWALK_YAML) - 1))
    end = data.draw(st.integers(start, min(start + 40, len(CROSSWALK_YAML))))
    filling = data.draw(st.sampled_from(["", "~", "[]", "{}", "- ", ": ", "5", "true", "\n", "'", "*a", "&a ", "!x "]))
    spoilt = CROSSWALK_YAML[:start] + filling + CROSSWALK_YAML[end:]

    with tempfile.TemporaryDirectory() as folder:
        problems = problems_of(write_files(Path(folder), spoilt))

    lines = max(spoilt.count("\n") + 1, CONTACT_YAML.count("\n") + 1)
    assert all(1 <= problem.place.line <= lines and problem.message for problem in problems)
