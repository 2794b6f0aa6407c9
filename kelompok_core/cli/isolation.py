"""Shows how plugins are walled off on this machine, as measured: for ``plugin info`` and ``doctor``."""

from typing import TYPE_CHECKING

from kelompok_core.cli import output
from kelompok_core.cli.language import translate
from kelompok_core.cli.surroundings import settings

if TYPE_CHECKING:
    from kelompok_core.plugin_host.isolation_probe import Isolation


def isolation_json(measured: "Isolation") -> dict[str, object]:
    """Return the measured isolation as JSON."""
    return {"level": measured.level.value, "missing": dict(measured.missing), "attempts": dict(measured.outcomes)}


def print_isolation(measured: "Isolation") -> None:
    """Print the level, and the outcome of each attempt to get out."""
    output.print_line("\n" + translate("Isolation level here: {level}", level=measured.level), style="bold")
    rows = [(translate(attempt), translate(outcome)) for attempt, outcome in measured.outcomes.items()]
    output.table(output.console(), ("what a plugin may try", "outcome"), rows)


def find_isolation_problem() -> tuple[str, str | None]:
    """Return the level of isolation, and what to do if it is below what kelompok.toml requires."""
    from kelompok_core.plugin_host.isolation import Level, read_required_level
    from kelompok_core.plugin_host.isolation_probe import measure_isolation
    from kelompok_core.plugin_process.attempts import POSSIBLE

    measured, required = measure_isolation(settings()), read_required_level(settings())
    possible = [attempt for attempt, outcome in measured.outcomes.items() if outcome == POSSIBLE]
    what = translate("plugins run at the isolation level {level}", level=measured.level)
    order = list(Level)
    why = "; ".join(f"{wall}: {reason}" for wall, reason in measured.missing.items())
    if order.index(measured.level) < order.index(required):
        return what, translate("kelompok.toml requires the level {level}. Missing: {why}.", level=required, why=why)
    if possible:
        return f"{what} ({translate('enable only plugins whose code you trust')}: {why})", None
    return what, None
