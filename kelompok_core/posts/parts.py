"""The service and the queries of posts."""

from kelompok_core.entity_parts import EntityParts
from kelompok_core.posts.queries import PostQueries
from kelompok_core.posts.service import PostService

PARTS = EntityParts(service=PostService, queries=PostQueries)
