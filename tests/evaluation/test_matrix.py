from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hot.evaluation import Column, LeftOut, all_tables, by_reason, matrix
from hot.evaluation.matrix import ERRORS, RULES
from tests.evaluation.cells import report_of, row

GOOD = st.lists(st.booleans(), min_size=1, max_size=6)
GRIDS = st.dictionaries(
    st.tuples(st.sampled_from(["Bottle", "Box", "Mug"]), st.sampled_from(["grasp", "move"])), GOOD, min_size=1
)


def of_cell(shown, name, column):
    """Every difference of one cell."""
    difference = shown.difference(name, column)
    assert difference is not None
    return [*difference.rates.values(), *difference.means.values()]


def of_grid(grid):
    """A report of a policy beside an open loop that fails everywhere."""
    rows = []
    for (name, skill), good in grid.items():
        rows += [row(name, skill, good), row(name, skill, [False] * len(good), "open loop")]
    return report_of(*rows)


@given(grid=GRIDS)
def test_totals_are_the_sums_of_their_cells(grid):
    shown = matrix(of_grid(grid))
    parts = [[name] for name in shown.objects], [[column] for column in shown.columns]
    by_object = [shown.of("policy", objects=each) for each in parts[0]]
    by_column = [shown.of("policy", columns=each) for each in parts[1]]
    whole = shown.of("policy")
    for totals in (by_object, by_column):
        assert sum(each.clips for each in totals) == whole.clips == sum(map(len, grid.values()))
        for rule in RULES:
            successes = sum(each.rates[rule].successes for each in totals)
            assert successes == whole.rates[rule].successes == sum(map(sum, grid.values()))
        for error in ERRORS:
            weighted = sum(each.clips * (each.means[error] or 0.0) for each in totals)
            assert weighted == pytest.approx(whole.clips * (whole.means[error] or 0.0))


@given(grid=GRIDS)
def test_a_cell_alone_is_its_own_total(grid):
    report = of_grid(grid)
    shown = matrix(report)
    for each in report.skills:
        (column,) = [column for column in shown.columns if column.skill == each.skill]
        alone = shown.of(each.controller, [each.object], [column])
        assert alone.rates == each.rates
        assert alone.means == pytest.approx(each.means)


@given(grid=GRIDS)
def test_a_policy_does_not_differ_from_itself(grid):
    rows = [row(name, skill, good, each) for (name, skill), good in grid.items() for each in ("policy A", "policy B")]
    shown = matrix(report_of(*rows))
    assert shown.pair == ("policy A", "policy B")
    whole = [shown.pooled_difference(("policy A", "policy B"), name) for name in (*RULES, *ERRORS)]
    for each in (*whole, *(each for key in shown.cells for each in of_cell(shown, *key))):
        assert each.value == 0.0
        assert each.low is None or each.high is None or each.low <= 0.0 <= each.high


@given(grid=GRIDS)
def test_the_csv_has_every_number_of_every_cell(grid):
    shown = matrix(of_grid(grid))
    rows = {
        (each["object"], each["group"], each["skill"]): each for each in csv.DictReader(shown.to_csv().splitlines())
    }
    assert set(rows) == {(name, *column) for name, column in shown.cells}
    for (name, column), cell in shown.cells.items():
        read = rows[name, column.group, column.skill]
        for controller, prefix in (("policy", "policy"), ("open loop", "open_loop")):
            for rule in RULES:
                rate = cell[controller].rates[rule]
                ends = [float(read[f"{prefix}_{rule}{end}"]) for end in ("", "_low", "_high")]
                counts = [int(read[f"{prefix}_{rule}_{what}"]) for what in ("successes", "clips")]
                assert ends == [rate.value, rate.low, rate.high] and counts == [rate.successes, rate.clips]
            for error in ERRORS:
                assert float(read[f"{prefix}_{error}"]) == cell[controller].means[error]
        difference = shown.difference(name, column)
        assert difference is not None and float(read["difference_hot"]) == difference.rates["hot"].value


def test_what_was_never_trained_on_has_columns_of_its_own_after_the_others():
    shown = matrix(
        report_of(
            row("Bottle", "grasp", [True], unseen=("size",), size=0.6),
            row("Bottle", "grasp", [True]),
            row("Bottle", "random", [False], unseen=("sequence",)),
            row("Mug", "grasp", [False], unseen=("object",)),
            row("Bottle", "grasp", [True], size=0.9),
            row("Bottle", "catch", [True], unseen=("skill",)),
            row("Mug", "grasp", [True], unseen=("object", "size"), size=0.6),
        )
    )
    assert shown.columns[0] == Column("trained on", "grasp")
    assert set(shown.groups) == {
        "trained on",
        "unseen size 0.6",
        "unseen sequence",
        "unseen object",
        "size 0.9",
        "unseen skill",
        "unseen object, unseen size 0.6",
    }
    assert shown.of("policy", columns=shown.groups["unseen object"]).rates["hot"].successes == 0
    assert shown.of("policy", columns=shown.groups["trained on"]).clips == 1


def test_clips_without_a_policy_are_neither_seen_nor_unseen():
    shown = matrix(report_of(row("Bottle", "grasp", [True], "open loop")))
    assert list(shown.groups) == ["held out"] and shown.pair is None


def test_the_policies_come_before_the_open_loop():
    shown = matrix(report_of(row("Bottle", "grasp", [True], "open loop"), row("Bottle", "grasp", [True])))
    assert shown.controllers == ("policy", "open loop")


def test_only_the_plain_condition_of_the_leading_engine_is_shown():
    pushed = row("Bottle", "grasp", [False], condition="push")
    other = row("Bottle", "grasp", [False]).model_copy(update={"engine": "warp"})
    shown = matrix(report_of(row("Bottle", "grasp", [True]), pushed, other))
    assert shown.of("policy").rates["hot"].successes == 1 and shown.of("policy").clips == 1


def test_what_was_left_out_is_a_row_with_its_reason():
    left_out = [
        LeftOut(object="Mug", reason="no grasps"),
        LeftOut(object="Box", skill="move", size=0.6, reason="none fits"),
    ]
    report = report_of(row("Bottle", "grasp", [True]), left_out=left_out)
    rows = list(csv.DictReader(matrix(report).to_csv().splitlines()))
    assert [(each["object"], each["skill"], each["left_out"]) for each in rows] == [
        ("Bottle", "grasp", ""),
        ("Mug", "all", "no grasps"),
        ("Box", "move", "none fits"),
    ]
    assert by_reason(left_out) == {"no grasps": ["Mug"], "none fits": ["Box move at size 0.6"]}


def test_tables_end_groups_and_objects_with_totals_and_shade_by_the_first_controller():
    grid = {("Bottle", "grasp"): [True] * 3, ("Bottle", "move"): [False], ("Box", "grasp"): [True, False]}
    hot, _, point, *_ = all_tables(matrix(of_grid(grid)))
    assert hot.groups == (("trained on", ("grasp", "move", "all")),)
    assert [name for name, _ in hot.rows] == ["Bottle", "Box", "all objects"]
    (_, bottle), (_, box), (_, total) = hot.rows
    assert bottle[0].key == "Bottle|trained on|grasp" and bottle[0].shade == 1.0
    assert [line.split()[0] for line in bottle[0].lines] == ["100", "0"]
    assert box[1].lines == () and box[1].key == ""  # not judged
    assert [entry.lines[0].split()[0] for entry in total] == ["80", "0", "67"]
    assert not any(entry.key for entry in total)
    assert point.rows[0][1][0].shade == 0.0  # the worst cell: 2 cm on average


def test_a_difference_is_shaded_only_where_its_interval_is_clear_of_zero():
    rows = [row("Bottle", "grasp", [True] * 40), row("Bottle", "grasp", [False] * 40, "open loop")]
    rows += [row("Box", "grasp", [True] * 40), row("Box", "grasp", [True] * 40, "open loop")]
    tables = {
        table.title.split(":")[1]: table for table in all_tables(matrix(report_of(*rows))) if " - " in table.title
    }
    hot = next(table for title, table in tables.items() if "HOT" in title)
    (_, (better,)), (_, (same,)), _ = hot.rows
    assert better.shade == 1.0 and better.lines[0].startswith("+100 [")
    assert same.shade is None and same.lines[0].startswith("+0 [")
