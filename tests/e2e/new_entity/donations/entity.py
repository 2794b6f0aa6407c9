"""Donations as the import engine knows them: fields, aliases, keys, protected columns, merge policy."""

from functools import partial

import pandas as pd
from kelompok_core.donations.schema import donation_schema

from kelompok_core.contracts import Severity
from kelompok_core.descriptor import (
    OWNER_HEADERS,
    OWNER_ID_HEADERS,
    DerivedColumn,
    EntityDescriptor,
    Field,
    Kind,
    MatchRule,
)
from kelompok_core.matching.keys import name_key
from kelompok_core.values.dates import first_day
from kelompok_core.values.eras import JOINING
from kelompok_core.values.normalized import Normalized, found
from kelompok_core.values.text import line
from kelompok_core.values.words import choice


def amount(cells: pd.Series) -> Normalized:
    """Read amounts with a point before the decimals and nothing between the thousands."""
    texts = cells.str.strip().replace("", None)
    good = texts.where(texts.str.fullmatch(r"\d{1,20}(\.\d{1,4})?"))
    shortest = good.str.replace(r"(\.\d*?)0+$", r"\1", regex=True).str.removesuffix(".")
    wrong = texts.notna() & good.isna()
    return Normalized(values=shortest, findings=found(cells, wrong, "value.type", Severity.ERROR))


DESCRIPTOR = EntityDescriptor(
    entity="donations",
    fields=(
        Field(name="receipt", normalize=line, aliases=("nomor kuitansi", "receipt number")),
        Field(name="donor", normalize=line, required=True, aliases=("donatur", "nama donatur", "donor name")),
        Field(name="amount", normalize=amount, kind=Kind.NUMBER, aliases=("jumlah", "nominal")),
        Field(
            name="currency",
            normalize=choice({"IDR": ("rp", "rupiah"), "USD": ("us dollar",)}),
            default="IDR",
            aliases=("mata uang",),
        ),
        Field(
            name="donated_on", read=partial(first_day, era=JOINING), kind=Kind.DAY, aliases=("tanggal donasi", "date")
        ),
    ),
    external_id_aliases=("external id", "donation id", "id donasi", "id"),
    label="donor",
    list_names=("donations", "donation", "donasi", "sumbangan"),
    personal_fields=("donor",),
    has_slug=False,
    organization_aliases=(*OWNER_HEADERS, *OWNER_ID_HEADERS),
    derived=(
        DerivedColumn(name="donor_key", field="donor", derive=name_key),
        DerivedColumn(name="receipt_key", field="receipt", derive=name_key),
    ),
    name_key="donor_key",
    discriminators=("receipt_key", "donated_on", "amount"),
    natural_keys=(("receipt_key",), ("donor_key", "donated_on", "amount")),
    rules=(MatchRule(reason="match.uid", columns=("receipt_key",), discriminates=False),),
    extra_column="donation_data",
    protected=frozenset(
        {"id", "organization_id", "field_origins", "donation_data", "version", "created_at", "updated_at"}
    ),
    schema=donation_schema,
)
