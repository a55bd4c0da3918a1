"""Verdicts in the form that CI servers read."""

from collections import defaultdict
from xml.etree import ElementTree

from crosswalk.cases.suite import SuiteResult, Verdict


def junit_xml(result: SuiteResult) -> bytes:
    """A JUnit report: a suite for each test file, with the differences of a case as its failure."""
    by_file: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in result.verdicts:
        by_file[verdict.case.place.file].append(verdict)
    root = ElementTree.Element("testsuites", _counts(result.verdicts))
    for file, verdicts in by_file.items():
        suite = ElementTree.SubElement(root, "testsuite", {"name": file, **_counts(tuple(verdicts))})
        for verdict in verdicts:
            _add(suite, verdict)
    report: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return report


def _add(suite: ElementTree.Element, verdict: Verdict) -> None:
    place = verdict.case.place
    names = {"name": verdict.case.name, "classname": verdict.case.sync, "file": place.file, "line": str(place.line)}
    case = ElementTree.SubElement(suite, "testcase", names)
    if verdict.differences:
        lines = [f"{each.place}  {each.what}: expected {each.expected}, got {each.got}" for each in verdict.differences]
        failure = ElementTree.SubElement(case, "failure", {"message": f"{len(lines)} differences"})
        failure.text = "\n".join(lines)


def _counts(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    return {"tests": str(len(verdicts)), "failures": str(sum(not each.passed for each in verdicts))}
