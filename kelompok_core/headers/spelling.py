"""Compares headers as people write them: without case, accents, punctuation, camel case, notes and wrappers."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from kelompok_core.values.zones import NOTE

_STAR = re.compile(r"\s*\*.*$", re.DOTALL)
"""A star marks a required column. A remark may follow it: «Nama *wajib»."""
_NUMBER = re.compile(r"^\s*\d{1,3}[.)]\s+")
"""Forms number their questions: «3. Nama Organisasi»."""
_MARKS = frozenset({"required", "optional", "mandatory", "wajib", "opsional"})
_CUSTOM = re.compile(r"\s*(?:[a-z][a-z0-9]*__)?(\w+?)__c\s*", re.IGNORECASE)
"""Salesforce's names of custom fields, with the package they belong to: ``npsp__Do_Not_Contact__c``."""
_WRAPPERS = ("data.", "attributes.", "fields.", "properties.", "record.")
_INNER = (".rendered", ".value", ".text", ".#text", ".$t")
"""Members that programs add around the actual one, or inside it: ``data.title``, ``title.rendered``."""


# Words of notes that name somebody or something else than the row's record. The value then belongs to that one.
_PERSON = (
    r"wali|orang ?tua|ortu|ayah|bapak|ibu|mama|papa|suami|istri|isteri|pasangan|anak|keluarga|saudara|kakak|adik"
    r"|kerabat|famili|darurat|emergency|parents?|guardians?|father|mother|dad|mom|mum|spouse|husband|wife|partner"
    r"|child|children|kin|relatives?|siblings?|ketua|wakil|sekretaris|bendahara|pendiri|founders?"
    r"|chair(?:man|person|woman)?|direktur|directors?|pimpinan|penanggung ?jawab|pic|atasan|supervisor|referrers?"
    r"|referensi"
)
_KIND = (
    r"perkawinan|pernikahan|nikah|menikah|kawin|marital|marriage|civil|pekerjaan|employment|kepegawaian|pembayaran"
    r"|payment|bayar|rumah|tempat tinggal|kesehatan|health|vaksin(?:asi)?|vaccination|pendidikan|education|ekonomi"
    r"|sosial|immigration|visa"
)
_OF_ANOTHER = re.compile(rf"\b(?:{_PERSON}|{_KIND})\b")
_OF_AN_OFFICE = re.compile(
    r"\b(?:kantor|office|work|kerja|bisnis|business|perusahaan|company|sekolah|school|kampus|campus)\b"
)
_ADDRESSES = re.compile(
    r"^(?:\d+ )?(?:alamat|address|kota|city|kabupaten|kab|provinsi|region|state|negara|country)\b(?! (?:e ?mail|surel))"
)
_OF_CHOICES = re.compile(
    r"^(?:\d+ )?(?:jabatan|posisi|position|role|peran|kategori|category|jenis|type|tags?|label|catatan|notes?"
    r"|keterangan|deskripsi|description|title|judul|bidang|kedudukan)\b"
)
"""Columns whose notes list the allowed values: «Jabatan (ketua/sekretaris)»."""
_NOT_THAT = re.compile(
    r"\b(?:bukan|jangan|tanpa|not|no|without|(?:bapak|bpk|pak) (?:ibu|bu)|(?:ibu|bu) (?:bapak|bpk|pak))\b"
)
"""Notes that exclude somebody, and forms of address: «(bukan orang tua)», «(Bapak/Ibu)»."""

IDENTITY_PAPER = (
    r"(?:e[ -]?)?ktp(?: el)?|kartu tanda penduduk|passports?|paspor|pasport|passeport|pasaporte|passaporte|passaporto"
    r"|reisepass|paspoort|паспорт\w*"
)
"""Identity documents: headers mention them for the spelling of names and addresses, or for their numbers."""
_DOCUMENT = (
    rf"{IDENTITY_PAPER}|kartu (?:identitas|keluarga|tanda anggota)|identitas(?: diri)?"
    r"|tanda pengenal|(?:national )?id(?:entity)?(?: card)?|kk|sim|ijazah|kitas"
    r"|akt[ae](?: (?:lahir|kelahiran))?|birth certificate|driv(?:ing|er s) licen[cs]e|nric|mykad|official document"
)
_AS = (
    r"sesuai|seperti|menurut|berdasarkan|tertera|tercantum|tertulis|as|per|according|same|matching|appears?|shown"
    r"|stated|written|printed|yang|di|pada|dalam|in|on"
)
_AS_ON = re.compile(
    rf"\b(?:{_AS}) (?:(?:{_AS}|it|is|are|dengan|to|with|the|your|a|an|dan|atau|or|and|{_DOCUMENT}) )*(?:{_DOCUMENT})\b"
    r"(?: (?:tanpa|dengan|beserta) gelar)?|\b(?:sesuai|menurut|berdasarkan) (?:dengan )?nik\b"
)
_BESIDE = re.compile(rf"(?<=[a-z] )(?:{IDENTITY_PAPER})$")
_WRITTEN_ON = re.compile(
    r"^(?:\d+ )?(?:nama|name|full name|first name|last name|given name|family name|surname|alamat|address|kota|city"
    r"|kabupaten|kab|provinsi|kecamatan|kelurahan|desa|kode pos|domisili|jenis kelamin|gender|pekerjaan)\b"
)
_NUMBERS = re.compile(
    r"\b(?:no|nomor|nomer|number|num|nr|foto|photo|scan|file|berkas|upload|unggah|gambar|image|link|dan|and)\b"
)


def without_document(folded: str) -> str:
    """Return a folded header without the document that its value is copied from: «nama sesuai ktp» becomes «nama».

    A header that means the number of the document does not change.
    """
    if not _WRITTEN_ON.match(folded) or _NUMBERS.search(bare := _AS_ON.sub(" ", folded)):
        return folded
    return " ".join(_BESIDE.sub("", bare).split())


def _names_another(header: str) -> bool:
    """Return whether a note in a header says that the value belongs to somebody else: «HP (orang tua)»."""
    notes = [fold_header(note) for note in NOTE.findall(header)]
    subject = fold_header(NOTE.sub(" ", header))
    if _OF_CHOICES.match(subject):
        return False
    notes = [note for note in notes if not _NOT_THAT.search(note)]
    offices = _ADDRESSES.match(subject) is not None
    return any(_OF_ANOTHER.search(note) or (offices and _OF_AN_OFFICE.search(note)) for note in notes)


def fold_header(written: str) -> str:
    """Return the words of a header: ``Nama_Organisasi*`` and ``namaOrganisasi`` are «nama organisasi»."""
    return _fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", written))


@lru_cache(maxsize=10_000)
def _fold(written: str) -> str:
    plain = unicodedata.normalize("NFKD", written)
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return re.sub(r"[\W_]+", " ", letters).strip().casefold()


@lru_cache(maxsize=10_000)
def spellings(written: str) -> tuple[str, ...]:
    """Return the possible spellings of a header, folded: the header itself, then without notes, wrappers or camel case.

    «E-mail [required]» is also «e mail», ``DoB`` is «dob», ``title.rendered`` is «title», «City / Town» is «city». A
    note that names the owner of the value stays: «HP (wali)» is not «hp».
    """
    return tuple(dict.fromkeys(filter(None, _spellings(written))))


def _spellings(written: str) -> Iterator[str]:
    yield fold_header(written)
    yield _fold(written)
    marked = written if _names_another(written) else NOTE.sub(" ", written)
    bare = _NUMBER.sub("", _STAR.sub("", marked))
    words = fold_header(bare).split()
    while words and words[-1] in _MARKS:
        words.pop()
    yield " ".join(words)
    yield without_document(" ".join(words))
    if custom := _CUSTOM.fullmatch(bare):
        yield fold_header(custom[1])
    unwrapped = _unwrapped(bare.strip())
    if unwrapped is not None:
        yield fold_header(unwrapped)
    if "/" in bare and not _OF_ANOTHER.search(fold_header(bare)):
        yield from map(fold_header, bare.split("/"))


def _unwrapped(path: str) -> str | None:
    inner = next((path.removesuffix(end) for end in _INNER if path.endswith(end)), path)
    outer = next((inner.removeprefix(start) for start in _WRAPPERS if inner.startswith(start)), inner)
    return outer if outer != path else None


def squeeze(folded: str) -> str:
    """Return a folded header without blanks, to compare it with headers whose words are written together."""
    return folded.replace(" ", "")


_DATE_WORDS = frozenset(
    {"date", "tanggal", "tgl", "datum", "dob", "birthday", "birthdate", "since", "until", "startdate", "enddate"}
)


def names_a_date(header: str) -> bool:
    """Return whether a column's header means that its cells are full dates."""
    return any(_DATE_WORDS.intersection(one.split()) for one in spellings(header))
