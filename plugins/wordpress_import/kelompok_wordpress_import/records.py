"""Makes records of items: posts, and events of The Events Calendar."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kelompok_core.contracts import Issue, JsonValue, Severity
from kelompok_wordpress_import.texts import as_html, short_codes
from kelompok_wordpress_import.wxr import Export, Item

EVENT_TYPE, VENUE_TYPE = "tribe_events", "tribe_venue"

_POST_STATUS = {
    "publish": "published", "future": "draft", "draft": "draft", "pending": "draft", "auto-draft": "draft",
    "private": "archived", "trash": "archived",
}  # fmt: skip
_EVENT_STATUS = {"publish": "planned", "trash": "cancelled"}
_NO_CATEGORY = frozenset({"uncategorized", "tak-berkategori", "tidak-berkategori", "uncategorised"})
_NO_DATE = "0000"

POST_COLUMNS = (
    "external_id", "title", "slug", "excerpt", "content", "canonical_url", "written_on", "published_at", "status",
    "category", "tags", "author", "language", "changed_at", "featured image",
)  # fmt: skip
EVENT_COLUMNS = (
    "external_id", "title", "slug", "description", "starts_at", "ends_at", "timezone", "all_day", "location_name",
    "address", "city", "country", "url", "status", "tags", "changed_at",
)  # fmt: skip


@dataclass(kw_only=True)
class Left:
    """What was left out.

    Attributes:
        types: The number of items of each other type.
        comments: The number of comments.
        pictures: The number of featured images.
    """

    types: dict[str, int] = field(default_factory=dict)
    comments: int = 0
    pictures: int = 0


def post_cells(item: Item, export: Export) -> dict[str, str]:
    """Return the cells of a post."""
    is_protected = bool(item.get("post_password"))
    status = "draft" if is_protected else _POST_STATUS.get(item.get("status"), "draft")
    category, tags = _categories(item)
    return {
        "external_id": item.get("post_id"),
        "title": item.get("title").strip(),
        "slug": item.get("post_name"),
        "excerpt": item.get("excerpt").strip(),
        "content": as_html(item.get("content")),
        "canonical_url": _permanent(item.get("link").strip()),
        "written_on": _date(item.get("post_date"))[:10],
        "published_at": _utc(item.get("post_date_gmt")) if status == "published" else "",
        "status": status,
        "category": category,
        "tags": _listed(tags),
        "author": export.authors.get(item.get("creator").strip(), item.get("creator").strip()),
        "language": export.language,
        "changed_at": _utc(item.get("post_modified_gmt")),
        "featured image": item.meta.get("_thumbnail_id", ""),
    }


def event_cells(item: Item, venues: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the cells of an event."""
    venue = venues.get(item.meta.get("_EventVenueID", ""), {})
    _, tags = _categories(item)
    return {
        "external_id": item.get("post_id"),
        "title": item.get("title").strip(),
        "slug": item.get("post_name"),
        "description": as_html(item.get("content")),
        "starts_at": item.meta.get("_EventStartDate", ""),
        "ends_at": item.meta.get("_EventEndDate", ""),
        "timezone": item.meta.get("_EventTimezone", ""),
        "all_day": item.meta.get("_EventAllDay", ""),
        "location_name": venue.get("title", ""),
        "address": venue.get("_VenueAddress", ""),
        "city": venue.get("_VenueCity", ""),
        "country": venue.get("_VenueCountry", ""),
        "url": item.meta.get("_EventURL", "") or _permanent(item.get("link").strip()),
        "status": "draft" if item.get("post_password") else _EVENT_STATUS.get(item.get("status"), "draft"),
        "tags": _listed(tags),
        "changed_at": _utc(item.get("post_modified_gmt")),
    }


def find_venues(export: Export) -> dict[str, dict[str, str]]:
    """Return the venues of an export by their ids; they may stand behind the events."""
    return {
        item.get("post_id"): {"title": item.get("title").strip(), **item.meta}
        for item in export.items()
        if item.get("post_type") == VENUE_TYPE
    }


def findings(item: Item, row_number: int, cleaned: Mapping[int, int]) -> Iterator[Issue]:
    """Yield what is to be said about an item that becomes a record; ``cleaned`` had control characters, by line."""

    def issue(code: str, severity: Severity, column: str, **params: JsonValue) -> Issue:
        return Issue(code=code, severity=severity, row_number=row_number, line=item.line, column=column, params=params)

    if item.get("post_password"):
        yield issue("wordpress.protected", Severity.WARNING, "status")
    if codes := short_codes(item.get("content")):
        yield issue("wordpress.short_codes", Severity.INFO, "content", codes=", ".join(codes))
    if any(item.line <= line <= item.last_line for line in cleaned):
        yield issue("value.control_chars", Severity.WARNING, "content")


def about_left(left: Left) -> Iterator[Issue]:
    """Yield what is to be said about what was left out."""
    if left.types:
        kinds = ", ".join(f"{kind} ({number})" for kind, number in sorted(left.types.items()))
        params: dict[str, JsonValue] = {"kinds": kinds, "number": sum(left.types.values())}
        yield Issue(code="wordpress.items_left", severity=Severity.INFO, params=params)
    for code, number in (("wordpress.comments_left", left.comments), ("wordpress.pictures_left", left.pictures)):
        if number:
            yield Issue(code=code, severity=Severity.INFO, params={"number": number})


def _categories(item: Item) -> tuple[str, list[str]]:
    """Return the first category that means something, and all other categories and tags."""
    named = [(domain, name) for domain, nicename, name in item.categories if nicename not in _NO_CATEGORY and name]
    categories = [name for domain, name in named if domain == "category"]
    others = [name for domain, name in named if domain in ("post_tag", "tribe_events_cat")]
    return (categories[0] if categories else ""), [*others, *categories[1:]]


def _listed(tags: list[str]) -> str:
    import json

    return json.dumps(tags, ensure_ascii=False) if tags else ""


def _permanent(link: str) -> str:
    return "" if "?p=" in link or "?page_id=" in link or "post_type=" in link else link


def _date(written: str) -> str:
    return "" if written.startswith(_NO_DATE) else written


def _utc(written: str) -> str:
    date = _date(written)
    return f"{date.replace(' ', 'T')}Z" if date else ""
