import pytest
import yaml

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.yaml_config import load_config


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("train.bach_size", "train.batch_size"),
        ("data.batch_size", "train.batch_size"),
        ("trian.lr", "train.lr"),
        ("test.visrnk", "test.visrank"),
        ("loss.tripet.margin", "loss.triplet.margin"),
        ("posegan.augment.ration", "posegan.augment.ratio"),
        ("posegan.genrator.channels", "posegan.generator.channels"),
        ("optimizer", "train.optim"),
    ],
)
def test_unknown_key_names_the_closest(refusal, key, known):
    wrong = f"there is no key {key!r}"
    message = refusal(opts=(key, "1"))
    assert message.startswith(f"command line: {wrong}")
    tree = 1
    for part in reversed(key.split(".")):
        tree = {part: tree}
    in_file = refusal(yaml.safe_dump(tree))
    assert "mine.yaml: there is no key" in in_file
    if key != "optimizer":
        assert message.endswith(f"did you mean {known!r}?")


def test_unknown_section_is_named_as_it_stands(refusal):
    assert "no key 'tests'; did you mean 'test'?" in refusal("tests: {evaluate: True}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: {lr: fast}", "train.lr must be a number, not 'fast'"),
        ("train: {max_epoch: 1.5}", "train.max_epoch must be a whole number, not 1.5"),
        ("train: {max_epoch: True}", "train.max_epoch must be a whole number, not True"),
        ("model: {pretrained: 1}", "model.pretrained must be True or False, not 1"),
        ("model: {name: 3}", "model.name must be a text, not 3"),
        ("model: {name: null}", "model.name must be a text, not None"),
        ("train: {stepsize: [a]}", "train.stepsize must be a whole number, not 'a'"),
        ("data: {sources: [[a]]}", "data.sources must be a text, not ['a']"),
        ("data: {sources: null}", "data.sources must be a text, not None"),
        ("train: 5", "train is a section of keys, not 5"),
        ("posegan: {mode: joint, max_pairs: few}", "posegan.max_pairs must be a whole number"),
    ],
)
def test_wrong_type(refusal, text, message):
    found = refusal(text)
    assert "mine.yaml: " + message in found


@pytest.mark.parametrize(
    ("opts", "message"),
    [
        (("train.lr",), "'train.lr' has no value"),
        (("train", "3"), "train is a section of keys; set one of them"),
        (
            ("posegan.mode", "baseline", "posegan.test_mirror", "True"),
            "posegan.test_mirror does nothing in mode baseline",
        ),
        (("train.lr", "abc"), "command line: train.lr must be a number, not 'abc'"),
    ],
)
def test_wrong_options(refusal, opts, message):
    assert message in refusal(opts=opts)


@pytest.mark.parametrize("text", ["a: [", "- a\n- b", "just words"])
def test_no_sections(refusal, text):
    assert "mine.yaml" in refusal(text)


def test_missing_file():
    with pytest.raises(UserError, match=r"nowhere\.yaml cannot be read: No such file"):
        load_config("nowhere.yaml")
