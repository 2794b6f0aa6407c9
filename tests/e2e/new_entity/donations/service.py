"""Writing donations, one at a time and as a person: the only writer but for the import engine."""

from kelompok_core.donations.entity import DESCRIPTOR
from kelompok_core.donations.models import Donation

from kelompok_core.record_service import RecordService


class DonationService(RecordService[Donation]):
    """Writes donations."""

    model = Donation
    descriptor = DESCRIPTOR
