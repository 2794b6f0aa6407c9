"""Comparing headers as people write them: without case, accents, punctuation and camel humps."""

import re
import unicodedata


def fold_header(written: str) -> str:
    """Return the words of a header: ``Nama_Organisasi*`` and ``namaOrganisasi`` are «nama organisasi»."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", written)
    plain = unicodedata.normalize("NFKD", apart)
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return re.sub(r"[\W_]+", " ", letters).strip().casefold()
