"""How a person asked not to be contacted: a list of ways, told by a column of its own, by flags, or by a status."""

import json
import re
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import pandas as pd

from kelompok_core.contracts import Severity
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line
from kelompok_core.values.words import fold, truth_of

CHANNELS = ("email", "bulk_email", "phone", "sms", "post")
"""The ways of contact, in the order in which they are stored."""

OPTED_OUT = {
    "bulk_email": (
        "unsubscribed", "unsubscribe", "opt out", "opted out", "optout", "berhenti berlangganan", "berhenti langganan",
        "tidak berlangganan", "not subscribed",
    ),
    "email": ("cleaned", "bounced", "bouncing", "complained", "spam complaint"),
    "all": ("do not contact", "jangan dihubungi", "tidak mau dihubungi"),
}  # fmt: skip
"""Words of a status that say so."""

_WORDS = {
    "email": ("e mail", "surel", "emails"),
    "bulk_email": ("bulk email", "bulk emails", "newsletter", "newsletters", "buletin", "mailing list", "mass email"),
    "phone": ("telepon", "telp", "call", "calls", "phone calls"),
    "sms": ("text", "texts", "text message", "whatsapp", "wa"),
    "post": ("mail", "surat", "letter", "letters", "pos", "postal mail"),
    "all": ("semua", "everything", "any", "do not contact"),
}  # fmt: skip

FLAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "no_email": (
            "do not email", "no email", "email opt out", "has opted out of email", "opted out of email",
            "unsubscribed from all email", "jangan email", "jangan kirim email", "donotemail", "hs email optout",
        ),
        "no_bulk_email": (
            "unsubscribed", "unsubscribe", "opt out", "opted out", "optout", "berhenti berlangganan",
            "berhenti langganan", "no bulk email", "no bulk emails", "no bulk emails user opt out",
            "newsletter opt out",
            "do not bulk email", "unsubscribed at", "unsubscribed on", "unsub time", "unsubscribe date",
            "tanggal berhenti berlangganan",
        ),
        "no_phone": ("do not phone", "do not call", "no calls", "phone opt out", "jangan telepon", "jangan ditelepon"),
        "no_sms": ("do not sms", "do not text", "no sms", "sms opt out", "jangan sms"),
        "no_post": ("do not mail", "do not post", "no mail", "no post", "jangan kirim surat"),
        "no_contact": (
            "do not contact me", "no contact", "jangan dihubungi", "jangan hubungi", "tidak boleh dihubungi",
            "tidak mau dihubungi", "opt out all", "opted out of all",
        ),
        "subscribed": (
            "subscribed", "is subscribed", "subscribed to emails", "opt in", "opted in", "email opt in",
            "berlangganan", "newsletter", "mailing list", "accepts email", "email consent",
        ),
    }
)  # fmt: skip
"""Parts that are columns of yes and no, with their headers; of ``subscribed`` a no tells, of the others a yes."""

_FORBIDS = {
    "no_email": "email", "no_bulk_email": "bulk_email", "no_phone": "phone", "no_sms": "sms", "no_post": "post",
    "no_contact": "all", "subscribed": "bulk_email",
}  # fmt: skip
_SAYS_WHEN = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{4,}")
_BETWEEN = re.compile(r"[;,|\n]|:::")


def do_not_contact(inputs: Inputs) -> Normalized:
    """Read the ways in which a person asked not to be contacted, as a JSON list; null where nothing says so.

    The own column lists ways, or says yes to all of them. Parts are the flags of :data:`FLAGS`, and ``status``. A cell
    nobody understands is left out, with a warning.
    """
    listed = map_distinct(line(inputs.own).values, _listed)
    findings = [_unknown(inputs.own, listed, CHANNELS)]
    told = [listed]
    for flag in (name for name in FLAGS if name in inputs.parts):
        cells = inputs.parts[flag]
        answers = map_distinct(line(cells).values, partial(_answer, own_words=FLAGS[flag]))
        findings.append(_unknown(cells, answers, ("ya", "tidak")))
        forbidding = answers == ("false" if flag == "subscribed" else "true")
        told.append(pd.Series(_FORBIDS[flag], index=cells.index, dtype="str").where(forbidding))
    if "status" in inputs.parts:
        told.append(map_distinct(line(inputs.parts["status"]).values, opted_out_by))
    together = told[0].fillna("")
    for more in told[1:]:
        together = together + "," + more.fillna("")
    values = map_distinct(together, _stored)
    return Normalized(values=values, findings=all_findings(*findings))


def _unknown(cells: pd.Series, understood: pd.Series, allowed: tuple[str, ...]) -> pd.DataFrame:
    unknown = line(cells).values.notna() & understood.isna()
    return found(cells, unknown, "value.enum_unknown", Severity.WARNING, lambda _: {"allowed": list(allowed)})


def opted_out_by(status: str) -> str | None:
    """Return the way that a word of a status forbids, or ``all``; None when it forbids none."""
    return _BY_STATUS.get(fold(status))


_BY_STATUS = {fold(word): way for way, words in OPTED_OUT.items() for word in words}
_BY_WORD = {fold(word): way for way, words in _WORDS.items() for word in (way, *words)}


def _listed(written: str) -> str | None:
    """Return the ways that a cell lists, with commas between them; "" for none, None when it is not understood."""
    truth = truth_of(written)
    if truth is not None:
        return "all" if truth == "true" else ""
    try:
        entries = json.loads(written) if written.startswith("[") else _BETWEEN.split(written)
    except ValueError:
        return None
    ways = [_BY_WORD.get(fold(str(entry))) for entry in entries if str(entry).strip()]
    return None if None in ways else ",".join(filter(None, ways))


def _answer(written: str, own_words: tuple[str, ...]) -> str | None:
    """Return yes or no; a date says when it was asked for, and a cell may repeat its header."""
    says_so = _SAYS_WHEN.match(written) or fold(written) in own_words
    return truth_of(written) or ("true" if says_so else None)


def _stored(ways: str) -> str | None:
    said = set(ways.split(","))
    forbidden = [way for way in CHANNELS if way in said or "all" in said]
    return json.dumps(forbidden) if forbidden else None
