"""Messages between the core and a plugin's process: what is sent comes back the same, and what is hostile is refused."""
# ruff: noqa: E501, N802 -- tables of cases

import json
import os
import struct
import threading
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kelompok_core.contracts import (
    SIGNAL_COLUMNS,
    SUGGESTION_COLUMNS,
    CommandResult,
    Issue,
    PluginContext,
    Severity,
    Source,
    SourceBatch,
    issue_table,
    location_table,
    text_table,
)
from kelompok_core.plugin_process import asking, exchange
from kelompok_core.plugin_process.exchange import UnfitMessage
from kelompok_core.plugin_process.frames import LARGEST_FRAME, Channel, Closed, Late, Malformed, Message
from kelompok_core.plugin_process.tables import (
    NUMBER,
    REAL,
    TEXT,
    UnfitTable,
    number_column,
    pack_columns,
    text_frame,
    unpack_columns,
)

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_CELL = st.none() | _TEXT
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def ends():
    """Two channels that are connected."""
    one_reads, other_writes = os.pipe()
    other_reads, one_writes = os.pipe()
    one, other = Channel(one_reads, one_writes), Channel(other_reads, other_writes)
    yield one, other
    for channel in (one, other):
        try:
            channel.close()
        except OSError:
            continue


class TestFrames:
    def test_message_arrives_as_it_was_sent(self, ends):
        one, other = ends
        tables = [b"", b"abc", b"x" * 100_000]
        sender = threading.Thread(target=one.send, args=[Message(kind="batch", values={"a": [1, None]}, tables=tables)])
        sender.start()
        found = other.receive(seconds=10)
        sender.join()
        assert (found.kind, dict(found.values), [bytes(table) for table in found.tables]) == (
            "batch",
            {"a": [1, None]},
            tables,
        )

    def test_closed_pipe_is_an_end(self, ends):
        one, other = ends
        one.close()
        with pytest.raises(Closed):
            other.receive(seconds=5)
        with pytest.raises(Closed):
            for _ in range(100):
                other.send(Message(kind="x", values={}, tables=[b"x" * 100_000]))

    def test_nothing_before_the_deadline_is_late(self, ends):
        ticks = []
        with pytest.raises(Late):
            ends[0].receive(seconds=0.5, on_tick=lambda: ticks.append(1))

    def test_message_that_nobody_reads_is_late(self, ends):
        with pytest.raises(Late):
            ends[0].send(Message(kind="x", values={}, tables=[b"x" * 5_000_000]), seconds=0.5)

    def test_large_message_arrives_although_writing_does_not_block(self, ends):
        one, other = ends
        sent = Message(kind="x", values={}, tables=[b"x" * 5_000_000])
        sender = threading.Thread(target=one.send, args=[sent], kwargs={"seconds": 20})
        sender.start()
        assert bytes(other.receive(seconds=20).tables[0]) == sent.tables[0]
        sender.join()

    def test_waiting_can_be_broken_off(self, ends):
        def stop():
            raise KeyError

        with pytest.raises(KeyError):
            ends[0].receive(seconds=60, on_tick=stop)

    def test_half_a_message_is_late(self, ends):
        one, other = ends
        os.write(one._write_to, struct.pack("<IQ", 1, 50) + b"{")
        with pytest.raises(Late):
            other.receive(seconds=0.5)

    @pytest.mark.parametrize("sent", [
        b"\xff" * 100,
        struct.pack("<I", 0),
        struct.pack("<I", 65),
        struct.pack("<IQ", 1, LARGEST_FRAME + 1),
        struct.pack("<IQQ", 2, 1, 2**63),
        struct.pack("<IQ", 1, 4) + b"null",
        struct.pack("<IQ", 1, 2) + b"[]",
        struct.pack("<IQ", 1, 2) + b"{}",
        struct.pack("<IQ", 1, 3) + b"\xff\xfe\xfd",
        struct.pack("<IQ", 1, 10_000) + b"[" * 10_000,
    ])  # fmt: skip
    def test_noise_is_malformed(self, ends, sent):
        one, other = ends
        os.write(one._write_to, sent)
        with pytest.raises(Malformed):
            other.receive(seconds=5)


class TestTables:
    def test_columns_come_back(self):
        columns = [pa.array(["a", None], TEXT), pa.array([1, None], NUMBER), pa.array([0.5, None], REAL)]
        assert unpack_columns(pack_columns(columns), [TEXT, NUMBER, REAL]) == columns

    @pytest.mark.parametrize(
        "kind", [pa.int32(), pa.string(), pa.binary(), pa.list_(TEXT), pa.dictionary(pa.int8(), TEXT), pa.null()]
    )
    def test_other_types_are_refused(self, kind):
        with pytest.raises(UnfitTable):
            unpack_columns(pack_columns([pa.array([], kind)]))

    @pytest.mark.parametrize("codec", ["lz4", "zstd"])
    def test_compressed_columns_are_refused(self, codec):
        batch = pa.RecordBatch.from_arrays([pa.array(["a" * 100_000], TEXT)], ["0"])
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
            writer.write_batch(batch)
        with pytest.raises(UnfitTable, match="compressed"):
            unpack_columns(memoryview(sink.getvalue()))

    def test_offsets_that_lead_outside_are_refused(self):
        packed = bytes(pack_columns([pa.array(["a" * 1234], TEXT)]))
        offsets = struct.pack("<qq", 0, 1234)
        assert packed.count(offsets) == 1
        with pytest.raises(UnfitTable):
            unpack_columns(packed.replace(offsets, struct.pack("<qq", 0, 2**40)))

    def test_text_that_is_no_utf8_is_refused(self):
        offsets = pa.py_buffer(struct.pack("<qq", 0, 2))
        array = pa.Array.from_buffers(TEXT, 1, [None, offsets, pa.py_buffer(b"\xff\xfe")])
        with pytest.raises(UnfitTable):
            unpack_columns(pack_columns([array]))

    @given(noise=st.binary(max_size=300))
    def test_noise_is_refused(self, noise):
        with pytest.raises(UnfitTable):
            unpack_columns(noise)

    @given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
    @settings(max_examples=300, deadline=None)
    def test_damaged_table_is_refused_or_read(self, at, byte):
        packed = bytearray(pack_columns([pa.array(["abc", None, "d"], TEXT), pa.array(["x", "y", "z"], TEXT)]))
        packed[at % len(packed)] = byte
        try:
            columns = unpack_columns(packed)
        except UnfitTable:
            return
        assert all(isinstance(cell, str | None) for column in columns for cell in column.to_pylist())

    def test_numbers_keep_their_nulls(self):
        assert number_column(pd.Series([1, None], dtype="object")).to_pylist() == [1, None]

    def test_frame_without_columns_keeps_its_rows(self):
        assert len(text_frame([], [], 3)) == 3


@st.composite
def _batches(draw):
    rows = draw(st.integers(0, 4))
    names = draw(st.lists(_TEXT.filter(str.strip), unique=True, max_size=4))
    cells = {name: draw(st.lists(_CELL, min_size=rows, max_size=rows)) for name in names}
    issues = draw(st.lists(_ISSUES(rows), max_size=3)) if rows else []
    return SourceBatch(
        cells=text_frame(list(cells), [pa.array(column, TEXT) for column in cells.values()], rows),
        locations=location_table(
            range(1, rows + 1), lines=draw(st.lists(st.none() | st.integers(1, 99), min_size=rows, max_size=rows)),
            selectors=draw(st.lists(_TEXT, min_size=rows, max_size=rows)),
        ),
        issues=issue_table(issues),
        read_as=draw(st.dictionaries(_TEXT, _JSON, max_size=3)),
        blank_lines=draw(st.integers(0, 9)),
    )  # fmt: skip


def _ISSUES(rows):
    return st.builds(
        Issue, code=st.just("my.code"), severity=st.sampled_from(Severity),
        row_number=st.none() | st.integers(1, rows), line=st.none() | st.integers(1, 99), column=_CELL, value=_CELL,
        params=st.dictionaries(_TEXT, _JSON, max_size=2),
    )  # fmt: skip


def _sent(values):
    """Return JSON values as the other side gets them."""
    return json.loads(json.dumps(values))


class TestExchange:
    @given(batch=_batches())
    @settings(deadline=None)
    def test_batch_comes_back(self, batch):
        values, tables = exchange.pack_batch(batch)
        found = exchange.unpack_batch(_sent(values), tables)
        assert list(found.cells.columns) == list(batch.cells.columns)
        pd.testing.assert_frame_equal(found.cells, batch.cells)
        pd.testing.assert_frame_equal(found.locations, batch.locations)
        assert found.issues.astype("object").where(found.issues.notna(), None).to_dict("records") == (
            batch.issues.astype("object").where(batch.issues.notna(), None).to_dict("records")
        )
        assert (dict(found.read_as), found.blank_lines) == (dict(batch.read_as), batch.blank_lines)

    def test_surrogates_and_nul_are_sent_as_far_as_they_can(self):
        batch = SourceBatch(
            cells=text_table({"n\0": ["a\0b"]}),
            locations=location_table([1], lines=[1], selectors=["#row=1"]),
            issues=issue_table([Issue(code="a.b", severity=Severity.INFO, column="n\ud800", value="x\0")]),
        )
        values, tables = exchange.pack_batch(batch)
        found = exchange.unpack_batch(_sent(values), tables)
        assert found.cells["n\0"].tolist() == ["a\0b"]
        assert (found.issues["column"][0], found.issues["value"][0]) == ("n\ufffd", "x\0")

    @pytest.mark.parametrize("change", [
        {"columns": ["a", "a"]}, {"columns": [1]}, {"columns": None}, {"columns": []}, {"rows": "x"}, {"rows": None},
    ])  # fmt: skip
    def test_batch_that_is_none_is_refused(self, change):
        batch = SourceBatch(
            cells=text_table({"a": ["1"]}), locations=location_table([1], lines=[1], selectors=["#row=1"])
        )
        values, tables = exchange.pack_batch(batch)
        with pytest.raises(UnfitMessage):
            exchange.unpack_batch({**values, **change}, tables)
        with pytest.raises(UnfitMessage):
            exchange.unpack_batch(values, tables[:2])
        with pytest.raises(UnfitMessage):
            exchange.unpack_batch({}, tables)

    def test_issue_with_bad_params_is_refused(self):
        columns = [pa.array([1], NUMBER)] * 2 + [pa.array(["a"], TEXT)] * 4 + [pa.array(["{"], TEXT)]
        with pytest.raises(UnfitMessage):
            exchange.unpack_issues([pack_columns(columns)])

    def test_unknown_severity_is_refused(self):
        columns = [pa.array([1], NUMBER)] * 2 + [pa.array(["a"], TEXT)] * 4 + [pa.array(["{}"], TEXT)]
        with pytest.raises(UnfitMessage):
            exchange.unpack_issues([pack_columns(columns)])

    @given(issue=_ISSUES(5))
    def test_issue_comes_back(self, issue):
        assert exchange.unpack_issues(exchange.pack_issues([issue])) == [issue]

    def test_signals_come_back(self):
        row = ("r1", "sdg", "4", 0.5, "name", 0, 4, "Guru", "x@1")
        signals = pd.DataFrame([row], columns=list(SIGNAL_COLUMNS))
        found = exchange.unpack_signals(exchange.pack_signals(signals))
        assert list(found.itertuples(index=False, name=None)) == [row]
        assert exchange.unpack_signals(exchange.pack_signals(signals.head(0))).empty

    def test_suggestions_come_back(self):
        row = ("c1", "e1", 0.9, "{}", "x@1")
        suggestions = pd.DataFrame([row], columns=list(SUGGESTION_COLUMNS))
        found = exchange.unpack_suggestions(exchange.pack_suggestions(suggestions))
        assert list(found.itertuples(index=False, name=None)) == [row]

    def test_frames_of_text_come_back(self):
        frames = [text_table({"key": ["a"], "name": [None]}), text_table({"key": []})]
        values, tables = exchange.pack_texts(frames)
        found = exchange.unpack_texts(_sent(values), tables)
        assert [one.to_dict("list") for one in found] == [{"key": ["a"], "name": [None]}, {"key": []}] or (
            found[0]["name"].isna().all()
        )

    def test_result_comes_back_with_cells_for_people(self):
        odd = pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "f": [0.5, float("nan")], "t": ["a", None],
                            "d": [datetime(2026, 1, 2, tzinfo=UTC), None], "p": [{"a": 1}, None]})  # fmt: skip
        result = CommandResult(text="x", tables={"T": odd}, exit_code=3, read_as={"a": 1})
        found = exchange.unpack_result(_sent(exchange.pack_result(result)))
        assert (found.text, found.exit_code, dict(found.read_as)) == ("x", 3, {"a": 1})
        assert found.tables["T"].where(found.tables["T"].notna(), None).values.tolist() == [
            [1, 0.5, "a", "2026-01-02 00:00:00+00:00", {"a": 1}], [None, None, None, None, None],
        ]  # fmt: skip

    @pytest.mark.parametrize("values", [{}, {"text": "", "tables": [], "exit_code": 0, "read_as": {}}])
    def test_result_that_is_none_is_refused(self, values):
        with pytest.raises(UnfitMessage):
            exchange.unpack_result(values)

    def test_sources_among_arguments_come_back(self):
        source = Source(path=Path("x"), file_name="x", media_type="text/csv", sha256="", size=1)
        arguments = {"file": source, "rows": 5, "other": {"a": 1}}
        assert exchange.unpack_arguments(_sent(exchange.pack_arguments(arguments))) == arguments


class TestAsking:
    @pytest.fixture
    def answered(self, ends):
        """A context whose questions are answered from a list; returns it and what was asked."""
        one, other = ends
        asked = []

        def run(*answers):
            def answer():
                for values, tables in answers:
                    asked.append(other.receive(seconds=10))
                    other.send(Message(kind=asking.ANSWER, values=values, tables=tables))

            thread = threading.Thread(target=answer)
            thread.start()
            given_values = {
                "plugin": "x", "config": {}, "secrets": {}, "dry_run": True, "batch_size": 5, "max_columns": 9,
                "entity": "members", "columns": ["a"], "log_level": 20,
            }  # fmt: skip
            return asking.make_context(given_values, one, Path()), asked, thread

        return run

    def test_questions_are_asked_and_answered(self, answered):
        issue = Issue(code="a.b", severity=Severity.FATAL, params={"a": 1})
        context, asked, thread = answered(
            ({"result": {"Nama": "name"}}, []), ({"result": ["nama"]}, []), ({"result": "members"}, []),
            ({}, exchange.pack_issues([issue])),
        )  # fmt: skip
        assert isinstance(context, PluginContext)
        assert context.map_headers("members", ["Nama"]) == {"Nama": "name"}
        assert context.header_words("members") == context.header_words("members") == {"nama"}
        assert context.find_entity("anggota") == "members"
        assert context.judge_columns("members", text_table({"a": ["x"] * 5_000})) == [issue]
        thread.join()
        assert [one.values["name"] for one in asked] == ["map_headers", "header_words", "find_entity", "judge_columns"]
        assert asked[-1].values["frames"][0]["rows"] == 1_000

    def test_refusal_is_an_unreadable_source(self, answered):
        issue = Issue(code="header.too_many_columns", severity=Severity.FATAL, params={"limit": 2})
        context, _, thread = answered(({"refused": True}, exchange.pack_issues([issue])))
        with pytest.raises(Exception, match=r"header\.too_many_columns") as caught:
            context.map_headers("members", ["a"])
        thread.join()
        assert caught.value.issue == issue
