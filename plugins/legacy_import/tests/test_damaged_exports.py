"""Damaged exports: whatever the bytes are, the reader gives records or says what is wrong."""

import os
import random
import zipfile

import pytest
from kelompok_legacy_import.plugin import LegacyImporter

from kelompok_core.contracts import PluginContext, UnreadableSource
from tests.reading import source_of

pytestmark = pytest.mark.proof

_TRIES = int(os.environ.get("KELOMPOK_DAMAGED", "150"))
_TABLES = {
    "contacts.csv": "Contact ID,Contact Type,Display Name,Do Not Email\n1,Individual,Siti,1\n2,Organization,Forum,\n"
    * 5,
    "all-contacts.csv": "Record ID,First Name,Email,Associated Company IDs\n1,Siti,s@t.example,7;8\n" * 5,
    "rows.csv": "Contact1_Lastname__c,Account1_Name__c,Contact2_Lastname__c\nA,B,C\n,,\n" * 5,
    "google.csv": "First Name,Last Name,E-mail 1 - Value,Labels\nSiti,R,a@b.example ::: c@d.example,x ::: y\n" * 5,
}
_PIECES = (b'"', b",", b"\n", b"\0", b"\xff\xfe", b"'", b";;;;", b" ::: ", "é".encode("utf-16"), b"=1+1")


def _damaged(content, rng):
    found = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(max(1, len(found)))
        if rng.random() < 0.5:
            found[at:at] = rng.choice(_PIECES)
        else:
            del found[at : at + rng.randint(1, 30)]
    return bytes(found)


@pytest.mark.parametrize("entity", ["organizations", "members"])
@pytest.mark.parametrize("seed", range(_TRIES))
def test_damaged_tables(tmp_path, seed, entity):
    rng = random.Random(seed)
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in _TABLES.items():
            archive.writestr(name, _damaged(text.encode(), rng) if rng.random() < 0.5 else text)
    try:
        for batch in LegacyImporter().read(source_of(path), PluginContext(entity=entity, workdir=tmp_path)):
            assert len(batch.cells) == len(batch.locations)
            assert set(batch.mapping) <= set(batch.cells.columns)
    except UnreadableSource as error:
        assert error.issue.code  # noqa: PT017 -- any coded refusal is right
