"""A summary of plans as a person reads it."""

from collections.abc import Mapping

from crosswalk.cli.output import counted
from crosswalk.reconcile.summary import FieldLine, Line, SummaryData


def summary_as_text(summary: SummaryData) -> list[str]:
    """The lines of a summary; parts that have nothing to say are left out."""
    lines = [totals(summary)]
    lines += _block("by situation", summary.situations)
    lines += _block("by kind of write", {kind.value: line for kind, line in summary.kinds.items()})
    if summary.fields:
        lines += ["by field", *map(_field_line, summary.fields)]
    lines += _block("by flow", summary.flows)
    lines += _block("mappings that fail", summary.errors)
    if summary.conflicts:
        lines.append(f"{counted(summary.conflicts, 'identity', 'identities')} would wait for a person's decision")
    if summary.disputed:
        lines.append(f"{counted(summary.disputed, 'identity', 'identities')} with fields that a person decides")
    return lines


def totals(summary: SummaryData) -> str:
    """The summary in one line."""
    found = counted(summary.identities, "identity", "identities")
    with_writes = f"{summary.with_writes} with writes ({counted(summary.fields_written, 'field')})"
    return f"{found}: {with_writes}, {summary.identities - summary.with_writes} without"


def _block(title: str, lines: Mapping[str, Line]) -> list[str]:
    if not lines:
        return []
    return [title, *(f"  {line.identities:>9,}  {name}   e.g. {line.examples[0]}" for name, line in lines.items())]


def _field_line(line: FieldLine) -> str:
    cleared = f", {line.cleared:,} of them emptied" if line.cleared else ""
    return f"  {line.writes:>9,}  {line.object}.{line.field} {line.reason}{cleared}   e.g. {line.examples[0]}"
