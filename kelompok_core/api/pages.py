"""The common envelope of responses, and cursor pagination."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from kelompok_core.errors import UsageError

T = TypeVar("T")
Row = TypeVar("Row")


class NoMeta(BaseModel):
    """Metadata of a response about one thing: none."""


class PageMeta(BaseModel):
    """Metadata of a page."""

    limit: int
    next: str | None = Field(description="The `cursor` of the next page; null on the last page.")


class One(BaseModel, Generic[T]):
    """A response about one thing."""

    data: T
    meta: NoMeta = NoMeta()
    message: str | None = None


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    data: list[T]
    meta: PageMeta
    message: str | None = None


Limit = Annotated[int, Query(ge=1, le=200, description="Maximum number of items.")]
CursorText = Annotated[
    str | None,
    Query(alias="cursor", max_length=500, description="`meta.next` of the previous page; omit it for the first page."),
]


def page(
    rows: Sequence[Row], limit: int, show: Callable[[Row], T], place: Callable[[Row], Sequence[object]]
) -> Page[T]:
    """Return a page; ``rows`` has up to one more than ``limit``, and ``place`` returns a row's cursor values."""
    shown = rows[:limit]
    following = _encode(place(shown[-1])) if len(rows) > limit else None
    return Page(data=[show(row) for row in shown], meta=PageMeta(limit=limit, next=following))


def _encode(place: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps([str(one) for one in place]).encode()).decode()


def read_cursor(cursor: str | None, kinds: Sequence[Callable[[str], object]]) -> tuple[Any, ...] | None:
    """Return the values in a cursor.

    Raises:
        UsageError: When it is not a cursor of this list.
    """
    if cursor is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return tuple(kind(_text(one)) for kind, one in zip(kinds, place, strict=True))
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise UsageError(
            "the cursor does not belong to this list", hint="Use meta.next of the previous page."
        ) from error


def _text(one: object) -> str:
    if isinstance(one, str):
        return one
    raise TypeError(type(one).__name__)
