"""Where links are for given joint angles."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np

from hot.adoption.links import Link


class Pose:
    """Forward kinematics of links."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = links
        self.joint_links = [index for index, link in enumerate(links) for _ in link.hinges]
        self.ranges = np.array([hinge.range for link in links for hinge in link.hinges])  # (J, 2)

    def frames(self, angles: np.ndarray) -> List[np.ndarray]:
        """Frames (4, 4) of all links in the wrist's for angles (J,)."""
        return self._walk(angles)[0]

    def axes(self, angles: np.ndarray) -> np.ndarray:
        """Axes of all hinges (J, 3) in the wrist's frame."""
        return np.array(self._walk(angles)[1])

    def _walk(self, angles: np.ndarray) -> Tuple[List[np.ndarray], List[np.ndarray]]:
        frames, axes = [np.eye(4)], []
        for link in self._links[1:]:
            frame = frames[link.parent] @ link.frame
            for hinge in link.hinges:
                axes.append(frame[:3, :3] @ hinge.axis)
                frame = frame @ _turn(hinge.axis, angles[len(axes) - 1])
            frames.append(frame)
        return frames, axes


def _turn(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation (4, 4) by Rodrigues' formula."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    frame = np.eye(4)
    frame[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return frame
