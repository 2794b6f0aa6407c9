"""Reads posts."""

from kelompok_core.posts.entity import DESCRIPTOR
from kelompok_core.posts.models import Post
from kelompok_core.record_queries import RecordQueries


class PostQueries(RecordQueries[Post]):
    """Reads posts."""

    model = Post
    descriptor = DESCRIPTOR
