"""Reading donations."""

from kelompok_core.donations.entity import DESCRIPTOR
from kelompok_core.donations.models import Donation

from kelompok_core.record_queries import RecordQueries


class DonationQueries(RecordQueries[Donation]):
    """Reads donations."""

    model = Donation
    descriptor = DESCRIPTOR
