"""How the tenant and the org fail while changes are made: rules of the sandbox, of which each run draws some."""

from typing import Any

LONG_S = 6.0
"""Longer than the hub waits for an answer in these runs."""

RULES: dict[str, dict[str, Any]] = {
    "throttled until a moment": {
        "vendor": "auth0",
        "match": {"operations": ["management"]},
        "when": {"rate": 0.05},
        "effect": {"kind": "throttle", "headers": "vendor"},
    },
    "throttled for a second": {
        "vendor": "auth0",
        "match": {"operations": ["management"]},
        "when": {"rate": 0.03},
        "effect": {"kind": "throttle", "headers": "retry-after"},
    },
    "throttled without a word": {
        "vendor": "auth0",
        "match": {"operations": ["management"]},
        "when": {"rate": 0.05},
        "effect": {"kind": "throttle", "headers": "none"},
    },
    "tenant answers 500": {
        "vendor": "auth0",
        "match": {"operations": ["management"]},
        "when": {"rate": 0.05},
        "effect": {"kind": "status", "status": 500},
    },
    "tenant's proxy answers 502": {
        "vendor": "auth0",
        "match": {"operations": ["management", "token"]},
        "when": {"rate": 0.05},
        "effect": {"kind": "status", "status": 502, "body": "html"},
    },
    "tenant's answers are lost": {
        "vendor": "auth0",
        "match": {"operations": ["write"], "successful": True},
        "when": {"rate": 0.05},
        "effect": {"kind": "drop", "at": "after-write"},
    },
    "tenant's tokens are revoked": {
        "vendor": "auth0",
        "match": {"operations": ["management"]},
        "when": {"rate": 0.02},
        "effect": {"kind": "revoke-token", "every": True},
    },
    "tenant's answers are halved": {
        "vendor": "auth0",
        "match": {"operations": ["read"], "successful": True},
        "when": {"rate": 0.05},
        "effect": {"kind": "drop", "at": "half-body"},
    },
    "org is unavailable": {
        "vendor": "salesforce",
        "match": {"operations": ["read", "write"]},
        "when": {"rate": 0.1},
        "effect": {"kind": "status", "status": 503},
    },
    "org answers a page": {
        "vendor": "salesforce",
        "match": {"operations": ["read", "write"]},
        "when": {"rate": 0.05},
        "effect": {"kind": "status", "status": 502, "body": "html"},
    },
    "org's answers are lost": {
        "vendor": "salesforce",
        "match": {"operations": ["write"], "successful": True},
        "when": {"rate": 0.15},
        "effect": {"kind": "drop", "at": "after-write"},
    },
    "org's answers come too late": {
        "vendor": "salesforce",
        "match": {"operations": ["collections"], "successful": True},
        "when": {"rate": 0.05},
        "effect": {"kind": "timeout", "at": "after-write", "hold_seconds": LONG_S},
    },
    "org's answers are halved": {
        "vendor": "salesforce",
        "match": {"operations": ["read", "write"], "successful": True},
        "when": {"rate": 0.08},
        "effect": {"kind": "drop", "at": "half-body"},
    },
    "org's answers are no JSON": {
        "vendor": "salesforce",
        "match": {"operations": ["read", "write"], "successful": True},
        "when": {"rate": 0.05},
        "effect": {"kind": "malformed"},
    },
    "too many long calls": {
        "vendor": "salesforce",
        "match": {"operations": ["read", "write"]},
        "when": {"rate": 0.05},
        "effect": {"kind": "limit", "limit": "ConcurrentRequests"},
    },
    "sessions expire": {
        "vendor": "salesforce",
        "match": {"operations": ["read", "write"]},
        "when": {"rate": 0.05},
        "effect": {"kind": "revoke-token", "every": True},
    },
    "locked rows": {
        "vendor": "salesforce",
        "match": {"objects": ["Contact", "Task"]},
        "when": {"rate": 0.1},
        "effect": {"kind": "record-failure"},
    },
    "slow org": {
        "vendor": "salesforce",
        "effect": {"kind": "latency", "delay": {"shape": "lognormal", "p50_ms": 60, "p99_ms": 800}},
    },
    "repeated events": {
        "vendor": "auth0",
        "match": {"topics": ["user.*"]},
        "when": {"rate": 0.2},
        "effect": {"kind": "duplicate-events", "copies": 2},
    },
    "late events": {
        "vendor": "auth0",
        "when": {"rate": 0.02},
        "effect": {"kind": "delay-events", "delay": {"shape": "uniform", "low_ms": 10, "high_ms": 1500}},
    },
    "events out of order": {
        "vendor": "auth0",
        "when": {"rate": 0.3},
        "effect": {"kind": "reorder-events", "within_ms": 1000},
    },
    "lost events of users": {
        "vendor": "auth0",
        "when": {"rate": 0.05},
        "effect": {"kind": "lose-events"},
    },
    "lost events of records": {
        "vendor": "salesforce",
        "match": {"channels": ["event-bus"]},
        "when": {"rate": 0.05},
        "effect": {"kind": "lose-events"},
    },
    "gap events": {
        "vendor": "salesforce",
        "match": {"channels": ["event-bus"]},
        "when": {"rate": 0.3},
        "effect": {"kind": "gap-events"},
    },
    "repeated events of records": {
        "vendor": "salesforce",
        "match": {"channels": ["event-bus"]},
        "when": {"rate": 0.2},
        "effect": {"kind": "duplicate-events"},
    },
    "events of records out of order": {
        "vendor": "salesforce",
        "match": {"channels": ["event-bus"]},
        "when": {"rate": 0.2},
        "effect": {"kind": "reorder-events", "within_ms": 500},
    },
}
