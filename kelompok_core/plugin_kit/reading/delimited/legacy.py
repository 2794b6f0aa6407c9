"""Detects the legacy encoding of a text that is not UTF-8 by the words it would contain in each encoding."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import chardet

WESTERN = "cp1252"

_CODECS = {
    "cp1252": "windows-1252", "gb18030": "gb18030", "big5": "big5", "cp932": "shift_jis", "euc_jp": "euc_jp",
    "cp949": "euc_kr", "cp1251": "windows-1251", "koi8_r": "koi8_r", "koi8_u": "koi8_u", "cp1253": "windows-1253",
    "cp1255": "windows-1255", "cp1256": "windows-1256", "iso8859_6": "iso_8859_6",
    "cp874": "windows-874", "cp1254": "windows-1254",
    "cp1250": "windows-1250", "cp1257": "windows-1257", "mac_roman": "mac_roman", "cp850": "cp850", "cp866": "cp866",
}  # fmt: skip
"""Python's name and the displayed name of each encoding; if two decode a text to the same, the first one is used."""

_MOST_BYTES = 200_000
_PLAUSIBLE = 0.9
_NEARLY = 0.75
"""From this share of plausible words on, the text may be western after all."""
_SURE = 2.0
"""An encoding must be this many times as likely as the next one that gives other words."""

_SURE_OF_IDEOGRAPHS = 4.0
"""The same if both give ideographs, because most pairs of bytes are valid in either encoding."""

_OF_KANA = 1.0
"""Added to the likelihood of mostly kana: random bytes would not fall into this small range."""

_SIGNS = frozenset("¡¢£¤¥¦§¨©ª¬®¯°±²³´µ¶¸¹º»¼½¾¿×÷ƒˆ˜†‡‰‹›€™•–—…‚„")
"""Characters of the western encoding that never occur in words."""
_ODD = _SIGNS | frozenset("ÐÝÞðýþŸŠšŽž")
"""The same, and letters that occur in few languages."""

_WESTERN_LANGUAGES = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúüç", "áâãàçéêíóôõúü", "àèéìíòóùúî", "åäöæøéüàèôóò", "ëïéèêöüóáçàîô",
    "àçèéíïòóúü", "áéíóú", "àèìòù",
)  # fmt: skip
"""Letters of German, French, Spanish, Portuguese, Italian, the Nordic languages, Dutch, Catalan and Gaelic."""

_LANGUAGES = {
    "cp1252": _WESTERN_LANGUAGES,
    "mac_roman": _WESTERN_LANGUAGES,
    "cp850": _WESTERN_LANGUAGES,
    "cp1250": (
        "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźżé", "áéíóöőúüű", "čćđšžé",
        "ăâîşţșțé", "äöüßé", "çëé",
    ),
    "cp1254": ("çğıi̇öşüâîûé",),
    "cp1257": ("āčēģīķļņōŗšūž", "ąčęėįšųūž", "õäöüšž", "ąćęłńóśźż"),
}  # fmt: skip
"""For each encoding, the letters of each of its languages. All letters of a word must be of one language."""

_SPELLINGS = {
    "cp1252": re.compile(
        r"ã(?![oeis]|z[aeiou]|n|$)|õ(?!e)|aè|[iaou]æ$|[ìù](?!$|[cn]$)[^\W_]|ç(?![aeiouàâãéêíîóôõúûáèëüyœ]|$)|[^\W_]ò[^\W_]*[žš]"
    ),
    "cp1251": re.compile(r"^[ыьъ]|[аеиоуэюяё][ыьъ]|[^аеиоуыэюяёіїєўґ\W]й|[аеиоуыэюяё]{4}|^[^аеиоуыэюяёіїєў]{4,}$"),
    "cp1253": re.compile(r"^[^αειουηωάέίόύήώϊϋΐΰ]{4,}$|ς(?!$)"),
    "cp1256": re.compile(r"[ةى](?!$)|^[ءئؤ]"),
    "cp874": re.compile(r"^[^ก-ฮเ-ไ๐-๙]"),
}
_SPELLED_ALIKE = {
    "cp1254": "cp1252", "mac_roman": "cp1252", "cp850": "cp1252", "koi8_r": "cp1251", "koi8_u": "cp1251",
    "cp866": "cp1251", "iso8859_6": "cp1256",
}  # fmt: skip
_ODD_SPELLINGS = _SPELLINGS | {codec: _SPELLINGS[other] for codec, other in _SPELLED_ALIKE.items()}
"""For each encoding, spellings (in lower case) that its languages do not have."""

_WORD = re.compile(r"[^\s,;\t|\"'()<>@/\\:.!?&+*=\[\]{}_\-\u3000-\u3004\u3007-\u303f\u30fb\uff00-\uff0f\uff1a-\uff20]+")

_AROUND_WORDS = "«»“”‘’‹›…–—•¿¡"

_COMMON = {
    "gb18030": ("gb2312", range(0xB0, 0xD8)),
    "big5": ("big5", range(0xA4, 0xC7)),
    "cp932": ("euc_jp", range(0xB0, 0xD0)),
    "euc_jp": ("euc_jp", range(0xB0, 0xD0)),
}
"""For each encoding, a standard and the range of its lead bytes for common characters."""
_OFTEN = 0.7
"""Minimum share of common characters in a text, including names."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """The encoding of a text, or the possible ones.

    Attributes:
        codec: Python's name of the encoding; None if several are possible.
        shown: The displayed name, or the names of the possible encodings, each with an example word.
    """

    codec: str | None
    shown: str


def guess_encoding(lines: Iterable[bytes]) -> Guess:
    """Guess the encoding from the lines that have non-ASCII bytes."""
    sample = b"".join(_non_ascii_lines(lines))
    texts = {codec: text for codec in _CODECS if (text := _decoded(sample, codec)) is not None}
    shares = {codec: _plausibility(text, codec) for codec, text in texts.items()}
    plausible = [codec for codec in texts if shares[codec] >= _PLAUSIBLE]
    likely = _likelihoods(sample, texts)
    ranked = sorted(plausible, key=lambda codec: -likely[codec])
    if WESTERN in plausible:
        # Most files that are not UTF-8 are western: any other encoding needs clear proof.
        clear = [
            codec for codec in ranked if likely[codec] > _SURE * likely[WESTERN] and texts[codec] != texts[WESTERN]
        ]
        ranked = [*clear, WESTERN]
    if not ranked:
        return Guess(codec=None, shown=_examples([WESTERN, *sorted(texts, key=lambda one: -likely[one])], texts))
    best, *rest = ranked
    rivals = [
        codec for codec in rest if likely[codec] * _margin(codec, best) > likely[best] and texts[codec] != texts[best]
    ]
    if _is_latin(texts[best]) and (WESTERN in rest or _NEARLY < shares.get(WESTERN, 0.0) < _PLAUSIBLE):
        rivals.append(WESTERN)
    if rivals:
        return Guess(codec=None, shown=_examples([best, *rivals], texts))
    alike = next(codec for codec in _CODECS if texts.get(codec) == texts[best])
    return Guess(codec=alike, shown=_CODECS[alike])


def _margin(codec: str, best: str) -> float:
    return _SURE_OF_IDEOGRAPHS if {codec, best} <= _OF_IDEOGRAPHS else _SURE


_OF_IDEOGRAPHS = frozenset({"gb18030", "euc_jp", "big5"})


def _non_ascii_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for line in lines:
        if not line.isascii():
            size += len(line)
            yield line
        if size > _MOST_BYTES:
            return


def _decoded(sample: bytes, codec: str) -> str | None:
    try:
        return sample.decode(codec)
    except UnicodeDecodeError:
        return None


def _likelihoods(sample: bytes, texts: Mapping[str, str]) -> dict[str, float]:
    """Return the likelihood of each encoding by language statistics."""
    found = dict.fromkeys(texts, 0.0)
    names = {name: codec for codec in texts for name in (codec, _CODECS[codec])}
    for one in chardet.detect_all(sample, ignore_threshold=True, max_bytes=_MOST_BYTES):
        codec = names.get(str(one["encoding"]).lower().replace("-", "_").replace("windows_", "windows-"))
        if codec is not None:
            found[codec] = max(found[codec], one["confidence"])
    for codec in ("cp932", "euc_jp"):
        if codec in texts and _is_mostly_kana(texts[codec]):
            found[codec] += _OF_KANA
    return found


def _is_mostly_kana(text: str) -> bool:
    scripts = [_script(sign) for sign in text if sign.isalpha() and not sign.isascii()]
    return bool(scripts) and 2 * sum(script in ("HIRAGANA", "KATAKANA") for script in scripts) > len(scripts)


def _plausibility(text: str, codec: str) -> float:
    """Return the share of non-ASCII words that could be words of a language; 0 if too many ideographs are rare."""
    words = [word for word in _words(text) if not word.isascii()]
    if not words:
        return 1.0
    if codec in _COMMON and not _is_of_daily_use("".join(words), *_COMMON[codec]):
        return 0.0
    return sum(_could_be_word(word, codec) for word in words) / len(words)


def _words(text: str) -> Iterator[str]:
    return (word.strip(_AROUND_WORDS) for word in _WORD.findall(text))


def _is_of_daily_use(text: str, standard: str, leads: range) -> bool:
    ideographs = [sign for sign in text if _script(sign) == "CJK"]
    encoded = [sign.encode(standard, "replace") for sign in ideographs]
    common = sum(len(one) > 1 and one[0] in leads for one in encoded)
    return common >= _OFTEN * len(ideographs)


def _could_be_word(word: str, codec: str) -> bool:
    signs = [sign for sign in word if not sign.isascii()]
    if not any(sign.isalpha() for sign in word):
        return len(signs) == 1
    odd = _SIGNS if codec in _WITH_CARONS else _ODD
    if any(not (sign.isalpha() or unicodedata.combining(sign) or sign.isdecimal()) or sign in odd for sign in signs):
        return False
    if not _is_spelled(word.lower(), codec):
        return False
    scripts = {_script(sign) for sign in word if sign.isalpha()}
    if codec in _OF_ONE_SCRIPT:
        return scripts == {_OF_ONE_SCRIPT[codec]}
    if "?" in scripts:
        return False
    return (len(scripts) == 1 or scripts <= _OF_JAPANESE) and not _has_inner_capital(word)


_WITH_CARONS = frozenset({"cp1250", "cp1257"})
_OF_ONE_SCRIPT = {"cp874": "THAI", "gb18030": "CJK", "big5": "CJK", "cp949": "HANGUL"}
_OF_JAPANESE = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}


def _is_spelled(word: str, codec: str) -> bool:
    """Return whether the word's letters and spelling are possible in a language of the encoding."""
    languages = _LANGUAGES.get(codec)
    if languages is not None and not any(all(sign.isascii() or sign in one for sign in word) for one in languages):
        return False
    odd = _ODD_SPELLINGS.get(codec)
    return odd is None or odd.search(word) is None


def _has_inner_capital(word: str) -> bool:
    """Return whether a capital follows a small letter, one of them non-ASCII: no word has that."""
    return any(
        before.islower() and after.isupper() and not (before + after).isascii() for before, after in pairwise(word)
    )


def _script(letter: str) -> str:
    """Return the script of a letter; "?" for half-width kana, which random bytes often decode to."""
    script = unicodedata.name(letter, "?").split(" ", 1)[0]
    return "?" if script == "HALFWIDTH" else script


def _is_latin(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha() and not sign.isascii()]
    return all(_script(letter) == "LATIN" for letter in letters)


def _examples(codecs: Sequence[str], texts: Mapping[str, str]) -> str:
    shown: list[str] = []
    for codec in dict.fromkeys(codecs):
        if codec in texts and len(shown) < 4:  # noqa: PLR2004
            word = next((word for word in _words(texts[codec]) if not word.isascii()), "")
            shown.append(f"{_CODECS[codec]} («{word[:20]}»)")
    return ", ".join(shown)
