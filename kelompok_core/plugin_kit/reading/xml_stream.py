"""Parses XML of strangers as a stream: no document types, no entities, no token that costs more than it is worth."""

from collections.abc import Iterable, Iterator
from xml.parsers import expat

from kelompok_core.contracts import Issue, Severity, UnreadableSource

NAMESPACE_END = " "
"""Stands between the namespace and the local name of an element or attribute."""

_MOST_UNPARSED = 4 << 20
"""Bytes that may be fed without an event. Expat before 2.6 takes quadratic time for one long token."""


def make_parser(*, encoding: str | None = None) -> expat.XMLParserType:
    """Return a parser without handlers that joins text, names elements with their namespaces, and refuses DOCTYPE.

    Args:
        encoding: The encoding if the document's own declaration is not to be used.
    """
    parser = expat.ParserCreate(encoding, NAMESPACE_END)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def feed(parser: expat.XMLParserType, chunks: Iterable[bytes], *, part: str | None = None) -> Iterator[None]:
    """Parse the chunks; yield after each of them, so that what the handlers collected can be taken.

    Args:
        parser: A parser of :func:`make_parser`, with handlers.
        chunks: The document, in chunks of at most about a megabyte.
        part: The name of the part of a package that is parsed, for messages.

    Raises:
        UnreadableSource: ``file.xml_invalid``, ``file.xml_document_type`` or ``file.xml_token_too_long``.
    """
    fed = 0
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - max(0, parser.CurrentByteIndex) > _MOST_UNPARSED:
                raise _unreadable("file.xml_token_too_long", parser.CurrentLineNumber, part)
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        params = {"problem": expat.ErrorString(error.code)}
        raise _unreadable("file.xml_invalid", error.lineno, part, **params) from error
    except _DocumentType as error:
        raise _unreadable("file.xml_document_type", parser.CurrentLineNumber, part) from error
    yield


class _DocumentType(Exception):
    """The document has a document type."""


def _refuse_document_type(*_: object) -> None:
    raise _DocumentType


def _unreadable(code: str, line: int, part: str | None, **params: str) -> UnreadableSource:
    # A line of a package's part is no line of the file.
    given = params | {"place": part or f"line {line}"}
    return UnreadableSource(
        Issue(code=code, severity=Severity.FATAL, line=None if part else max(1, line), params={**given})
    )


def local_name(name: str) -> str:
    """Return the name of an element or attribute without its namespace."""
    return name.rpartition(NAMESPACE_END)[2]
