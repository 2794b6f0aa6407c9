"""Writing members, one at a time and as a person: the only writer but for the import engine."""

from kelompok_core.members.entity import DESCRIPTOR
from kelompok_core.members.models import Member
from kelompok_core.record_service import RecordService


class MemberService(RecordService[Member]):
    """Writes members."""

    model = Member
    descriptor = DESCRIPTOR
