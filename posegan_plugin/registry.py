"""mmengine's registries with this package as a scope.

One child for every root registry: ``type='posegan_plugin.PoseGANReID'`` works in any mmengine
config without ``custom_imports``, since mmengine imports ``<scope>.registry`` by itself and
``locations`` loads the modules that register. Only code under ``for_mmengine`` imports this.
"""

from mmengine import registry as _roots

_LOCATIONS = ["posegan_plugin.for_mmengine"]


def _child(root: _roots.Registry) -> _roots.Registry:
    return _roots.Registry(root.name, parent=root, scope="posegan_plugin", locations=_LOCATIONS)


# Every root needs a child, also those that stay empty: mmengine warns about a scope without one.
for _name, _value in list(vars(_roots).items()):
    if isinstance(_value, _roots.Registry) and _value.parent is None:
        globals()[_name] = _child(_value)
