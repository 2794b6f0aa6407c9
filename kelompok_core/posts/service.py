"""Writes single posts as a person. Only the import engine writes them, too."""

from kelompok_core.posts.entity import DESCRIPTOR
from kelompok_core.posts.models import Post
from kelompok_core.record_service import RecordService


class PostService(RecordService[Post]):
    """Writes posts."""

    model = Post
    descriptor = DESCRIPTOR
