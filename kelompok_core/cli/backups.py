"""``kelompok db backup | restore``: save an installation to one file, and restore it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import output, terminal
from kelompok_core.cli.language import counted, number, translate
from kelompok_core.cli.progress import bytes_bar
from kelompok_core.cli.surroundings import settings
from kelompok_core.cli.terminal import JsonOption

if TYPE_CHECKING:
    from kelompok_core.backup.manifest import Manifest
    from kelompok_core.backup.restore import Restored


def backup(
    target: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="The file to write; default: named after the current time."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the database, received files and settings to one file, without stopping imports. Passwords are left out."""
    from kelompok_core.backup.write import back_up, default_name
    from kelompok_core.settings import require_installation

    require_installation(settings())
    path = target or Path(default_name(datetime.now(UTC)))
    with bytes_bar(as_json=as_json) as on_progress:
        manifest = back_up(settings(), path, on_progress)
    facts = {"file": str(path.resolve()), "bytes": path.stat().st_size}
    output.show(as_json, lambda: facts | manifest.to_json(), lambda _: _print_backup(path, manifest))
    raise typer.Exit(terminal.ATTENTION if manifest.missing else terminal.DONE)


def _print_backup(path: Path, manifest: "Manifest") -> None:
    size = number(path.stat().st_size / 1e6, digits=1)
    output.print_line(
        translate("{file} contains {content}; {size} MB.", file=path, content=_content(manifest), size=size)
    )
    _print_missing(manifest)
    output.print_line(translate("It contains personal data and password hashes: keep it where only you can read it."))


def _content(manifest: "Manifest") -> str:
    return f"{counted(manifest.rows, 'row', 'rows')}, {counted(manifest.files, 'received file', 'received files')}"


def _print_missing(manifest: "Manifest") -> None:
    if manifest.missing:
        missing = counted(len(manifest.missing), "received file", "received files")
        some = ", ".join(manifest.missing[:3])
        output.print_line(translate("Missing or damaged: {files}, such as {some}.", files=missing, some=some))
    if manifest.masked:
        lines = ", ".join(map(str, manifest.masked))
        output.print_line(
            translate("Passwords in URLs in kelompok.toml were replaced by ***: line {lines}.", lines=lines)
        )


def restore(
    file: Annotated[Path, typer.Argument(help="A file that «kelompok db backup» made.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file and list its contents; write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into an installation without data: this one, or the one KELOMPOK_HOME names."""
    from kelompok_core.backup.restore import check_backup
    from kelompok_core.backup.restore import restore as restore_backup

    if dry_run:
        with bytes_bar(as_json=as_json) as on_progress:
            manifest = check_backup(file, on_progress)
        output.show(as_json, manifest.to_json, lambda _: _print_check(file, manifest))
        return
    with bytes_bar(as_json=as_json) as on_progress:
        restored = restore_backup(replace(settings(), is_there=True), file, on_progress)
    output.show(as_json, lambda: _facts(restored), lambda _: _print_restore(restored))
    raise typer.Exit(terminal.ATTENTION if restored.manifest.missing else terminal.DONE)


def _print_check(file: Path, manifest: "Manifest") -> None:
    output.print_line(
        translate(
            "{file} is intact: {content}, made {when} by version {program}.",
            file=file,
            content=_content(manifest),
            when=manifest.origin.made_at,
            program=manifest.origin.program,
        )
    )
    _print_missing(manifest)


def _facts(restored: "Restored") -> dict[str, object]:
    placed = restored.configuration
    home = {"home": str(settings().home.resolve()), "settings": str(placed.path.resolve()) if placed else None}
    return home | restored.manifest.to_json()


def _print_restore(restored: "Restored") -> None:
    home = settings().home.resolve()
    output.print_line(translate("Restored into {home}: {content}.", home=home, content=_content(restored.manifest)))
    _print_missing(restored.manifest)
    if restored.configuration is not None and restored.configuration.is_beside:
        output.print_line(
            translate(
                "The existing kelompok.toml was kept; the one from the backup is {path}.",
                path=restored.configuration.path,
            )
        )
    output.print_line(translate("Plans not applied yet are recomputed when they are applied."))
    output.print_line(translate("A backup does not include Dagster's run history: it starts empty."))
    output.print_next(translate("Next, check the installation:"), output.command("doctor"))
