"""Detects columns with personal data that no community needs, however their headers are spelled."""

import re

from kelompok_core.headers.spelling import IDENTITY_PAPER, fold_header, spellings, squeeze, without_document

_WHOLE = (
    # identity numbers
    "NIK", "No NIK", "Nomor NIK", "Nomor Induk Kependudukan", "No Induk Kependudukan", "KTP", "No KTP", "Nomor KTP",
    "No KTP NIK", "NIK KTP", "KK", "No KK", "Nomor KK", "Kartu Keluarga", "No Kartu Keluarga", "Nomor Kartu Keluarga",
    "Nomor Identitas", "No Identitas", "SIM", "No SIM", "Nomor SIM", "No KTP SIM", "No BPJS", "Nomor BPJS", "BPJS",
    "National ID", "Identity Number", "Identity No", "Identity Card", "Identity Card No", "Identity Card Number",
    "ID Card", "ID Card No", "ID Card Number", "No ID Card", "Social Security Number", "Social Security No",
    "Social Insurance Number", "SSN", "NINO", "NI Number", "IC Number", "IC No", "No IC", "No KP", "Kad Pengenalan",
    "No Kad Pengenalan", "PAN Card", "PAN Number", "Voter ID", "Driving Licence", "Driving License", "Drivers License",
    "Driver License", "Driver Licence", "Driving Licence Number", "Driving License Number", "Drivers License Number",
    "DNI", "NIE", "Cédula", "Cédula de identidad", "PESEL", "BSN", "Burgerservicenummer", "Personnummer",
    "CPR Nummer", "Fødselsnummer", "Henkilötunnus", "Codice fiscale", "AHV Nummer", "Rijksregisternummer", "JMBG",
    "TC Kimlik No", "Personalausweis", "Personalausweisnummer", "Passnummer", "CCCD", "CMND", "身份证", "身份证号",
    "身份证号码", "身分證", "身分證字號", "マイナンバー", "주민등록번호", "เลขบัตรประชาชน", "номер паспорта",
    # birth
    "DOB", "POB", "YOB", "TTL", "Ultah", "出生日期", "出生年月", "出生年月日", "出生地", "生日", "生年月日",
    "誕生日", "생년월일", "생일", "วันเกิด", "Ngày sinh", "Nơi sinh", "تاريخ الميلاد", "מולד", "Tarikh lahir",
    "Petsa ng kapanganakan", "Kapanganakan", "Cumpleaños", "Compleanno",
    # mother and religion
    "Ibu Kandung", "Nama Ibu", "Nama Ibu Kandung", "Nama Gadis Ibu", "Keyakinan", "Kepercayaan", "Agama Kepercayaan",
    "Faith", "Creed", "Religious affiliation", "Religious belief", "Religious beliefs", "Religious denomination",
    "Konfession", "Religionszugehörigkeit", "Tôn giáo", "宗教", "종교", "Вероисповедание", "الديانة",
    "Golongan Darah", "Gol Darah", "Blood Type", "Blood Group", "Suku", "Suku Bangsa", "Ethnicity", "Ethnic Group",
    # secrets
    "Passwd", "PWD", "User Pass", "Kata Sandi", "Kata Laluan", "Sandi", "Passphrase", "Salt", "Secret", "Token", "OTP",
    "CVV", "CVC", "Credit Card", "Credit Card Number", "Stripe Customer ID", "User Activation Key", "Activation Key",
    "Private Key", "Security Question", "Security Answer", "Passwort", "Kennwort", "Mot de passe", "Contraseña",
    "Senha",
    "Wachtwoord", "Hasło", "Lösenord", "Şifre", "Пароль", "密码", "密碼", "パスワード", "비밀번호", "Mật khẩu",
)  # fmt: skip
"""Complete headers, compared without the blanks between words."""

_EXACT = frozenset(squeeze(fold_header(one)) for one in _WHOLE)

_BIRTH = re.compile(
    r"\b(?:birth(?:day|date|place|year)?s?|born|lahir|kelahiran|d o b|dob|y o b|t t l|b ?day|b ?date|naissance"
    r"|nacimiento|nascimento|nascita|geburts\w+|geboorte\w+|urodzenia|рождения|народження|dogum (?:tarihi|yeri|yili)"
    r"|fodelse\w+"
    r"|fødsels\w+|syntyma\w+)\b|\b(?:tanggal|tgl|tempat|tmpt?|tahun|thn) lhr\b"
)
_RUN_TOGETHER = re.compile(
    r"(?:tanggal|tgl|tempat|tmpt?|tahun|thn|bulan|bln)(?:dan)?(?:tanggal|tgl)?(?:lahir|lhr)|date_?of_?birth"
    r"|birth(?:date|day|place|year)|ibukandung"
)
"""Parts of a header's word if words are written together: ``member_tgllahir``."""
_ANNIVERSARY = re.compile(r"\b(?:ulang ?tahun|ultah)\b")

_WORDS = re.compile(
    rf"\b(?:{IDENTITY_PAPER})\b"
    r"|\b(?:mothers?|ibu kandung)\b.*\b(?:name|nama|maiden)\b|\bmother s\b|\bibu kandung\b"
    r"|\bnama (?:lengkap )?(?:gadis )?ibu\b(?! (?:kota|bapak|bpk|pak)\b)|\bmaiden name\b|\bnom de jeune fille\b"
    r"|\b(?:religion|religi|agama|religione|religiao|nik|nric|mykad|aadhaa?r|curp|cpf|ssn|kartu keluarga)\b"
    r"|\binduk kependudukan\b|\bnational (?:id|identity|identification|insurance)\b|\bethnicity\b"
    r"|\bpasswords?\b|\bpassword ?hash\b"
    r"|\b(?:access|refresh|auth|api|session|reset|remember(?: me)?|login|csrf|confirmation|activation|bearer|two factor"
    r"|client|user) (?:token|secret)\b|\b(?:api|secret) key\b"
)
"""Words in a header of any length: «Contact1 Birthdate», «Tempat, Tanggal Lahir», «Mother's Maiden Name»."""

_OF_ORGANIZATION = re.compile(
    r"\b(?:organi[sz]asi|organi[sz]ations?|lembaga|yayasan|komunitas|perkumpulan|perusahaan|company|partai|forum|cabang)\b"
)


_AND_DOCUMENT = re.compile(
    rf"(?:[/,&+;|]|\s-|\b(?:dan|and|atau|or))\s*(?:no\.?\s*)?(?:{IDENTITY_PAPER})\b(?!.*[)\]])",
    re.IGNORECASE,
)
"""A document next to something else, «Nama / KTP», but not in a note: the column has the document's number, too."""


def is_sensitive(column: str, *, of_people: bool = True) -> bool:
    """Return whether a column, or a member of a nested record, has personal data that no community needs.

    An anniversary is a birthday only in a list ``of_people``; organizations have anniversaries, too.
    """
    ways = {*spellings(column), *spellings(column.rpartition(".")[2])}
    bare = str if _AND_DOCUMENT.search(column) else without_document
    return any(_is_sensitive(bare(one), of_people) for one in ways)


def _is_sensitive(folded: str, of_people: bool) -> bool:
    if squeeze(folded) in _EXACT or _WORDS.search(folded) is not None:
        return True
    if _OF_ORGANIZATION.search(folded):
        return False
    run_together = any(_RUN_TOGETHER.search(word) for word in folded.split())
    return run_together or bool(_BIRTH.search(folded) or (of_people and _ANNIVERSARY.search(folded)))
