"""The grammar of the queries that the org understands, by recursive descent.

    query      = SELECT (COUNT() | item, …) FROM name [WHERE condition]
                 [GROUP BY path, … [HAVING condition]]
                 [ORDER BY operand [ASC|DESC] [NULLS FIRST|LAST], …] [LIMIT n] [OFFSET n]
    item       = operand [alias] | "(" query ")"
    operand    = path | (COUNT | COUNT_DISTINCT | MIN | MAX | SUM | AVG) "(" path ")"
    condition  = simple AND simple … | simple OR simple … | NOT simple | simple
    simple     = "(" condition ")" | operand operator literal | operand [NOT] IN "(" (literal, … | query) ")"
               | operand (INCLUDES | EXCLUDES) "(" literal, … ")"

As with the vendor, AND and OR do not mix, and NOT does not combine, without parentheses. Child queries do not nest.
"""

from crosswalk_sandbox.salesforce.errors import ApiError
from crosswalk_sandbox.salesforce.soql.days import is_days
from crosswalk_sandbox.salesforce.soql.syntax import (
    Aggregate,
    And,
    Choice,
    Comparison,
    Condition,
    FieldPath,
    Literal,
    Membership,
    Not,
    Operand,
    Or,
    Order,
    Query,
    Selected,
)
from crosswalk_sandbox.salesforce.soql.tokens import Token, like_pattern, query_error, tokenize, unquote
from crosswalk_sandbox.salesforce.times import read_date, read_time

_OPERATORS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_RESERVED = {
    *("and", "or", "not", "in", "like", "from", "where", "order", "limit", "offset", "select", "null"),
    *("group", "having", "by", "includes", "excludes"),
}
_FUNCTIONS = {"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"}


def parse_query(text: str) -> Query:
    """The tree of a query.

    Raises
    ------
    ApiError
        400 MALFORMED_QUERY with the place and the unexpected token.
    """
    return _Parser(text).whole_query()


def parse_condition(text: str) -> Condition:
    """The tree of what could follow WHERE; raises like `parse_query`."""
    return _Parser(text).whole_condition()


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokenize(text)
        self._next = 0

    def whole_query(self) -> Query:
        query = self._query(is_child=False)
        self._end()
        return query

    def whole_condition(self) -> Condition:
        condition = self._condition()
        self._end()
        return condition

    def _query(self, *, is_child: bool) -> Query:
        self._word("SELECT")
        selection = self._selection(is_child=is_child)
        self._word("FROM")
        target = self._kind("name")
        where = self._condition() if self._takes_word("WHERE") else None
        groups = self._groups() if not is_child and self._takes_word("GROUP") else ()
        having = self._condition() if groups and self._takes_word("HAVING") else None
        orders = self._orders() if self._takes_word("ORDER") else ()
        limit = self._whole_number() if self._takes_word("LIMIT") else None
        offset = self._whole_number() if self._takes_word("OFFSET") else 0
        return Query(self._text, selection, target.text, target.position, where, groups, having, orders, limit, offset)

    def _selection(self, *, is_child: bool) -> tuple[Selected, ...]:
        if self._peek().is_word("COUNT") and [each.text for each in self._tokens[self._next + 1 :][:2]] == ["(", ")"]:
            self._next += 3
            return ()
        selected = [self._selected(is_child=is_child)]
        while self._takes_symbol(","):
            selected.append(self._selected(is_child=is_child))
        return tuple(selected)

    def _selected(self, *, is_child: bool) -> Selected:
        if not is_child and self._takes_symbol("("):
            query = self._query(is_child=True)
            self._symbol(")")
            return Selected(query)
        operand = self._path() if is_child else self._operand()
        follower = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        if self._peek().kind == "name" and (follower.is_word("FROM") or follower.text == ","):
            return Selected(operand, self._take().text)
        return Selected(operand)

    def _groups(self) -> tuple[FieldPath, ...]:
        self._word("BY")
        paths = [self._path()]
        while self._takes_symbol(","):
            paths.append(self._path())
        return tuple(paths)

    def _operand(self) -> Operand:
        token = self._peek()
        function = token.text.upper()
        if token.kind != "name" or function not in _FUNCTIONS or self._tokens[self._next + 1].text != "(":
            return self._path()
        self._next += 2
        path = self._path()
        self._symbol(")")
        return Aggregate(function, path, token.position)

    def _condition(self) -> Condition:
        if self._takes_word("NOT"):
            return Not(self._simple())
        conditions = [self._simple()]
        for word, kind in (("AND", And), ("OR", Or)):
            while self._takes_word(word):
                conditions.append(self._simple())
            if len(conditions) > 1:
                return kind(tuple(conditions))
        return conditions[0]

    def _simple(self) -> Condition:
        if self._takes_symbol("("):
            condition = self._condition()
            self._symbol(")")
            return condition
        path = self._operand()
        if self._takes_word("LIKE"):
            return Comparison(path, "LIKE", self._literal())
        if self._takes_word("IN"):
            return self._membership(path, is_negated=False)
        if self._takes_word("NOT"):
            self._word("IN")
            return self._membership(path, is_negated=True)
        for word in ("INCLUDES", "EXCLUDES"):
            if self._takes_word(word):
                return Choice(path, self._literals(), is_negated=word == "EXCLUDES")
        token = self._peek()
        if token.kind != "symbol" or token.text not in _OPERATORS:
            raise self._unexpected()
        self._next += 1
        return Comparison(path, _OPERATORS[token.text], self._literal())

    def _membership(self, path: Operand, *, is_negated: bool) -> Membership:
        if self._tokens[self._next + 1].is_word("SELECT"):
            self._symbol("(")
            query = self._query(is_child=True)
            self._symbol(")")
            return Membership(path, (), is_negated, query)
        return Membership(path, self._literals(), is_negated)

    def _literals(self) -> tuple[Literal, ...]:
        self._symbol("(")
        literals = [self._literal()]
        while self._takes_symbol(","):
            literals.append(self._literal())
        self._symbol(")")
        return tuple(literals)

    def _literal(self) -> Literal:
        token = self._take()
        position = token.position
        match token.kind:
            case "string":
                value = unquote(token.text)
                if value is None:
                    message = (
                        "Illegal escape sequence in string: use \\n, \\r, \\t, \\b, \\f, \\\", \\', \\\\ or \\uXXXX"
                    )
                    raise query_error(self._text, position, message)
                return Literal("string", value, position, like_pattern(token.text))
            case "number":
                return Literal("number", float(token.text), position)
            case "datetime" | "date":
                return self._moment(token)
            case "name" if token.text.lower() in ("true", "false"):
                return Literal("boolean", token.text.lower() == "true", position)
            case "name" if token.text.lower() == "null":
                return Literal("null", None, position)
            case "name" | "days" if is_days(token.text.upper()):
                return Literal("days", token.text.upper(), position)
        self._next -= 1
        raise self._unexpected()

    def _moment(self, token: Token) -> Literal:
        if token.kind == "date":
            day = read_date(token.text)
            if day is not None:
                return Literal("date", day, token.position)
        moment = read_time(token.text.upper())
        if moment is None:
            raise query_error(self._text, token.position, f"Invalid date: {token.text}")
        return Literal("datetime", moment, token.position)

    def _orders(self) -> tuple[Order, ...]:
        self._word("BY")
        orders = [self._order()]
        while self._takes_symbol(","):
            orders.append(self._order())
        return tuple(orders)

    def _order(self) -> Order:
        path = self._operand()
        is_descending = self._takes_word("DESC")
        if not is_descending:
            self._takes_word("ASC")
        nulls_last = False
        if self._takes_word("NULLS"):
            nulls_last = self._takes_word("LAST")
            if not nulls_last:
                self._word("FIRST")
        return Order(path, is_descending, nulls_last)

    def _whole_number(self) -> int:
        token = self._kind("number")
        if not token.text.isdigit():
            self._next -= 1
            raise self._unexpected()
        return int(token.text)

    def _path(self) -> FieldPath:
        token = self._peek()
        if token.kind != "name" or token.text.lower() in _RESERVED:
            raise self._unexpected()
        self._next += 1
        return FieldPath(tuple(token.text.split(".")), token.position)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        if token.kind == "end":
            raise self._unexpected()
        self._next += 1
        return token

    def _kind(self, kind: str) -> Token:
        if self._peek().kind != kind:
            raise self._unexpected()
        return self._take()

    def _end(self) -> None:
        if self._peek().kind != "end":
            raise self._unexpected()

    def _word(self, word: str) -> None:
        if not self._takes_word(word):
            raise self._unexpected()

    def _takes_word(self, word: str) -> bool:
        if self._peek().is_word(word):
            self._next += 1
            return True
        return False

    def _symbol(self, symbol: str) -> None:
        if not self._takes_symbol(symbol):
            raise self._unexpected()

    def _takes_symbol(self, symbol: str) -> bool:
        token = self._peek()
        if token.kind == "symbol" and token.text == symbol:
            self._next += 1
            return True
        return False

    def _unexpected(self) -> ApiError:
        token = self._peek()
        return query_error(self._text, token.position, f"unexpected token: '{token.text}'")
