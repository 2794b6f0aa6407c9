"""Who calls: the key of a request, what it may see, and how often it may ask."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor
from kelompok_core.access.keys import get_actor_by_key
from kelompok_core.access.rules import Action, authorize, list_organizations_where, may, require_active
from kelompok_core.api.problems import NoValidKey, TooManyRequests
from kelompok_core.errors import NotFound, NotPermitted
from kelompok_core.imports.records import ImportRecord, get_import
from kelompok_core.imports.workbench import Workbench


class Rates:
    """Counts requests by who sent them, in this process."""

    def __init__(self, rate: RateLimitItem) -> None:
        self._rate = rate
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, sender: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests: When it is one too many.
        """
        if self._limiter.hit(self._rate, sender):
            return
        until = self._limiter.get_window_stats(self._rate, sender).reset_time
        wait = max(1, math.ceil(until - time.time()))
        raise TooManyRequests(f"more than {self._rate}", wait=wait, hint=f"Go on in {wait} seconds.")


_BEARER = HTTPBearer(auto_error=False, bearerFormat="klp_…", description="A key made with «kelompok admin key create».")


def get_bench(request: Request) -> Workbench:
    bench: Workbench = request.app.state.bench
    return bench


Bench = Annotated[Workbench, Depends(get_bench)]


def get_connection(bench: Bench) -> Iterator[sa.Connection]:
    with bench.database.connect() as connection:
        yield connection


def get_session(bench: Bench) -> Iterator[Session]:
    with bench.database.session() as session:
        yield session


Connection = Annotated[sa.Connection, Depends(get_connection)]
CoreSession = Annotated[Session, Depends(get_session)]


def get_caller(
    request: Request, bench: Bench, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Actor:
    """Return who acts with the request's key.

    Raises:
        NoValidKey: When there is none, or it is not valid.
        NotPermitted: When its user's account is suspended.
        TooManyRequests: When the key was used too often.
    """
    if sent is None:
        raise NoValidKey("this needs a key", hint="Send it as «Authorization: Bearer klp_…».")
    with bench.database.connect() as connection:
        try:
            actor = get_actor_by_key(connection, sent.credentials)
        except NotPermitted as error:
            raise NoValidKey("the key is unknown, revoked or expired", hint="Ask for a new one.") from error
        require_active(connection, actor)
    request.state.key_id = actor.key_id
    request.app.state.key_rates.count(str(actor.key_id))
    return actor


Caller = Annotated[Actor, Depends(get_caller)]


def holding(action: Action) -> Any:
    """Return the dependency of a route that needs this scope; nothing is looked up for a key without it.

    Raises:
        NotPermitted: When the key has it neither for all entities nor for one.
    """

    def get_holder(caller: Caller) -> Actor:
        if not any(scope.partition(":")[0] == action for scope in caller.scopes or ()):
            raise NotPermitted(caller.email, action, "the key has no such scope")
        return caller

    return Depends(get_holder)


def require(
    connection: sa.Connection | Session, actor: Actor, action: Action, organization_id: UUID | None,
    what: tuple[str, object],
) -> None:  # fmt: skip
    """Let the caller do this to something that exists; of what it may not even see it is told nothing.

    Raises:
        NotFound: When the caller may not know of it; ``what`` is its kind and its name.
        NotPermitted: When its user, or its key, may see it but not do this.
    """
    try:
        authorize(connection, actor, action, organization_id)
    except NotPermitted:
        if not _sees(connection, actor, organization_id):
            raise NotFound(*what) from None
        raise


def find_import(connection: sa.Connection, caller: Actor, import_id: UUID, action: Action) -> ImportRecord:
    """Return an import the caller may do this to; imports confined to no organization are their own actor's as well.

    Raises:
        NotFound: When there is none, or not for this caller.
        NotPermitted: When the caller may see it but not do this.
    """
    record = get_import(connection, import_id)
    actor = caller.acting_on(record.entity)
    is_own = record.organization_id is None and record.actor_id == actor.id and actor.confined_to is None
    if not (is_own and action in (actor.scopes or ())):
        require(connection, actor, action, record.organization_id, ("import", import_id))
    return record


def allow_import(bench: Workbench, caller: Actor, import_id: UUID, action: Action) -> None:
    """Let the caller go on to do this to an import; raises what :func:`find_import` raises."""
    with bench.database.connect() as connection:
        find_import(connection, caller, import_id, action)


def organizations_seen(connection: sa.Connection | Session, actor: Actor) -> list[UUID] | None:
    """Return the organizations the caller has to do with, whatever its scopes are; None is all."""
    return list_organizations_where(connection, _with_all_scopes(actor), Action.RECORD_READ)


def _sees(connection: sa.Connection | Session, actor: Actor, organization_id: UUID | None) -> bool:
    return may(connection, _with_all_scopes(actor), Action.RECORD_READ, organization_id)


def _with_all_scopes(actor: Actor) -> Actor:
    return replace(actor, scopes=frozenset(Action))
