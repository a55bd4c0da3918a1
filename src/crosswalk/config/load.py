"""Reads `crosswalk.yaml` and everything it names, and reports every mistake at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr, TypeAdapter, ValidationError

from crosswalk.config.config import Config, SyncDefinitions
from crosswalk.config.definitions import define_sync
from crosswalk.config.document import Value, read_document
from crosswalk.config.environment import FromEnvironment, fill_in
from crosswalk.config.expressions import check_expressions
from crosswalk.config.file import ConfigFile
from crosswalk.config.findings import Findings, value_at
from crosswalk.config.mappings import check_mappings
from crosswalk.config.match_checks import check_match_rules
from crosswalk.config.problem import ConfigurationError
from crosswalk.config.references import check_references
from crosswalk.config.validation import validate
from crosswalk.config.values import DatabaseUrl

DATABASE_URL_VARIABLE = "CROSSWALK_DATABASE_URL"

_OF_THE_HUB = ("server", "monitoring", "alerts", "database_url", "retention")
"""Sections about the hub itself, which say nothing of a sync."""

_ANY_TENANT: Value = {
    "domain": "tenant.invalid",
    "client_id": "none",
    "client_secret": FromEnvironment("none", written_default=False),
    "sources": {"log_poll": {}},
}
_ANY_ORG: Value = {
    "login_url": "https://org.invalid",
    "auth": {
        "flow": "client_credentials",
        "client_id": "none",
        "client_secret": FromEnvironment("none", written_default=False),
    },
}
"""What stands for a tenant or an org of which only the name is wanted."""


def load_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read a configuration.

    Parameters
    ----------
    path
        The file `crosswalk.yaml`; messages name files the way this path does.
    environ
        The environment variables.

    Raises
    ------
    ConfigurationError
        There are mistakes; it carries all of them, each with file, line, what was expected and the nearest name.
    """
    path = Path(path)
    written, findings = _read(path)
    tree = fill_in(written, environ, findings.add_value)
    file = _examine(tree, path, findings)
    database_url = _database_url(file, environ, findings)
    if file is None or findings.problems:
        raise ConfigurationError(findings.in_order())
    return Config(
        path=path.absolute(),
        server=file.server,
        monitoring=file.monitoring,
        alerts=file.alerts,
        database_url=database_url,
        state_dir=(path.parent / file.state_dir).absolute(),
        retention=file.retention,
        tenants=MappingProxyType(file.tenants),
        orgs=MappingProxyType(file.orgs),
        syncs=MappingProxyType(file.syncs),
        definitions=MappingProxyType(
            {name: define_sync(name, sync, findings.places) for name, sync in file.syncs.items()}
        ),
    )


def load_syncs(path: Path, environ: Mapping[str, str] = os.environ) -> SyncDefinitions:
    """Read the syncs of a configuration, and nothing of how its tenants and orgs are reached: no secret is needed.

    Parameters and errors are those of `load_config`; what is wrong with tenants, orgs and the hub itself is not told.
    """
    path = Path(path)
    tree, findings = _read(path)
    for section, stand_in in (("tenants", _ANY_TENANT), ("orgs", _ANY_ORG)):
        names = tree.get(section)
        tree[section] = dict.fromkeys(names, stand_in) if isinstance(names, dict) else None
    tree = {key: value for key, value in tree.items() if key not in _OF_THE_HUB}
    filled = fill_in(tree, environ, findings.add_value)
    file = _examine(filled, path, findings)
    if file is None or findings.problems:
        raise ConfigurationError(findings.in_order())
    return SyncDefinitions(
        path=path,
        definitions={name: define_sync(name, sync, findings.places) for name, sync in file.syncs.items()},
        regions={name: sync.default_region for name, sync in file.syncs.items()},
    )


def _read(path: Path) -> tuple[dict[str, Value], Findings]:
    """The tree of a configuration file as it is written; raises `ConfigurationError` where there is none."""
    document = read_document(path, str(path))
    findings = Findings(document)
    if not isinstance(document.value, dict):
        if not findings.problems:
            findings.add((), "the file holds no configuration", "version, tenants, orgs and syncs; see crosswalk init")
        raise ConfigurationError(findings.in_order())
    return document.value, findings


def _examine(tree: Value, path: Path, findings: Findings) -> ConfigFile | None:
    """Everything that can be checked about a tree whose variables are filled in; `None` where it cannot be used."""
    _read_mappings(tree, path.parent, findings)
    file = validate(tree, path.parent, findings)
    check_references(tree, findings)
    check_match_rules(tree, findings)
    check_expressions(tree, findings)
    check_mappings(tree, _state_dir(tree, path.parent), findings)
    return file


def _read_mappings(tree: Value, folder: Path, findings: Findings) -> None:
    """Put the content of each mapping file where its path is written; the places then point into that file."""
    syncs = tree.get("syncs") if isinstance(tree, dict) else None
    for sync_name, sync in syncs.items() if isinstance(syncs, dict) else ():
        targets = sync.get("targets") if isinstance(sync, dict) else None
        for index, target in enumerate(targets if isinstance(targets, list) else ()):
            if not isinstance(target, dict) or not isinstance(target.get("fields"), str):
                continue
            key_path = ("syncs", sync_name, "targets", index, "fields")
            file = folder / str(target["fields"])
            if not file.is_file():
                findings.add_value(key_path, f"the file {file} does not exist", "a mapping file, relative to this file")
                target["fields"] = {}
                continue
            document = read_document(file, str(file))
            findings.include(document, key_path)
            target["fields"] = document.value


def _state_dir(tree: Value, folder: Path) -> Path:
    """The state directory as far as it can be told before everything else is known to be right."""
    written = value_at(tree, ("state_dir",))
    name = written if isinstance(written, str) and "\0" not in written else ".crosswalk"
    return (folder / name).absolute()


def _database_url(file: ConfigFile | None, environ: Mapping[str, str], findings: Findings) -> SecretStr | None:
    """The written address, or else the one in the environment."""
    if file is not None and file.database_url is not None:
        return file.database_url
    from_environment = environ.get(DATABASE_URL_VARIABLE)
    if not from_environment:
        return None
    try:
        adapter: TypeAdapter[SecretStr] = TypeAdapter(DatabaseUrl)
        return adapter.validate_python(FromEnvironment(from_environment, written_default=False))
    except ValidationError:
        message = f"the environment variable {DATABASE_URL_VARIABLE} does not hold the address of a PostgreSQL database"
        findings.add(("database_url",), message, "postgresql://user:password@host:5432/database")
        return None
