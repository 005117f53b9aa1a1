import pickle

import pytest
import torch
from torch.utils.data import DataLoader

from posegan_plugin.errors import UserError, printable, sentence


class Damaged(torch.utils.data.Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise UserError("a\nb.jpg cannot be decoded: remove it")


def test_a_file_name_never_breaks_the_line():
    assert sentence(UserError("a\nb\r\x1b[1m.jpg: remove it")) == r"a\nb\r\x1b[1m.jpg: remove it"


def test_text_that_can_be_printed_stays():
    for text in ("Ä Straße 人.jpg", 'it\'s a "name" \\n', ""):
        assert printable(text) == text
    assert printable("\udcff.jpg") == r"\udcff.jpg"
    assert printable("a\u2028b") == r"a\u2028b"


def test_the_sentence_of_a_loaders_worker():
    with pytest.raises(UserError) as error:
        next(iter(DataLoader(Damaged(), num_workers=1)))
    assert "Traceback" in str(error.value)
    assert sentence(error.value) == r"a\nb.jpg cannot be decoded: remove it"


def test_an_error_travels_between_processes():
    assert str(pickle.loads(pickle.dumps(UserError("x")))) == "x"
