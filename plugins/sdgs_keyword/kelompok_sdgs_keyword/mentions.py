"""Finds goals that a text names explicitly: «SDG 4», «SDGs Desa 5», «Tujuan 13», «TPB 6», «Goals 1, 2 and 3»."""

import re
from collections.abc import Iterator

HINTS = (" sdg", " tpb", " tujuan ", " goal")
"""Every text with a mention contains one of these words."""
# Folded text: «SDGs ke-4, 5 & 13» is « sdgs ke 4 5 13 ».
_MENTION = re.compile(
    r" (?:(?:sdgs?|sdgs desa|tpb|tpb sdgs|sdgs? goals?|sustainable development goals?|tujuan pembangunan berkelanjutan)"
    r"(?: (?:no|nomor|number|ke|goal|tujuan|target))?|tujuan(?: ke| nomor| no)?|goals?)"
    r"(?P<numbers>(?: (?:dan|and|serta|ke)? ?(?:1[0-7]|0?[1-9])(?= ))+)"
)
_BARE = re.compile(r" (?:tujuan|goals?)\b")
# «Tujuan 3 hari ini», «goal 2 points»: the number counts things, and is not that of a goal.
_COUNTED = re.compile(
    r" (?:hari|orang|bulan|tahun|minggu|jam|menit|kota|desa|negara|persen|juta|ribu|"
    r"days?|people|weeks?|months?|years?|hours?|minutes?|seconds?|points?|million|percent|"
    r"up|down|ahead|kali|gol|menang) "
)


def mentions(folded: str) -> Iterator[tuple[int, int, int]]:
    """Yield goal, start and end of each mention in the folded text; «SDGs» without a number is none."""
    for found in _MENTION.finditer(folded):
        if not _counts_things(folded, found):
            for number in re.findall(r"\d+", found["numbers"]):
                yield int(number), found.start() + 1, found.end("numbers")


def _counts_things(folded: str, found: re.Match[str]) -> bool:
    return bool(_BARE.match(folded, found.start()) and _COUNTED.match(folded, found.end("numbers")))
