"""Builds the domain's definition of a sync's flows from their validated sections."""

from collections.abc import Mapping

from crosswalk.config.flows import ClosedWonConfig, DeactivationConfig, FlowsConfig, MergeTaskConfig, TaskConfig
from crosswalk.config.problem import KeyPath
from crosswalk.domain.flow import ClosedWonFlow, DeactivationFlow, Flows, Invitation, MergeTaskFlow, TaskTemplate
from crosswalk.domain.place import Place


def define_flows(flows: FlowsConfig, path: KeyPath, places: Mapping[KeyPath, Place]) -> Flows:
    """Translate the flows of a sync into the domain's words; `path` is that of their section."""
    return Flows(
        deactivation=None
        if flows.deactivation is None
        else _deactivation(flows.deactivation, places[(*path, "deactivation")]),
        closed_won=None if flows.closed_won is None else _closed_won(flows.closed_won, places[(*path, "closed_won")]),
        merge_task=None
        if flows.merge_task is None
        else MergeTaskFlow(_task(flows.merge_task), flows.merge_task.key_field, places[(*path, "merge_task")]),
    )


def _deactivation(flow: DeactivationConfig, place: Place) -> DeactivationFlow:
    return DeactivationFlow(
        when=flow.when,
        fields=flow.fields,
        note=flow.note,
        task=None if flow.task is None else _task(flow.task),
        key_field=flow.key_field,
        place=place,
    )


def _task(task: TaskConfig | MergeTaskConfig) -> TaskTemplate:
    return TaskTemplate(
        task.subject, task.description or "", task.due_days, task.priority, task.status, task.closed_status
    )


def _closed_won(flow: ClosedWonConfig, place: Place) -> ClosedWonFlow:
    invitation = flow.invitation
    return ClosedWonFlow(
        when=flow.when,
        tier=flow.tier,
        contact_field=flow.contact,
        deal_fields=flow.fields,
        roles=flow.roles,
        connection=flow.connection,
        organization=flow.organization,
        invitation=None
        if invitation is None
        else Invitation(invitation.field, round(invitation.expires.total_seconds())),
        place=place,
    )
