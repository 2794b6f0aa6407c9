"""Links found by social-links and links normalized by the core have the same form."""

import pandas as pd
import pytest
from kelompok_social_links.links import find_links

from kelompok_core.values.social import social


@pytest.mark.parametrize(("field", "written"), [
    ("instagram", "IG: @Rumah.Baca"), ("instagram", "instagram.com/rumahbaca?igshid=x"),
    ("facebook", "m.facebook.com/abc.def"), ("facebook", "facebook.com/groups/123"),
    ("facebook", "facebook.com/profile.php?id=100"), ("twitter", "twitter.com/lbh_pelita"),
    ("youtube", "youtube.com/@Kanal"), ("youtube", "youtube.com/channel/UCabc/videos"),
    ("linkedin", "linkedin.com/company/rumah-baca"),
])  # fmt: skip
def test_canonical_link_is_unchanged(field, written):
    url = find_links(written)[0].url
    found = social(field)(pd.Series([url], dtype="str"))
    assert found.values.tolist() == [url]
    assert found.findings.empty
