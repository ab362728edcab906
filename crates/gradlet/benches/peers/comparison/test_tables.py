"""`python3 -m unittest comparison.test_tables` in the folder above: what is run and kept, choices and verdicts."""
import contextlib
import io
import sys
import tempfile
import types
import unittest
import unittest.mock
from pathlib import Path

from comparison import machine, running, tables
from comparison.meter import Meter, Reading
from comparison.results import Results, best, is_contender, may_gain
from comparison.running import Care, careful, measure, turns
from comparison.variants import GRADLET, VARIANTS, select
from comparison.workloads import TARGETS, WORKLOADS, chosen, multiply_adds

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

    def judged(self, workload, us, *others, gflops=0):
        """(targets beside peers, beside the machine, verdict) of gradlet at so many microseconds."""
        rate = {"all_gflops": gflops} if gflops else {}
        series = self.series(record("gradlet", "gradlet", 2, workload, us) | rate, *others)
        return tables.judge(series, workload, series["gradlet", 2, workload])

    def test_targets_are_met_up_to_the_limit(self):
        peers = [record("torch", "PyTorch", 2, "conv_fb", 100), record("jax", "JAX", 1, "conv_fb", 10)]
        self.assertEqual(self.judged("conv_fb", 35, *peers), ("0.35 of torch", "", "yes"))
        self.assertEqual(self.judged("conv_fb", 36, *peers)[2], "no: 0.36 of torch")
        self.assertEqual(self.judged("chain_1000", 90), ("90 µs", "", "yes"))
        self.assertEqual(self.judged("chain_1000", 99)[2], "no: 1.1")

    def test_targets_beside_the_machine_are_met_up_to_the_limit(self):
        tiny = [record("numpy", "NumPy", 1, "step_tiny", 10), record("floor", "floor", 1, "step_tiny", 1),
                record("floor", "floor", 2, "step_tiny", 2)]
        self.assertEqual(self.judged("step_tiny", 3, *tiny), ("0.35 of best", "3 × floor", "yes"))
        self.assertEqual(self.judged("step_tiny", 3.2, *tiny)[2], "no: 3.2 × floor")
        self.assertEqual(self.judged("step_tiny", 4, *tiny)[2], "no: 0.4 of best; no: 4 × floor")
        copy = [record("jax", "JAX", 1, "bcast_fb", 400), record("floor", "floor", 2, "bcast_fb", 100)]
        self.assertEqual(self.judged("bcast_fb", 151, *copy), ("0.4 of best", "1.5 × copy", "no: 1.51 × copy"))
        # 2 * 2048^3 operations at 400 GFLOP/s take 42,950 us.
        rival = record("gemm", "faer", 2, "matmul_2048", 50_000)
        self.assertEqual(self.judged("matmul_2048", 47_600, rival, gflops=400),
                         ("no slower than best", "1.11 × limit", "yes"))
        self.assertEqual(self.judged("matmul_2048", 48_000, rival, gflops=400)[2], "no: 1.12 × limit")

    def test_a_target_without_its_reference_is_unknown(self):
        self.assertIn("torch was not measured", self.judged("conv_fb", 1)[2])
        self.assertIn("floor was not measured", self.judged("step_tiny", 1, record("numpy", "NumPy", 1, "step_tiny", 10))[2])
        self.assertIn("limit was not measured", self.judged("step_mnist", 1)[2])

    def test_a_row_shows_its_ratios_to_the_best_peer_and_to_the_machine(self):
        series = self.series(
            record("gradlet", "gradlet", 2, "step_tiny", 6), record("numpy", "NumPy", 1, "step_tiny", 12),
            record("floor", "floor", 1, "step_tiny", 1), record("floor", "floor", 2, "infer_1", 1))
        row = next(line for line in tables.summary(series).splitlines() if line.startswith("| step_tiny"))
        self.assertEqual([cell.strip() for cell in row.split("|")[1:-1]], [
            "step_tiny", "6.00", "NumPy, 1 thread: 12.0", "0.5", "0.35 of best", "floor 1.00", "6", "3 × floor",
            "no: 0.5 of best; no: 6 × floor"])
        self.assertEqual(best(series, "step_tiny").peer, "numpy")
        self.assertIn("| step_tiny | 0.0225 |  |  | 1.00 |  |  | 6.00 |", tables.limits(series))

    def test_products_of_a_step_are_counted(self):
        self.assertEqual(multiply_adds("matmul_nt_512"), 512 ** 3)
        self.assertEqual(multiply_adds("infer_128"), 128 * (784 * 512 + 512 * 10))
        # Three products of the last layer, two of the first.
        self.assertEqual(multiply_adds("step_tiny"), 8 * (2 * 16 * 32 + 3 * 32 * 4))
        self.assertIsNone(multiply_adds("softmax_fb"))

    def test_no_clean_run_is_no_figure(self):
        unclean = {"round": 1, "peer": "gradlet", "label": "gradlet", "threads": 2, "workload": "step_tiny",
                   "unclean": True, "dropped": 5, "day": "2026-01-01"}
        series = self.series(unclean, record("numpy", "NumPy", 2, "step_tiny", 10))
        self.assertFalse(self.kept.has(1, "gradlet", 2, "step_tiny"))
        text = tables.front(series, "- a machine", self.kept.unclean())
        self.assertIn("| step_tiny | not clean | NumPy, 2 threads: 10.0 |  |  |  |  |  | not clean |", text)
        self.assertTrue(text.endswith("targets met.\n\n- a machine"))
        text = tables.details(series, ["gradlet", "NumPy"], self.kept.unclean())
        self.assertIn("| step_tiny | not clean | **10.0** |", text)
        self.assertIn("| not clean |  |", tables.everyone({}, 2, ["gradlet", "NumPy"], {
            ("gradlet", 2, "step_tiny"), ("NumPy", 2, "infer_1")}))
        # A round that was clean is enough for a figure.
        series = self.series(record("gradlet", "gradlet", 2, "step_tiny", 8, 2))
        self.assertEqual(self.kept.unclean(), set())
        # A later attempt takes its place, but what was dropped stays known.
        series = self.series(record("gradlet", "gradlet", 2, "step_tiny", 7) | {"dropped": 1})
        self.assertEqual(tables.spread(series["gradlet", 2, "step_tiny"]), "7.50 (7.00–8.00)")
        self.assertIn("- 6 runs were dropped because two threads did not reach 1.9 times one thread's rate",
                      machine.dropped(self.kept.records.values(), 1.9))

    def test_the_rate_of_the_machine_is_told_for_each_round(self):
        rates = lambda number, threads, one, both: record("numpy", "NumPy", threads, "step_tiny", 9, number) | {
            "one_gflops": one, "all_gflops": both}
        lines = machine.rates([rates(1, 2, 100, 199), rates(1, 1, 104, 104), rates(2, 1, 50, 50)])
        self.assertEqual([line.split("GFLOP/s: ")[1] for line in lines],
                         ["1 thread 102 (100–104), 2 threads 199 (199–199)", "1 thread 50 (50–50)"])

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

    def test_the_programs_of_a_row_take_turns(self):
        options = lambda order: types.SimpleNamespace(order=order, rounds=2, matmul_rounds=0, threads=[2, 1])
        listed = ["step_tiny", "step_wide", "step_wide_plain_sgd"]
        order = [(number, v.label, threads, names)
                 for number, v, threads, names in turns(options("workload"), [GRADLET, NUMPY], listed)]
        self.assertEqual(order[:4], [(1, who, n, ["step_tiny"]) for who in ("gradlet", "NumPy") for n in (2, 1)])
        self.assertEqual(order[4], (1, "gradlet", 2, ["step_wide"]))
        self.assertEqual(order[6], (1, "NumPy", 2, ["step_wide", "step_wide_plain_sgd"]))
        self.assertEqual([number for number, *_ in order], [1] * 8 + [2] * 8)
        self.assertEqual(len(list(turns(options("family"), [GRADLET, NUMPY], listed))), 8)


class FakeMeter:
    """Gives the readings of a list, as ratios of two threads' rate to one thread's."""

    def __init__(self, *ratios):
        self.ratios = list(ratios)

    def read(self, threads):
        return Reading(threads, 100, 100 * self.ratios.pop(0))

    latest = read


class Careful(unittest.TestCase):
    """Runs are made again while a processor is missing."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.starts = 0
        quiet = contextlib.redirect_stderr(io.StringIO())
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)

    def careful(self, *ratios, threads=2, others=(0,), tries=5, patience_s=0.03):
        def start():
            self.starts += 1
            return "", "", 0, others[min(self.starts, len(others)) - 1]
        self.meter = FakeMeter(*ratios)
        care = Care(tries=tries, pause_s=0.01, patience_s=patience_s)
        return careful(start, threads, self.meter, care, self.folder / "lock")

    def test_a_run_counts_if_the_second_processor_was_there_before_and_after(self):
        result, fields = self.careful(1.9, 2.0)
        self.assertIsNotNone(result)
        self.assertEqual(fields, {"dropped": 0, "others": 0, "one_gflops": 100, "all_gflops": 195})

    def test_a_run_is_dropped_and_made_again(self):
        result, fields = self.careful(1.95, 1.89, 1.95, 1.0, 1.95, 1.95)
        self.assertIsNotNone(result)
        self.assertEqual((self.starts, fields["dropped"]), (3, 2))

    def test_the_number_of_tries_is_limited(self):
        result, fields = self.careful(*[1.95, 1.5] * 9, tries=4)
        self.assertIsNone(result)
        self.assertEqual((self.starts, fields), (4, {"dropped": 4}))

    def test_nothing_starts_before_the_second_processor_is_there(self):
        result, fields = self.careful(1.0, 1.5, 1.95, 1.95)
        self.assertIsNotNone(result)
        self.assertEqual((self.starts, fields["dropped"]), (1, 0))

    def test_waiting_ends(self):
        result, fields = self.careful(*[1.0] * 99)
        self.assertIsNone(result)
        self.assertEqual((self.starts, fields["dropped"]), (0, 0))
        self.assertGreater(len(self.meter.ratios), 90)

    def test_one_thread_needs_no_second_processor(self):
        result, fields = self.careful(1.0, threads=1)
        self.assertIsNotNone(result)
        self.assertEqual(fields["one_gflops"], 100)

    def test_four_threads_need_four_processors(self):
        self.assertFalse(Reading(4, 100, 300).is_clean(1.9))
        self.assertTrue(Reading(4, 100, 380).is_clean(1.9))

    def test_a_disturbed_run_is_made_again_and_not_counted_as_dropped(self):
        result, fields = self.careful(*[1.95] * 4, others=(0.5, 0))
        self.assertEqual((self.starts, fields["dropped"], fields["others"]), (2, 0, 0))
        self.starts = 0
        result, fields = self.careful(*[1.95] * 20, others=(0.5,))
        self.assertEqual((self.starts, fields["others"]), (3, 0.5))

    def measured(self, *ratios):
        """What a program's lines become that does two of three workloads."""
        lines = "".join(f'{{"peer":"x","workload":"{w}","threads":2,"median_us":3}}\n' for w in ("a", "b"))
        command = [sys.executable, "-c", f"print({lines!r}, end='')"]
        care = Care(tries=2, pause_s=0, patience_s=9)
        # Whatever else runs while this is tested.
        with unittest.mock.patch.object(running, "DISTURBED", 99):
            return dict(measure(command, NUMPY, 2, ["a", "b", "c"], self.folder / "lock", FakeMeter(*ratios), care))

    def test_a_program_that_measures_several_workloads_counts_what_was_dropped_once(self):
        found = self.measured(1.95, 1.0, 1.95, 1.95)
        self.assertEqual([found["a"]["median_us"], found["a"]["dropped"], found["b"]["dropped"]], [3, 1, 0])
        self.assertIn("skipped", found["c"])

    def test_without_a_clean_run_no_figure_is_kept(self):
        found = self.measured(*[1.95, 1.0] * 2)
        self.assertEqual([(f.get("unclean"), f["dropped"]) for f in found.values()], [(True, 2), (True, 0), (True, 0)])
        self.assertFalse(any("median_us" in fields for fields in found.values()))

    def test_a_reading_is_used_twice_only_while_it_is_fresh(self):
        program, count = self.folder / "fma", self.folder / "count"
        program.write_text(f'#!/bin/sh\necho >> {count}\necho "{{\\"one_gflops\\": 1, \\"all_gflops\\": $2}}"\n')
        program.chmod(0o755)
        meter = Meter(program)
        readings = [meter.read(2), meter.latest(2), meter.latest(1)]
        self.assertEqual([r.all for r in readings], [2, 2, 1])
        self.assertEqual(len(count.read_text()), 2)
        meter.at -= 1.5
        meter.latest(1)
        self.assertEqual(len(count.read_text()), 3)


if __name__ == "__main__":
    unittest.main()
