import contextlib
import multiprocessing
import os
import random
import signal
import threading

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from posegan_plugin.training import StopSignals, random_state, remaining_batches


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_is_noted_and_the_next_acts_as_usual(number, capfd):
    usual = []
    before = signal.signal(number, lambda *_: usual.append(number))
    try:
        with StopSignals() as signals:
            assert signals.received == 0
            send(number)
            assert (signals.received, usual) == (number, [])
            assert "stopping after this step" in capfd.readouterr().err
            send(number)
            assert usual == [number]
        send(number)
        assert usual == [number, number]
    finally:
        signal.signal(number, before)


def test_second_ctrl_c_breaks_at_once():
    with pytest.raises(KeyboardInterrupt), StopSignals():
        send(signal.SIGINT)
        send(signal.SIGINT)


def test_can_be_entered_again():
    signals = StopSignals()
    for _ in range(2):
        with signals:
            assert signals.received == 0
            send(signal.SIGTERM)
            assert signals.received == signal.SIGTERM
        assert signals.received == 0
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopSignals() as signals:
            send(signal.SIGINT)
            assert signals.received == 0
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_change_nothing():
    found = []

    def run():
        with StopSignals():
            found.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [before]


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="a signal of POSIX systems")
def test_a_worker_that_dies_of_the_same_signal_is_not_spoken_of(monkeypatch):
    """Both signals arrive before Python looks: it has no word for a handler that is gone."""
    said = []
    monkeypatch.setattr("sys.unraisablehook", said.append)
    before = signal.signal(signal.SIGCHLD, lambda *_: pytest.fail("torch's would raise"))
    both = (signal.SIGTERM, signal.SIGCHLD)
    try:
        with StopSignals() as signals:
            signal.pthread_sigmask(signal.SIG_BLOCK, both)
            for number in both:
                signal.raise_signal(number)  # to this thread, as no other may take it
            signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
            assert (signals.received, said) == (signal.SIGTERM, [])
    finally:
        signal.signal(signal.SIGCHLD, before)


class Noise(torch.utils.data.Dataset):
    """Its items are random numbers of three generators."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return torch.tensor([index, random.random(), np.random.rand(), float(torch.rand(()))])


def seed():
    random.seed(1), np.random.seed(2), torch.manual_seed(3)


def epoch(batches):
    """An epoch of steps that draw random numbers too: what they saw and drew, and the state after."""
    return [
        (batch, random.random(), float(np.random.rand()), float(torch.rand(())), random_state())
        for batch in batches
    ]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("done", [1, 3, 5])
def test_an_epoch_goes_on_where_it_was_left(workers, done):
    loader = DataLoader(Noise(), batch_size=2, shuffle=True, num_workers=workers)
    seed()
    whole = epoch(loader)
    seed()
    rest = epoch(remaining_batches(loader, done, whole[done - 1][-1], StopSignals()))
    assert len(rest) == 5 - done
    for expected, found in zip(whole[done:], rest, strict=True):
        assert torch.equal(expected[0], found[0])
        assert expected[1:4] == found[1:4]


def test_from_the_start():
    loader = DataLoader(Noise(), batch_size=2)
    seed()
    whole = epoch(loader)
    seed()
    assert [f[1:4] for f in epoch(remaining_batches(loader, 0, None, StopSignals()))] == [
        e[1:4] for e in whole
    ]


@pytest.mark.parametrize("stopping", [False, True])
def test_workers_that_were_killed(stopping):
    """A batch system's signal reaches them too; the batches then end instead of raising."""
    loader = DataLoader(Noise(), batch_size=1, num_workers=2)
    with StopSignals() as signals:
        batches = remaining_batches(loader, 0, None, signals)
        next(batches)
        if stopping:
            send(signal.SIGTERM)
        with pytest.raises(RuntimeError) if not stopping else contextlib.nullcontext():
            for worker in multiprocessing.active_children():
                worker.kill()
                worker.join()
            list(batches)
