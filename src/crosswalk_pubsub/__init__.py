"""Salesforce's Pub/Sub API as both ends of it need it: the vendor's proto, what it generates, and change events.

Imports grpc, protobuf and fastavro, and nothing of Crosswalk or its sandbox: the hub's connector and the emulated org
both import this. Start with `event_schema` (Avro to plain data and back); `bitmaps` reads and writes the lists of
fields in a change event's header.

`pubsub_api.proto` is the vendor's file, unchanged: https://github.com/forcedotcom/pub-sub-api at commit
0ba470114fd8dac1e18a2c981efdafc87fcc69d1, CC0 1.0 (`pubsub_api.LICENSE`). `pubsub_api_pb2.py`, `pubsub_api_pb2.pyi` and
`pubsub_api_pb2_grpc.py` are generated from it by `make proto`.
"""

from crosswalk_pubsub.bitmaps import FieldLayout
from crosswalk_pubsub.event_schema import EventSchema, PayloadUnreadableError
from crosswalk_pubsub.replay import ReplayIdMalformedError, format_replay_id, read_replay_id

__all__ = [
    "EventSchema",
    "FieldLayout",
    "PayloadUnreadableError",
    "ReplayIdMalformedError",
    "format_replay_id",
    "read_replay_id",
]
