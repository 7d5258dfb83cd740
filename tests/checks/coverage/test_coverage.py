"""Coverage as a value: counted, merged, carried from process to process."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.coverage.coverage import DIMENSIONS, Count, Coverage
from mockserver.checks.coverage.items import Item
from mockserver.engine.journal import Exchange
from mockserver.exceptions import UsageError
from tests.checks.coverage.counted import coverage_of, taking
from tests.mocks import Mock, desk


def called() -> Mock:
    """A desk that has been called in many ways."""
    mock = desk()
    for line in ("GET /tickets", "GET /tickets?state=open&limit=3", "GET /status", "DELETE /tickets/T1", "GET /none"):
        mock.call(line)
    for body in ({"title": "x"}, {"title": "x", "state": "closed", "priority": 1}, {"title": ""}, {}):
        mock.call("POST /tickets", body)
    mock.call("PATCH /tickets/T1", {"agentId": None}, prefer="code=409")
    mock.call("GET /tickets", authorization=None)
    return mock


MOCK = called()
APIS = tuple(MOCK.engine.apis.values())
EXCHANGES = MOCK.engine.journal.since(0)
runs = st.lists(st.sampled_from(EXCHANGES), max_size=20)


def counting(exchanges: list[Exchange]) -> Coverage:
    coverage = Coverage.of(APIS)
    for exchange in exchanges:
        coverage.add(exchange)
    return coverage


def touches(coverage: Coverage) -> dict[Item, int]:
    return {entry.item: count for entry, count in coverage.items()}


def merged(*coverages: Coverage) -> Coverage:
    result = Coverage()
    for each in coverages:
        result.merge(each)
    return result


class TestLaws:
    @given(runs, runs, runs)
    def test_merging_is_commutative_and_associative(
        self, one: list[Exchange], two: list[Exchange], three: list[Exchange]
    ) -> None:
        a, b, c = counting(one), counting(two), counting(three)
        assert touches(merged(a, b)) == touches(merged(b, a))
        assert touches(merged(merged(a, b), c)) == touches(merged(a, merged(b, c)))
        assert touches(merged(a, b)) == touches(counting([*one, *two]))

    @given(runs)
    def test_merging_with_itself_touches_nothing_new(self, run: list[Exchange]) -> None:
        coverage = counting(run)
        assert merged(coverage, coverage).count() == coverage.count()

    @given(runs, st.randoms(use_true_random=False))
    def test_the_order_of_calls_does_not_matter(self, run: list[Exchange], random: Any) -> None:
        shuffled = list(run)
        random.shuffle(shuffled)
        assert counting(run).as_json() == counting(shuffled).as_json()

    @given(runs)
    def test_what_is_written_is_what_is_read(self, run: list[Exchange]) -> None:
        coverage = counting(run)
        written = json.loads(json.dumps(coverage.as_json()))
        read = Coverage.from_json(written)
        assert (read.as_json(), read.rows("desk")) == (written, coverage.rows("desk"))
        assert [each[:3] for each in read.missing()] == [each[:3] for each in coverage.missing()]

    @given(runs)
    def test_no_more_is_touched_than_there_is_and_the_sums_agree(self, run: list[Exchange]) -> None:
        coverage = counting(run)
        parts = [coverage.count(dimension=name) for name in DIMENSIONS]
        assert all(0 <= touched <= total and 0 <= Count(touched, total).percent <= 100 for touched, total in parts)
        assert coverage.count() == coverage.count("desk") == tuple(map(sum, zip(*parts, strict=True)))
        assert len(coverage.missing()) == coverage.count().total - coverage.count().touched

    @given(runs)
    def test_calls_never_take_a_touch_away(self, run: list[Exchange]) -> None:
        coverage = counting(run)
        before = touches(coverage)
        for exchange in EXCHANGES:
            coverage.add(exchange)
        assert all(count >= before[item] for item, count in touches(coverage).items())


class TestRows:
    def test_one_for_each_operation_in_the_order_of_the_document(self) -> None:
        rows = counting(EXCHANGES).rows("desk")
        assert [row.operation for row in rows] == list(APIS[0].contract.operations)
        first = rows[0]
        assert (first.method, first.path, first.calls) == ("GET", "/tickets", 3)
        assert first.cells["statuses"] == [("200", 2), ("400", 0), ("401", 1)]

    def test_what_belongs_to_the_whole_comes_last(self) -> None:
        mock = desk(
            ("openapi.yaml", "paths:\n", "webhooks: {stale: {post: {responses: {'200': {description: ok}}}}}\npaths:\n")
        )
        row = coverage_of(mock).rows("desk")[-1]
        assert (row.operation, row.calls, row.cells) == ("", 0, {"events": [("stale", 0)]})

    def test_of_nothing_all_is_touched(self) -> None:
        assert Coverage().count().percent == 100
        assert Count(1, 3).percent == pytest.approx(33.333, abs=0.001)

    @pytest.mark.parametrize("asked", [{"api": "dsk"}, {"dimension": "status"}])
    def test_a_name_that_is_none_is_told(self, asked: dict[str, str]) -> None:
        with pytest.raises(UsageError, match=r"did you mean '(desk|statuses)'"):
            counting([]).count(**asked)


class TestMerging:
    def test_apis_that_only_one_knows_are_kept(self) -> None:
        other = taking({"properties": {"a": {}}})
        both = merged(counting(EXCHANGES), coverage_of(other))
        assert both.apis == ("desk", "it")
        assert both.count("desk") == counting(EXCHANGES).count()

    def test_what_is_merged_counts_on_by_itself(self) -> None:
        one = counting([])
        both = merged(one)
        both.add(EXCHANGES[0])
        assert (one.count().touched, both.count().touched) == (0, 2)

    def test_another_version_of_the_contract_is_refused_and_nothing_is_added(self) -> None:
        changed = coverage_of(desk(("openapi.yaml", "enum: [open, closed, stale]", "enum: [open, closed]")))
        mine, other = counting(EXCHANGES), merged(coverage_of(taking({})), changed)
        before = mine.as_json()
        with pytest.raises(UsageError, match="different versions of the contract of 'desk'"):
            mine.merge(other)
        assert mine.as_json() == before

    def test_a_file_that_was_tampered_with_is_not_taken_for_the_same(self) -> None:
        data = json.loads(json.dumps(GOOD))
        data["apis"]["desk"]["items"].reverse()
        with pytest.raises(UsageError, match="different versions"):
            counting([]).merge(Coverage.from_json(data))

    def test_files_are_named(self) -> None:
        mine = Coverage.from_json(counting([]).as_json(), "a.json")
        changed = coverage_of(desk(("openapi.yaml", 'version: "1"', 'version: "2"')))
        with pytest.raises(UsageError, match=r"^a\.json and b\.json speak of"):
            mine.merge(Coverage.from_json(changed.as_json(), "b.json"))

    def test_what_was_read_counts_no_calls_until_it_is_merged_with_what_does(self) -> None:
        read = Coverage.from_json(counting([]).as_json())
        read.add(EXCHANGES[0])
        assert read.count().touched == 0
        read.merge(counting([]))
        read.add(EXCHANGES[0])
        assert read.count().touched == 2


GOOD = counting(EXCHANGES).as_json()


def changed(where: str, value: Any) -> Any:
    data = json.loads(json.dumps(GOOD))
    node = data
    *path, last = where.split("/")
    for name in path:
        node = node[int(name) if name.isdigit() else name]
    node[int(last) if last.isdigit() else last] = value
    return data


class TestReading:
    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (None, "is no coverage"),
            ([], "is no coverage"),
            ({"apis": {}}, "is no coverage"),
            (changed("version", 2), "is coverage in form 2, written by mockserver .*; form 1 is read here"),
            (changed("version", True), "is coverage in an unknown form"),
            (changed("version", [1]), "is coverage in an unknown form"),
            (changed("apis", []), "/apis is no object"),
            (changed("apis/desk", 1), "/apis/desk is no object"),
            (changed("apis/desk/digest", 1), "/apis/desk/digest is no text"),
            (changed("apis/desk/items", {}), "/apis/desk/items is no list"),
            (changed("apis/desk/items/0", "x"), "/apis/desk/items/0 is no object"),
            (changed("apis/desk/items/1/touched", -1), "/apis/desk/items/1/touched is no whole number"),
            (changed("apis/desk/items/1/touched", 1.5), "/apis/desk/items/1/touched is no whole number"),
            (changed("apis/desk/items/1/name", None), "/apis/desk/items/1/name is no text"),
            (changed("apis/desk/items/1/dimension", "sizes"), "cannot be 'sizes'"),
            (changed("apis/desk/items/1/evidence", "hearsay"), "/apis/desk/items/1 is no item"),
            (changed("apis/desk/items/1", GOOD["apis"]["desk"]["items"][0]), "stands there twice"),
            (changed("apis/desk/items/0/operation", "other"), "has no operation 'listTickets'"),
        ],
    )
    def test_anything_else_is_refused(self, data: Any, said: str) -> None:
        with pytest.raises(UsageError, match=f"^some.json {said}|^some.json is damaged: .*{said}") as refused:
            Coverage.from_json(data, "some.json")
        assert refused.value.hint

    @given(
        st.recursive(
            st.none() | st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
        )
    )
    def test_nothing_else_goes_wrong(self, data: Any) -> None:
        for tried in (data, {"version": 1, "apis": data}, {"version": 1, "apis": {"desk": data}}):
            try:
                Coverage.from_json(tried)
            except UsageError:
                continue
            assert not tried.get("apis")
