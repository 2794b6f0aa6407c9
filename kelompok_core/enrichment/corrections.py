"""Exports people's corrections of goals as labelled texts for training an enricher."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from typing import TextIO

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.enrichment.choose import require_public, stored_text
from kelompok_core.plugin_host.registry import PluginInfo
from kelompok_core.records.formulas import SafeWriter
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.html import blank_markup


@dataclass(frozen=True, kw_only=True)
class LabelledText:
    """A record's public text with its goals after people's corrections.

    Attributes:
        id: The first digits of the text's SHA-256, so that equal texts have equal ids.
        entity: The entity that the text belongs to.
        goals: Goal numbers separated by blanks; empty for none.
        shows: The evidence for each remaining goal: «6: air bersih|15: hutan».
    """

    id: str
    entity: str
    goals: str
    shows: str
    text: str


def list_corrections(connection: sa.Connection, plugin: PluginInfo) -> Iterator[LabelledText]:
    """Yield the records whose goals people added or removed, by entity, ordered by id.

    The text comes from the fields that the plugin reads.

    Raises:
        PluginUnavailable: When one of these fields is not public.
    """
    enriched: dict[str, Sequence[str]] = {}
    for job in plugin.jobs():
        enriched |= job.enriches
    for entity, names in enriched.items():
        descriptor = get_descriptor(entity)
        require_public(descriptor, names, plugin.name)
        for row in connection.execute(_query(descriptor, names), {"entity": entity}):
            text = "\n".join(blank_markup(part).strip() for part in row.parts if part)
            yield LabelledText(
                id=hashlib.sha256(text.encode()).hexdigest()[:8],
                entity=entity,
                goals=" ".join(map(str, row.goals)),
                shows="|".join(row.shows),
                text=text,
            )


def write_corrections(rows: Iterator[LabelledText], target: TextIO) -> int:
    """Write labelled texts as CSV; return their number."""
    writer = SafeWriter(target)
    writer.writerow([one.name for one in fields(LabelledText)])
    number = 0
    for row in rows:
        writer.writerow(astuple(row))
        number += 1
    return number


def _query(descriptor: EntityDescriptor, names: Sequence[str]) -> sa.TextClause:
    parts = ", ".join(stored_text(descriptor, name) for name in names)
    return sa.text(f"""
        SELECT ARRAY[{parts}] AS parts,
               ARRAY(SELECT DISTINCT s.goal FROM sdgs_signals s
                     WHERE s.entity = :entity AND s.record_id = t.id AND s.status = 'present' ORDER BY 1) AS goals,
               ARRAY(SELECT DISTINCT s.goal || ': ' || (e->>'quote') FROM sdgs_signals s
                     CROSS JOIN LATERAL jsonb_array_elements(s.evidence) e
                     WHERE s.entity = :entity AND s.record_id = t.id AND s.status = 'present' ORDER BY 1) AS shows
        FROM {descriptor.entity} t
        WHERE EXISTS (SELECT FROM sdgs_signals p
                      WHERE p.entity = :entity AND p.record_id = t.id AND p.origin = 'person')
        ORDER BY t.id""")
