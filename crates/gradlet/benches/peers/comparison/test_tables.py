"""`python3 -m unittest comparison.test_tables` in the folder above: choices and verdicts of the tables."""
import tempfile
import unittest
from pathlib import Path

from comparison import tables
from comparison.results import Results, best, is_contender, may_gain
from comparison.variants import GRADLET, VARIANTS, select
from comparison.workloads import TARGETS, WORKLOADS, chosen

NUMPY = next(v for v in VARIANTS if v.peer == "numpy")


def record(peer, label, threads, workload, us, number=1):
    return {"round": number, "peer": peer, "label": label, "threads": threads, "workload": workload, "median_us": us}


class Tables(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "results.jsonl"
        self.kept = Results(self.path)

    def series(self, *records):
        for r in records:
            self.kept.add(r)
        return self.kept.series()

    def test_the_best_peer_is_over_threads_and_settings(self):
        series = self.series(
            record("gradlet", "gradlet", 2, "step_mnist", 1), record("numpy", "NumPy", 2, "step_mnist", 30),
            record("candle", "candle", 2, "step_mnist", 40), record("candle", "candle +keepmem", 1, "step_mnist", 20))
        self.assertEqual(best(series, "step_mnist").who, "candle +keepmem, 1 thread")
        self.assertEqual(best(series, "step_mnist", "numpy").median, 30)

    def test_a_figure_is_the_median_of_the_rounds(self):
        series = self.series(*(record("numpy", "NumPy", 1, "matmul_64", us, i) for i, us in enumerate((9, 5, 4))))
        self.assertEqual(tables.spread(series["NumPy", 1, "matmul_64"]), "5.00 (4.00–9.00)")

    def test_targets_are_met_up_to_the_limit(self):
        series = self.series(record("torch", "PyTorch", 2, "step_tiny", 300), record("numpy", "NumPy", 1, "step_tiny", 10))
        self.assertEqual(tables.judge(series, "step_tiny", 5)[1], "yes")
        self.assertEqual(tables.judge(series, "step_tiny", 8)[1], "no: 0.8 of best")
        self.assertEqual(tables.judge(series, "step_tiny", 15)[1], "no: 1.5 of best; no: 0.05 of torch")
        self.assertEqual(tables.judge(series, "chain_1000", 200)[1], "yes")
        self.assertEqual(tables.judge(series, "chain_1000", 250)[1], "no: 1.25")

    def test_a_target_without_its_peer_is_unknown(self):
        series = self.series(record("numpy", "NumPy", 1, "step_tiny", 10))
        self.assertIn("torch was not measured", tables.judge(series, "step_tiny", 1)[1])

    def test_fewer_threads_are_for_short_work(self):
        series = self.series(record("gradlet", "gradlet", 2, "step_wide", 9000), record("numpy", "NumPy", 2, "step_wide", 9000),
                             record("numpy", "NumPy", 2, "step_tiny", 90))
        gains = [may_gain(series, *case, 1000) for case in (
            (NUMPY, 1, "step_wide"), (NUMPY, 2, "step_wide"), (NUMPY, 1, "step_tiny"), (GRADLET, 1, "step_wide"))]
        self.assertEqual(gains, [False, True, True, True])

    def test_measurements_are_found_again(self):
        self.series(record("numpy", "NumPy", 1, "step_tiny", 10))
        self.kept.add({"round": 1, "peer": "numpy", "label": "NumPy", "threads": 2, "workload": "step_tiny", "failed": "x"})
        again = Results(self.path)
        self.assertTrue(again.has(1, "NumPy", 1, "step_tiny"))
        self.assertFalse(again.has(1, "NumPy", 2, "step_tiny"))
        again.forget(["numpy"])
        self.assertEqual(Results(self.path).records, {})

    def test_those_far_behind_are_not_measured_again(self):
        series = self.series(record("numpy", "NumPy", 1, "matmul_64", 10), record("jax", "JAX", 1, "matmul_64", 6))
        self.assertFalse(is_contender(series, TARGETS, NUMPY, 1, "matmul_64", 1.5))
        self.assertTrue(is_contender(series, TARGETS, NUMPY, 1, "matmul_64", 1.7))
        self.assertTrue(is_contender(series, TARGETS, GRADLET, 1, "matmul_64", 1.5))
        self.assertTrue(is_contender(series, {"matmul_64": [("numpy", 1)]}, NUMPY, 1, "matmul_64", 1.5))

    def test_names_are_chosen_by_prefix_and_setting(self):
        self.assertEqual(chosen(["infer_", "chain"]), ["infer_1", "infer_128", "chain_1000"])
        self.assertEqual([v.label for v in select(["candle"], ["keepmem"], True)], ["candle", "candle +keepmem"])
        self.assertEqual([v.label for v in select(["numpy"], ["keepmem"], True)], ["NumPy"])
        self.assertNotIn("x86-v4", {s for v in select(["candle"], ["all"], False) for s in v.settings})
        self.assertEqual(len({v.label for v in VARIANTS}), len(VARIANTS))
        self.assertLessEqual(set(TARGETS), set(WORKLOADS))


if __name__ == "__main__":
    unittest.main()
