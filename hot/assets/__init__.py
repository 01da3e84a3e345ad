"""Files that ship with the package or lie in the data folder, and the one way to read and write tensors."""

from hot.assets.locations import data_root, packaged
from hot.assets.tensors import TensorFile, read_meta, read_tensors, write_tensors

__all__ = ["TensorFile", "data_root", "packaged", "read_meta", "read_tensors", "write_tensors"]
