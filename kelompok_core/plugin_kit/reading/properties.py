"""What readers of calendars and cards do with properties: categories, and an account of those that are left out."""

import json
import re
from collections.abc import Iterable, Mapping

from kelompok_core.contracts import ConfigurationError, JsonValue, PluginContext, find_encoding
from kelompok_core.plugin_kit.reading.content_lines import ContentLine, split_value

_SEPARATORS = re.compile(r"[|;,\n]|:::|^\[")
_OF_THE_STANDARD = re.compile(r"[A-WYZ][A-Z-]{0,24}")
_OTHERS = "X-…"
_SHOWN_NAMES = 20


def categories_cell(lines: Iterable[ContentLine]) -> str | None:
    """Return the words of CATEGORIES as a cell: between commas, or as JSON if one of them has a separator."""
    words = [word.strip() for line in lines for word in split_value(line.value, ",")]
    words = [word for word in words if word]
    if any(map(_SEPARATORS.search, words)):
        return json.dumps(words, ensure_ascii=False)
    return ",".join(words) or None


def left_out_params(counts: Mapping[str, int]) -> dict[str, JsonValue]:
    """Return the params of a finding about what was left out: ``count``, and ``parts`` with names and numbers.

    Names that programs invent are counted together: nobody knows what is in them.
    """
    shown: dict[str, int] = {}
    for name, number in counts.items():
        known = name if _OF_THE_STANDARD.fullmatch(name) else _OTHERS
        shown[known] = shown.get(known, 0) + number
    names = sorted(shown, key=lambda name: (-shown[name], name))
    parts = [f"{name} ({shown[name]})" for name in names[:_SHOWN_NAMES]]
    return {"count": sum(shown.values()), "parts": ", ".join([*parts, *("…",)[: len(names) > _SHOWN_NAMES]])}


def encoding_setting(context: PluginContext) -> str:
    """Return the encoding that the setting ``encoding`` names for texts that are not UTF-8.

    Raises:
        ConfigurationError: When it is not known.
    """
    written = str(context.config.get("encoding", "utf-8"))
    codec = find_encoding(written)
    if codec is None:
        raise ConfigurationError("encoding", f"{written!r} is not a known text encoding")
    return codec
