"""Work in threads: results in order, nothing taken far ahead, an error of one piece is raised."""

import threading
import time

import pytest

from osteobiome.core.threads import in_order


def test_in_order__results_come_in_the_order_of_the_items():
    def work(x):
        time.sleep(0.01 if x % 2 else 0.0)
        return x * x

    assert list(in_order(work, range(20), threads=3)) == [x * x for x in range(20)]


def test_in_order__takes_few_items_ahead():
    taken = []

    def items():
        for x in range(50):
            taken.append(x)
            yield x

    results = in_order(lambda x: x, items(), threads=2)
    assert next(results) == 0
    assert len(taken) <= 3
    results.close()


def test_in_order__works_on_several_at_once():
    together = threading.Barrier(2, timeout=5)
    assert list(in_order(lambda _: together.wait() >= 0, range(4), threads=2)) == [True] * 4


def test_in_order__an_error_is_raised_where_its_result_is_due():
    def work(x):
        if x == 3:
            raise ValueError("three")
        return x

    results = in_order(work, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
