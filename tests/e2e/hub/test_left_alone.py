"""A hub whose org does not answer: its lanes ask the budget before they spend calls."""

import pytest

from crosswalk.connectors.salesforce.limits import OF_A_BATCH
from crosswalk.domain.ids import OrgName
from crosswalk.engine import lane as lanes_module
from crosswalk.engine.budget.leases import Budgets
from tests.e2e.hub.conftest import System, lead_target
from tests.e2e.hub.stage import ORG, a_stage, within
from tests.e2e.hub.vendors import sign_up


async def test_while_the_org_is_left_alone_nothing_is_looked_up_but_by_a_try(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "TRY_EVERY_S", 1_000.0)
    is_left_alone = [True]
    asked: list[tuple[OrgName, frozenset[str]]] = []

    def leaves_alone(_: Budgets, org: OrgName, endpoints: frozenset[str]) -> bool:
        asked.append((org, endpoints))
        return is_left_alone[0]

    monkeypatch.setattr(Budgets, "leaves_alone", leaves_alone)
    system.sync = {"lanes": 1}
    system.targets = [lead_target()]
    async with a_stage(system) as stage:
        tried = sign_up(stage.auth0, "tried@example.com", verified=True)
        await stage.deliver(*await stage.collect_users(1))
        calls, asked_before = stage.hub.orgs[ORG].calls, len(asked)
        waits = sign_up(stage.auth0, "waits@example.com", verified=True)
        await stage.accept(*await stage.collect_users(1))

        async def asked_thrice() -> bool:
            return len(asked) >= asked_before + 3

        await within(asked_thrice, "the lane looks again and again")
        assert await stage.record_of(tried) is not None
        assert await stage.record_of(waits) is None
        assert stage.hub.orgs[ORG].calls == calls
        assert set(asked) == {(ORG, OF_A_BATCH)}

        is_left_alone[0] = False
        await stage.quiet()
        assert await stage.record_of(waits) is not None
