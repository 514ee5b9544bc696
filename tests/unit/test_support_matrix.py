"""docs/readers.md says what the profiles and the suite say."""

from __future__ import annotations

import support_matrix as matrix
from reader_combinations import WIRES, combinations

from drivers.profile import profiles


def test_the_table_of_inputs_is_that_of_the_profiles() -> None:
    text = matrix.DOCUMENT.read_text()

    shown = matrix.section(text, matrix.INPUTS)

    assert shown == matrix.input_table(profiles().values())


def test_the_table_of_capabilities_is_that_of_the_profiles() -> None:
    text = matrix.DOCUMENT.read_text()

    shown = matrix.section(text, matrix.CAPABILITIES)

    assert shown == matrix.capability_table(profiles().values())


def test_every_combination_has_its_results_and_none_failed() -> None:
    text = matrix.DOCUMENT.read_text()

    shown = matrix.section(text, matrix.RESULTS)

    _, _, *rows = shown.splitlines()
    counted = {}
    for row in rows:
        model, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        for wire, cell in zip(WIRES, cells, strict=True):
            if cell != matrix.NOTHING:
                counted[f"{model.strip('`')}-{wire.name}"] = cell
    assert set(counted) == set(map(str, combinations()))
    assert all(cell.isdecimal() and int(cell) > 0 for cell in counted.values())


def test_a_failure_would_show() -> None:
    outcomes = {str(each): matrix.Outcome(5, 0) for each in combinations()}
    broken = str(next(combinations()))

    shown = matrix.result_table(outcomes | {broken: matrix.Outcome(4, 1)})

    assert "4, 1 ✗" in shown
