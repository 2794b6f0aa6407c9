"""Writes small workbooks for the tests, in several formats."""

from pathlib import Path

import xlsxwriter


def write_xlsx(path: Path, sheets, **options) -> Path:
    """Write sheets, each a list of rows; a cell may be a pair of a value and a number format."""
    with xlsxwriter.Workbook(path, options) as book:
        formats = {}
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    value, code = cell if isinstance(cell, tuple) else (cell, None)
                    if code is not None and code not in formats:
                        formats[code] = book.add_format({"num_format": code})
                    if value is not None:
                        sheet.write(at, column, value, formats.get(code))
    return path


def write_fods(path: Path, name: str, rows) -> Path:
    """Write a flat OpenDocument spreadsheet of texts."""
    start = '<table:table-cell office:value-type="string"><text:p>'
    cells = "".join(
        "<table:table-row>"
        + "".join(f"{start}{cell}</text:p></table:table-cell>" for cell in row)
        + "</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("office", "table", "text", "style")
    )
    path.write_text(
        f'<?xml version="1.0"?><office:document {spaces} '
        'office:mimetype="application/vnd.oasis.opendocument.spreadsheet">'
        f'<office:body><office:spreadsheet><table:table table:name="{name}">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document>",
        "utf-8",
    )
    return path


def write_html(path: Path, rows) -> Path:
    """Write a web page with one table."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    path.write_text(f'<html><meta charset="utf-8"><table>{body}</table></html>', "utf-8")
    return path


def write_spreadsheetml(path: Path, name: str, rows) -> Path:
    """Write the XML of Excel 2003."""
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    body = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row) + "</Row>"
        for row in rows
    )
    path.write_text(
        f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="{space}" xmlns:ss="{space}">'
        f'<Worksheet ss:Name="{name}"><Table>{body}</Table></Worksheet></Workbook>',
        "utf-8",
    )
    return path
