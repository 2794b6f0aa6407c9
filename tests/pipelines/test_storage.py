"""Dagster's storage: ours is what dagster.yaml makes, and it keeps its connections."""

import dagster as dg
import pytest
import sqlalchemy as sa

from kelompok_pipelines.instance import dagster_environment
from kelompok_pipelines.storage import PooledEventLogStorage, PooledRunStorage, PooledScheduleStorage

# One after the other: both would make Dagster's tables in the one database the run has for them.
pytestmark = pytest.mark.xdist_group("dagster-storage")


@pytest.fixture
def instance(settings, monkeypatch):
    for name, value in dagster_environment(settings).items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.get() as made:
        yield made


def test_the_instance_uses_the_pooled_storages(instance):
    assert isinstance(instance.run_storage, PooledRunStorage)
    assert isinstance(instance.event_log_storage, PooledEventLogStorage)
    assert isinstance(instance.schedule_storage, PooledScheduleStorage)


def test_many_questions_take_few_connections(instance):
    opened = []
    sa.event.listen(instance.run_storage._engine, "connect", lambda *_: opened.append(1))
    for _ in range(20):
        instance.get_runs_count()
    assert len(opened) <= 1
