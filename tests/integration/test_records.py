"""Members, posts and events written by people are normalized, audited, and protected from imports."""

from datetime import UTC, date, datetime

import pytest

from kelompok_core.errors import NotFound, NotPermitted, UsageError
from kelompok_core.events.queries import EventQueries
from kelompok_core.events.service import EventService
from kelompok_core.members.queries import MemberQueries
from kelompok_core.members.service import MemberService
from kelompok_core.posts.service import PostService


@pytest.fixture
def home(import_file, ask):
    import_file("id,name\n1,Satu\n2,Dua\n", name="orgs.csv")
    return ask("SELECT id FROM organizations WHERE slug = 'satu'")[0].id


def test_member_is_normalized_and_audited_and_its_setters_recorded(database, operator, ask, home):
    with database.session() as session:
        service = MemberService(session, operator)
        made = service.create(
            {"name": " Ani  Wati ", "phone": "0812-3456-7890", "started_on": "5 Mei 2020", "tags": "air, hutan",
             "instagram": "@ani"},
            home,
        )  # fmt: skip
        assert (made.name, made.phone, made.started_on, made.status) == (
            "Ani Wati", "+6281234567890", date(2020, 5, 5), "active",
        )  # fmt: skip
        assert made.profile_data == {"tags": ["air", "hutan"]}
        assert set(made.field_origins.values()) == {f"person:{operator.id}"}
        changed = service.update(made.id, {"tags": "", "ended_on": "2021", "email": "ANI@x.id"})
        assert (changed.profile_data, changed.ended_on, changed.email_key) == ({}, date(2021, 12, 31), "ani@x.id")
        member = made.id
    actions = [row.action for row in ask("SELECT action FROM audit_logs WHERE record_id = :id ORDER BY id", id=member)]
    assert actions == ["create", "update"]
    with database.session() as session:
        queries = MemberQueries(session)
        assert queries.get("ANI@x.id").id == queries.get(str(member)[-8:], home).id == member
        assert [one.id for one in queries.list(organization_id=home, search="wati")] == [member]
        with pytest.raises(NotFound):
            queries.get("ani")


def test_change_of_a_value_set_by_a_person_goes_to_review(database, operator, ask, import_file, home):
    with database.session() as session:
        MemberService(session, operator).create({"name": "Ani", "email": "ani@x.id", "position": "Ketua"}, home)
    report = import_file("nama,email,jabatan\nAni,ani@x.id,Anggota\n", entity="members", organization="satu")
    assert report.counts["review"] == 1
    assert ask("SELECT position FROM members")[0].position == "Ketua"


def test_event_has_its_zone_and_all_day_flag(database, operator, home):
    with database.session() as session:
        service = EventService(session, operator)
        timed = service.create({"title": "Rapat", "starts_at": "2026-01-05 19.30 WITA"}, home)
        assert (timed.starts_at, timed.timezone, timed.all_day) == (
            datetime(2026, 1, 5, 11, 30, tzinfo=UTC), "Asia/Makassar", False,
        )  # fmt: skip
        whole = service.create({"title": "Rapat", "starts_at": "2026-01-06", "ends_at": "2026-01-07"}, home)
        assert (whole.slug, whole.all_day, whole.status) == ("rapat-2", True, "planned")
        assert EventQueries(session).get("rapat-2").id == whole.id


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"title": ""}, "title"),
        ({"title": "x", "starts_at": "besok"}, "starts_at is not a recognizable date"),
        ({"title": "x", "starts_at": "2026-01-02", "ends_at": "2026-01-01"}, "end before it begins"),
        ({"title": "x", "organization_id": "1"}, "no field 'organization_id'"),
        ({"title": "x", "slug": "ada"}, "slug is taken"),
    ],
)
def test_invalid_value_is_refused(database, operator, ask, home, values, message):
    with database.session() as session:
        EventService(session, operator).create({"title": "Ada"}, home)
    with pytest.raises(UsageError, match=message), database.session() as session:
        EventService(session, operator).create(values, home)
    assert len(ask("SELECT FROM events")) == 1


def test_post_has_one_category_and_publishing_needs_the_right(database, operator, person, ask, home):
    editor = person("e@x.id", slug="satu", role="editor")
    with database.session() as session:
        for title, category in (("Satu", "Berita"), ("Dua", "BERITA")):
            PostService(session, editor).create({"title": title, "category": category, "tags": "air"}, home)
    assert [row.name for row in ask("SELECT name FROM post_categories")] == ["Berita"]
    post = ask("SELECT id FROM posts WHERE slug = 'satu'")[0].id
    with pytest.raises(NotPermitted, match=r"record\.publish"), database.session() as session:
        PostService(session, editor).update(post, {"status": "terbit"})
    with database.session() as session:
        published = PostService(session, operator).update(post, {"status": "terbit"})
        assert published.published_at is not None
    with database.session() as session:
        PostService(session, operator).delete(post)
    assert len(ask("SELECT FROM post_tags")) == 1, "its tags go with it"


@pytest.mark.parametrize("service", [MemberService, PostService, EventService])
def test_user_cannot_write_into_a_foreign_organization(database, person, ask, home, service):
    stranger = person("s@x.id", slug="dua", role="owner")
    values = {"name": "Ani"} if service is MemberService else {"title": "Ani"}
    with pytest.raises(NotPermitted), database.session() as session:
        service(session, stranger).create(values, home)
    with pytest.raises(NotPermitted), database.session() as session:
        service(session, stranger).create(values)
    own = person("o@x.id", slug="satu", role="owner")
    with database.session() as session:
        made = service(session, own).create(values, home).id
    for change in (lambda it: it.update(made, values), lambda it: it.delete(made)):
        with pytest.raises(NotPermitted), database.session() as session:
            change(service(session, stranger))
    viewer = person("v@x.id", slug="satu", role="viewer")
    with pytest.raises(NotPermitted), database.session() as session:
        service(session, viewer).update(made, values)
