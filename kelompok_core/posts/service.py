"""Writing posts, one at a time and as a person: the only writer but for the import engine."""

from kelompok_core.posts.entity import DESCRIPTOR
from kelompok_core.posts.models import Post
from kelompok_core.record_service import RecordService


class PostService(RecordService[Post]):
    """Writes posts."""

    model = Post
    descriptor = DESCRIPTOR
