"""Checks whether an installation is in use: running services, and sessions on its embedded server."""

from collections.abc import Sequence

from kelompok_core.database import embedded
from kelompok_core.errors import Conflict
from kelompok_core.running import list_running
from kelompok_core.settings import Settings

_MOST_NAMED = 5


def require_idle(settings: Settings) -> None:
    """Check that no service runs and no session is open on the embedded server; start nothing.

    Raises:
        Conflict: Naming the services or sessions.
    """
    users = [str(one) for one in list_running(settings)] or _connected(settings)
    if users:
        named = ", ".join(users[:_MOST_NAMED])
        raise Conflict(
            f"this installation is in use: {named}",
            hint="Stop it first: press Ctrl-C where it runs, or send SIGTERM to its process. Nothing was changed.",
        )


def _connected(settings: Settings) -> Sequence[str]:
    """Return the application names of the embedded server's sessions, if it runs."""
    if settings.database_url is not None or not embedded.status(settings).running:
        return []
    import psycopg

    with psycopg.connect(embedded.superuser_url(settings), application_name="kelompok db") as connection:
        return [f"«{name}» ({role})" for name, role in connection.execute(_SESSIONS)]


_SESSIONS = """
    SELECT DISTINCT coalesce(nullif(application_name, ''), 'a session without a name'), usename FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY 1, 2"""
