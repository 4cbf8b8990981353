"""Who may do what in NATS, as its servers' configuration says it.

What faces the internet has accounts of its own, without streams: it reaches what it needs of the account that has them
through imports. Permissions alone are not enough there: whoever may ask JetStream may have the answer sent to any
subject, that of the records included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from webapp.bus.credentials import ADMIN
from webapp.bus.messages import MOMENTS, STATE
from webapp.bus.natsstreams import CHECKPOINTS, PLAYS, RECORDS, SHARED, bucket_stream, keys_of, live_keys_of
from webapp.bus.shared import RULES_KEY

ALL, WITH_PRESSES = "all", "web-plays"
_API, _CHUNKS = "$JS.API", f"OBJ_{CHECKPOINTS}"
_LIVE_PLAYS, _LIVE_RECORDS, _LIVE_STATE = "unison.live.plays", "unison.live.records", live_keys_of(STATE)

READ = (
    f"{_API}.STREAM.INFO.{RECORDS}",
    f"{_API}.DIRECT.GET.{RECORDS}",
    f"{_API}.STREAM.INFO.KV_{SHARED}",
    f"{_API}.STREAM.MSG.GET.KV_{SHARED}",
)
"""What every server asks for: the records, and the settings that all need alike."""
SHARE = (
    *(f"{_API}.{ask}.{bucket_stream(each)}" for each in (STATE, MOMENTS) for ask in ("STREAM.INFO", "DIRECT.GET")),
    *(f"{_API}.STREAM.MSG.GET.{bucket_stream(each)}" for each in (STATE, MOMENTS)),
    *(keys_of(each, ">") for each in (STATE, MOMENTS)),
)
"""What all that face people share: tokens, the moderation list, and shared moments."""
WRITE_PLAYS = ("unison.plays",)
MATCH = (
    f"{_API}.STREAM.INFO.{PLAYS}",
    f"{_API}.DIRECT.GET.{PLAYS}",
    f"{_API}.STREAM.PURGE.{PLAYS}",
    "unison.records",
    f"$KV.{SHARED}.{RULES_KEY}",  # the first server that matches decides them
    f"$O.{CHECKPOINTS}.>",
    f"{_API}.STREAM.NAMES",
    *(f"{_API}.STREAM.{ask}.{_CHUNKS}" for ask in ("INFO", "MSG.GET", "PURGE")),
    f"{_API}.CONSUMER.CREATE.{_CHUNKS}",
    f"{_API}.CONSUMER.DELETE.{_CHUNKS}.*",
    f"$JS.FC.{_CHUNKS}.>",
)
INSIDE: Mapping[str, Sequence[str]] = {
    ADMIN: (f"{_API}.>", "$JS.FC.>", "$KV.>", "$O.>", "unison.records"),
    "match": (*READ, *MATCH),
    ALL: (*READ, *SHARE, *WRITE_PLAYS, *MATCH),
}
"""Users of the account with the streams, and the subjects on which each may publish."""
OUTSIDE: Mapping[str, Sequence[str]] = {
    "ingest": (*READ, *SHARE, *WRITE_PLAYS),
    "web": (*READ, *SHARE),
    WITH_PRESSES: (*READ, *SHARE, *WRITE_PLAYS),
}
"""The other accounts, and what each may ask of the first."""
NAMES = (*INSIDE, *OUTSIDE)


def configuration(keys: Mapping[str, str]) -> str:
    """Return the accounts as a NATS server's configuration has them.

    Args:
        keys: the public NKey of each of `NAMES`.
    """
    users = "".join(f"      {_user(name, keys[name], subjects)}\n" for name, subjects in INSIDE.items())
    exports = "".join(f"      {each}\n" for each in _exports())
    others = "".join(_account(name, keys[name], subjects) for name, subjects in OUTSIDE.items())
    return f"""accounts {{
  UNISON {{
    jetstream: enabled
    users: [
{users}    ]
    exports: [
{exports}    ]
  }}
{others}}}
"""


def _user(name: str, key: str, subjects: Sequence[str]) -> str:
    heard = [f"_INBOX.{name}.>", _LIVE_RECORDS, _LIVE_PLAYS, _LIVE_STATE]
    return f"{{ nkey: {key}, permissions: {{ publish: {_list(subjects)}, subscribe: {_list(heard)} }} }}  # {name}"


def _exports() -> Iterator[str]:
    for live in (_LIVE_RECORDS, _LIVE_STATE):
        yield f'{{ stream: "{live}" }}'
    for subject in (*READ, *SHARE, *WRITE_PLAYS):
        several = ", response_type: stream" if ".DIRECT.GET." in subject else ""
        yield f'{{ service: "{subject}"{several} }}'


def _account(name: str, key: str, subjects: Sequence[str]) -> str:
    asked = {each: each.replace(_API, "unison.api") for each in subjects}
    mapped = "".join(f'      "{each}": "{to}"\n' for each, to in asked.items() if each != to)
    imports = "".join(
        f'      {{ service: {{ account: UNISON, subject: "{each}" }}, to: "{to}" }}\n' for each, to in asked.items()
    )
    return f"""  UNISON_{name.upper().replace("-", "_")} {{
    users: [ {{ nkey: {key} }} ]
    mappings: {{
{mapped}    }}
    imports: [
      {{ stream: {{ account: UNISON, subject: "{_LIVE_RECORDS}" }} }}
      {{ stream: {{ account: UNISON, subject: "{_LIVE_STATE}" }} }}
{imports}    ]
  }}
"""


def _list(subjects: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{each}"' for each in subjects) + "]"
