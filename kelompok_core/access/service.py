"""Writes users and their roles, authorized and audited."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor, get_actor
from kelompok_core.access.models import OrganizationUserRole, User
from kelompok_core.access.rules import ORGANIZATION_RIGHTS, PLATFORM_RIGHTS, Action, authorize
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import NotFound, UsageError


class AccessService:
    """Creates users, and grants and revokes roles, as one actor."""

    def __init__(self, session: Session, actor: Actor, *, origin: str = "cli") -> None:
        self._session = session
        self._actor = actor
        self._audit = AuditContext(actor=str(actor.id), origin=origin)

    def create_user(self, email: str, name: str, *, platform_role: str | None = None) -> User:
        """Create a user.

        Raises:
            NotPermitted: When the actor may not manage users.
            UsageError: When the address is invalid or used already, or the role is unknown.
        """
        authorize(self._session, self._actor, Action.USER_MANAGE, None)
        if platform_role is not None:
            _require_known(platform_role, PLATFORM_RIGHTS)
        user = User(email=_address(email), name=name.strip() or email, platform_role=platform_role)
        announce(self._session, self._audit)
        try:
            with self._session.begin_nested():
                self._session.add(user)
        except IntegrityError as error:
            raise UsageError(f"there is a user {user.email} already") from error
        return user

    def set_status(self, email: str, status: str) -> None:
        """Suspend an account, or activate it again.

        Raises:
            NotPermitted: When the actor may not manage users.
            NotFound: When there is no such user.
            UsageError: When it is the actor's own account, so that one active account remains.
        """
        authorize(self._session, self._actor, Action.USER_MANAGE, None)
        user = self._session.scalar(sa.select(User).where(User.email == email.strip().lower()).with_for_update())
        if user is None:
            raise NotFound("user", email)
        if user.id == self._actor.id:
            raise UsageError("nobody can suspend the account they act with")
        announce(self._session, self._audit)
        user.status = status
        self._session.flush()

    def grant(self, email: str, organization_id: UUID, role: str) -> None:
        """Give a user a role in an organization; it replaces their current one.

        Raises:
            NotPermitted: When the actor may not manage roles in the organization.
            NotFound: When there is no such user.
            UsageError: When there is no such role.
        """
        authorize(self._session, self._actor, Action.ROLE_MANAGE, organization_id)
        _require_known(role, ORGANIZATION_RIGHTS)
        user = get_actor(self._session, email=email)
        held = self._held(user.id, organization_id)
        announce(self._session, self._audit)
        if held is None:
            self._session.add(OrganizationUserRole(organization_id=organization_id, user_id=user.id, role=role))
        elif held.role != role:
            held.role = role
        self._session.flush()

    def make_owner(self, user_id: UUID, organization_id: UUID) -> None:
        """Make the user of an approved claim owner. This needs only the right to decide claims.

        Raises:
            NotPermitted: When the actor may not decide claims.
        """
        authorize(self._session, self._actor, Action.CLAIM_DECIDE, None)
        held = self._held(user_id, organization_id)
        announce(self._session, self._audit)
        if held is None:
            self._session.add(OrganizationUserRole(organization_id=organization_id, user_id=user_id, role="owner"))
        else:
            held.role = "owner"
        self._session.flush()

    def revoke(self, email: str, organization_id: UUID) -> None:
        """Remove a user's role in an organization.

        Raises:
            NotPermitted: When the actor may not manage roles in the organization.
            NotFound: When there is no such user, or the user has no role in the organization.
        """
        authorize(self._session, self._actor, Action.ROLE_MANAGE, organization_id)
        user = get_actor(self._session, email=email)
        held = self._held(user.id, organization_id)
        if held is None:
            raise NotFound("role there of", email)
        announce(self._session, self._audit)
        self._session.delete(held)
        self._session.flush()

    def _held(self, user_id: UUID, organization_id: UUID) -> OrganizationUserRole | None:
        query = sa.select(OrganizationUserRole).where(
            OrganizationUserRole.user_id == user_id, OrganizationUserRole.organization_id == organization_id
        )
        return self._session.scalar(query.with_for_update())


def list_users(session: Session) -> Sequence[User]:
    """Return all users, ordered by e-mail address."""
    return session.scalars(sa.select(User).order_by(User.email)).all()


def list_roles(session: Session) -> Sequence[sa.Row[tuple[object, ...]]]:
    """Return all roles in organizations: columns email, organization, role."""
    return session.execute(_ROLES).all()


_ROLES = sa.text("""
    SELECT u.email, o.slug AS organization, r.role
    FROM organization_user_roles r JOIN users u ON u.id = r.user_id JOIN organizations o ON o.id = r.organization_id
    ORDER BY o.slug, u.email
""")


def _address(written: str) -> str:
    try:
        return validate_email(written.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise UsageError(f"{written!r} is not an e-mail address: {error}") from error


def _require_known(role: str, rights: Mapping[str, object]) -> None:
    if role not in rights:
        raise UsageError(f"there is no role {role!r}", hint=f"There are: {', '.join(rights)}.")
