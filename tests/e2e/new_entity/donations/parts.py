"""The service and the queries of donations."""

from kelompok_core.donations.queries import DonationQueries
from kelompok_core.donations.service import DonationService

from kelompok_core.entity_parts import EntityParts

PARTS = EntityParts(service=DonationService, queries=DonationQueries)
