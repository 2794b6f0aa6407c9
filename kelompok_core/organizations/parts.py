"""The service and the queries of organizations."""

from kelompok_core.entity_parts import EntityParts
from kelompok_core.organizations.queries import OrganizationQueries
from kelompok_core.organizations.service import OrganizationService

PARTS = EntityParts(service=OrganizationService, queries=OrganizationQueries)
