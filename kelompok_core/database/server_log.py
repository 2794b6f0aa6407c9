"""Log settings of the database server: errors are logged without row values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

LOGS_NO_ROWS: Mapping[str, str] = {
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""Errors may quote values («invalid input syntax …»), as may their DETAIL (a duplicate key), CONTEXT (a COPY line) and
STATEMENT. The client still gets all of it; the log has only the server's own messages, from level LOG upwards."""

_AS_GOOD: Mapping[str, frozenset[str]] = {
    "log_min_messages": frozenset({"fatal", "panic"}),
    "log_statement": frozenset({"ddl"}),
}


def list_loose_settings(connection: "sa.Connection") -> list[str]:
    """Return the settings of this role that allow row values in the server's log."""
    import sqlalchemy as sa  # not needed to start the server

    query = sa.text("SELECT name, setting FROM pg_settings WHERE name = ANY (:names)")
    found = {row.name: str(row.setting) for row in connection.execute(query, {"names": list(LOGS_NO_ROWS)})}
    return [
        f"{name} = {found[name]}"
        for name, wanted in LOGS_NO_ROWS.items()
        if found.get(name, wanted) != wanted and found[name] not in _AS_GOOD.get(name, ())
    ]
