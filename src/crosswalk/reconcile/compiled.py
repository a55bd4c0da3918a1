"""A sync definition made ready to evaluate identities, many in one call."""

from collections.abc import Sequence
from typing import NamedTuple

from crosswalk.domain.definition import SyncDefinition, Target
from crosswalk.domain.evaluation import Evaluation, MatchKey, TargetEvaluation
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import UserId
from crosswalk.domain.place import Place
from crosswalk.domain.plan import FieldError
from crosswalk.expressions.program import Program
from crosswalk.expressions.results import NO_OPINION, BadProfile, Raw, Row
from crosswalk.expressions.sandbox import Expression
from crosswalk.mapping.compiled import CompiledTarget
from crosswalk.mapping.way_back import WayBack
from crosswalk.matching.keys import CompiledRule, compile_rules
from crosswalk.matching.where import WhereConditions

__all__ = ["CompiledSync", "Evaluation", "TargetEvaluation"]


class _Slice(NamedTuple):
    """Where in a row the results of one target stand: of its fields, and of its match rules."""

    compiled: CompiledTarget
    start: int
    end: int
    rules: tuple[CompiledRule, ...]
    rules_at: int


class CompiledSync:
    """A sync with its expressions compiled into one program. May be used from any thread.

    Parameters
    ----------
    definition
        The sync.
    default_region
        Two-letter country of telephone numbers that have no country code.

    Raises
    ------
    ExpressionSyntaxError
        With every expression that cannot be compiled.
    """

    def __init__(self, definition: SyncDefinition, *, default_region: str | None = None) -> None:
        self.definition = definition
        self.default_region = default_region
        self.targets = tuple(CompiledTarget(target, default_region) for target in definition.targets)
        self.target_indexes = {target.object: index for index, target in enumerate(definition.targets)}
        self._filter_place = definition.filter_place or _first_place(definition)
        expressions = [] if definition.filter is None else [Expression(definition.filter, self._filter_place)]
        starts = []
        for compiled in self.targets:
            starts.append(len(expressions))
            expressions += _expressions_of_fields(compiled.target)
        self._without_rules = len(expressions)
        slices = []
        for compiled, start in zip(self.targets, starts, strict=True):
            rules = compile_rules(compiled.target, default_region)
            slices.append(_Slice(compiled, start, start + len(compiled.fields), rules, len(expressions)))
            expressions += _expressions_of_rules(compiled.target)
        self._slices = tuple(slices)
        self.rules = tuple(each.rules for each in slices)
        self.where = WhereConditions(definition.targets)
        self.way_back = WayBack(self.targets)
        self._program = Program(expressions)

    def evaluate(self, identities: Sequence[Identity]) -> list[Evaluation]:
        """Evaluate all expressions for each identity. Bad data becomes errors of its identity, never an exception.

        Returns
        -------
        list
            One evaluation for each identity, in their order.
        """
        rows = self._program.run([identity.profile for identity in identities])
        return self._read_all(identities, rows, with_keys=True)

    def evaluate_fields(self, identities: Sequence[Identity]) -> list[Evaluation]:
        """Evaluate without match keys, for identities that have their record: it costs a sixth less."""
        rows = self._program.run([identity.profile for identity in identities], self._without_rules)
        return self._read_all(identities, rows, with_keys=False)

    def _read_all(
        self, identities: Sequence[Identity], rows: Sequence[Row | BadProfile], *, with_keys: bool
    ) -> list[Evaluation]:
        return [
            self._bad(identity.user_id, row) if isinstance(row, BadProfile) else self._read(identity, row, with_keys)
            for identity, row in zip(identities, rows, strict=True)
        ]

    def _read(self, identity: Identity, row: Row, with_keys: bool) -> Evaluation:
        user_id = identity.user_id
        errors: list[FieldError] = []
        filtered = False
        if self.definition.filter is not None and row[0] is not True:
            filtered = True
            self._check_filter(user_id, row[0], errors)
        targets = []
        for compiled, start, end, rules, rules_at in self._slices:
            values, problems = compiled.read(user_id, row[start:end])
            keys = self._keys(user_id, rules, row, rules_at, errors) if with_keys else ()
            targets.append(TargetEvaluation(values, problems, keys))
        return Evaluation(
            user_id, filtered, tuple(targets), tuple(errors), identity.profile, identity.version.updated_at
        )

    def _check_filter(self, user_id: UserId, raw: Raw, errors: list[FieldError]) -> None:
        if raw is False or raw is None or raw == NO_OPINION:
            return
        message = (
            raw["message"] if isinstance(raw, dict) else "expected true or false; write a comparison, or Boolean(…)"
        )
        errors.append(FieldError(user_id, "", "filter", self._filter_place, f"the filter failed: {message}"))

    def _keys(
        self, user_id: UserId, rules: Sequence[CompiledRule], row: Row, at: int, errors: list[FieldError]
    ) -> tuple[MatchKey | None, ...]:
        """The keys of a target, whose results begin at `at`, in the layout of `_expressions_of_rules`."""
        keys = []
        for rule in rules:
            size = len(rule.parts)
            key = self._key(user_id, rule, row[at : at + size], errors)
            at += size
            if rule.rule.condition is not None:
                key = key or _unverified_key(rule, row[at : at + size])
                at += size
            keys.append(key)
        return tuple(keys)

    def _key(
        self, user_id: UserId, compiled: CompiledRule, values: Sequence[Raw], errors: list[FieldError]
    ) -> MatchKey | None:
        """The key, where the rule's condition is true and there are values."""
        for raw in values:
            if raw is None or raw == NO_OPINION:
                return None
            if isinstance(raw, dict):
                rule = compiled.rule
                message = f"the match rule {rule.name} failed: {raw['message']}"
                errors.append(FieldError(user_id, compiled.sobject, rule.fields[0], rule.place, message))
                return None
        return compiled.key(values, verified=True)

    def _bad(self, user_id: UserId, bad: BadProfile) -> Evaluation:
        """Nothing is known about this identity, so it is left alone."""
        nothing = tuple(TargetEvaluation({}, (), tuple(None for _ in slice_.rules)) for slice_ in self._slices)
        error = FieldError(user_id, "", "profile", self._filter_place, bad.message)
        return Evaluation(user_id, True, nothing, (error,))


def _first_place(definition: SyncDefinition) -> Place:
    """Where the definition begins: for errors that no single line is to blame for."""
    return definition.targets[0].place if definition.targets else Place(definition.name, 1)


def _unverified_key(compiled: CompiledRule, values: Sequence[Raw]) -> MatchKey | None:
    """The key as it would be, were the rule's condition true. What goes wrong without it is nobody's mistake."""
    if any(raw is None or isinstance(raw, dict) or raw == NO_OPINION for raw in values):
        return None
    return compiled.key(values, verified=False)


def _expressions_of_fields(target: Target) -> list[Expression]:
    return [Expression(field.expression, field.place) for field in target.fields]


def _expressions_of_rules(target: Target) -> list[Expression]:
    """The parts of each rule, evaluated only where its condition is true; with a condition, once more without."""
    expressions = []
    for rule in target.match:
        expressions += [Expression(part.expression, rule.place, rule.condition) for part in rule.parts]
        if rule.condition is not None:
            expressions += [Expression(part.expression, rule.place) for part in rule.parts]
    return expressions
