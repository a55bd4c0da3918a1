"""The org's Streaming API: its events over Bayeux by long polling, for CometD clients such as jsforce and faye.

May import the org's plain parts and `pubsub`, whose bus it reads, and, in `endpoints` alone, Starlette. Start with
`conversation`, which answers Bayeux messages; `polling` waits for events, `clients` remembers who has shaken hands,
`messages` writes events as JSON, `channels` and `refusals` say what cannot be subscribed to, and in which words.

Sources: the vendor's Streaming API, Platform Events and Change Data Capture guides ("Streaming API Error Codes",
"Handling Streaming API Errors", "Clients and Timeouts", "Clients and Cookies", "How the Client Connects", "Change
Event Body Fields", "Get Compound Fields in Change Events"), the source of jsforce and faye, and replies of the vendor
that users of CometD clients have published.

Emulated
    Handshake, connect, subscribe, unsubscribe, disconnect at `/cometd/37.0` to the newest version, also with the
    message's kind after it, as CometD's own clients have it; several messages in one request; a first connect that is
    answered at once with the advice, polls of 110 seconds after it, clients that are forgotten 40 seconds after their
    last reply; the cookie; the replay extension with -1, -2 and replay ids; change events, `/data/ChangeEvents` and
    platform events; sessions that are checked while a client waits, and last as long as it does; the documented
    refusals, with their advice. A client that asks for shorter polls by its own advice gets them.

    An event is `{schema, payload, event: {replayId}}`: names of fields in `changedFields` (`MailingAddress.City`), no
    `nulledFields` and no `diffFields`, times as `2022-06-10T22:42:34.000Z`; of a new record all that is not empty, of
    an update what changed, cleared fields as null. Platform events have all fields, and from version 52 on
    `EventApiName` and `EventUuid`.

Decided without a recording
    Refusals come with HTTP status 200, but for versions that are not served and requests that are too large or no
    messages. Dates without a time come as the REST API has them. Events come before the reply of the poll that brings
    them, at most 200 for each subscription and about 3 MB in one reply. A connect among other messages is never held,
    as in CometD. A client's poll is answered when it polls again, and plainly when it disconnects. A request without
    the cookie is refused with 400, one with another's as an unknown client. Unsubscribing from what was not
    subscribed to succeeds. Channels that are none of an event are refused as CometD does (`create_denied`), and so is
    publishing. At most 2,000 clients are remembered. A busy org says so itself where it has no other error to give.

Not emulated
    PushTopics and generic streaming: `/topic/…` and `/u/…` are refused as channels that do not exist. Custom
    channels, filters, enriched fields, allocations, the callback-polling transport, the endpoint `/cometd/replay`,
    and the advice `multiple-clients` for browsers.
"""
