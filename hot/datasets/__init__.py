"""Upstream's data set: fetched, checked, unpacked, listed and converted."""

from hot.datasets.config import FetchConfig
from hot.datasets.converting import Conversion, convert
from hot.datasets.fetching import UPSTREAM, Fetched, Record, default_folder, fetch, is_begun, read_record
from hot.datasets.index import ClipGroup, index_of

__all__ = [
    "UPSTREAM",
    "ClipGroup",
    "Conversion",
    "FetchConfig",
    "Fetched",
    "Record",
    "convert",
    "default_folder",
    "fetch",
    "index_of",
    "is_begun",
    "read_record",
]
