"""The descriptor of posts: fields, aliases, keys, protected columns and merge policies."""

from functools import partial

from kelompok_core.access.rules import Action
from kelompok_core.descriptor import (
    OWNER_HEADERS,
    OWNER_ID_HEADERS,
    OWNER_NAME_HEADERS,
    ZONES,
    DerivedColumn,
    Detail,
    EntityDescriptor,
    Field,
    Guard,
    Kind,
    MatchRule,
    Part,
)
from kelompok_core.matching.keys import name_key, website_key
from kelompok_core.posts.schema import post_schema
from kelompok_core.values.dates import first_day
from kelompok_core.values.eras import HAPPENING
from kelompok_core.values.html import html
from kelompok_core.values.merge_policy import MergePolicy
from kelompok_core.values.slug import slug
from kelompok_core.values.text import line
from kelompok_core.values.times import published_at
from kelompok_core.values.url import url
from kelompok_core.values.words import choice, first_word, language, tags

STATUS_WORDS = {
    "draft": ("draf", "konsep", "rancangan", "pending", "auto draft", "future", "scheduled"),
    "published": ("publish", "terbit", "diterbitkan", "tayang", "live", "public", "dipublikasikan"),
    "archived": ("arsip", "diarsipkan", "private", "trash", "ditarik"),
}

_FIELDS = (
    Field(
        name="title",
        normalize=line,
        required=True,
        aliases=("judul", "post title", "headline", "name", "judul berita", "judul artikel", "subject",
                 "article title"),
    ),
    Field(name="slug", normalize=slug, policy=MergePolicy.KEEP, aliases=("post name", "wp:post_name", "slug url")),
    Field(
        name="excerpt",
        normalize=html,
        aliases=("ringkasan", "abstract", "abstrak", "summary", "custom excerpt", "excerpt:encoded", "kutipan"),
    ),
    Field(
        name="content",
        normalize=html,
        aliases=("isi", "konten", "content:encoded", "html", "body", "isi berita", "post content", "deskripsi",
                 "description"),
    ),
    Field(
        name="canonical_url",
        normalize=url,
        aliases=("url", "link", "tautan", "permalink", "canonical url", "page url", "post url", "article url", "alamat",
                 "guid"),
    ),
    Field(name="language", normalize=language, aliases=("bahasa", "lang", "in language")),
    Field(
        name="written_on",
        # The date distinguishes posts of the same title, so a year alone must not become its first day.
        read=partial(first_day, era=HAPPENING, needs_month=True),
        kind=Kind.DAY,
        detail=Detail.DATE,
        aliases=("tanggal", "date", "tanggal tulis", "wp:post_date", "post date", "created at", "tanggal dibuat",
                 "tgl"),
    ),
    Field(
        name="status",
        normalize=choice(STATUS_WORDS),
        default="draft",
        aliases=("post status", "wp:status", "status terbit"),
    ),
    Field(
        name="published_at",
        read=published_at,
        parts=(
            Part(
                name="published_time",
                aliases=("jam terbit", "waktu terbit", "jam tayang", "jam publikasi", "waktu publikasi", "publish time",
                         "published time", "publication time"),
                suffices=True,
                dated=True,
            ),
            Part(name="timezone", aliases=ZONES),
        ),
        kind=Kind.MOMENT,
        detail=Detail.MOMENT,
        aliases=("tanggal terbit", "tanggal publikasi", "publication date", "pubdate", "pub date", "wp:post_date_gmt",
                 "post date gmt", "date gmt", "post date utc", "date utc", "published on", "date published",
                 "published date", "publish date"),
        zoned_aliases=("published", "terbit", "tayang"),  # without a zone, the cells may be yes and no
    ),
    Field(
        name="category",
        normalize=first_word,
        column="category_id",
        vocabulary="post_categories",
        aliases=("kategori", "kind", "jenis", "rubrik", "categories", "section"),
    ),
    Field(
        name="tags",
        normalize=tags,
        kind=Kind.LIST,
        aliases=("tag", "kata kunci", "keywords", "subjects", "label", "labels", "topik"),
    ),
    Field(
        name="author",
        normalize=line,
        column="post_data",
        key="author",
        aliases=("penulis", "authors", "dc:creator", "author username", "creator", "byline"),
    ),
)  # fmt: skip

DESCRIPTOR = EntityDescriptor(
    entity="posts",
    fields=_FIELDS,
    external_id_aliases=("external id", "post id", "wp:post_id", "doi", "uuid", "id", "kode", "key"),
    label="title",
    list_names=(
        "posts", "post", "articles", "article", "news", "stories", "story", "berita", "artikel", "tulisan",
        "kabar",
    ),
    organization_aliases=(
        *OWNER_HEADERS, *OWNER_ID_HEADERS, *OWNER_NAME_HEADERS,
    ),
    derived=(
        DerivedColumn(name="title_key", field="title", derive=name_key),
        DerivedColumn(name="url_key", field="canonical_url", derive=website_key),
    ),
    name_key="title_key",
    discriminators=("url_key", "written_on"),
    natural_keys=(("url_key",), ("title_key", "written_on")),
    rules=(
        MatchRule(reason="match.slug", columns=("slug",)),
        MatchRule(reason="match.url", columns=("url_key",), discriminates=False),
        MatchRule(reason="match.title_date", columns=("title_key", "written_on"), name_agrees=False),
    ),
    guards=(
        Guard(field="status", value="published", action=Action.RECORD_PUBLISH),
        Guard(field="published_at", value=None, action=Action.RECORD_PUBLISH),
    ),
    public_fields=("title", "excerpt", "content", "canonical_url"),
    personal_fields=("author",),
    unpublished=("status", "draft"),
    extra_column="post_data",
    protected=frozenset(
        {"id", "organization_id", "field_origins", "post_data", "version", "created_at", "updated_at"}
    ),
    schema=post_schema,
)  # fmt: skip
