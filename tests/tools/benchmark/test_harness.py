"""``tools/benchmark/harness.py`` and ``tables.py``: fair turns, tables, a docs page of them."""

import json

import pytest
import torch

from posegan_plugin.errors import UserError


def test_functions_take_turns_and_the_warm_up_does_not_count(load):
    calls = []
    timings = load("harness").measure(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=3, warmup=2
    )
    assert "".join(calls) == "ab" * 5
    assert {name: len(t.seconds) for name, t in timings.items()} == {"a": 3, "b": 3}


def test_what_is_called_before_it_is_timed_does_not_count(load):
    calls = []
    timings = load("harness").measure(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=1, settle=2
    )
    assert "".join(calls) == "aaabbb" * 2
    assert {name: len(t.seconds) for name, t in timings.items()} == {"a": 1, "b": 1}


def test_median(load):
    assert load("harness").Timing((9.0, 1.0, 2.0)).median == 2.0


def test_report_writes_what_it_prints(load, tmp_path, capsys):
    harness = load("harness")
    rows = [[2.0, "one", None], [1234.5, "two", 3]]
    harness.report("speed", "How fast?", ["ratio", "what", "s"], rows, tmp_path, notes=["A note."])
    written = (tmp_path / "speed_cpu.md").read_text()
    assert written in capsys.readouterr().out
    lines = written.splitlines()
    assert lines[0] == "### How fast?"
    assert lines[2:6] == [
        "| ratio | what | s |",
        "|---|---|---|",
        "| 2 | one | not measured |",
        "| 1,234 | two | 3 |",
    ]
    content = json.loads((tmp_path / "speed_cpu.json").read_text())
    assert content["rows"] == rows and content["notes"] == ["A note."]
    assert {"command", "hardware", "versions", "date"} <= content.keys()


def test_command_does_not_say_where_the_results_went(load, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/home/me/speed.py", "--repeats", "3", "--out", "/home/me/x"])
    assert load("harness").environment("cpu")["command"] == (
        "python tools/benchmark/speed.py --repeats 3"
    )


def test_page_gets_the_tables_of_the_results(load, tmp_path):
    page = tmp_path / "speed.md"
    page.write_text(
        "# Speed\n<!-- table: a_cpu -->\nold\nold\n<!-- end of table -->\nbetween\n"
        "<!-- table: b_cpu -->\n<!-- end of table -->\n<!-- table: c_cuda -->\nkept\n"
        "<!-- end of table -->\n"
    )
    (tmp_path / "a_cpu.md").write_text("### Caption\n\n| new |\n")
    (tmp_path / "b_cpu.md").write_text("| also new |\n")
    fill = load("tables").fill_page
    fill(page, tmp_path)
    filled = (
        "# Speed\n<!-- table: a_cpu -->\nCaption\n\n| new |\n<!-- end of table -->\nbetween\n"
        "<!-- table: b_cpu -->\n| also new |\n<!-- end of table -->\n<!-- table: c_cuda -->\nkept\n"
        "<!-- end of table -->\n"
    )
    assert page.read_text() == filled
    fill(page, tmp_path)
    assert page.read_text() == filled


def test_page_without_a_table(load, tmp_path):
    page = tmp_path / "speed.md"
    page.write_text("# Speed\n")
    with pytest.raises(UserError, match=r"speed\.md has no <!-- table"):
        load("tables").fill_page(page, tmp_path)


def test_summary_goes_on_after_a_failure(load, tmp_path, monkeypatch, capfd):
    module = load("all")
    for name, code in (("good", None), ("bad", "raise SystemExit(3)")):
        results = '{"rows": [[2.5, 1], [4, 2], [null, 3]]}'
        write = "import pathlib, sys\nout = pathlib.Path(sys.argv[4])\n"
        write += f"(out / 'good_cpu.json').write_text({results!r})"
        (tmp_path / f"{name}.py").write_text(code or write)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(
        module, "BENCHMARKS", [module.Benchmark("bad", "5"), module.Benchmark("good", "2", False)]
    )
    monkeypatch.setattr(module.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("sys.argv", ["all.py", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        module.main()
    assert stop.value.code == 1
    rows = capfd.readouterr().out.splitlines()[-2:]
    assert rows[0].startswith("| bad | cpu | 5 | failed with exit code 3 |")
    assert rows[1].startswith("| good | cpu | 2 | 2.5 to 4 |")


def test_unknown_benchmark(load, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["all.py", "nothing"])
    with pytest.raises(SystemExit):
        load("all").main()
    assert "nothing: expected names of startup" in capsys.readouterr().err


def test_weights_are_told_apart_by_names_shapes_and_values(load):
    """Of files nothing is known, so that a training made again counts as the first."""
    module = load("harness")

    def hashed(*shape, name="weight", value=1.0, dtype=torch.float32):
        network = torch.nn.Module()
        network.register_buffer(name, torch.full(shape, value, dtype=dtype))
        return module.weights_hash(network)

    assert hashed(2, 3) == hashed(2, 3)
    others = [
        hashed(3, 2),
        hashed(2, 3, name="bias"),
        hashed(2, 3, value=1.0 + 2**-20),
        hashed(2, 3, dtype=torch.bfloat16),
        hashed(),
        hashed(0),
    ]
    assert len({hashed(2, 3), *others}) == 7
