"""Links: one canonical address each, and nothing that only looks like one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kelompok_social_links.links import find_links, read_link
from kelompok_social_links.platforms import BY_NAME, PLATFORMS, imitates, platform_of
from kelompok_social_links.plugin import SocialLinksEnricher, SocialLinksNormalizer

from kelompok_core.contracts import PluginContext, text_table
from tests.reading import normalized

_PIECES = ["IG:", "@rumah_baca", "instagram.com/abc", "https://x.com/ab", "dan", "🌱", "«", "\n", "wa.me/6281234567",
           "www.a.or.id/b?utm_x=1", "t.me/abcd", "..", "/"]  # fmt: skip


def _found(text):
    return [(link.platform, link.url) for link in find_links(text) if link.problem is None]


@pytest.mark.parametrize(("text", "found"), [
    ("IG: @Rumah.Baca", [("instagram", "https://www.instagram.com/rumah.baca")]),
    ("ig @rumahbaca dan fb: @rumahbaca", [("instagram", "https://www.instagram.com/rumahbaca"),
                                          ("facebook", "https://www.facebook.com/rumahbaca")]),
    ("https://www.instagram.com/RumahBaca/?igshid=abc&hl=id", [("instagram", "https://www.instagram.com/rumahbaca")]),
    ("(instagram.com/rumahbaca).", [("instagram", "https://www.instagram.com/rumahbaca")]),
    ("m.facebook.com/abc.def?ref=x", [("facebook", "https://www.facebook.com/abc.def")]),
    ("https://facebook.com/profile.php?id=100&sk=about", [("facebook", "https://www.facebook.com/profile.php?id=100")]),
    ("facebook.com/groups/123/", [("facebook", "https://www.facebook.com/groups/123")]),
    ("fb.me/halo", [("facebook", "https://www.facebook.com/halo")]),
    ("twitter.com/lbh_pelita", [("twitter", "https://x.com/lbh_pelita")]),
    ("x.com/lbh_pelita?s=20", [("twitter", "https://x.com/lbh_pelita")]),
    ("https://www.youtube.com/channel/UCabc/videos", [("youtube", "https://www.youtube.com/channel/UCabc")]),
    ("youtube.com/@Kanal.Kami", [("youtube", "https://www.youtube.com/@Kanal.Kami")]),
    ("https://www.tiktok.com/@Rumah.Baca?lang=id", [("tiktok", "https://www.tiktok.com/@rumah.baca")]),
    ("linkedin.com/company/rumah-baca/about", [("linkedin", "https://www.linkedin.com/company/rumah-baca")]),
    ("t.me/+AbCdEf123456", [("telegram", "https://t.me/+AbCdEf123456")]),
    ("wa.me/628123456789?text=halo", [("whatsapp", "https://wa.me/628123456789")]),
    ("https://api.whatsapp.com/send?phone=628123456789", [("whatsapp", "https://wa.me/628123456789")]),
    ("linktr.ee/rumahbaca", [("linktree", "https://linktr.ee/rumahbaca")]),
    ("Kunjungi www.rumah.or.id, terima kasih.", [("website", "https://www.rumah.or.id")]),
    ("https://Rumah.example.org/kami/?utm_source=x&id=3", [("website", "https://rumah.example.org/kami?id=3")]),
    ("Instagram: rumah_baca_bahari", [("instagram", "https://www.instagram.com/rumah_baca_bahari")]),
    ("[kami](https://x.com/lbh)", [("twitter", "https://x.com/lbh")]),
    ("[https://a.or.id/b](https://a.or.id/b)", [("website", "https://a.or.id/b")] * 2),
    ("https://[::1/x dan https://", []),
    ("(“https://a.or.id/b/”)", [("website", "https://a.or.id/b")]),
    ("https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.com%2Flbh&data=05", [
        ("twitter", "https://x.com/lbh")]),
    ("https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.a.or.id%2Fb&h=x", [("website", "https://www.a.or.id/b")]),
    ("https://www.google.com/url?q=https://a.or.id", [("website", "https://a.or.id")]),
    ("https://www.google.com/search?q=https://a.or.id", [("website", "https://www.google.com/search?q=https://a.or.id")]),
    ("@rumahbaca", []),
    ("Instagram: lihat di bawah", []),
    ("x: 20 orang, ig kami ramai", []),
    ("surat@instagram.com", []),
    ("Rapat pukul 10.30 di lantai 2.1", []),
])  # fmt: skip
def test_canonical_addresses(text, found):
    assert _found(text) == found


@pytest.mark.parametrize(("text", "problem"), [
    ("https://instagram.com.login.example/x", "link.look_alike"), ("faceb00k.com/x", "link.look_alike"),
    ("instagrarn.com/a", "link.look_alike"), ("https://www.facebok.com/a", "link.look_alike"),
    ("https://twiter.com/a", "link.look_alike"), ("https://facebook-login.example/a", "link.look_alike"),
    ("bit.ly/abc", "link.shortened"), ("https://s.id/abc", "link.shortened"),
    ("instagram.com/p/abc", "link.no_account"), ("youtu.be/xyz", "link.no_account"),
    ("https://www.youtube.com/watch?v=abc", "link.no_account"), ("facebook.com/sharer.php?u=x", "link.no_account"),
    ("https://wa.me/abc", "link.no_account"), ("x.com/hashtag/abc", "link.no_account"),
])  # fmt: skip
def test_an_address_without_account_is_reported(text, problem):
    assert [link.problem for link in find_links(text)] == [problem]


@pytest.mark.parametrize("host", ["rumahbaca.example.org", "telegraph.example", "linked.example", "face.example"])
def test_an_honest_host_imitates_nobody(host):
    assert imitates(host) is None


def test_every_platforms_hosts_are_its_own():
    for platform in PLATFORMS:
        for host in platform.hosts:
            assert platform_of(host) is platform
            assert platform_of(f"m.{host}") is platform
            assert platform_of(f"not{host}") is not platform


@given(st.lists(st.sampled_from(_PIECES), max_size=10))
@settings(max_examples=200, deadline=None)
def test_links_stand_where_they_say_and_are_canonical_already(parts):
    text = " ".join(parts)
    at = 0
    for link in find_links(text):
        assert at <= link.start < link.end <= len(text)
        at = link.end
        assert text[link.start : link.end] == text[link.start : link.end].strip()
        if link.problem is None:
            again = find_links(link.url)
            assert [(one.platform, one.url) for one in again] == [(link.platform, link.url)]


@given(st.text(alphabet=st.sampled_from("abw.:/@[]()%?=&#\\ 0é🌱\n") | st.characters(), max_size=60))
@settings(max_examples=500, deadline=None)
def test_no_text_is_too_odd(text):
    for link in find_links(f"https://{text} x.com/{text} IG: @{text}"):
        assert link.start < link.end


def test_a_cell_may_be_a_bare_handle():
    assert read_link("rumahbaca", BY_NAME["instagram"]).url == "https://www.instagram.com/rumahbaca"
    assert read_link("rumah baca", BY_NAME["instagram"]) is None


def _normalize(**columns):
    return normalized(SocialLinksNormalizer(), {"Instagram": "instagram", "FB": "facebook"}, columns)


class TestOnImport:
    def test_a_mixed_column_is_sorted_and_stays(self):
        found = _normalize(Medsos=["IG: @a.b; FB: @nama, wa.me/628123456789", None])
        assert found.cells["instagram"].fillna("").tolist() == ["https://www.instagram.com/a.b", ""]
        assert found.cells["facebook"][0] == "https://www.facebook.com/nama"
        assert found.cells["whatsapp_link"][0] == "https://wa.me/628123456789"
        assert found.cells["Medsos"][0].startswith("IG:")

    def test_another_platforms_address_goes_to_its_own_column(self):
        found = _normalize(Instagram=["https://facebook.com/nama", "@a"], FB=["", "fb.com/lain"])
        assert found.cells["FB"].tolist() == ["https://www.facebook.com/nama", "https://www.facebook.com/lain"]
        assert found.cells["Instagram"].tolist() == ["", "https://www.instagram.com/a"]
        issue = found.issues.iloc[0]
        assert (issue["code"], issue["line"], issue["column"]) == ("link.other_platform", 2, "Instagram")

    def test_what_is_there_is_not_written_over(self):
        found = _normalize(Instagram=["@own"], Medsos=["IG: @other"])
        assert found.cells["Instagram"][0] == "https://www.instagram.com/own"

    def test_a_look_alike_is_not_used(self):
        found = _normalize(Instagram=["https://instagrarn.com/nama"])
        assert found.cells["Instagram"][0] == ""
        assert found.issues.iloc[0]["code"] == "link.look_alike"


def test_signals():
    records = text_table({"record": ["1", "2"], "description": ["IG @rumah, lagi IG @rumah", "bit.ly/x"]})
    found = SocialLinksEnricher().enrich(records, PluginContext())
    assert set(found["value"]) == {"https://www.instagram.com/rumah"}
    assert found["quote"].tolist() == ["@rumah", "@rumah"]
    assert found["start"].is_unique
