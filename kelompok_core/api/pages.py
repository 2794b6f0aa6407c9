"""What answers have in common: the envelope, and pages that go on where the last one ended."""

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
    """Nothing more to say of a single answer."""


class PageMeta(BaseModel):
    """Where a list goes on."""

    limit: int
    next: str | None = Field(description="Give it as `cursor` for the next page; null when this is the last.")


class One(BaseModel, Generic[T]):
    """An answer about one thing."""

    data: T
    meta: NoMeta = NoMeta()
    message: str | None = None


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    data: list[T]
    meta: PageMeta
    message: str | None = None


Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
CursorText = Annotated[
    str | None, Query(alias="cursor", max_length=500, description="`meta.next` of the page before; leave out to begin.")
]


def page(rows: Sequence[Row], limit: int, show: Callable[[Row], T], place: Callable[[Row], Sequence[Any]]) -> Page[T]:
    """Return a page of rows, of which one more than the limit was asked for; ``place`` is where a row stands."""
    shown = rows[:limit]
    following = _encode(place(shown[-1])) if len(rows) > limit else None
    return Page(data=[show(row) for row in shown], meta=PageMeta(limit=limit, next=following))


def _encode(place: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([str(one) for one in place]).encode()).decode()


def read_cursor(cursor: str | None, kinds: Sequence[Callable[[str], Any]]) -> tuple[Any, ...] | None:
    """Return the place a cursor stands for.

    Raises:
        UsageError: When it is none that a page of this list gave.
    """
    if cursor is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return tuple(kind(_text(one)) for kind, one in zip(kinds, place, strict=True))
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise UsageError("the cursor is not one of this list", hint="Give meta.next of the page before.") from error


def _text(one: object) -> str:
    if isinstance(one, str):
        return one
    raise TypeError(type(one).__name__)
