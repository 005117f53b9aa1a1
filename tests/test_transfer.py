import torch

from posegan_plugin.transfer import send


def test_what_is_there_is_not_copied():
    given = torch.arange(3)
    assert send(given, torch.device("cpu")) is given


def test_another_device():
    sent = send(torch.arange(3), torch.device("meta"))
    assert (sent.device.type, sent.dtype, tuple(sent.shape)) == ("meta", torch.int64, (3,))
