"""Reads members."""

from kelompok_core.members.entity import DESCRIPTOR
from kelompok_core.members.models import Member
from kelompok_core.record_queries import RecordQueries


class MemberQueries(RecordQueries[Member]):
    """Reads members."""

    model = Member
    descriptor = DESCRIPTOR
