"""From the text of a query to its tokens, and from a quoted string to its value."""

import re
from dataclasses import dataclass

from crosswalk_sandbox.salesforce.errors import ApiError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<datetime>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d)
    |(?P<number>[+-]?\d+(?:\.\d+)?)
    |(?P<days>[A-Za-z_]+:\d+)
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<symbol><=|>=|!=|<>|[=<>(),])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED = {
    "n": "\n",
    "N": "\n",
    "r": "\r",
    "R": "\r",
    "t": "\t",
    "T": "\t",
    "b": "\b",
    "B": "\b",
    "f": "\f",
    "F": "\f",
}
_LITERAL_ESCAPES = "'\"\\_%"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the query's text; `kind` is string, datetime, date, number, days, name, symbol or end."""

    kind: str
    text: str
    position: int

    def is_word(self, word: str) -> bool:
        return self.kind == "name" and self.text.lower() == word.lower()


def query_error(text: str, position: int, message: str, code: str = "MALFORMED_QUERY") -> ApiError:
    """The vendor's 400 for a query, which points at the place."""
    row = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    start = max(0, position - 40)
    shown = text[start : position + 40].replace("\n", " ")
    pointer = " " * (position - start) + "^"
    return ApiError(400, code, f"\n{shown}\n{pointer}\nERROR at Row:{row}:Column:{column}\n{message}")


def tokenize(text: str) -> list[Token]:
    """All tokens of a query, with an `end` token last; 400 MALFORMED_QUERY where there is none."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise query_error(text, position, f"unexpected token: '{text[position]}'")
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, match.group(), position))
        position = match.end()
    tokens.append(Token("end", "<EOF>", len(text)))
    return tokens


def unquote(quoted: str) -> str | None:
    r"""The value of a quoted string; None when it has an escape that the language lacks, such as `\z`."""
    is_valid = True

    def replace(match: re.Match[str]) -> str:
        nonlocal is_valid
        code, char = match.groups()
        if code:
            return chr(int(code, 16))
        if char in _LITERAL_ESCAPES:
            return str(char)
        is_valid = is_valid and char in _ESCAPED
        return _ESCAPED.get(char, "")

    value = _ESCAPE.sub(replace, quoted[1:-1])
    return value if is_valid else None


def like_pattern(quoted: str) -> str:
    r"""The regular expression of a quoted LIKE pattern: `%` any text, `_` any character, `\%` and `\_` themselves."""
    parts: list[str] = []
    position, body = 0, quoted[1:-1]
    while position < len(body):
        match = _ESCAPE.match(body, position)
        if match is not None:
            parts.append(re.escape(unquote(f"'{match.group()}'") or ""))
            position = match.end()
            continue
        char = body[position]
        parts.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
        position += 1
    return "".join(parts)
