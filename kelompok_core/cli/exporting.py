"""The ``export`` command of each entity: its records as a file that can be imported again."""

from pathlib import Path
from typing import Annotated

import typer

from kelompok_core.cli import terminal
from kelompok_core.cli.language import number, translate
from kelompok_core.cli.output import echo
from kelompok_core.cli.terminal import ForceOption
from kelompok_core.cli.visible_text import data_stream

OutputOption = Annotated[Path | None, typer.Option(help="Write to this file; default: the terminal.")]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="csv, json or ndjson. Default: by the file extension, otherwise csv.")
]
OrganizationOption = Annotated[
    str | None, typer.Option("--organization", metavar="SLUG", help="Only records of this organization.")
]


def add_export(app: typer.Typer, entity: str) -> None:
    """Add the command to an entity's commands."""

    @app.command(help=f"Write {entity} as CSV or JSON that can be imported again.")
    def export(
        output: OutputOption = None,
        form: FormatOption = None,
        organization: OrganizationOption = None,
        force: ForceOption = False,
    ) -> None:
        _export(entity, output, form, organization, force=force)


def _export(entity: str, output: Path | None, given: str | None, organization: str | None, *, force: bool) -> None:
    from kelompok_core.organizations.queries import get_organization
    from kelompok_core.records.export import ExportFormat, write_export
    from kelompok_core.records.registry import get_descriptor

    ending = output.suffix.removeprefix(".") if output else ""
    wanted = given or (ending if ending in set(ExportFormat) else ExportFormat.CSV)
    if wanted not in set(ExportFormat):
        raise terminal.none_of("--format", wanted, ExportFormat)
    form = ExportFormat(wanted)
    with terminal.open_installation() as installation:
        with installation.database.session() as session:
            owner = None if organization is None else get_organization(session, organization).id
        with installation.database.connect() as connection:
            descriptor = get_descriptor(entity)
            if output is None:
                write_export(connection, descriptor, data_stream(), form=form, organization_id=owner)
                return
            # Spreadsheets need a byte-order mark; JSON must not have one.
            encoding = "utf-8-sig" if form is ExportFormat.CSV else "utf-8"
            with terminal.whole_file(output, force=force, encoding=encoding) as target:
                written = write_export(connection, descriptor, target, form=form, organization_id=owner)
    message = translate(
        "{number} {entity} written to {file}.", number=number(written), entity=translate(entity), file=output
    )
    echo(message)
