"""API keys for programs: shown once, stored as a hash, limited to scopes and perhaps an organization, revocable."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor, get_actor
from kelompok_core.access.models import ApiKey
from kelompok_core.access.rules import Action, authorize
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.entities import list_entities
from kelompok_core.errors import NotFound, NotPermitted, UsageError

_MARK = "klp"
_PREFIX_BYTES, _SECRET_BYTES = 5, 32
LONGEST_DAYS = 366


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A new key. ``token`` cannot be shown again."""

    token: str
    prefix: str
    expires_at: datetime


class KeyService:
    """Creates and revokes keys as one actor."""

    def __init__(self, session: Session, actor: Actor, *, origin: str = "cli") -> None:
        self._session = session
        self._actor = actor
        self._audit = AuditContext(actor=str(actor.id), origin=origin)

    def create(
        self, email: str, name: str, *, scopes: Sequence[str], organization_id: UUID | None, days: int
    ) -> NewKey:
        """Create a key that acts as the user, limited to these scopes.

        Args:
            email: The user's e-mail address.
            name: What the key is for.
            scopes: Actions such as ``import.submit``, or actions on one entity such as ``import.submit:members``.
            organization_id: The only organization that the key is for; None for all organizations of the user.
            days: The number of days until it expires.

        Raises:
            NotPermitted: When the actor is another user and may not manage users.
            NotFound: When there is no such user.
            UsageError: When a scope or the number of days is invalid.
        """
        owner = get_actor(self._session, email=email)
        self._require_own(owner.id)
        actions = sorted({_checked(scope) for scope in scopes})
        if not actions:
            raise UsageError("a key needs at least one scope", hint=f"There are: {', '.join(Action)}.")
        if not 1 <= days <= LONGEST_DAYS:
            raise UsageError(f"a key must expire after 1 to {LONGEST_DAYS} days, not {days}")
        prefix = f"{_MARK}_{secrets.token_hex(_PREFIX_BYTES)}"
        token = f"{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        expires_at = datetime.now(UTC) + timedelta(days=days)
        key = ApiKey(
            user_id=owner.id, organization_id=organization_id, name=name, prefix=prefix, key_sha256=_digest(token),
            scopes=actions, expires_at=expires_at,
        )  # fmt: skip
        announce(self._session, self._audit)
        self._session.add(key)
        self._session.flush()
        return NewKey(token=token, prefix=prefix, expires_at=expires_at)

    def revoke(self, prefix: str) -> None:
        """Revoke a key; actions with it are refused from now on.

        Raises:
            NotFound: When no key has this prefix.
            NotPermitted: When it belongs to another user and the actor may not manage users.
        """
        key = self._session.scalar(sa.select(ApiKey).where(ApiKey.prefix == prefix).with_for_update())
        if key is None:
            raise NotFound("key", prefix)
        self._require_own(key.user_id)
        if key.revoked_at is None:
            announce(self._session, self._audit)
            key.revoked_at = datetime.now(UTC)
            self._session.flush()

    def _require_own(self, user_id: UUID) -> None:
        if user_id != self._actor.id:
            authorize(self._session, self._actor, Action.USER_MANAGE, None)


def get_actor_by_key(session: Session | sa.Connection, token: str) -> Actor:
    """Return the actor of this key, limited to its scopes and its organization.

    Raises:
        NotPermitted: When the key does not exist, is revoked or has expired. The error does not reveal which.
    """
    row = session.execute(_BY_DIGEST, {"digest": _digest(token)}).one_or_none()
    if row is None:
        raise NotPermitted("this key", "act", "it is not valid")
    return Actor(
        id=row.user_id, email=row.email, name=row.name, key_id=row.id, confined_to=row.organization_id,
        scopes=frozenset(row.scopes),
    )  # fmt: skip


def list_keys(session: Session, *, email: str | None = None) -> Sequence[sa.Row[tuple[object, ...]]]:
    """Return all keys, or one user's, newest first; without the secrets, which are not stored."""
    return session.execute(_LIST, {"email": email}).all()


def _checked(scope: str) -> str:
    action, colon, entity = scope.partition(":")
    if action not in set(Action):
        raise UsageError(f"there is no scope {scope!r}", hint=f"There are: {', '.join(Action)}.")
    if colon and entity not in list_entities():
        raise UsageError(f"there is no scope {scope!r}", hint=f"After the colon: {', '.join(list_entities())}.")
    return scope


def _digest(token: str) -> bytes:
    # The token is long and random, so a slow hash would not make it safer.
    return hashlib.sha256(token.encode()).digest()


_BY_DIGEST = sa.text("""
    SELECT k.id, k.user_id, k.organization_id, k.scopes, u.email, u.name
    FROM api_keys k JOIN users u ON u.id = k.user_id
    WHERE k.key_sha256 = :digest AND k.revoked_at IS NULL AND k.expires_at > now()
""")
_LIST = sa.text("""
    SELECT k.prefix, u.email, k.name, o.slug AS organization, k.scopes, k.expires_at, k.revoked_at
    FROM api_keys k JOIN users u ON u.id = k.user_id LEFT JOIN organizations o ON o.id = k.organization_id
    WHERE CAST(:email AS text) IS NULL OR u.email = :email ORDER BY k.created_at DESC, k.id DESC
""")
