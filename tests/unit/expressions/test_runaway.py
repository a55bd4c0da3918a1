"""Expressions that run wild cost their own value and a little time, nothing else."""

import threading
import time

import pytest

from crosswalk.expressions.program import Program
from crosswalk.expressions.results import BadProfile, Raw
from crosswalk.expressions.sandbox import Expression
from tests.core_builders import a_place

TOO_SLOW = {"message": "took longer than 50 ms and was stopped; simplify it"}
TOO_LARGE = {"message": "used more than 64 MB and was stopped; simplify it"}
LEFT_OUT = {
    "message": "left out for the rest of this batch, because it took too much time or memory for 3 identities; "
    "simplify it"
}


def program(*texts: str) -> Program:
    return Program([Expression(text, a_place()) for text in texts])


def evaluate_beside_others(text: str) -> Raw:
    """The result of a wild expression, after checking that its neighbours have theirs."""
    (row,) = program("user.n", text, "user.n + 1").run([b'{"n": 1}'])
    assert not isinstance(row, BadProfile)
    assert (row[0], row[2]) == (1, 2)
    return row[1]


@pytest.mark.parametrize(
    "text",
    [
        "(() => { while (true) {} })()",
        "(() => { for (;;) { try { for (;;) {} } catch {} } })()",
        "(() => { try { while (true) {} } finally { while (true) {} } })()",
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        "/(x+x+)+y/.test('x'.repeat(60))",
        "new Set({ [Symbol.iterator]: () => ({ next: Object }) })",
        "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)",
        "Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
        "Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 1, 0)",
        "Array.prototype.every.call({ length: 2 ** 53 - 1 }, () => true)",
        "Array.prototype.join.call({ length: 2 ** 53 - 1 }, '')",
        "Array.prototype.flat.call({ length: 2 ** 53 - 1 })",
        "(() => { throw { get message() { while (true) {} } } })()",
        "(() => { throw { toString() { while (true) {} } } })()",
        "({ get [Symbol.toStringTag]() { while (true) {} } }).toString()",
        "[...(function* () { while (true) yield })()].length",
        "(() => { for (const _ of { [Symbol.iterator]: () => ({ next: () => ({}) }) }); })()",
        "new Array(4294967295).join()",
        "String(new Array(4294967295))",
        "[].concat(new Array(4294967295))",
        "[new Array(4294967295)].flat()",
        "[1].flatMap(() => new Array(4294967295))",
        "(() => { const list = []; list[4294967294] = 1; return list.sort() })()",
        "String.raw({ raw: { length: 2 ** 53 - 1 } })",
        "new Array(4294967295).entries().drop(1e15).next()",
        *(
            f"Array.prototype.{name}.call({subject}, 0, 1)"
            for name in ("shift", "unshift", "slice", "splice", "toLocaleString", "toSpliced", "with")
            for subject in ("{ length: 2 ** 53 - 1 }", "new Array(4294967295)")
        ),
        "JSON.stringify(new Array(4294967295))",
    ],
)
def test_endless_work_is_stopped(text: str) -> None:
    started = time.monotonic()

    outcome = evaluate_beside_others(text)

    assert isinstance(outcome, dict)
    assert time.monotonic() - started < 20


def test_the_null_that_is_thrown_when_no_memory_is_left_for_an_error_counts_as_that() -> None:
    assert evaluate_beside_others("(() => { throw null })()") == TOO_LARGE


@pytest.mark.parametrize(
    "text",
    [
        "'a'.repeat(1e9)",
        "(() => { let text = 'ab'; for (;;) text += text })()",
        "(() => { const all = []; for (;;) all.push('x'.repeat(1000) + all.length) })()",
        "'x'.padEnd(2 ** 29)",
        "Array.from({ length: 1e8 }, () => 'x')",
        "Array(1e9).fill(0)",
    ],
)
def test_huge_allocation_is_stopped(text: str) -> None:
    refused = ("RangeError: fill: the array is too long", "InternalError: string too long")

    assert evaluate_beside_others(text) in (TOO_LARGE, TOO_SLOW, *({"message": message} for message in refused))


@pytest.mark.parametrize(
    "text",
    [
        "(function again() { return again() + 1 })()",
        "(() => { const list = []; list.push(list); return String(list.toString === 1) + list.flat(Infinity) })()",
        "JSON.stringify((() => { let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; return deep })())",
        "new RegExp('('.repeat(1e5)).test('')",
        "JSON.parse('['.repeat(1e5))",
    ],
)
def test_endless_depth_is_stopped(text: str) -> None:
    assert isinstance(evaluate_beside_others(text), dict)


def test_long_search_in_a_long_text_is_refused() -> None:
    # In QuickJS this one native call would take hours, and no limit could end it.
    outcome = evaluate_beside_others("'a'.repeat(1e7).indexOf('a'.repeat(5e6) + 'b')")

    assert outcome == {"message": "RangeError: indexOf: the texts are too long"}


@pytest.mark.parametrize("method", ["indexOf", "lastIndexOf", "includes", "split", "replace", "replaceAll"])
def test_no_other_spelling_gets_around_the_guard_of_searches(method: str) -> None:
    text = f"''.{method}.call({{ toString: () => 'a'.repeat(1e7) }}, {{ toString: () => 'a'.repeat(5e6) + 'b' }}, '')"
    started = time.monotonic()

    outcome = evaluate_beside_others(text)

    assert isinstance(outcome, dict)
    assert time.monotonic() - started < 20


def test_only_the_users_that_set_it_off_lose_the_value() -> None:
    wild = "user.n === 50 || user.n === 150 ? (() => { while (true) {} })() : user.n"
    users = [b'{"n": %d}' % number for number in range(260)]

    rows = program("user.n", wild).run(users)

    expected = [[number, TOO_SLOW if number in (50, 150) else number] for number in range(260)]
    assert rows == expected


def test_two_thousand_looping_users_cost_seconds_not_minutes() -> None:
    users = [b'{"n": %d}' % number for number in range(2000)]
    started = time.monotonic()

    rows = program("user.n", "(() => { while (true) {} })()").run(users)

    assert rows[:3] == [[0, TOO_SLOW], [1, TOO_SLOW], [2, TOO_SLOW]]
    assert rows[3:] == [[number, LEFT_OUT] for number in range(3, 2000)]
    assert time.monotonic() - started < 20


def test_slow_but_finite_expression_is_left_out_as_well() -> None:
    slow = "(() => { let n = 0; for (let i = 0; i < 200000; i++) n += i; return n })()"
    users = [b'{"n": %d}' % number for number in range(256)]
    started = time.monotonic()

    rows = program("user.n", slow).run(users)

    assert rows[0] == [0, 19999900000]
    assert rows[-1] == [255, LEFT_OUT]
    assert [row[0] for row in rows if not isinstance(row, BadProfile)] == list(range(256))
    assert time.monotonic() - started < 30


def test_memory_that_one_batch_used_is_there_for_the_next() -> None:
    hungry = program("'x'.repeat(20_000_000).length + user.n")

    for number in range(5):
        assert hungry.run([b'{"n": %d}' % number]) == [[20_000_000 + number]]


def test_pending_promises_do_not_pile_up() -> None:
    leaky = program("(() => { (async () => { await 'x'.repeat(1000) })(); return user.n })()")
    users = [b'{"n": %d}' % number for number in range(2000)]

    for _ in range(40):
        assert leaky.run(users) == [[number] for number in range(2000)]


def test_busy_neighbour_threads_do_not_make_an_expression_look_slow() -> None:
    # QuickJS measures the CPU time of the process, in which the other thread takes its share.
    ended = threading.Event()
    busy = threading.Thread(target=lambda: [sum(range(1000)) for _ in iter(ended.is_set, True)])
    busy.start()
    try:
        heavy = "(() => { let n = 0; for (let i = 0; i < 100000; i++) n += user.n; return n })()"
        rows = [program(heavy).run([b'{"n": 1}']) for _ in range(20)]
    finally:
        ended.set()
        busy.join()

    assert rows == [[[100_000]]] * 20


def test_every_thread_gets_a_context_of_its_own() -> None:
    shared = program("user.n * 2")
    rows: dict[int, list[object]] = {}

    def work(number: int) -> None:
        rows[number] = [shared.run([b'{"n": %d}' % number]) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows == {number: [[[number * 2]]] * 50 for number in range(4)}
