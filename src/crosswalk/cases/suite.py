"""A run of many cases: each with its verdict, and what all together exercised."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from crosswalk.cases.case import Case
from crosswalk.cases.comparing import Difference, compare
from crosswalk.cases.coverage import Coverage, cover
from crosswalk.cases.running import Outcome, Runner
from crosswalk.config.config import SyncDefinitions
from crosswalk.reconcile.compiled import CompiledSync


class Verdict(Struct, frozen=True):
    """What came of one case, and in what that differs from what it expects."""

    case: Case
    outcome: Outcome
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.differences


class SuiteResult(Struct, frozen=True):
    """The verdicts in the order of the cases, and the coverage of each sync."""

    verdicts: tuple[Verdict, ...]
    coverages: tuple[Coverage, ...]

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The cases that came otherwise."""
        return tuple(each for each in self.verdicts if not each.passed)


class Suite:
    """The syncs of a configuration, compiled, with whatever cases are run on them."""

    def __init__(self, syncs: SyncDefinitions) -> None:
        self._runners = {
            name: Runner(CompiledSync(definition, default_region=syncs.regions[name]))
            for name, definition in syncs.definitions.items()
        }

    def run(self, cases: Sequence[Case]) -> SuiteResult:
        """Run cases; coverage counts these alone."""
        verdicts = tuple(self.judge(case) for case in cases)
        outcomes: Mapping[str, list[Outcome]] = {name: [] for name in self._runners}
        for verdict in verdicts:
            outcomes[verdict.case.sync].append(verdict.outcome)
        coverages = [cover(each.compiled.definition, outcomes[name]) for name, each in self._runners.items()]
        return SuiteResult(verdicts, tuple(coverages))

    def judge(self, case: Case) -> Verdict:
        """Run one case."""
        outcome = self._runners[case.sync].run(case)
        return Verdict(case, outcome, compare(case, outcome))
