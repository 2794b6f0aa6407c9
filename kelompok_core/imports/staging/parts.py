"""Stages a source in parts: several machines read it, each stages some of the rows, and one checks the whole."""

from uuid import UUID

import sqlalchemy as sa

from kelompok_core.database.locks import refresh_statistics, working_on
from kelompok_core.errors import ImportFailed
from kelompok_core.imports.shared.imports import Import, ImportState, get_import, update_held
from kelompok_core.imports.staging.columns_without_values import require_values
from kelompok_core.imports.staging.part import Part
from kelompok_core.imports.staging.stage import read_source, remembering_failure
from kelompok_core.installation import Installation


def stage_part(installation: Installation, import_id: UUID, part: Part) -> int:
    """Stage one part of a source, while other processes stage the others; return how many rows the source has.

    After an interruption, call it again: it stages the missing rows.

    Raises:
        ImportFailed: When the source cannot be read; the import then has the state «failed».
        NotPermitted: When the actor may no longer submit the import.
    """
    with working_on(installation.database.engine, import_id, part=f"{part.number}/{part.parts}"):
        with installation.database.connect() as connection:
            started = connection.scalar(sa.text("SELECT now()"))
        import_, stager = read_source(installation, import_id, part)
        if stager is None:
            return import_.rows_staged
        with installation.database.connect() as connection, connection.begin():
            # Every pass reads the whole source, so all parts write the same facts about it.
            update_held(connection, import_, **stager.state | stager.state_of_part(0))
            finished = {"import": import_id, "parts": part.parts, "number": part.number}
            connection.execute(_FINISH, finished | {"rows": stager.read, "started": started})
        return stager.read


def join_parts(installation: Installation, import_id: UUID, parts: int) -> Import:
    """Check that the parts are complete and mark the import as staged; do nothing if it is staged already.

    Raises:
        ImportFailed: When a part is not finished, or rows are missing; the staged rows stay. Also when no cell of a
            column could be read; the import then has the state «failed».
    """
    with working_on(installation.database.engine, import_id):
        with installation.database.connect() as connection:
            import_ = get_import(connection, import_id)
            if import_.state is not ImportState.STAGING:
                return import_
            params = {"import": import_id, "parts": parts}
            found = connection.execute(_FINISHED, params).one()
        if missing := sorted(set(range(1, parts + 1)) - set(found.numbers or ())):
            raise ImportFailed(
                f"part {', '.join(map(str, missing))} of {parts} is not finished",
                hint="Run the job or its failed steps again: staged rows are kept.",
            )
        if not found.fewest == found.most == found.staged == found.last:
            raise ImportFailed(
                f"{found.staged} rows are staged up to row {found.last}, and the parts read {found.fewest} to "
                f"{found.most}: {import_.plugin_label} does not read the same twice",
                hint="Import the file in one piece, and tell the plugin's maintainer.",
            )
        with remembering_failure(installation, import_), installation.database.connect() as connection:
            require_values(connection, import_id)
        refresh_statistics(installation.database.engine, found.staged, "stage")
        with installation.database.connect() as connection, connection.begin():
            update_held(
                connection, import_, state=ImportState.STAGED, rows_staged=found.staged,
                durations=dict(import_.durations) | {"stage": round(found.seconds, 3)},
            )  # fmt: skip
            return get_import(connection, import_id)


_FINISH = sa.text("""
    INSERT INTO import_parts (import_id, parts, number, rows_read, started_at)
    VALUES (:import, :parts, :number, :rows, :started)
    ON CONFLICT (import_id, parts, number) DO UPDATE
      SET rows_read = excluded.rows_read, started_at = excluded.started_at, finished_at = now()
""")
_FINISHED = sa.text("""
    SELECT p.numbers, p.fewest, p.most, p.seconds, r.staged, r.last
    FROM (SELECT array_agg(number) AS numbers, min(rows_read) AS fewest, max(rows_read) AS most,
                 extract(epoch FROM max(finished_at) - min(started_at))::double precision AS seconds
          FROM import_parts WHERE import_id = :import AND parts = :parts) p,
         (SELECT count(*) AS staged, coalesce(max(row_number), 0) AS last FROM import_rows WHERE import_id = :import) r
""")
