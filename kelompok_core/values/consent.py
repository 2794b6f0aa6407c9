"""Read how a person asked not to be contacted: from a list of ways, from flags, or from a status."""

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
        "tidak berlangganan", "not subscribed", "non subscribed", "never subscribed",
    ),
    "email": ("cleaned", "bounced", "bouncing", "complained", "spam complaint"),
    "all": ("do not contact", "jangan dihubungi", "tidak mau dihubungi"),
}  # fmt: skip
"""Words of a status that mean the person opted out, by way of contact."""

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
            "tanggal berhenti berlangganan", "is opt out", "has opted out", "blacklist", "blacklisted",
            "is blacklisted",
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
            "accepts email marketing", "accepts marketing", "email marketing consent", "email subscription status",
            "email marketing status", "newsletter status",
        ),
    }
)  # fmt: skip
"""Parts with yes or no, and their headers. A yes opts out, except in ``subscribed``, where a no opts out."""

_FORBIDS = {
    "no_email": "email", "no_bulk_email": "bulk_email", "no_phone": "phone", "no_sms": "sms", "no_post": "post",
    "no_contact": "all", "subscribed": "bulk_email",
}  # fmt: skip
_OWN_WORDS = {flag: {fold(header) for header in headers} for flag, headers in FLAGS.items()}
_SUBSCRIBED = frozenset({"subscribed", "berlangganan", "confirmed", "active", "aktif"})
_DATE = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{4,}|.*\b(?:19[89]|20\d)\d\b")
_EARLY = r"(?:0\d|1[0-8]|19(?=[0-7]))\d\d"
"""Years before e-mail: programs and spreadsheets write their first year, 1970, 1900 or 1, for «no date»."""
_NO_DATE = re.compile(
    rf"0+(?:[-/. :T]+0+)+Z?$|0{{4,}}$|{_EARLY}(?:[-/. ]|\d{{4}}$)|\d{{1,2}}[-/. ]\d{{1,2}}[-/. ]{_EARLY}(?!\d)"
    r"|0?0[-/. ]0?1[-/. ]00(?!\d)|0?1[-/. ]0?0[-/. ]00(?!\d)|[29]999\D|\d{1,2}[-/. ]\d{1,2}[-/. ][29]999(?!\d)"
)
"""Dates that programs write for «no date»: zeros, their first day, or a year in the far future."""
_BETWEEN = re.compile(r"[;,|\n]|:::")


def do_not_contact(inputs: Inputs) -> Normalized:
    """Read the ways in which a person asked not to be contacted, as a JSON list; null if there are none.

    The own column lists ways, or is yes for all of them. The parts are the flags of :data:`FLAGS`, and ``status``. A
    cell that cannot be read is left out, with a warning.
    """
    listed = map_distinct(line(inputs.own).values, _listed)
    findings = [_unknown(inputs.own, listed, CHANNELS)]
    understood = {} if inputs.own.name is None else {str(inputs.own.name): listed.notna()}
    answered = [listed] if listed.notna().any() else []
    for flag in (name for name in FLAGS if name in inputs.parts):
        cells = inputs.parts[flag]
        answers = map_distinct(line(cells).values, partial(_answer, flag))
        findings.append(_unknown(cells, answers, ("ya", "tidak")))
        understood[str(cells.name)] = answers.notna()
        answered.append(answers)
    if "status" in inputs.parts:
        answered.append(map_distinct(line(inputs.parts["status"]).values, opted_out_by))
    together = answered[0].fillna("") if answered else listed
    for more in answered[1:]:
        together = together + "," + more.fillna("")
    values = map_distinct(together, _stored)
    return Normalized(values=values, findings=all_findings(*findings), understood=understood)


def _unknown(cells: pd.Series, understood: pd.Series, allowed: tuple[str, ...]) -> pd.DataFrame:
    unknown = line(cells).values.notna() & understood.isna()
    return found(cells, unknown, "value.enum_unknown", Severity.WARNING, lambda _: {"allowed": list(allowed)})


def opted_out_by(status: str) -> str | None:
    """Return the way that a word of a status forbids, or ``all``; None if it forbids none."""
    return _BY_STATUS.get(fold(status))


_BY_STATUS = {fold(word): way for way, words in OPTED_OUT.items() for word in words}
_BY_WORD = {fold(word): way for way, words in _WORDS.items() for word in (way, *words)}


def _listed(written: str) -> str | None:
    """Return the ways that a cell lists, separated by commas; "" for none, None if the cell cannot be read."""
    truth = truth_of(written)
    if truth is not None:
        return "all" if truth == "true" else ""
    try:
        entries = json.loads(written) if written.startswith("[") else _BETWEEN.split(written)
    except ValueError:
        return None
    ways = [_BY_WORD.get(fold(str(entry))) for entry in entries if str(entry).strip()]
    return None if None in ways else ",".join(filter(None, ways))


def _answer(flag: str, written: str) -> str | None:
    """Return the way that a flag's cell forbids, "" for none, and None if the cell cannot be read.

    A date counts as yes: it is the day of the request. A cell may also repeat its header, or hold a status.
    """
    if flag == "subscribed" and (way := opted_out_by(written)) is not None:
        return way
    if _NO_DATE.match(written):
        return ""
    truth = _truth(flag, written)
    if truth is None:
        return None
    return _FORBIDS[flag] if truth == ("false" if flag == "subscribed" else "true") else ""


def _truth(flag: str, written: str) -> str | None:
    word = fold(written)
    if word in _OWN_WORDS[flag]:
        return "true"
    if word in _SUBSCRIBED:
        return "true" if flag == "subscribed" else "false"
    return truth_of(written) or ("true" if _DATE.match(written) else None)


def _stored(ways: str) -> str | None:
    listed = set(ways.split(","))
    forbidden = [way for way in CHANNELS if way in listed or "all" in listed]
    return json.dumps(forbidden) if forbidden else None
