"""What the database server may write into its log: that something failed, and no row."""

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
"""An error quotes values («invalid input syntax …»), its detail does (the key that is there already), its context (the
line that COPY was at) and its statement. Who made it is told it all; the log, from LOG upwards, is of the server."""

_AS_GOOD: Mapping[str, frozenset[str]] = {
    "log_min_messages": frozenset({"fatal", "panic"}),
    "log_statement": frozenset({"ddl"}),
}


def list_loose_settings(connection: "sa.Connection") -> list[str]:
    """Return the settings, as they are for this role, with which rows may stand in the server's log."""
    import sqlalchemy as sa  # the server starts without it

    query = sa.text("SELECT name, setting FROM pg_settings WHERE name = ANY (:names)")
    found = {row.name: str(row.setting) for row in connection.execute(query, {"names": list(LOGS_NO_ROWS)})}
    return [
        f"{name} = {found[name]}"
        for name, wanted in LOGS_NO_ROWS.items()
        if found.get(name, wanted) != wanted and found[name] not in _AS_GOOD.get(name, ())
    ]
