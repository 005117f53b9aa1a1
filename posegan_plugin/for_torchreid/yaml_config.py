"""Read a torchreid YAML file with a ``posegan`` section; every key and type is checked."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.names import check_choice, choices, hint
from posegan_plugin.for_torchreid.yaml_keys import MODES, NULLABLE, POSEGAN, TOOLBOX, Maybe

CONFIG_FILE = "config.yaml"
"""Where a training run writes its config, in its ``save_dir``."""

_KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}
_COMMAND_LINE = "command line"


class Section(dict):
    """A mapping whose keys are attributes too: ``config.train.lr``."""

    def __getattr__(self, key: str) -> object:
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None

    def get_path(self, dotted: str) -> object:
        """The value of a dotted key."""
        value = self
        for part in dotted.split("."):
            value = value[part]
        return value


def load_config(
    path: str | None = None,
    arguments: Mapping[str, object] | None = None,
    opts: Sequence[str] = (),
) -> Section:
    """Merge, in this order, defaults, file, named arguments and trailing ``KEY VALUE`` pairs.

    Args:
        path: The YAML file; none for the defaults alone.
        arguments: Dotted key -> value, from named arguments of a command line.
        opts: ``[KEY, VALUE, KEY, VALUE, ...]``.

    Returns:
        All keys. ``posegan`` is ``None`` without such a section, and with mode ``baseline``.

    Raises:
        UserError: The file cannot be read, a key is unknown, or a value has the wrong type.
    """
    content = _read(path) if path else {}
    known = {**TOOLBOX, "posegan": POSEGAN}
    values = dict(_flatten(content, known, "", path or ""))
    has_section = "posegan" in content
    for key, value in (arguments or {}).items():
        values[key] = _fit(value, _default(key, known, _COMMAND_LINE), key, _COMMAND_LINE)
    if len(opts) % 2:
        raise UserError(f"{_COMMAND_LINE}: {opts[-1]!r} has no value; options are KEY VALUE pairs")
    for key, text in zip(opts[::2], opts[1::2], strict=True):
        default = _default(key, known, _COMMAND_LINE)
        values[key] = _fit(_parse(text, default), default, key, _COMMAND_LINE)
        has_section |= key.startswith("posegan.")
    config = _merged(known, values, "")
    if has_section and not config.posegan.mode:
        raise UserError(f"{path or _COMMAND_LINE}: posegan.mode is missing; {choices(MODES)}")
    check_choice("posegan.mode", config.posegan.mode or MODES[0], MODES)
    if not has_section or config.posegan.mode == "baseline":
        if config.posegan.test_mirror:
            raise UserError(
                "posegan.test_mirror does nothing in mode baseline, which is torchreid alone: take it "
                "out, or set test_mirror of an engine of this package in a script"
            )
        config["posegan"] = None
    return config


def _read(path: str) -> dict:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"config {path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = " ".join(str(error).split())
        raise UserError(f"config {path} is not YAML: {where}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UserError(f"config {path} holds a {type(content).__name__}, not sections of keys")
    return content


def _flatten(content: dict, known: dict, prefix: str, where: str) -> Iterator[tuple[str, object]]:
    """Dotted key and checked value of everything in a file."""
    for name, value in content.items():
        key = f"{prefix}{name}"
        if name not in known:
            raise UserError(_unknown(key, where))
        if not isinstance(known[name], dict):
            yield key, _fit(value, known[name], key, where)
        elif isinstance(value, dict) or value is None:
            yield from _flatten(value or {}, known[name], f"{key}.", where)
        else:
            raise UserError(f"{where}: {key} is a section of keys, not {value!r}")


def _names(known: dict, prefix: str = "") -> Iterator[str]:
    for name, default in known.items():
        if isinstance(default, dict):
            yield from _names(default, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _unknown(key: str, where: str) -> str:
    names = list(_names({**TOOLBOX, "posegan": POSEGAN}))
    last = key.rsplit(".", 1)[-1]
    same = [n for n in names if n.rsplit(".", 1)[-1] == last]  # right name, wrong section
    sections = sorted({n.rsplit(".", 1)[0] for n in names if "." in n})
    close = (
        hint(key, same) or hint(key, [*names, *sections]) or hint(same[0] if same else "", names)
    )
    return f"{where}: there is no key {key!r}{close}"


def _default(key: str, known: dict, where: str) -> object:
    default: object = known
    for part in key.split("."):
        if not isinstance(default, dict) or part not in default:
            raise UserError(_unknown(key, where))
        default = default[part]
    if isinstance(default, dict):
        raise UserError(
            f"{where}: {key} is a section of keys; set one of them, as {key}.{next(iter(default))}"
        )
    return default


def _parse(text: str, default: object) -> object:
    """The value that a text of the command line stands for; a text key takes it as it is."""
    if isinstance(default, str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "null": None}.get(text, text)


def _fit(value: object, default: object, key: str, where: str) -> object:
    """The value as the type of the default; a single entry stands for a list of one."""
    if value is None and (isinstance(default, Maybe) or key in NULLABLE):
        return None
    if isinstance(default, list):
        kind = type(default[0]) if default else str  # empty by default: a list of names
        items = value if isinstance(value, (list, tuple)) else [value]
        return [_single(item, kind, key, where) for item in items]
    return _single(value, default.kind if isinstance(default, Maybe) else type(default), key, where)


def _single(value: object, kind: type, key: str, where: str) -> object:
    if kind is float and isinstance(value, str):  # YAML 1.1 takes 5e-4 for a text
        try:
            return float(value)
        except ValueError:
            pass
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is float and number:
        return float(value)
    if not isinstance(value, kind) or (kind is int and not number):
        raise UserError(f"{where}: {key} must be {_KINDS[kind]}, not {value!r}")
    return value


def _merged(known: dict, values: dict[str, object], prefix: str) -> Section:
    merged = Section()
    for name, default in known.items():
        key = f"{prefix}{name}"
        if isinstance(default, dict):
            merged[name] = _merged(default, values, f"{key}.")
        else:
            unset = None if isinstance(default, Maybe) else default
            merged[name] = values.get(key, list(unset) if isinstance(unset, list) else unset)
    return merged


def plain(config: Section) -> dict:
    """A config as ``yaml.safe_dump`` takes it."""
    return {k: plain(v) if isinstance(v, Section) else v for k, v in config.items()}
