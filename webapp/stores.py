"""The stores of a server: in its data folder where it works alone, and shared with others on a bus."""

from __future__ import annotations

from collections.abc import Callable

from webapp.config import Settings
from webapp.core.gazetteer import Gazetteer
from webapp.engine.clock import Clock
from webapp.engine.moderation import Moderation
from webapp.storage.accounts import Accounts
from webapp.storage.accountsfile import FILE_NAME as ACCOUNTS_NAME
from webapp.storage.history import FILE_NAME as HISTORY_NAME
from webapp.storage.history import History
from webapp.storage.moderationfile import AUDIT_NAME, LIST_NAME, AuditFile, ListFile
from webapp.storage.momentexchange import MomentExchange
from webapp.storage.sharedaccounts import SharedAccounts
from webapp.storage.sharedlist import SharedList
from webapp.storage.sharedstore import SharedStore
from webapp.storage.sqliteaccounts import SqliteAccounts


def history_of(settings: Settings, gazetteer: Gazetteer, clock: Clock, shared: SharedStore | None) -> History:
    """Return the history, not open yet; each server has its own, and those of a bus pass shared moments on."""
    return History(
        settings.data_dir / HISTORY_NAME,
        gazetteer,
        days=settings.history_days,
        max_rows=settings.history_max_rows,
        shared_max=settings.shared_max,
        from_log=bool(settings.bus),
        clock=clock.now,
        prune_clock=lambda: clock.now_if_held(settings.prune_after_s),
        exchange=MomentExchange(shared) if shared else None,
    )


def moderation_of(
    settings: Settings, gazetteer: Gazetteer, history: History, clock: Clock, shared: SharedStore | None
) -> Moderation:
    """Return the list of what is hidden, not open yet."""
    named, folder = settings.moderation_file, settings.data_dir
    file = ListFile(named or folder / LIST_NAME, is_required=named is not None)
    return Moderation(
        SharedList(shared, settings.node_name) if shared else file,
        AuditFile(folder / AUDIT_NAME),
        gazetteer,
        aliases=lambda: history.aliases,
        clock=clock.now,
    )


def accounts_of(settings: Settings, secret: Callable[[], bytes], clock: Clock, shared: SharedStore | None) -> Accounts:
    """Return the accounts, not open yet."""
    if shared:
        return SharedAccounts(shared, secret, clock.now)
    return SqliteAccounts(settings.data_dir / ACCOUNTS_NAME, secret, clock.now)
