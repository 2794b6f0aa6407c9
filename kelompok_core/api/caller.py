"""Authenticates callers by their key, checks their rights, and limits their request rate."""

import math
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from hashlib import sha256
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
from kelompok_core.access.rules import (
    Action,
    authorize,
    list_organizations_where,
    may,
    require_active,
    with_all_scopes,
)
from kelompok_core.api.problems import NoValidKey, TooManyRequests
from kelompok_core.errors import NotFound, NotPermitted
from kelompok_core.imports.reviewing.review_items import ReviewItem, get_owner, get_review_item
from kelompok_core.imports.shared.imports import Import, get_import
from kelompok_core.imports.shared.rights import list_owners
from kelompok_core.installation import Installation


class Rates:
    """Counts the requests of each sender in this process."""

    def __init__(self, rate: RateLimitItem) -> None:
        self._rate = rate
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, sender: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests: When it exceeds the rate.
        """
        if self._limiter.hit(self._rate, sender):
            return
        until = self._limiter.get_window_stats(self._rate, sender).reset_time
        wait = max(1, math.ceil(until - time.time()))
        raise TooManyRequests(f"more than {self._rate}", wait=wait, hint=f"Try again in {wait} seconds.")


_MAX_KEYS = 10_000


class KnownKeys:
    """Keys that were valid recently. The middleware uses them only to tell known callers from guesses.

    The database still checks at each request whether a key is valid.
    """

    def __init__(self, rate: RateLimitItem) -> None:
        self.rates = Rates(rate)
        self._ids: OrderedDict[bytes, UUID | None] = OrderedDict()

    def find(self, token: str) -> UUID | None:
        """Return the id of a key that was valid, or None."""
        return self._ids.get(_digest(token))

    def keep(self, token: str, key_id: UUID | None) -> None:
        self._ids[_digest(token)] = key_id
        if len(self._ids) > _MAX_KEYS:
            self._ids.popitem(last=False)

    def forget(self, token: str) -> None:
        self._ids.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


_BEARER = HTTPBearer(
    auto_error=False, bearerFormat="klp_…", description="A key created with «kelompok admin key create»."
)


async def get_installation(request: Request) -> Installation:  # async, so that it needs no thread
    installation: Installation = request.app.state.installation
    return installation


InstallationHere = Annotated[Installation, Depends(get_installation)]


def get_connection(installation: InstallationHere) -> Iterator[sa.Connection]:
    with installation.database.connect() as connection:
        yield connection


def get_session(installation: InstallationHere) -> Iterator[Session]:
    with installation.database.session() as session:
        yield session


# Released before the response is sent, so that a slow client holds no connection.
Connection = Annotated[sa.Connection, Depends(get_connection, scope="function")]
CoreSession = Annotated[Session, Depends(get_session, scope="function")]


def get_caller(
    request: Request,
    installation: InstallationHere,
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> Actor:
    """Return the actor of the request's key.

    Raises:
        NoValidKey: When there is no key, or it is not valid.
        NotPermitted: When its user's account is suspended.
        TooManyRequests: When the key was used too often.
    """
    if sent is None:
        raise NoValidKey("this request needs a key", hint="Send it as «Authorization: Bearer klp_…».")
    known: KnownKeys = request.app.state.known_keys
    with installation.database.connect() as connection:
        try:
            actor = get_actor_by_key(connection, sent.credentials)
        except NotPermitted as error:
            known.forget(sent.credentials)
            raise NoValidKey(
                "the key is unknown, revoked or expired", hint="Ask the operator for a new key."
            ) from error
        require_active(connection, actor)
    if getattr(request.state, "key_id", None) is None:  # the middleware did not know it yet
        known.rates.count(str(actor.key_id))
        known.keep(sent.credentials, actor.key_id)
    request.state.key_id = actor.key_id
    return actor


def sees_everything(
    request: Request,
    installation: InstallationHere,
    sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> bool:
    """Return whether the request has a key that may read all imports; any other key counts as none."""
    try:
        caller = get_caller(request, installation, sent)
        with installation.database.connect() as connection:
            return may(connection, caller, Action.IMPORT_READ, None)
    except (NoValidKey, NotPermitted, sa.exc.ProgrammingError):  # the last: a schema without keys
        return False


SeesEverything = Annotated[bool, Depends(sees_everything)]


Caller = Annotated[Actor, Depends(get_caller)]


def holding(action: Action) -> Any:
    """Return the dependency of a route that requires this scope; a key without it is refused before any query.

    Raises:
        NotPermitted: When the key has the scope neither for all entities nor for one.
    """

    async def get_holder(caller: Caller) -> Actor:
        if not any(scope.partition(":")[0] == action for scope in caller.scopes or ()):
            raise NotPermitted(caller.email, action, "the key has no such scope")
        return caller

    return Depends(get_holder)


def require(
    connection: sa.Connection | Session, actor: Actor, action: Action, organization_id: UUID | None,
    what: tuple[str, object],
) -> None:  # fmt: skip
    """Check that the caller may perform the action on an existing object, without revealing objects it cannot see.

    Raises:
        NotFound: When the caller cannot see it; ``what`` is its kind and name.
        NotPermitted: When the caller can see it but may not perform the action.
    """
    try:
        authorize(connection, actor, action, organization_id)
    except NotPermitted:
        if not _sees(connection, actor, organization_id):
            raise NotFound(*what) from None
        raise


def find_import(connection: sa.Connection, caller: Actor, import_id: UUID, action: Action) -> Import:
    """Return an import on which the caller may perform the action; current rights count, whoever sent it.

    The sender of an import whose rows name their organizations also has access if allowed in each of them.

    Raises:
        NotFound: When it does not exist, or the caller cannot see it.
        NotPermitted: When the caller can see it but may not perform the action.
    """
    import_ = get_import(connection, import_id)
    actor = caller.acting_on(import_.entity)
    for owner in _list_required_owners(connection, actor, import_, action):
        require(connection, actor, action, owner, ("import", import_id))
    return import_


def find_review_item(
    connection: sa.Connection, caller: Actor, row: tuple[UUID, int], action: Action, *, sees: Sequence[UUID] | None
) -> ReviewItem:
    """Return a waiting row on which the caller may perform the action; ``sees`` as for :func:`get_review_item`.

    The row's own organization counts: its members decide on its rows in a list of many organizations.

    Raises:
        NotFound: When it does not exist, or the caller cannot see it.
        NotPermitted: When the caller can see it but may not perform the action.
    """
    import_ = get_import(connection, row[0])
    owner = get_owner(connection, *row)
    require(connection, caller.acting_on(import_.entity), action, owner, ("import", row[0]))
    return get_review_item(connection, *row, sees=sees)


def _list_required_owners(
    connection: sa.Connection, actor: Actor, import_: Import, action: Action
) -> Sequence[UUID | None]:
    """Return the organizations in which the actor needs the right; None stands for no organization."""
    is_own = import_.actor_id == actor.id and actor.confined_to is None
    if not is_own or may(connection, actor, action, import_.organization_id):
        return [import_.organization_id]
    # No row has an owner yet: a right in any organization lets senders see their own file.
    return list_owners(connection, import_) or list_organizations_where(connection, actor, action) or [None]


def allow_import(installation: Installation, caller: Actor, import_id: UUID, action: Action) -> None:
    """Check that the caller may perform the action on an import; raises like :func:`find_import`."""
    with installation.database.connect() as connection:
        find_import(connection, caller, import_id, action)


def organizations_read(connection: sa.Connection | Session, actor: Actor) -> list[UUID] | None:
    """Return the organizations whose records the caller may read; None stands for all."""
    try:
        return list_organizations_where(connection, actor, Action.RECORD_READ)
    except NotPermitted:
        return []


def _sees(connection: sa.Connection | Session, actor: Actor, organization_id: UUID | None) -> bool:
    return may(connection, with_all_scopes(actor), Action.RECORD_READ, organization_id)
