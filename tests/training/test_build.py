import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.training import build_objectives


def test_defaults_are_the_papers():
    generation, reid = build_objectives()
    assert generation.weights == reid.weights
    weights = generation.weights
    assert (weights.adversarial, weights.reconstruction, weights.semantic) == (5, 10, 10)
    assert (weights.quartet, weights.identity) == (1, 1)
    assert generation.adversarial.kind == "bce"
    assert generation.semantic_through == "generated"
    assert generation.adversarial_ramp(0.0) == reid.quartet_ramp(0.0) == 1.0
    assert reid.label_smoothing == 0.0


def test_every_value_arrives():
    generation, reid = build_objectives(
        weights={"adversarial": 0.5, "quartet": 2.0},
        adversarial="hinge",
        adversarial_ramp=(0.2, 0.4),
        semantic_ramp=(0.1, 0.3),
        semantic_through="both",
        quartet={"tau1": -0.7, "mining": "hard"},
        quartet_ramp=[0.5, 1.0],
        label_smoothing=0.1,
    )
    assert generation.weights.adversarial == 0.5
    assert generation.weights.reconstruction == 10
    assert reid.weights.quartet == 2.0
    assert generation.adversarial.kind == "hinge"
    assert generation.adversarial_ramp(0.3) == pytest.approx(0.5)
    assert generation.semantic_ramp(0.2) == pytest.approx(0.5)
    assert generation.semantic_through == "both"
    assert reid.quartet.tau1 == -0.7
    assert reid.quartet.mining == "hard"
    assert reid.quartet_ramp(0.75) == pytest.approx(0.5)
    assert reid.label_smoothing == 0.1


def test_a_single_layer_by_its_name():
    """As ``--cfg-options`` hands it on."""
    options = {"weights": {"perceptual": 1.0}, "perceptual_layers": "backbone.model.conv2"}
    assert build_objectives(**options)[0].perceptual_layers == ("backbone.model.conv2",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": {"gan": 1.0}}, r"model objective.*'gan'"),
        ({"quartet": {"margin": 1.0}}, r"model objective.*'margin'"),
        ({"weights": {"semantic": -1.0}}, r"'semantic'.*-1.0"),
        ({"adversarial": "wgan"}, r"'wgan'"),
        ({"semantic_through": "condition"}, r"semantic_through='condition'"),
        ({"adversarial_ramp": (0.5, 0.2)}, r"start=0.5 and end=0.2"),
        ({"adversarial_ramp": (0.1, 0.2, 0.3)}, r"adversarial_ramp=\(0.1, 0.2, 0.3\).*start, end"),
        ({"quartet_ramp": [0.1]}, r"quartet_ramp=\[0.1\].*start, end"),
        ({"semantic_ramp": 0.5}, r"semantic_ramp=0.5 must be \(start, end\)"),
        ({"quartet": {"mining": "semi"}}, r"'semi'"),
        ({"label_smoothing": 1.5}, r"label_smoothing=1.5 must be from 0 to 1"),
    ],
)
def test_impossible_values_are_named(options, message):
    with pytest.raises(UserError, match=message):
        build_objectives(**options)
