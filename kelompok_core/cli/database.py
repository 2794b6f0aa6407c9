"""``kelompok db``: the database of this installation."""

import os
from typing import Annotated

import typer

from kelompok_core.cli import backups, output, terminal
from kelompok_core.cli.language import translate
from kelompok_core.cli.surroundings import settings
from kelompok_core.cli.terminal import JsonOption
from kelompok_core.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="The database of this installation.")
app.command()(backups.backup)
app.command()(backups.restore)

RoleOption = Annotated[str, typer.Option(help="runtime (reads and writes rows), owner (migrates) or dagster.")]


@app.command()
def migrate(as_json: JsonOption = False) -> None:
    """Update the schema to the version this program needs. Starts the embedded server if necessary."""
    from kelompok_core.database import engine

    status = engine.migrate(engine.find_owner_url(settings()))
    text = (
        translate("The schema is at revision {revision} already; nothing changed.", revision=status.needed)
        if status.is_current
        else translate(
            "The schema went from {before} to revision {revision}.",
            before=status.current or translate("nothing"),
            revision=status.needed,
        )
    )
    lines = [text]
    if status.given:
        lines.append(translate("Restored the rights of the runtime role: {rights}.", rights=", ".join(status.given)))
    if status.begins_epoch:
        lines.append(
            translate("The database was copied from another server: plans made there are recomputed when applied.")
        )
    output.show(
        as_json,
        lambda: {
            "before": status.current,
            "now": status.needed,
            "rights_given": status.given,
            "begins_epoch": status.begins_epoch,
        },
        lambda _: output.print_line("\n".join(lines)),
    )


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show the server, whether it runs, and the revision of its schema. Starts nothing."""
    from kelompok_core.database import embedded, engine

    facts: dict[str, object] = {}
    if settings().database_url is None:
        server = embedded.status(settings())
        facts = {"server": "embedded", **{name: getattr(server, name) for name in server.__annotations__}}
        reachable = server.running
    else:
        facts, reachable = {"server": "external"}, True
    if reachable:
        database = engine.Database(engine.find_addresses(settings()))
        schema = engine.schema_status(database)
        facts |= {"revision": schema.current, "needed": schema.needed}
    output.show(
        as_json,
        lambda: facts,
        lambda console: output.table(console, ("fact", "value"), list(facts.items())),
    )


@app.command()
def url(role: RoleOption = "runtime") -> None:
    """Print the URL of the database, with its password. Starts the embedded server if necessary."""
    output.echo(_url(role))


def _url(role: str) -> str:
    from kelompok_core.database.engine import find_addresses, find_owner_url

    if role == "owner":
        return find_owner_url(settings())
    addresses = find_addresses(settings())
    known = {"runtime": addresses.runtime, "dagster": addresses.dagster}
    if role not in known:
        raise terminal.none_of("--role", role, ("runtime", "owner", "dagster"))
    found = known[role]
    if found is None:
        raise UsageError("no database is configured for Dagster", hint="Set KELOMPOK_DAGSTER_DATABASE_URL.")
    return found


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context, role: RoleOption = "runtime") -> None:
    """Open psql. Further arguments are passed to it, such as -c «SELECT 1»."""
    from kelompok_core.database.embedded import psql_path

    address = _url(role)
    program = str(psql_path(settings())) if settings().database_url is None else "psql"
    # Pass the password in the environment: any user of this machine can read command lines.
    import sqlalchemy as sa

    parts = sa.make_url(address)
    environment = {**os.environ, "PGPASSWORD": str(parts.password or "")}
    bare = sa.URL.create(
        parts.drivername, username=parts.username, host=parts.host, port=parts.port, database=parts.database,
        query=parts.query,
    ).render_as_string()  # fmt: skip
    try:
        os.execvpe(program, [program, bare, *context.args], environment)  # noqa: S606  (psql replaces this process)
    except OSError as error:
        raise UsageError(f"cannot start {program}: {error.strerror}", hint="Install PostgreSQL's psql.") from error


@app.command()
def stop() -> None:
    """Stop the embedded server. The next command starts it again."""
    from kelompok_core.database import embedded

    if settings().database_url is not None:
        raise UsageError("an external database is configured", hint="This command stops only the embedded server.")
    output.echo(translate("Stopped.") if embedded.stop(settings()) else translate("It was not running."))


@app.command()
def remove(
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking for confirmation.")] = False,
) -> None:
    """Stop the embedded server and permanently delete its data. Received files are kept."""
    from kelompok_core.database import embedded
    from kelompok_core.database.in_use import require_idle

    if settings().database_url is not None:
        raise UsageError("an external database is configured", hint="This command removes only the embedded server.")
    require_idle(settings())
    if not yes:
        typer.confirm(translate("Delete every organization, import and audit entry of this installation?"), abort=True)
    removed = embedded.remove(settings())
    output.echo(
        translate("Deleted {folder}.", folder=removed) if removed else translate("There is no embedded server.")
    )
