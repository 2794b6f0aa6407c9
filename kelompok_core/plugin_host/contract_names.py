"""The names of contracts in a manifest's ``implements``; each entity adds a name for its importers."""

from kelompok_core.contracts import CONTRACTS, Importer
from kelompok_core.entities import list_words


def list_contract_names() -> list[str]:
    """Return the names that a manifest may use."""
    return [*CONTRACTS, *_importer_names()]


def contract_named(name: str) -> type:
    """Return the contract of this name.

    Raises:
        KeyError: When there is none.
    """
    return Importer if name in _importer_names() else CONTRACTS[name]


def is_importer(name: str) -> bool:
    """Return whether this is a name of the importers' contract."""
    return name == "importer" or name in _importer_names()


def _importer_names() -> list[str]:
    return [f"{words.singular}_importer" for words in list_words()]
