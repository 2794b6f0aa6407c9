"""Writes single members as a person. Only the import engine writes them, too."""

from kelompok_core.members.entity import DESCRIPTOR
from kelompok_core.members.models import Member
from kelompok_core.record_service import RecordService


class MemberService(RecordService[Member]):
    """Writes members."""

    model = Member
    descriptor = DESCRIPTOR
