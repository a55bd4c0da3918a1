"""What an expression cannot reach, change or find out."""

import os
import time
from collections.abc import Iterator

import pytest

from crosswalk.expressions.program import Program
from crosswalk.expressions.results import BadProfile, Raw, Row
from crosswalk.expressions.sandbox import Expression
from tests.core_builders import a_place

USER = b'{"name": "Ada", "roles": ["b", "a"], "nested": {"x": 1}}'


def evaluate(*texts: str, users: tuple[bytes, ...] = (USER,)) -> list[Row | BadProfile]:
    return Program([Expression(text, a_place()) for text in texts]).run(users)


def result(text: str) -> Raw:
    (row,) = evaluate(text)
    assert not isinstance(row, BadProfile)
    return row[0]


def fails(value: Raw) -> bool:
    return isinstance(value, dict)


@pytest.mark.parametrize(
    "name",
    [
        *("eval", "Function", "Promise", "queueMicrotask", "performance", "WeakRef", "FinalizationRegistry", "BigInt"),
        *(
            "Proxy",
            "SharedArrayBuffer",
            "Atomics",
            "ArrayBuffer",
            "Uint8Array",
            "DataView",
            "console",
            "print",
            "std",
            "os",
        ),
        *("require", "process", "fetch", "setTimeout", "Intl", "Temporal", "gc", "navigator", "scriptArgs", "state"),
        *("rows", "users", "functions", "guards", "limits"),
    ],
)
def test_global_is_not_there(name: str) -> None:
    assert result(f"typeof {name}") == "undefined"


@pytest.mark.parametrize(
    "text",
    [
        "Date.now()",
        "new Date()",
        "Date()",
        "new (new Date(0).constructor)()",
        "new Date(0).constructor.now()",
        "Reflect.construct(Date, [])",
        "Math.random()",
    ],
)
def test_neither_clock_nor_randomness(text: str) -> None:
    assert fails(result(text))


def test_date_without_a_value_says_what_to_write() -> None:
    assert result("new Date().getTime()") == {
        "message": "TypeError: new Date() tells the time: expected new Date(value)"
    }


@pytest.mark.parametrize(
    "text",
    [
        "(() => {}).constructor('return 1')()",
        "(function* () {}).constructor('yield 1')().next().value",
        "(async () => {}).constructor('return 1')()",
        "[].constructor.constructor('return 1')()",
        "user.constructor.constructor('return 1')()",
        "Object.getPrototypeOf(function () {}).constructor('return 1')()",
        "Reflect.construct(Object.getPrototypeOf(async function* () {}).constructor, ['yield 1'])",
        "Reflect.get(Error, 'constructor')('return 1')()",
        "(0, globalThis.eval)('1')",
    ],
)
def test_text_never_becomes_code(text: str) -> None:
    assert result(text) != 1


@pytest.mark.parametrize(
    "text",
    [
        "globalThis.leak = 1",
        "leak = 1",
        "this.leak = 1",
        "undefined = 1",
        "Object.prototype.leak = 1",
        "Object.defineProperty(Object.prototype, 'leak', { value: 1 })",
        "Reflect.setPrototypeOf(Object.prototype, { leak: 1 }) || user.no.such",
        "Array.prototype.push = 1",
        "String.prototype.indexOf.leak = 1",
        "JSON.stringify = () => 'x'",
        "[][Symbol.iterator]().__proto__.next = 1",
        "Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true })",
        "Object.getPrototypeOf(Object.getPrototypeOf(function* () {}())).leak = 1",
        "Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})())).leak = 1",
        "(async () => {})().constructor.leak = 1",
        "Object.getPrototypeOf(''.matchAll(/a/g)).next = 1",
        "Error.stackTraceLimit = 0",
        "Error.prepareStackTrace = () => 1",
        "Error.captureStackTrace(globalThis)",
        "Symbol.iterator.description = 1",
        "/x/.constructor.lastMatch = 1",
        "Object.assign(globalThis, { leak: 1 })",
        "user.name = 'Bob'",
        "user.nested.x = 2",
        "user.roles.sort()",
        "user.roles.push('c')",
        "user.roles.length = 0",
        "delete user.name",
        "Object.defineProperty(user, 'name', { get() { return 1 } })",
        "Object.setPrototypeOf(user, { leak: 1 })",
        "Array.prototype.reverse.call(user.roles)",
        "Object.assign(user.nested, { x: 2 })",
    ],
)
def test_nothing_that_outlives_the_expression_can_be_changed(text: str) -> None:
    probe = (
        "[typeof leak, typeof {}.leak, user.name, user.roles.join(), `${user.nested.x}`, [...'ab'].join(),"
        " JSON.stringify([1]), `${[...'aa'.matchAll(/a/g)].length}`]"
    )
    untouched: Raw = ["undefined", "undefined", "Ada", "b,a", "1", "a,b", "[1]", "2"]

    rows = evaluate(text, probe, users=(USER, USER))

    for row in rows:
        assert not isinstance(row, BadProfile)
        assert fails(row[0])
        assert row[1] == untouched


def test_mutation_hidden_in_computed_names_does_not_reach_the_next_expression() -> None:
    (row,) = evaluate("user.roles['so' + 'rt']()", "user.roles['re' + 'verse']().join()", "user.roles.join()")

    assert not isinstance(row, BadProfile)
    assert (fails(row[0]), fails(row[1]), row[2]) == (True, True, "b,a")


def test_user_s_own_copies_may_be_changed_freely() -> None:
    assert result("[...user.roles].sort().join()") == "a,b"
    assert result("Object.keys(Object.assign({}, user.nested, { y: 1 })).join()") == "x,y"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("typeof this", "object"),
        ("typeof (function () { return this })()", "undefined"),
        ("(() => { try { return typeof arguments } catch { return 'none' } })()", "undefined"),
        ("Object.keys(globalThis).length", 0),
        ("Object.isFrozen(globalThis)", True),
        ("Object.isFrozen(Object.getPrototypeOf(async function () {}))", True),
        ("String(Symbol.for('a') === Symbol.for('a'))", "true"),
    ],
)
def test_surroundings_are_bare(text: str, expected: Raw) -> None:
    assert result(text) == expected


def test_getter_in_a_result_runs_under_the_same_rules() -> None:
    assert fails(result("Object.defineProperty(['a'], 0, { get() { throw new Error('getter') } })"))
    assert result("Object.defineProperty(['a'], 0, { get() { return 'b' } })") == ["b"]
    assert fails(result("({ toJSON() { return 'x' } })"))


def test_imports_and_promises_lead_nowhere() -> None:
    assert fails(result("import('os')"))
    assert fails(result("(async () => 'x')()"))
    assert result("(() => { let seen = 'no'; (async () => { await 0; seen = 'yes' })(); return seen })()") == "no"


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata"])
def time_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("new Date('2026-01-31T10:00:00Z').toISOString()", "2026-01-31T10:00:00.000Z"),
        ("new Date('2026-01-31T10:00:00+02:00').toISOString()", "2026-01-31T08:00:00.000Z"),
        ("new Date('2026-01-31T10:00').toISOString()", "2026-01-31T10:00:00.000Z"),
        ("new Date('2026-01-31').toISOString()", "2026-01-31T00:00:00.000Z"),
        ("new Date('Jan 31 2026 10:00').toISOString()", "2026-01-31T10:00:00.000Z"),
        ("new Date(2026, 0, 31, 10).toISOString()", "2026-01-31T10:00:00.000Z"),
        ("new Date(0).toISOString()", "1970-01-01T00:00:00.000Z"),
        ("new Date(new Date(5)).getTime()", 5),
        ("Date.parse('2026-01-31T10:00') === Date.UTC(2026, 0, 31, 10)", True),
        ("new Date('2026-01-31T10:00:00Z').getHours()", 10),
        ("new Date('2026-01-31T23:30:00Z').getDate()", 31),
        ("new Date('2026-01-31T10:00:00Z').getTimezoneOffset()", 0),
        ("String(new Date('2026-01-31T10:00:00Z'))", "2026-01-31T10:00:00.000Z"),
        ("new Date('2026-01-31T10:00:00Z').toDateString()", "2026-01-31"),
        ("new Date('2026-01-31T10:00:00Z').toLocaleString()", "2026-01-31T10:00:00.000Z"),
        ("(() => { const d = new Date(0); d.setHours(5); return d.toISOString() })()", "1970-01-01T05:00:00.000Z"),
        ("isNaN(new Date('no date'))", True),
        ("new Date(0) instanceof Date", True),
    ],
)
def test_dates_from_data_do_not_depend_on_the_machine_s_time_zone(time_zone: str, text: str, expected: Raw) -> None:
    assert result(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a.b.c'.split('.').join('-')", "a-b-c"),
        ("'a1b2'.replace(/\\d/g, (digit) => `<${digit}>`)", "a<1>b<2>"),
        ("'aXbX'.replaceAll('X', '-')", "a-b-"),
        ("'aXb'.replace('X', () => '!')", "a!b"),
        ("'abc'.indexOf('c')", 2),
        ("'abcabc'.indexOf('c', 3)", 5),
        ("'abcabc'.lastIndexOf('c')", 5),
        ("'abc'.includes('bc')", True),
        ("'undefined'.includes()", True),
        ("'a,b,c'.split(',', 2)", ["a", "b"]),
        ("'a1b'.split(/\\d/)", ["a", "b"]),
        ("'abc'.split()", ["abc"]),
        ("''.indexOf.call(123, 2)", 1),
        ("'x1y'.indexOf(1)", 1),
        ("['b', 'a'].sort()", ["a", "b"]),
        ("['a', 'b', 'c'].slice(1)", ["b", "c"]),
        ("[1, 3, 2].toSorted((a, b) => b - a).join('')", "321"),
        ("['a', ['b', ['c']]].flat(2)", ["a", "b", "c"]),
        ("['a', ['b', ['c']]].flat().length", 3),
        ("['a b', 'c'].flatMap((text) => text.split(' '))", ["a", "b", "c"]),
        ("['a'].concat('b', ['c', 'd'])", ["a", "b", "c", "d"]),
        ("String(['a', ['b']])", "a,b"),
        ("[, 'a'].flat()", ["a"]),
    ],
)
def test_guarded_functions_behave_as_always(text: str, expected: Raw) -> None:
    assert result(text) == expected
