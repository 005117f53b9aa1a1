import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.synthesis import SynthesisOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"poses": 0}, "poses 0 must lie between 1 and"),
        ({"min_joints": 19}, "min_joints 19 must lie between 1 and 18"),
        ({"min_similarity": 1.5}, "min_similarity 1.5 must lie between -1 and 1"),
        ({"max_similarity": float("nan")}, "max_similarity nan"),
        ({"size": (8, 64)}, "size 8 64 must lie between 16"),
        ({"quality": 101}, "quality 101"),
        ({"batch_size": 0}, "batch_size 0"),
        ({"seed": -1}, "seed -1"),
        ({"limit": 0}, "limit 0"),
        ({"format": "gif"}, "format 'gif' is unknown; choose one of jpg, png"),
        ({"real": "link"}, "real 'link' is unknown; choose one of copy, none"),
    ],
)
def test_values_out_of_range(options, message):
    with pytest.raises(UserError) as error:
        SynthesisOptions(**options)
    assert message in str(error.value)


def test_filters():
    assert not SynthesisOptions().filters
    assert SynthesisOptions(min_similarity=0.0).filters
    assert SynthesisOptions(max_similarity=0.5).filters
