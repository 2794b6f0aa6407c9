"""django-import-export with django-simple-history: each row looked up, validated, saved with its history.

Takes a URL and a file; prints seconds and MB.
"""

import sys
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import django
from django.conf import settings
from measuring import tell


def configure(url: str) -> None:
    parts = urlsplit(url)
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes", "django.contrib.auth", "import_export", "simple_history",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username,
                "PASSWORD": parts.password, "HOST": parts.hostname, "PORT": parts.port,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        IMPORT_EXPORT_USE_TRANSACTIONS=True,
    )  # fmt: skip
    django.setup()


def main(url: str, file: str) -> None:
    configure(url)
    from django.core.management import call_command
    from django.db import connection, models
    from import_export import resources
    from simple_history.models import HistoricalRecords
    from tablib import Dataset

    class Member(models.Model):
        nomor = models.CharField(max_length=20, unique=True)
        nama = models.CharField(max_length=200)
        jabatan = models.CharField(max_length=100, blank=True)
        email = models.EmailField(blank=True)
        hp = models.CharField(max_length=40, blank=True)
        tanggal_bergabung = models.CharField(max_length=40, blank=True)
        status = models.CharField(max_length=40, blank=True)
        kota = models.CharField(max_length=100, blank=True)
        warna = models.CharField(max_length=40, blank=True)
        history = HistoricalRecords()

        class Meta:
            app_label = "auth"
            db_table = "peer_members"

        def __str__(self) -> str:
            return self.nama

    class MemberResource(resources.ModelResource):
        class Meta:
            model = Member
            import_id_fields = ("nomor",)
            exclude = ("id",)
            skip_unchanged = True
            report_skipped = False
            clean_model_instances = True

    if "peer_members" not in connection.introspection.table_names():
        call_command("migrate", "contenttypes", verbosity=0)
        call_command("migrate", "auth", verbosity=0)
        with connection.schema_editor() as editor:
            editor.create_model(Member)
            editor.create_model(Member.history.model)
    started = perf_counter()
    dataset = Dataset().load(Path(file).read_text("utf-8"), format="csv")
    result = MemberResource().import_data(dataset, raise_errors=True)
    seconds = perf_counter() - started
    assert not result.has_errors()
    assert not result.has_validation_errors()
    tell(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
