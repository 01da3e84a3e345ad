"""What a hand is: one frozen record read from one MJCF file, which holds every fact of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple, Union

import torch
from torch import Tensor

from hot.assets import data_root
from hot.errors import UnknownNameError
from hot.hands.mjcf import MjcfFile
from hot.hands.tree import NUM_WRIST_JOINTS, BodyTreeSpec, FrameSpec, read_tree

_FOLDER = Path(__file__).resolve().parent
_TIP_PREFIX = "tip_"
_PALM_SITE = "palm"


@dataclass(frozen=True, eq=False)
class HandSpec:
    """A hand of D joints, K key bodies and F fingers. The first six joints are the wrist: slides x, y, z in world axes
    [m], then hinges x, y, z [rad] (R = Rx Ry Rz). Each joint has a position drive: force = kp (target - q) - kv dq.
    """

    name: str
    mjcf: Path
    joint_names: Tuple[str, ...]
    joint_lower: Tensor  # (D,) [m] or [rad]
    joint_upper: Tensor  # (D,)
    stiffness: Tensor  # (D,) kp [N/m] or [Nm/rad]
    damping: Tensor  # (D,) kv [Ns/m] or [Nms/rad]
    force_limit: Tensor  # (D,) [N] or [Nm]
    wrist_body: str
    key_bodies: Tuple[str, ...]
    """Bodies whose origins (joint centres) describe the hand's shape; the wrist is the last (K)."""
    contact_bodies: Tuple[str, ...]
    """Bodies whose contact with the object is sensed (C)."""
    fingertips: Tuple[str, ...]
    """Sites at the tips, one per finger, in the order of the joints (F)."""
    open_fingers: Tensor  # (D - 6,) straight fingers, thumb beside the palm [rad]
    palm_pos_h: Tensor  # (3,) centre of the palm's surface [m]
    palm_quat_h: Tensor  # (4,) its +z points out of the palm, +x along the straight fingers
    tree: BodyTreeSpec
    own_drives: bool = True
    """Whether the hand is driven as ``mjcf`` says, and carries no weight. Else its drives have the gains above and no
    limit of force or target, and gravity acts on it."""

    @property
    def num_joints(self) -> int:
        """D, the six wrist joints included."""
        return len(self.joint_names)

    @property
    def num_fingers(self) -> int:
        """F."""
        return len(self.fingertips)

    @property
    def finger_names(self) -> Tuple[str, ...]:
        """Names of the fingers, in the order of ``fingertips`` (F)."""
        return tuple(tip[len(_TIP_PREFIX) :] for tip in self.fingertips)

    @property
    def finger_of_body(self) -> Tuple[int, ...]:
        """Index into ``finger_names`` of each body of the tree; -1 for the palm (B)."""
        roots = self.tree.finger_roots()
        site_bodies = {site.name: site.body for site in self.tree.sites}
        fingers = {roots[site_bodies[tip]]: finger for finger, tip in enumerate(self.fingertips)}
        return tuple(fingers.get(root, -1) for root in roots)


def packaged_hand_names() -> List[str]:
    """Names of the hands that ship with the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.xml"))


def own_hands_folder() -> Path:
    """Where the hands that a user added lie."""
    return data_root() / "hands"


def hand_names() -> List[str]:
    """Names of the packaged hands and of one's own."""
    return sorted(path.stem for path in _hand_files().values())


def load_hand(name_or_path: Union[str, Path]) -> HandSpec:
    """A packaged hand or one of one's own by name (in any case), or the hand of an MJCF file.

    Raises:
        UnknownNameError: no hand of that name.
        BadFileError: the file is missing or lacks something that a hand needs; the message names it.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".xml"):
        return _read_hand(MjcfFile(Path(name_or_path)))
    files = _hand_files()
    if text.lower() not in files:
        raise UnknownNameError("hand", text, hand_names(), hint="Add a hand of your own: hot hands add FILE")
    return _read_hand(MjcfFile(files[text.lower()]))


def _hand_files() -> Dict[str, Path]:
    """Files by name in lower case; a packaged name cannot be taken, and a file that is being written is hidden."""
    paths = [*own_hands_folder().glob("[!.]*.xml"), *_FOLDER.glob("*.xml")]
    return {path.stem.lower(): path for path in paths}


def _read_hand(file: MjcfFile) -> HandSpec:
    tree = read_tree(file)
    stiffness, damping, force_limit = _read_drives(file, tree)
    palm = _find_palm(file, tree)
    return HandSpec(
        name=file.root.get("model", file.path.stem),
        mjcf=file.path,
        joint_names=tree.joint_names,
        joint_lower=tree.joint_ranges[:, 0].float(),
        joint_upper=tree.joint_ranges[:, 1].float(),
        stiffness=stiffness,
        damping=damping,
        force_limit=force_limit,
        wrist_body=tree.names[0],
        key_bodies=_read_body_names(file, tree, "key_bodies"),
        contact_bodies=_read_body_names(file, tree, "contact_bodies"),
        fingertips=_find_tips(file, tree),
        open_fingers=_read_open_fingers(file, tree),
        palm_pos_h=palm.pos.float(),
        palm_quat_h=palm.quat.float(),
        tree=tree,
    )


def _read_drives(file: MjcfFile, tree: BodyTreeSpec) -> Tuple[Tensor, Tensor, Tensor]:
    drives = [file.attributes(drive) for drive in file.section("actuator").findall("position")]
    driven = tuple(drive.get("joint", "") for drive in drives)
    if driven != tree.joint_names:
        missing = [name for name in tree.joint_names if name not in driven]
        detail = f"missing: {', '.join(missing)}" if missing else "their order differs"
        raise file.fail(f"needs one position drive per joint in the order of the joints; {detail}")
    rows = [[file.numbers(drive, key)[-1] for key in ("kp", "kv", "forcerange")] for drive in drives]
    stiffness, damping, force_limit = torch.tensor(rows).unbind(1)
    return stiffness, damping, force_limit


def _read_body_names(file: MjcfFile, tree: BodyTreeSpec, name: str) -> Tuple[str, ...]:
    bodies = file.names_in_tuple(name)
    unknown = [body for body in bodies if body not in tree.names]
    if unknown or not bodies:
        raise file.fail(f"{name} names no body" if not bodies else f"{name} names unknown bodies: {', '.join(unknown)}")
    if name == "key_bodies" and bodies[-1] != tree.names[0]:
        raise file.fail(f"key_bodies must end with the wrist body {tree.names[0]}")
    return bodies


def _find_tips(file: MjcfFile, tree: BodyTreeSpec) -> Tuple[str, ...]:
    tips = [site for site in tree.sites if site.name.startswith(_TIP_PREFIX)]
    roots = tree.finger_roots()
    tipped = [roots[tip.body] for tip in tips]
    if sorted(tipped) != sorted(set(roots) - {-1}):
        raise file.fail(f"needs exactly one site named {_TIP_PREFIX}<finger> on each finger")
    return tuple(tip.name for tip in tips)


def _find_palm(file: MjcfFile, tree: BodyTreeSpec) -> FrameSpec:
    for site in tree.sites:
        if site.name == _PALM_SITE and site.body == 0:
            return site
    raise file.fail(f"lacks a site named {_PALM_SITE} on the wrist body")


def _read_open_fingers(file: MjcfFile, tree: BodyTreeSpec) -> Tensor:
    values = file.numbers(file.section("custom/numeric[@name='open_fingers']").attrib, "data")
    ranges = tree.joint_ranges[NUM_WRIST_JOINTS:]
    if len(values) != len(ranges):
        raise file.fail(f"open_fingers has {len(values)} numbers for {len(ranges)} finger joints")
    angles = torch.tensor(values, dtype=torch.float64)
    if ((angles < ranges[:, 0]) | (angles > ranges[:, 1])).any():
        raise file.fail("open_fingers leaves the range of a joint")
    return angles.float()
