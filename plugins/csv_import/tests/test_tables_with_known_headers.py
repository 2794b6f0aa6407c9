"""Tables whose header the host knows: where they begin and end, and which of their rows are none or doubtful."""

import pytest
from kelompok_csv_import.plugin import CsvImporter

from kelompok_core.contracts import UnreadableSource
from tests.reading import Bytes, read_with


@pytest.fixture
def read(tmp_path):
    make = Bytes(tmp_path)

    def read_as(entity, content, **config):
        return read_with(CsvImporter(), make.source(content, "list.csv", "text/csv"), entity=entity, **config)

    return read_as


def _said(found, severity):
    return [
        (int(line), code)
        for line, code, one in zip(found.issues["line"], found.issues["code"], found.issues["severity"], strict=True)
        if one == severity
    ]


# --- one column


@pytest.mark.parametrize(
    ("entity", "header"),
    [("members", "Nama Lengkap"), ("members", "Full Name"), ("organizations", "Nama Yayasan"), ("posts", "Post Title")],
)
def test_a_list_of_one_column_keeps_its_blanks(read, entity, header):
    found = read(entity, f"{header}\nDewi Anggraini\nJoko Susilo\nRahma Putri Utami\n")
    assert found.rows == [["Dewi Anggraini"], ["Joko Susilo"], ["Rahma Putri Utami"]]
    assert list(found.cells.columns) == [header]


@pytest.mark.parametrize("ruler", ["", "-----------   -------   ------------\n"])
def test_columns_set_apart_by_blanks_alone_stop_the_import(read, ruler):
    lines = "Dewi Sari     Ketua     081234567801\nJoko                    081234567802\n"
    with pytest.raises(UnreadableSource) as stopped:
        read("members", f"NAMA          JABATAN   HP\n{ruler}{lines}")
    assert stopped.value.issue.code == "file.fixed_width"


# --- marks that are names of columns too


def test_a_record_of_check_marks_is_not_a_header(read):
    found = read("organizations", "id,nama,kesehatan,pendidikan,air,hutan\n1,Satu,x,x,x,x\n")
    assert found.rows == [["1", "Satu", "x", "x", "x", "x"]]


# --- quotation marks


@pytest.mark.parametrize(
    "content",
    [
        'Nama,Kota\nPosko A,"Garut\nPosko B,Ciamis\nPosko C,Banjar"\nPosko D,Tasik\n',
        'Nama;Kota;Ket\nPosko A;Garut;"siap\nPosko B;Ciamis;belum\nPosko C;Banjar;siap"\nPosko D;Tasik;ya\n',
        'Nama\tKota\tKet\n"Posko A\tGarut\tsiap\nPosko B"\tCiamis\tbelum\nPosko D\tTasik\tya\n',
    ],
)
def test_a_value_whose_lines_are_rows_is_asked_about(read, content):
    assert _said(read("organizations", content), "review") == [(2, "row.lines_swallowed")]


def test_such_a_value_is_found_far_down_too(read):
    rows = "".join(f"Posko {at},Garut,{at}\n" for at in range(2_000))
    found = read(
        "organizations", f'Nama,Kota,Nomor\n{rows}Posko X,"Garut,1\nPosko Y,Ciamis,2\nPosko Z,Banjar",3\n{rows}'
    )
    assert _said(found, "review") == [(2002, "row.lines_swallowed")]


def test_an_address_over_lines_is_a_value(read):
    content = 'Nama,Alamat\nPosko A,"Jl. Mawar 3\nGarut, Jawa Barat"\nPosko B,"Jl. Melati"\n'
    found = read("organizations", content)
    assert (len(found.rows), _said(found, "review")) == (2, [])


def test_marks_before_a_delimiter_are_read_in_the_only_way_there_is(read):
    found = read("posts", 'id,judul,tanggal\n7,"Buku "Laut", jilid 2",2024-03-01\n8,"Dua",2024-03-02\n')
    assert found.rows[0] == ["7", 'Buku "Laut", jilid 2', "2024-03-01"]
    assert found.codes == ["row.quote_repaired"]


def test_lines_in_marks_as_a_whole_are_taken_out_of_them(read):
    found = read("organizations", '"name;city;note"\n"Posko A;Garut;""siap"""\n"Posko B;Ciamis;x"\n')
    assert found.rows == [["Posko A", "Garut", "siap"], ["Posko B", "Ciamis", "x"]]


def test_a_column_of_names_with_commas_is_one_column(read):
    found = read("members", '"Nama, gelar"\n"Dewi, S.H."\n"Joko, M.Si."\n')
    assert found.rows == [["Dewi, S.H."], ["Joko, M.Si."]]


def test_blanks_before_the_mark_at_the_beginning_of_a_line(read):
    found = read("organizations", 'nama,kota\n"A","Garut"\n  "B, C",Ciamis\n')
    assert found.rows == [["A", "Garut"], ["B, C", "Ciamis"]]


# --- where the table begins


@pytest.mark.parametrize(
    "above",
    [
        "Karang Taruna Mekar, Kel. Sukamaju, Garut\n",
        "Forum Desa\nJl. Raya 5, Garut\nTelp. 0262-555123\n\n",
        "DAFTAR PENGURUS\n",
        "Dibuat 2024-01-01,oleh admin\n",
        "Periode:,Januari 2024,\nDicetak:,2024-02-01,\n",
        "# ekspor 2024-01-01, oleh admin, v2\n",
        "1,2,3\n",
    ],
)
@pytest.mark.parametrize("columns", ["Nama,Jabatan,No HP", "No,Nama,Surel"])
def test_the_first_row_of_known_headers_is_the_header(read, above, columns):
    found = read("members", f"{above}{columns}\nDewi,Ketua,081234567801\nJoko,Staf,081234567802\n")
    assert list(found.cells.columns) == columns.split(",")
    assert len(found.rows) == 2


def test_a_title_over_two_columns(read):
    found = read("members", "DAFTAR ANGGOTA\nNama;No HP\nDewi;081234567801\nJoko;081234567802\n")
    assert list(found.cells.columns) == ["Nama", "No HP"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1;2;3;4", "header.column_numbers"),
        ("(1);(2);(3);(4)", "header.column_numbers"),
        ("angka;teks;teks;tanggal", "header.column_notes"),
        ("wajib;wajib diisi;contoh: Jl. Mawar;opsional", "header.column_notes"),
    ],
)
def test_a_row_about_the_columns_is_no_record(read, row, code):
    found = read(
        "organizations",
        f"NO;NAMA ORGANISASI;ALAMAT;TAHUN BERDIRI\n{row}\n1;Posko A;Jl. X;2001\n2;Posko B;Jl. Y;2004\n",
    )
    assert [one[1] for one in found.rows] == ["Posko A", "Posko B"]
    assert found.codes == [code]


def test_rows_of_numbers_are_records(read):
    assert len(read("organizations", "a,b,c\n1,2,3\n4,5,6\n").rows) == 2


def test_headers_under_headers_that_head_groups(read):
    found = read(
        "organizations",
        "Nama,Kontak,,Alamat,\n,HP,Email,Jalan,Kota\nA,0812,a@x.id,Jl. 1,Garut\nB,0813,b@x.id,Jl. 2,Solo\n",
    )
    assert list(found.cells.columns) == ["Nama", "HP", "Email", "Alamat Jalan", "Kota"]


# --- where it ends


@pytest.mark.parametrize("again", ["Nama,Jabatan,No HP", "NAMA,JABATAN,NO HP", "nama,jabatan,no hp"])
def test_a_header_on_every_page_is_no_record(read, again):
    page = "".join(f"Orang {at},Staf,08123456780{at}\n" for at in range(3))
    found = read("members", "Nama,Jabatan,No HP\n" + f"{again}\n".join([page] * 5))
    assert (len(found.rows), found.codes) == (15, ["header.repeated"])


@pytest.mark.parametrize("between", ["", "\n"])
@pytest.mark.parametrize(("entity", "header"), [("organizations", "Kota,Nama"), ("members", "full name,e-mail")])
def test_another_header_of_the_same_width_ends_the_table(read, between, entity, header):
    found = read(entity, f"name,city\nA,Leeds\nB,York\n{between}{header}\nDewi,d@x.id\nJoko,j@x.id\n")
    assert found.rows == [["A", "Leeds"], ["B", "York"]]
    assert found.codes == ["file.further_table"]


@pytest.mark.parametrize("between", ["", "\n"])
def test_words_that_are_no_header_of_the_entity_are_a_row_like_others(read, between):
    rows = [["A", "Leeds"], ["full name", "e-mail"], ["Dewi", "d@x.id"]]
    found = read("organizations", f"name,city\nA,Leeds\n{between}full name,e-mail\nDewi,d@x.id\n")
    assert (found.rows, found.codes) == (rows, [])


FOOTERS = (
    "Total anggota: 22 orang;;\nGarut, 1 Januari 2024;;\nKetua,;;\n",
    "Source: District Office 2024;;\nLicence: CC-BY;;\n",
    "TOTAL;3 groups;25\n",
    "Jumlah;2 kota;22\n",
    "Total;;Rp 3.000.000\n",
    ";TOTAL ANGGOTA;22 orang\n",
    ";Jumlah lembaga: 3;\nMengetahui, Sekretaris;;\n",
    "Rata-rata;;4,5\n",
    "End of report;;\n",
    "Data per tanggal 1 Januari 2024;;\n",
    "-- Diekspor dari SISKOM 3 --;;\n",
    "*** SELESAI ***\n",
    "<br />\n<b>Warning</b>: x\n",
)


@pytest.mark.parametrize("footer", FOOTERS)
def test_footers_are_no_records(read, footer):
    found = read("organizations", f"Nama;Kota;Anggota\nPosko A;Garut;10\nPosko B;Ciamis;12\n{footer}")
    assert [row[0] for row in found.rows] == ["Posko A", "Posko B"]
    assert found.codes == ["file.footer_skipped"]


@pytest.mark.parametrize("footer", ["Jumlah: 2 orang;\n", "(2 rows)\n", "\nKeterangan: sementara\n"])
def test_footers_of_two_columns(read, footer):
    found = read("members", f"Nama;Kota\nDewi;Garut\nJoko;Ciamis\n{footer}")
    assert (len(found.rows), found.codes) == (2, ["file.footer_skipped"])


NAMES = (
    "Total Cinta Anak", "Sumber Air Foundation", "Notes of Hope", "Catatan Kaki", "Generated Hope Foundation",
    "Copyright Watch", "Exported Arts", "Printed Matter", "Downloaded Dreams", "Dicetak Bersama", "Diekspor Nusantara",
    "End of Data Poverty", "Akhir Data Kelam", "-- Rumah --", "** Bintang **", "== Setara ==", "<Rumah>",
)  # fmt: skip


@pytest.mark.parametrize("name", [*NAMES, "Printed by Hand", "Printed (Matter)", "Printed 4 You", "End of Data"])
def test_a_name_that_begins_like_a_footer_is_a_record_at_the_end_too(read, name):
    found = read("organizations", f"name,city,members\nA,Leeds,3\nB,York,4\n{name},Bath,12\n")
    assert (found.rows[-1][0], found.codes) == (name, [])


@pytest.mark.parametrize("name", [*NAMES, "Total People", "Sources", "Printed"])
def test_a_name_that_begins_like_a_footer_ends_a_list_of_one_column(read, name):
    found = read("organizations", f"nama\nPosko A\nPosko B\n{name}\n")
    assert ([row[0] for row in found.rows], found.codes) == (["Posko A", "Posko B", name], [])


@pytest.mark.parametrize("footer", [
    "Diekspor dari SISKOM 3", "Dicetak oleh Dewi", "Printed: 3 May 2024", "Generated 2024-05-03", "Copyright 2024 X",
    "Copyright (c) X", "© 2024 X", "End of report", "End of list.", "Akhir laporan", "-- Diekspor dari SISKOM 3 --",
    "*** SELESAI ***", "(2 rows)", "Jumlah: 2", "Total 2", "Sumber: BPS", "<br />",
])  # fmt: skip
def test_footers_of_a_list_of_one_column(read, footer):
    found = read("organizations", f"nama\nPosko A\nPosko B\n{footer}\n")
    assert ([row[0] for row in found.rows], found.codes) == (["Posko A", "Posko B"], ["file.footer_skipped"])


@pytest.mark.parametrize("footer", [
    "Generated by SISKOM 3, Garut", "Exported on Monday, 3 May 2024, 10:00, by Dewi", "End of report, 3 May 2024",
    "Dicetak oleh,Dewi,", "Printed:,3 May 2024,", "Printed 3 May 2024,by Dewi,", "Copyright 2024, X, Y",
    "Generated automatically,,", "Exported 25 rows,,", "© 2024 X,Y,Z",
])  # fmt: skip
def test_footers_in_several_cells_say_so_by_a_sign_a_date_or_a_sentence_cut_up(read, footer):
    found = read("organizations", f"name,city,members\nA,Leeds,3\nB,York,4\n{footer}\n")
    assert ([row[0] for row in found.rows], found.codes) == (["A", "B"], ["file.footer_skipped"])


@pytest.mark.parametrize("row", ["Halaman 1 dari 2;;", "Page 1 of 2;;", "Subtotal;;22", "Jumlah;;Rp 22"])
def test_page_numbers_and_subtotals_between_records(read, row):
    found = read("organizations", f"Nama;Kota;Anggota\nPosko A;Garut;10\n{row}\nPosko B;Ciamis;12\n")
    assert [one[0] for one in found.rows] == ["Posko A", "Posko B"]
    assert found.codes == ["file.footer_skipped"]


def test_the_footer_of_a_report_without_quotation_marks(read):
    found = read(
        "members",
        "Nama,Kota,Ket\nDewi,Garut,x\nJoko,Solo,y\n"
        "Copyright (c) 2000-2024 contoh.com, inc. All rights reserved.\nDownloaded by: Dewi\n",
    )
    assert (len(found.rows), found.codes) == (2, ["file.footer_skipped"])


# --- rows that only a person can tell


def test_headings_of_groups_are_asked_about(read):
    found = read(
        "members",
        "Nama,Jabatan,No HP\nPENGURUS INTI,,\n"
        "Dewi,Ketua,081\nJoko,Staf,082\nSeksi Humas,,\nRahma,Staf,083\nUmi,A,084\n",
    )
    assert _said(found, "review") == [(2, "row.may_be_heading"), (5, "row.may_be_heading")]
    assert len(found.rows) == 6


def test_names_alone_are_records_where_many_are(read):
    found = read("members", "Nama,Jabatan,No HP\nDEWI,,\nJOKO,,\nRAHMA,Staf,081\nANGGOTA BARU,,\n")
    assert found.codes == []


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("nama,kota,catatan\nA,Garut,ramai\ndan rukun\nB,Solo,sepi\nC,Tegal,x\n", 3),
        ("nama;kota;kegiatan\nSanggar\nMelati;Garut;tari\nB;Solo;x\nC;Tegal;x\n", 2),
        ("nama;kota\nA;Ga\nrut\nB;Solo\nC;Tegal\n", 3),
    ],
)
def test_the_rest_of_a_row_behind_a_line_break_is_asked_about(read, content, line):
    assert _said(read("organizations", content), "review") == [(line, "row.one_cell")]


def test_rows_of_one_cell_are_records_where_many_are(read):
    assert "row.one_cell" not in read("organizations", "nama,kota,telepon\nA\nB\nC,Solo,081\nD\n").codes


def test_rows_with_another_delimiter_are_errors(read):
    found = read("organizations", "name,city,phone\nA,Leeds,0113\nB,York,0114\nC;Hull;0115\nD|Bath|0116\n")
    assert _said(found, "error") == [(4, "row.other_delimiter"), (5, "row.other_delimiter")]


def test_rows_that_all_lack_the_last_cell_are_only_short(read):
    found = read("organizations", "name;city;\nA;Leeds\nB;York\n")
    assert found.rows == [["A", "Leeds"], ["B", "York"]]
    assert "error" not in set(found.issues["severity"])
