"""Tables as people and programs leave them: marks, blanks, rulers, totals and line breaks where none belong."""

import pytest
from kelompok_csv_import.plugin import CsvImporter

from tests.reading import Bytes, read_with


@pytest.fixture
def read(tmp_path):
    make = Bytes(tmp_path)
    return lambda content, **config: read_with(CsvImporter(), make.source(content, "list.csv", "text/csv"), **config)


def _severities(found):
    return list(zip(found.issues["code"], found.issues["severity"], strict=True))


# --- quotation marks


def test_marks_that_begin_cells_and_do_not_end_them_are_content(read):
    titles = ['"Pagi', '"Sore" hari', 'Malam "sunyi"', "Siang", '"Fajar"']
    found = read("nomor\tjudul\n" + "".join(f"{at}\t{title}\n" for at, title in enumerate(titles)))
    assert [row[1] for row in found.rows] == titles
    assert (found.read_as["quote"], found.codes) == ("none", [])


def test_marks_that_enclose_what_needs_it_stay_marks(read):
    found = read('nama;kota\n"Rumah; Kedua";Solo\n"Kedai" Kopi;Tegal\n"Warung" Teh;Brebes\n')
    assert found.rows[0] == ["Rumah; Kedua", "Solo"]
    assert found.read_as["quote"] == '"'


def test_an_open_mark_is_an_error_of_its_rows_alone(read):
    found = read('nama,kota\n"Kedai A",Solo\n"Kedai B\n"Kedai C,Tegal\n"Kedai D",Solo\n"Kedai E",Solo\n')
    assert found.rows[-2:] == [["Kedai D", "Solo"], ["Kedai E", "Solo"]]
    assert [one for one in _severities(found) if one[0] == "row.quote_broken"] == [("row.quote_broken", "error")] * 2


def test_a_mark_and_a_line_break_inside_a_value(read):
    found = read('id;nama\n1;"Kedai "Tua" \nBaru"\n2;"Kedai "Muda" \nLama"\n')
    assert found.rows == [["1", 'Kedai "Tua" \nBaru'], ["2", 'Kedai "Muda" \nLama']]
    assert found.codes == ["row.quote_repaired"] * 2


@pytest.mark.parametrize("blank", [" ", "   "])
def test_blanks_between_delimiter_and_mark_are_none_of_the_value(read, blank):
    found = read(f'nama,motto,kota\n"A","satu","Solo"\n"B",{blank}"dua, tiga","Solo"\n')
    assert found.rows == [["A", "satu", "Solo"], ["B", "dua, tiga", "Solo"]]


# --- headers


def test_columns_without_a_name_at_the_end_are_kept_and_named_once(read):
    found = read("id,nama,,\n1,A,x,\n2,B,,y\n3,C,,\n")
    assert list(found.cells.columns) == ["id", "nama", "column 3", "column 4"]
    assert found.rows == [["1", "A", "x", ""], ["2", "B", "", "y"], ["3", "C", "", ""]]
    assert found.codes == ["header.blank"] * 2


def test_cells_behind_the_header_are_still_an_error(read):
    assert read("id,nama,\n1,A,x,y\n2,B,,\n").codes == ["header.blank", "row.too_many_cells"]


@pytest.mark.parametrize("ruler", ["---;---", "=====;======", ":--:;---:", "____;____"])
def test_rulers_are_no_records(read, ruler):
    found = read(f"nama;kota\n{ruler}\nA;Solo\nB;Tegal\n{ruler}\nC;Brebes\n")
    assert [row[0] for row in found.rows] == ["A", "B", "C"]
    assert set(found.codes) == {"file.rulers_skipped"}


def test_names_for_programs_under_the_header_are_no_record(read):
    found = read("Nama,Tanggal Lahir\nnama_lengkap,tanggal_lahir\nAni,1990-01-02\nBudi,1991-02-03\n")
    assert [row[0] for row in found.rows] == ["Ani", "Budi"]
    assert found.codes == ["header.names_for_programs"]
    assert len(read("Kode,Nama\na_b,c_d\ne_f,g_h\n").rows) == 2, "where others look the same, it is a record"


@pytest.mark.parametrize("first", ["14:00,Ani,3", "ani@x.id,Ani,n/a", "2020-01-02,Ani,NaN"])
def test_a_row_with_a_time_an_address_or_a_date_is_no_header(read, first):
    kind = first.split(",")[0]
    others = {"14:00": "15:30", "ani@x.id": "budi@x.id", "2020-01-02": "2021-03-04"}[kind]
    found = read(f"{first}\n{others},Budi,4\n{others},Cici,5\n{others},Dedi,6\n{others},Eka,7\n{others},Fitri,8\n")
    assert (len(found.rows), found.codes) == (6, ["header.none"])


def test_columns_called_by_years_and_days_have_a_header(read):
    assert read("nama,2019,2020\nA,1,2\nB,3,4\n").codes == []
    assert read("nama,2020-01-01,2020-02-01\nA,1,2\nB,3,4\n").codes == []


def test_a_comment_may_be_indented_and_a_quoted_cell_is_none(read):
    found = read(" # dibuat hari ini\nnama;kota\n\t# diubah\nA;Solo\n")
    assert found.rows == [["A", "Solo"]]
    assert read('"#nomor",nama\n1,A\n2,B\n').rows == [["1", "A"], ["2", "B"]]
    assert read('"# judul"\nA\nB\n').rows == [["A"], ["B"]]


def test_marks_between_files_put_together_are_no_text(read):
    found = read("\ufeffid,nama\n1,A\n\ufeffid,nama\n2,B\n\ufeff\ufeffid,nama\n3,C\n".encode())
    assert found.rows == [["1", "A"], ["2", "B"], ["3", "C"]]
    assert found.codes == ["header.repeated"]
    assert read('\ufeff\ufeffA\n\ufeff"B, S.Pd."\n', header_rows=0).rows == [["A"], ["B, S.Pd."]]


# --- ends


@pytest.mark.parametrize(
    "last", ["Jumlah: 2 kedai;;;", "TOTAL;;;2.500", ";;Total;2500", "Sumber: dinas;;;", "Jumlah 2"]
)
def test_a_line_that_sums_the_table_up_is_no_record(read, last):
    found = read(f"id;nama;kota;nilai\n1;A;Solo;1000\n2;B;Tegal;1500\n{last}\n")
    assert len(found.rows) == 2
    assert found.codes == ["file.footer_skipped"]


def test_a_line_of_one_cell_behind_a_blank_one_is_a_footer_at_the_end_alone(read):
    assert len(read("id;nama;kota\n1;A;Solo\n;;\nper 1 Mei;;\n").rows) == 1
    assert len(read("id;nama;kota\n1;A;Solo\n;;\nper 1 Mei;;\n2;B;Tegal\n").rows) == 3
    assert len(read("id;nama;kota\n1;A;Solo\n;;\nper 1 Mei;;\n", last_line=0).rows) == 2


def test_a_name_that_begins_like_a_total_is_a_record_where_others_follow(read):
    found = read("nama;kota;nilai\nA;Solo;1\nTotal: Football;;2\nB;Solo;3\n")
    assert len(found.rows) == 3
    assert (
        len(read("nama;kota;surel\nTotal Peduli;Solo;a@x.id\nKatalis;Tegal;b@x.id\nTotal Karya;Solo;c@x.id\n").rows)
        == 3
    )


# --- line breaks


def test_a_row_broken_over_lines_is_put_together_where_its_cells_prove_it(read):
    rest = "3,C,Jl. 3,Solo,c@x.id\n4,D,Jl. 4,Solo,d@x.id\n"
    found = read(f"id,nama,alamat,kota,surel\n1,A,Jl. 1\nRT 2,Solo,a@x.id\n2,B,Jl. 2,Solo,b@x.id\n{rest}")
    assert found.rows[0] == ["1", "A", "Jl. 1\nRT 2", "Solo", "a@x.id"]
    assert (len(found.rows), found.codes) == (4, ["row.lines_joined"])


def test_a_row_broken_over_three_lines(read):
    found = read(
        "id,nama,alamat,kota,surel\n1,A,Jl. 1\nRT 2\nRW 3,Solo,a@x.id\n2,B,Jl. 2,Solo,b@x.id\n3,C,J,K,c@x.id\n"
    )
    assert found.rows[0][2] == "Jl. 1\nRT 2\nRW 3"


def test_pieces_that_could_be_one_row_are_errors_where_nothing_proves_it(read):
    found = read("nama,alamat,kota\nA,Jl. 1,Solo\nB,Jl. 2\nRT 3,Solo\nC,Jl. 4,Solo\nD,Jl. 5,Solo\n")
    assert len(found.rows) == 5
    broken = [one for one in _severities(found) if one[0] == "row.broken_over_lines"]
    assert broken == [("row.broken_over_lines", "error")] * 2


def test_rows_that_only_lack_their_last_cells_are_rows(read):
    found = read("nama,alamat,kota\nA,Jl. 1,Solo\nB\nC,Jl. 2,Solo\nD\nE,Jl. 5\nF,Jl. 6\n")
    assert [row[0] for row in found.rows] == list("ABCDEF")
    assert set(found.codes) == {"row.too_few_cells"}
