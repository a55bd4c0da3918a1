"""What each client of the contract tests exercised, read from the tests themselves: `docs/sandbox-clients.md`.

`python -m tests.contract.exercised docs/sandbox-clients.md` writes the page anew. Of the Python clients it lists the
methods that are called, of the other tests their titles.
"""

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CLIENTS = {
    "ManagementClient": "auth0-python, synchronous",
    "AsyncManagementClient": "auth0-python, asynchronous",
    "Salesforce": "simple-salesforce",
}
"""Name of a client's class, with which the tests annotate it, and how the page calls it."""
PYTHON_TESTS = {
    "auth0-python, authentication": ("auth0_sandbox/test_authentication_client.py",),
    "simple-salesforce, logins": ("salesforce_sandbox/test_login.py", "salesforce_sandbox/test_soap_login.py"),
    "grpcio and fastavro, with the vendor's proto of the Pub/Sub API": (
        "salesforce_sandbox/test_pubsub.py",
        "salesforce_sandbox/test_platform_events.py",
    ),
}
NODE_TESTS = {
    "auth0": ("auth0.test.mjs",),
    "jsforce": ("jsforce.test.mjs", "jsforce_login.test.mjs", "jsforce_streaming.test.mjs"),
    "openid-client": ("openid_client.test.mjs", "openid_client_org.test.mjs", "actions.test.mjs"),
    "salesforce-pubsub-api-client": ("pubsub.test.mjs",),
}
"""The npm packages and the files that test with them."""
HEAD = """<!-- Written by `make docs` from the contract tests. -->

# What each client exercised

The [sandbox](sandbox.md) is judged by clients that others wrote for the vendors. This page lists what each of them does
in the contract tests, which run with every change, and what it does not.
"""
NOT_EXERCISED = {
    "auth0-python, synchronous": """
Not exercised: endpoints that [are not there](sandbox.md#what-is-not-emulated), and most settings, which
auth0-deploy-cli writes and reads.
""",
    "auth0-python, asynchronous": """
It is generated from the same description as the synchronous one; what differs is how it waits and pages, so not every
call is made twice.
""",
    "simple-salesforce": """
Not exercised: SOSL, Apex, metadata and the Bulk API 1.0, which are not emulated.
""",
    "simple-salesforce, logins": """
Its own logins put `.salesforce.com` behind every domain, so they cannot be pointed at the sandbox but through an
adapter that reroutes them, `tests/contract/salesforce_sandbox/rerouted.py`.
""",
    "npm auth0": """
Not exercised: passwordless logins, which are not emulated.
""",
    "npm salesforce-pubsub-api-client": """
It brings authorities of its own and takes no other, so it is told not to check certificates.
""",
}
TITLE = re.compile(r"^ *test\((['`])(.*?)(?<!\\)\1, ", re.MULTILINE)
NAME = re.compile(r"^(?:async )?def test_(\w+)", re.MULTILINE)
LOGIN_NAME = re.compile(r"^def test_(independent_client_\w+|logout_\w+|a_wrong_login_\w+)", re.MULTILINE)
Chain = tuple[str, tuple[str, ...]]
"""A client, and the attributes that lead from it to something."""


def page() -> str:
    """The whole page."""
    called = calls_of_python_clients()
    versions = json.loads((HERE / "node" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    sections = {client: method_table(called[client]) for client in CLIENTS.values()}
    for client, files in PYTHON_TESTS.items():
        names = LOGIN_NAME if client.endswith("logins") else NAME
        sections[client] = bullets(names, files).replace("_", " ")
    for package, files in NODE_TESTS.items():
        sections[f"npm {package}"] = bullets(TITLE, tuple(f"node/{file}" for file in files))
    sections["npm auth0-deploy-cli"] = paragraph_of_the_deploy_test()
    parts = [HEAD]
    for client, body in sections.items():
        version = versions.get(client.removeprefix("npm "), "")
        parts.append(f"## {client} {version}".rstrip() + f"\n\n{body}\n")
        parts.extend([NOT_EXERCISED[client].lstrip()] if client in NOT_EXERCISED else [])
    return "\n".join(parts)


def calls_of_python_clients() -> dict[str, set[str]]:
    """The methods that the tests call, such as ``users.roles.assign``, by client."""
    called: dict[str, set[str]] = defaultdict(set)
    for path in sorted(HERE.glob("*sandbox/test_*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for client, attributes in calls_in(function):
                    called[client].add(".".join(attributes))
    return called


def calls_in(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Chain]:
    """The calls of a test on the clients that it is given, also by other names that it gives to parts of them."""
    arguments = [*function.args.args, *function.args.kwonlyargs]
    known: dict[str, Chain] = {
        each.arg: (CLIENTS[name], ())
        for each in arguments
        if each.annotation is not None and (name := ast.unparse(each.annotation)) in CLIENTS
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target, value in pairs_of(node):
                found = chain_of(value, known)
                if found is not None and isinstance(target, ast.Name):
                    known[target.id] = found
    for node in ast.walk(function):
        found = chain_of(node.func, known) if isinstance(node, ast.Call) else None
        if found is not None and found[1]:
            yield found


def pairs_of(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    """What is assigned to what: one value, or each of a tuple."""
    (target, *_), value = node.targets, node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def chain_of(node: ast.expr, known: dict[str, Chain]) -> Chain | None:
    """The client and the attributes behind an expression such as ``auth0.users.roles``, or None."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.insert(0, node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id in known:
        client, before = known[node.id]
        return client, (*before, *attributes)
    return None


def method_table(methods: set[str]) -> str:
    """The methods by what they belong to."""
    by_owner: dict[str, list[str]] = defaultdict(list)
    for method in sorted(methods):
        owner, _, name = method.rpartition(".")
        by_owner[owner].append(f"`{name}`")
    rows = [
        f"| {f'`{owner}`' if owner else 'itself'} | {', '.join(names)} |" for owner, names in sorted(by_owner.items())
    ]
    return "\n".join([f"{len(methods)} methods.", "", "| Of | Called |", "|---|---|", *rows])


def bullets(pattern: re.Pattern[str], files: tuple[str, ...]) -> str:
    """The titles of the tests in some files, one a line."""
    texts = [(HERE / file).read_text(encoding="utf-8") for file in files]
    titles = [match.group(pattern.groups) for text in texts for match in pattern.finditer(text)]
    return "\n".join(f"- {title}".replace("${name}", "…").replace("\\'", "'") for title in titles)


def paragraph_of_the_deploy_test() -> str:
    """What the docstring of the tests with auth0-deploy-cli lists, as it stands there."""
    tree = ast.parse((HERE / "node" / "test_deploy_cli.py").read_text(encoding="utf-8"))
    listed = (ast.get_docstring(tree) or "").partition("Exercised: ")[2]
    return (listed[:1].upper() + listed[1:]).strip()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
