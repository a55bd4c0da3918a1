"""What the page of mappings shows is what happens: its expressions, its types, its merge table, its limits."""

import json
import re
from pathlib import Path

import pytest

from crosswalk.domain.plan import Situation
from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.expressions import limits
from crosswalk.expressions.program import Program
from crosswalk.expressions.sandbox import Expression
from crosswalk.expressions.types.registry import equal_values, normaliser_of
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.reconcile.compiled import CompiledSync
from crosswalk.reconcile.merge import Ages, merge_fields
from tests.core_builders import a_field, a_place, a_sync, a_target, an_identity

PAGE = (Path(__file__).parents[3] / "docs" / "mappings.md").read_text(encoding="utf-8")
USER = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
EXAMPLES = [
    (line.partition("// →")[0].strip(), line.partition("// →")[2].strip())
    for block in re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def table(header: str) -> list[list[str]]:
    """The rows of the table with this first row."""
    body = PAGE.partition(f"{header}\n")[2].split("\n\n")[0].splitlines()[1:]
    assert body, f"docs/mappings.md has no table {header}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in body]


def read(cell: str) -> FieldValue:
    value: FieldValue = json.loads(cell.strip("`"))
    return value


@pytest.mark.parametrize(("expression", "shown"), EXAMPLES)
def test_an_expression_gives_what_the_page_shows(expression: str, shown: str):
    program = Program([Expression(expression, a_place())])

    [row] = program.run([json.dumps(USER).encode()])

    assert isinstance(row, list)
    if shown == "undefined":
        assert row == [[]]
    elif shown.startswith("error: "):
        assert row == [{"message": shown.removeprefix("error: ")}]
    else:
        assert row == [json.loads(shown)]


def test_a_mapped_field_of_the_sample_user_goes_through_the_whole_sync():
    field = a_field("MobilePhone", "user.phone_number", type_=ValueType.PHONE)
    compiled = CompiledSync(a_sync(a_target(field)), default_region="US")

    [evaluation] = compiled.evaluate([an_identity(**USER)])

    assert evaluation.targets[0].values == {"MobilePhone": "+12125550100"}


def test_every_type_has_its_row():
    rows = table("| Type | What is accepted | Given | Written | Equal to, when compared |")

    assert [row[0].strip("`") for row in rows] == [str(each) for each in ValueType]


@pytest.mark.parametrize("row", table("| Type | What is accepted | Given | Written | Equal to, when compared |"))
def test_a_type_normalises_and_compares_as_its_row_says(row: list[str]):
    type_, given, written, equal = ValueType(row[0].strip("`")), *map(read, row[2:])

    normal = normaliser_of(type_, "US")(given)

    assert (normal, type(normal)) == (written, type(written))
    assert equal_values(type_, written, equal, "US")


@pytest.mark.parametrize("row", table("| Owner | Base | Auth0 | Salesforce | Written | To | Reason |"))
def test_the_merge_does_what_its_row_says(row: list[str]):
    owner, base, identity, record, written, to, reason = row
    target = CompiledTarget(a_target(a_field("Title", owner=Owner(owner.strip("`")), to=("app_metadata", "title"))))
    values = {} if identity == "`undefined`" else {"Title": read(identity)}
    agreed = None if base == "—" else {"Title": read(base)}

    merge = merge_fields(target, values, agreed, {"Title": read(record)}, Ages("2026-01-02", "2026-01-03"))

    found = [(write.new, "Salesforce", write.reason.value) for write in merge.writes]
    found += [(write.new, "Auth0", write.reason.value) for write in merge.user_writes]
    found += [("a person decides", "", "") for _ in merge.disputed]
    if written == "nothing":
        assert (found, to, reason) == ([], "", "")
    else:
        value = written if written == "a person decides" else read(written)
        assert found == [(value, to, reason.strip("`"))]


def test_every_situation_has_its_row():
    rows = table("| Found | Situation | What happens |")

    assert {row[1].strip("`") for row in rows} == {str(each) for each in Situation}


def test_the_limits_are_those_in_force():
    assert [row[1] for row in table("| What | Limit |")] == [
        f"{limits.EXPRESSION_SECONDS * 1000:g} ms",
        f"{limits.CALL_SECONDS * 1000:g} ms",
        f"{limits.MEMORY_BYTES // 2**20} MiB",
        f"{limits.STACK_BYTES // 2**10} KiB",
        f"{limits.TEXT_CHARACTERS:,} characters",
        f"{limits.LIST_ITEMS} items",
    ]
    assert f"over up to {limits.CHUNK_IDENTITIES} users" in PAGE
    assert f"after {limits.STRIKES} users" in PAGE
