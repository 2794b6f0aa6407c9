"""Writes the parts of the documentation that the code knows better: fields, issue codes, the manifest's schema."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from kelompok_core.imports.candidates import EXTERNAL_ID
from kelompok_core.issues.sentences import catalog
from kelompok_core.organizations.entity import DESCRIPTOR
from kelompok_core.plugin_host.manifest import manifest_json_schema

FOLDER = Path(__file__).parent
_BEGIN, _END = "<!-- fields: made from the code -->", "<!-- end of fields -->"


def pages() -> Mapping[Path, str]:
    """Return every page made from the code, as it should be."""
    return {
        FOLDER / "importing.md": _with_fields((FOLDER / "importing.md").read_text("utf-8")),
        FOLDER / "issue-codes.md": "\n".join(_issue_codes()) + "\n",
        FOLDER / "manifest.schema.json": manifest_json_schema(),
    }


def _with_fields(page: str) -> str:
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}\n" + "\n".join(_fields()) + f"\n{_END}{after}"


def _fields() -> Iterator[str]:
    yield "| field | headers it is known by |"
    yield "|---|---|"
    yield f"| `{EXTERNAL_ID}` | {', '.join(DESCRIPTOR.external_id_aliases)} |"
    for field in DESCRIPTOR.fields:
        needed = " (needed)" if field.required else ""
        yield f"| `{field.name}`{needed} | {', '.join((field.name.replace('_', ' '), *field.aliases))} |"


def _issue_codes() -> Iterator[str]:
    yield "# Issue codes"
    yield ""
    yield "Every finding about a file, a row or a cell has one of these. The severity says what becomes of it:"
    yield "**fatal** stops the import, **error** rejects the row, **review** parks it for a person, **warning** means"
    yield "the row is used although something was changed, dropped or kept, **info** informs."
    yield ""
    yield "| code | severity | English | Indonesian |"
    yield "|---|---|---|---|"
    for code, entry in sorted(catalog().items()):
        sentences = [" ".join(entry[language]).replace("|", "\\|") for language in ("en", "id")]
        yield f"| `{code}` | {entry['severity']} | {sentences[0]} | {sentences[1]} |"


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
