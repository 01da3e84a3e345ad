"""Facts of an object: its meshes, mass, surface points, symmetry, and distances to its surface."""

from hot.objects.catalogue import load_object, object_names, own_folder, own_names, packaged_names
from hot.objects.poses import resting_classes
from hot.objects.spec import ObjectSpec, Symmetry

__all__ = [
    "ObjectSpec",
    "Symmetry",
    "load_object",
    "object_names",
    "own_folder",
    "own_names",
    "packaged_names",
    "resting_classes",
]
