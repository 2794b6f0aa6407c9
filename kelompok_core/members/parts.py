"""The service and the queries of members."""

from kelompok_core.entity_parts import EntityParts
from kelompok_core.members.queries import MemberQueries
from kelompok_core.members.service import MemberService

PARTS = EntityParts(service=MemberService, queries=MemberQueries)
