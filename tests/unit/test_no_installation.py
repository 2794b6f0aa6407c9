"""Without an installation, no command creates one."""

import pytest

from kelompok_core.database import embedded
from kelompok_core.database.engine import find_addresses, find_owner_url
from kelompok_core.errors import SettingsError
from kelompok_core.settings import read_settings


@pytest.mark.parametrize("find", [find_addresses, find_owner_url])
def test_server_does_not_start_without_an_installation(tmp_path, monkeypatch, find):
    started = []
    monkeypatch.setattr(embedded, "ensure_running", started.append)
    monkeypatch.setattr(embedded, "owner_url", started.append)
    with pytest.raises(SettingsError) as caught:
        find(read_settings({}, folder=tmp_path, above=False))
    assert "kelompok init" in caught.value.hint
    assert started == []
    assert list(tmp_path.iterdir()) == []
