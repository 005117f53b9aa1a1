"""Everything that a mmengine config can name, registered under the scope ``posegan_plugin``.

Importing this module registers; the core packages stay free of mmengine.
"""

from posegan_plugin import models, registry
from posegan_plugin.datasets import IdentitySampler, PartnerSampler, QuartetSampler
from posegan_plugin.for_mmengine import hooks, weight_files  # noqa: F401
from posegan_plugin.for_mmengine.dataset import ReIDDataset
from posegan_plugin.for_mmengine.describer import PersonDescriber
from posegan_plugin.for_mmengine.distributed import SeparateDDP
from posegan_plugin.for_mmengine.loop import ResumableEpochLoop
from posegan_plugin.for_mmengine.metric import ReIDMetric
from posegan_plugin.for_mmengine.model import PoseGANReID
from posegan_plugin.for_mmengine.optim import Bf16OptimWrapper, Fp16OptimWrapper
from posegan_plugin.for_mmengine.optim_constructor import MultiOptimWrapperConstructor
from posegan_plugin.for_mmengine.preprocessor import ReIDDataPreprocessor
from posegan_plugin.for_torchreid.backbone import TorchreidBackbone

_MEMBERS = {
    registry.MODELS: (
        PoseGANReID,
        PersonDescriber,
        ReIDDataPreprocessor,
        TorchreidBackbone,
        models.PoseTransferGenerator,
        models.AppearanceDiscriminator,
        models.PoseDiscriminator,
    ),
    registry.LOOPS: (ResumableEpochLoop,),
    registry.MODEL_WRAPPERS: (SeparateDDP,),
    registry.DATASETS: (ReIDDataset,),
    registry.DATA_SAMPLERS: (IdentitySampler, PartnerSampler, QuartetSampler),
    registry.METRICS: (ReIDMetric,),
    registry.OPTIM_WRAPPERS: (Bf16OptimWrapper, Fp16OptimWrapper),
    registry.OPTIM_WRAPPER_CONSTRUCTORS: (MultiOptimWrapperConstructor,),
    registry.HOOKS: tuple(getattr(hooks, name) for name in hooks.__all__),
}

# The peer's short name, as comparisons speak of it.
registry.MODELS.register_module(name=("patn", "PATNGenerator"), module=models.PATNGenerator)

for _registry, _classes in _MEMBERS.items():
    for _class in _classes:
        _registry.register_module(module=_class)

__all__ = [c.__name__ for classes in _MEMBERS.values() for c in classes]
